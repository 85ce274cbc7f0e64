"""Secrets that have a shape of their own, or stand behind their names."""

from __future__ import annotations

from collections import namedtuple
from typing import NamedTuple

import pytest

from ninelives.redaction import MAX_TEXT, masked_traceback, redact, redact_text

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIE-abc\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_x!", "eyJ***!"),
        ("https://hooks.slack.com/services/T0/B0/abc x", "https://hooks.slack.com/services/*** x"),
        (f"key {PEM} z", "key -----BEGIN RSA PRIVATE KEY-----*** z"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nabc", "-----BEGIN PGP PRIVATE KEY BLOCK-----***"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIA***"),
        ("AIzaSyA1234567890abcdefghijk", "AIza***"),
        ("aws_secret_access_key = wJalr/K7+x=", "aws_secret_access_key = ***"),
        ("postgres://app:hun/t@er2@db/x", "postgres://app:***@db/x"),
        ("https://host:8080/path/@user", "https://host:8080/path/@user"),
        ("https://[::1]:80/x@y", "https://[::1]:80/x@y"),
        ("o'brien@example.com 'tom@example.com'", "***@example.com '***@example.com'"),
        ('"john.doe"@example.com, tom@localhost, a@[10.0.0.1]', "***@example.com, ***@localhost, ***@[10.0.0.1]"),
    ],
)
def test_secrets_with_a_shape_are_masked(text, masked):
    """Tokens, private keys, passwords in URLs and mail addresses, wherever they stand."""
    assert redact_text(text) == masked
    assert redact_text(masked) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("token=Token(value='a b', x=')') z", "token=*** z"),
        ("tokens=['a', 'b'] z", "tokens=*** z"),
        ("secret={'a': {'b': 'c d'}} z", "secret=*** z"),
        ("secret=<Secret a <b> c> z", "secret=*** z"),
        ("secret=[never closed, ...", "secret=***"),
        ("password = \"a 'b' c\" z", "password = *** z"),
        ("password: str = 'a b' z", "password: str = *** z"),
        ("token: list[str] | None = 'a b' z", "token: list[str] | None = *** z"),
        ("password=='a b' z", "password==*** z"),
        ('"password" => "a b" z', '"password" => *** z'),
        ("--password hunter2 z", "--password *** z"),
        ("['psql', '--password', 'a b']", "['psql', '--password', ***]"),
        ("('Authorization', 'a b') z", "('Authorization', ***) z"),
        ("(b'Authorization', b'a b') z", "(b'Authorization', ***) z"),
        ("('email', 'phone') z", "('email', 'phone') z"),
        ("<password>a b</password>", "<password>***</password>"),
        ('<a:Password x="1">a b</a:Password>', '<a:Password x="1">***</a:Password>'),
        ("<password>", "<password>"),
        ("os.environ['DB_PASSWORD'] = 'a b' z", "os.environ['DB_PASSWORD'] = *** z"),
        ("password='it''s me' z", "password=*** z"),
        ("password='''a b''' z", "password=*** z"),
        ('{"pin": 1234, "n": 1}', '{"pin": ***, "n": 1}'),
        ('{"max_tokens": 500, "n": 1}', '{"max_tokens": 500, "n": 1}'),
        ("x?password%3Dhunter2", "x?password%3D***"),
        ('"{\\"password\\": \\"a\\\\\\"b\\", \\"n\\": 1}"', '"{\\"password\\": ***, \\"n\\": 1}"'),
        ('Cookie: "a"; b=c\nHost: x', "Cookie: ***\nHost: x"),
        ("Authorization: 12345 abc\nHost: x", "Authorization: ***\nHost: x"),
        ('{"authorization": ***, "n": 1}', '{"authorization": ***, "n": 1}'),
    ],
)
def test_what_stands_behind_the_name_of_a_secret_is_masked(text, masked):
    """However it is written down: in quotes, in brackets, as an option, a pair, an element, a header."""
    assert redact_text(text) == masked
    assert redact_text(masked) == masked


class Login(NamedTuple):
    user: str
    password: str


def test_named_tuples_keep_the_names_of_their_fields():
    """So that their secrets are masked as those of mappings are."""
    plain = namedtuple("plain", [])  # type: ignore[misc]  # noqa: PYI024 - as programs make them
    assert redact([Login("tom", "hunter2"), plain()]) == [{"user": "tom", "password": "***"}, []]


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ([("Authorization", "a b"), ("Host", "x")], [["Authorization", "***"], ["Host", "x"]]),
        (["email", "phone"], ["email", "phone"]),
        (["the secret garden", "x"], ["the secret garden", "x"]),
        (["psql", "--password", "a b", "-x"], ["psql", "--password", "***", "-x"]),
        ({"name": "password", "value": "a b"}, {"name": "password", "value": "***"}),
        ({"Key": "DB_PASSWORD", "Value": "a b", "x": 1}, {"Key": "DB_PASSWORD", "Value": "***", "x": 1}),
        ({"name": "Secret Garden", "value": 20}, {"name": "Secret Garden", "value": 20}),
        ({b"password": "a b"}, {"password": "***"}),
        ([(b"password", "a b")], [["<8 bytes>", "***"]]),
        ({"token_count": 3, "prompt_tokens": 1.5}, {"token_count": 3, "prompt_tokens": 1.5}),
    ],
)
def test_names_beside_their_values_count(value, masked):
    """A name may stand before its value in a list, or beside it in a mapping."""
    assert redact(value) == masked


@pytest.mark.parametrize(
    ("torn", "masked"),
    [
        ("at postgres://app:hunter2", "at "),
        ("call +1 555 12", "call"),
        ("the end. ", "the end. "),
    ],
)
def test_what_a_cut_has_torn_goes_too(torn, masked):
    """Half a secret is recognised by nothing: the last word before the mark of a cut is left out, once."""
    shown = redact_text(f"{torn}… (5000 characters)")
    assert shown == f"{masked.rstrip()} … (5000 characters)"
    assert redact_text(shown) == shown


def test_a_long_text_that_shrinks_shows_no_torn_end():
    """Where masking makes room, what comes into sight is no half of a secret either."""
    text = "password=" + "x" * 9_000 + " " + "y" * 1_100 + " postgres://app:" + "hunter2" * 100
    shown = redact_text(text)
    assert "hunter" not in shown
    assert shown.endswith(f" … ({len(text)} characters)")
    assert redact_text(shown) == shown
    assert len(redact_text("x " * MAX_TEXT)) < MAX_TEXT + 40


def test_tracebacks_are_masked():
    """What an error says, and the lines of code that it came through, show no secret."""
    try:
        raise ValueError("no login with password=hunter2")
    except ValueError as error:
        shown = masked_traceback(error)
    assert shown.startswith("Traceback (most recent call last):")
    assert shown.endswith("ValueError: no login with password=***")
    assert "hunter2" not in shown


def test_an_error_that_can_not_be_formatted_is_named(monkeypatch):
    """The traceback of any error can be had, or its class."""
    monkeypatch.setattr("traceback.format_exception", None)
    assert masked_traceback(ValueError("pin=1234")) == "builtins.ValueError: pin=***"
