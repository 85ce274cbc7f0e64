"""Masking: law 57 for notifications and logs, and that it survives whatever it is given."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninelives.redaction import MAX_DEPTH, MAX_ITEMS, MAX_PARTS, MAX_TEXT, one_line, redact, redact_text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call +15551230000 now", "call +1XXXXXXXXXX now"),
        ("+442079460958, +79261234567", "+44XXXXXXXXXX, +7XXXXXXXXXX"),
        ("+1 (555) 123-0000", "+1XXXXXXXXXX"),
        ("to=%2B15551230000", "to=%2B1XXXXXXXXXX"),
        ("whatsapp:+15551230000", "whatsapp:+1XXXXXXXXXX"),
        ("mail ops.team+x@mail.example.com.", "mail ***@mail.example.com."),
        ("Bearer abc.def-123", "Bearer ***"),
        ("Basic dXNlcjpwYXNz", "Basic ***"),
        ("key AKIAABCDEFGHIJKLMNOP is wrong", "key AKIA*** is wrong"),
        ("Incorrect key: sk-proj_abcdefghijkl", "Incorrect key: sk-***"),
        ("ghp_abcdefghijklmnop", "ghp_***"),
        ("postgres://app:hun@ter2@db/x", "postgres://app:***@db/x"),
        ("smtp://app:hunt?er2@mail:587?to=a@b.io", "smtp://app:***@mail:587?to=***@b.io"),
        ("redis://:hunter2@cache:6379", "redis://:***@cache:6379"),
        ("smtp://me@mail.example:hunter2@host", "smtp://***@mail.example:***@host"),
        ("https://bucket/x?X-Amz-Signature=abc&sig=def", "https://bucket/x?X-Amz-Signature=***&sig=***"),
        ("password=hunter2 user=tom", "password=*** user=tom"),
        ("{'apiKey': 'a b', 'n': 1}", "{'apiKey': ***, 'n': 1}"),
        ('{"token": "a\\"b", "n": 1}', '{"token": ***, "n": 1}'),
        ('{\\"password\\": \\"hunter2\\"}', '{\\"password\\": ***}'),
        ("secret=b'hunter2'", "secret=***"),
        ('secret: "never closed', "secret: ***"),
        ("retry: password: hunter2", "retry: password: ***"),
        ("url=https://host/?token=abc&page=2", "url=https://host/?token=***&page=2"),
        ("Authorization: Digest a b c\nHost: x", "Authorization: ***\nHost: x"),
        ("Set-Cookie: sid=1; path=/\r\nHost: x", "Set-Cookie: ***\r\nHost: x"),
        ('{"authorization": "Bearer a", "n": 1}', '{"authorization": ***, "n": 1}'),
        ("email=tom", "email=***"),
    ],
)
def test_secrets_in_text_are_masked(text, masked):
    """Phone numbers, mail addresses, tokens, passwords, cookies and authorization headers are masked in text."""
    assert redact_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing to hide",
        "2026-01-01T00:00:00+10:00 took 1e+12345678 s",
        "arn:aws:sns:us-east-1:123456789012:admins",
        "0190a5c0-0000-7000-8000-000000000000",
        "max_tokens=500",
        "the bearer token expired",
        "a basic understanding, Basic Authentication failed",
        "https://host:8080/path",
        "user_id=+1XXXXXXXXXX",
        "password: ",
        "AKIA is short",
        "a line (of 80 characters)",
    ],
)
def test_other_text_is_left_alone(text):
    """What only looks a little like a secret stays readable."""
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "key",
    ["password", "PASSWD", "db_password", "passphrase", "pwd", "token", "accessToken", "client_secret", "Authorization",
     "auth", "Set-Cookie", "api_key", "api-key", "APIKEY", "private key", "phone", "phoneNumber", "mobile", "email",
     "e-mail", "session_id", "credentials", "pass", "ssn"],
)  # fmt: skip
def test_values_of_secret_keys_are_masked_whole(key):
    """Whatever stands under a key that names a secret is masked, at any level."""
    assert redact({"a": [{key: ["hunter2", {"x": 1}]}]}) == {"a": [{key: "***"}]}


@pytest.mark.parametrize("key", ["max_tokens", "prompt_tokens"])
def test_counts_are_no_secrets(key):
    """How many tokens is no secret; which are, is."""
    assert redact({key: 500}) == {key: 500}
    assert redact({key: "a b"}) == {key: "***"}


def test_keys_are_masked_and_stay_apart():
    """Two phone numbers as keys are both masked, and neither entry is lost."""
    assert redact({"+15551230001": 1, "+15551230002": 2}) == {"+1XXXXXXXXXX": 1, "+1XXXXXXXXXX (1)": 2}


def test_what_json_lacks_becomes_text():
    """Everything comes out as JSON can hold it."""

    @dataclass
    class Login:
        password: str

    class Text(str):
        __slots__ = ()

        def __str__(self):
            raise RuntimeError

    value = {
        "when": datetime(2026, 1, 1, tzinfo=UTC),
        "day": date(2026, 1, 2),
        "bytes": b"hunter2",
        "decimal": Decimal("1.5"),
        "login": Login("hunter2"),
        "error": ValueError("password=hunter2"),
        "numbers": (float("nan"), float("inf"), 1.5, True, None, 7, 1 << 4000),
        "set": {1},
        "text": Text("odd"),
        "surrogate": "\ud800",
        3: "three",
    }
    masked = redact(value)
    assert masked == {
        "when": "2026-01-01T00:00:00+00:00",
        "day": "2026-01-02",
        "bytes": "<7 bytes>",
        "decimal": "Decimal('1.5')",
        "login": masked["login"],
        "error": "builtins.ValueError: password=***",
        "numbers": ["nan", "inf", 1.5, True, None, 7, "<a number of 4001 bits>"],
        "set": [1],
        "text": "odd",
        "surrogate": "\\ud800",
        "3": "three",
    }
    assert "hunter2" not in masked["login"]
    msgspec.json.encode(masked)


def test_what_contains_itself_is_cut():
    """A value that contains itself ends in a placeholder; the same value twice side by side does not."""
    loop: dict[str, Any] = {"again": None, "twice": [[1], [1]]}
    loop["again"] = [loop]
    assert redact(loop) == {"again": ["<contains itself>"], "twice": [[1], [1]]}


def test_what_is_too_deep_is_cut():
    """Only so many levels are kept."""
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    masked = redact(deep)
    for _ in range(MAX_DEPTH):
        (masked,) = masked
    assert masked == "<too deep>"


def test_what_is_too_much_is_cut():
    """Only so many entries, values and characters are kept, and it says so."""
    many = redact(list(range(1_000_000)))
    assert many == [*range(MAX_ITEMS), "<1000000 in all>"]
    mapping = redact({str(number): number for number in range(1_000)})
    assert len(mapping) == MAX_ITEMS + 1
    assert mapping["<more>"] == "<1000 in all>"
    wide = redact([[[number] * 50 for number in range(50)] for _ in range(50)])
    assert json.dumps(wide).count(",") < 2 * MAX_PARTS
    text = redact_text("x" * 3_000_000)
    assert text == "x" * MAX_TEXT + " … (3000000 characters)"


def test_a_secret_at_the_cut_is_masked():
    """Cutting a text does not bring out the half of a secret."""
    text = "x" * (MAX_TEXT - 5) + " +15551230000" + "y" * 1000
    assert "555" not in redact_text(text)


class Broken:
    def __repr__(self):
        raise RuntimeError("no repr")


class BrokenMapping(dict[str, int]):
    def __getitem__(self, key):
        raise RuntimeError("no item")


class BrokenError(Exception):
    def __str__(self):
        raise RuntimeError("no str")


@pytest.mark.parametrize("value", [Broken(), BrokenMapping(a=1), BrokenError(), {Broken(): 1}])
def test_what_can_not_be_read_is_named(value):
    """A value whose repr raises is a placeholder that names its class, and what is beside it is kept."""
    masked = redact([value, 1])
    assert "RuntimeError" in json.dumps(masked[0])
    assert masked[1] == 1


def test_control_characters_are_escaped():
    """A value can't pretend to be another line, nor speak to a terminal."""
    text = "a\nb\r\tc\x1b[2Jd\x85\u2028\u2029\u202e\u2066é"
    assert one_line(text) == "a\\nb\\r\\tc\\x1b[2Jd\\x85\\u2028\\u2029\\u202e\\u2066é"
    assert redact({"x\n": [text]}, one_line_only=True) == {"x\\n": [one_line(text)]}
    assert redact({"x\n": [text]}) == {"x\n": [text]}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)


@given(_JSON)
def test_json_comes_out_as_json(value):
    """Whatever JSON holds comes out as something that it holds."""
    msgspec.json.encode(redact(value))
