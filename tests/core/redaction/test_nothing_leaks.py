"""Law 57 as a property: a secret that is planted anywhere comes out nowhere."""

from __future__ import annotations

import json
import logging
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ninelives.notifications.standard_log import StandardLog
from ninelives.notifications.wording import line_of, rows_of, subject_of, text_of
from ninelives.notifications.words.content import of_message
from ninelives.redaction import masked_traceback, redact, redact_text
from ninelives_log.channel import LogChannel

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NEEDLE = "9907890"  # in every secret, and nowhere else

SECRETS = [
    f"+1555{NEEDLE}", f"+44 20 {NEEDLE}", f"0044 20 {NEEDLE}", f"+353-1-{NEEDLE}", "(555) 990-7890", "555-990-7890",
    f"{NEEDLE}@example.com", f"tom{NEEDLE}+x@mail.example.com", f"https://tom:{NEEDLE}@host/x", f"redis://:a/{NEEDLE}@cache",
    f"Bearer abc{NEEDLE}", f"Basic dXNl{NEEDLE}=", f"AKIAABCDEFGHI{NEEDLE}", f"ghp_abcdefgh{NEEDLE}",
    f"eyJhbGciOiJ9.e{NEEDLE}.x{NEEDLE}", f"-----BEGIN PRIVATE KEY-----\n{NEEDLE}\n-----END PRIVATE KEY-----",
    f"password={NEEDLE}", f"'api_key': 'a b {NEEDLE}'", f'"token": "a\\" {NEEDLE}"', f"Cookie: a=b; c={NEEDLE}\n",
    f"--password {NEEDLE}", f"<pin>{NEEDLE}</pin>", f"secret=Key(value='a {NEEDLE}', b=1)",
    f"('Authorization', 'x {NEEDLE}')",
    "4111 1199 0789 0558",
]  # fmt: skip
LOOKS = (NEEDLE, "990-7890", "0789 0558")

KEYS = ["password", "db_password", "apiKey", "Authorization", "Set-Cookie", "phone", "email", "client_secret", "pin"]


@dataclass
class Login:
    user: Any
    password: Any = None


class Pair(NamedTuple):
    id: Any
    token: Any = None


class Record(msgspec.Struct):
    note: Any


class Down(Exception):
    pass


def text_around(secret: str) -> Any:
    space = st.text(" ,;:([{\n", max_size=4)
    return st.tuples(st.text("abc .,:;()[]{}\n"), space, space, st.text("abc .,:;()[]{}\n")).map(
        lambda parts: f"{parts[0]}{parts[1]} {secret} {parts[2]}{parts[3]}"
    )


def holding(inner: Any) -> Any:
    """Something that holds it."""
    return st.one_of(
        inner.map(lambda item: [1, item]),
        inner.map(lambda item: (item, "x", None)),
        inner.map(lambda item: {"a": item, "b": 2}),
        inner.map(lambda item: {"password": item}),
        inner.map(Login),
        inner.map(Pair),
        inner.map(Record),
        inner.map(lambda item: SimpleNamespace(x=item)),
        inner.map(lambda item: deque([item])),
        inner.map(lambda item: Down("no", item)),
        inner.map(str),
        inner.map(lambda item: repr(item).encode()),
    )


planted_text = st.sampled_from(SECRETS).flatmap(text_around)
by_name = st.tuples(
    st.sampled_from(KEYS), st.sampled_from([NEEDLE, f"a {NEEDLE}", [NEEDLE], {"x": NEEDLE}, int(NEEDLE)])
)
leaves = st.one_of(
    planted_text,
    planted_text.map(lambda text: {text: 1}),
    planted_text.map(Down),
    by_name.map(lambda pair: {pair[0]: pair[1]}),
    by_name.map(lambda pair: [(pair[0], pair[1])]),
    by_name.map(lambda pair: {"name": pair[0], "value": pair[1]}),
    st.just(Login("tom", f"a {NEEDLE}")),
    st.just(Pair(1, f"a {NEEDLE}")),
)
values = st.recursive(leaves, holding, max_leaves=6)


def shows_nothing(shown: str) -> bool:
    return not any(look in shown for look in LOOKS)


@given(values)
def test_no_planted_secret_comes_out_of_values(value):
    """Not as a value, a key or an item, in whatever it is wrapped."""
    assert shows_nothing(json.dumps(redact(value)))


@given(planted_text)
def test_no_planted_secret_comes_out_of_text(text):
    """Whatever stands around it; and masking what is masked changes nothing that would bring it back."""
    masked = redact_text(text)
    assert shows_nothing(masked)
    assert shows_nothing(redact_text(masked))


@given(values, planted_text)
def test_no_planted_secret_comes_out_of_what_is_sent(value, text):
    """Not in the subject, the line, the text or the rows that channels make of a notification."""
    told = of_message(text, {"details": value}, "ERROR", text, NOW)
    assert shows_nothing(f"{subject_of(told)}{line_of(told)}{text_of(told)}{rows_of(told)}")


@given(planted_text)
def test_no_planted_secret_comes_out_of_a_traceback(text):
    """Neither of what the error says, nor of what it quotes."""
    with pytest.raises(Down) as caught:
        raise Down(text)
    assert shows_nothing(masked_traceback(caught.value))


@pytest.mark.parametrize("channel", [LogChannel(), StandardLog()], ids=["log", "standard"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=values, text=planted_text)
def test_no_planted_secret_comes_out_of_the_log(channel, caplog, value, text):
    """Not even of a notification that nobody has masked."""
    from ninelives import Notification

    caplog.clear()
    with caplog.at_level(logging.DEBUG, "ninelives"):
        channel.send(Notification(message=text, details={"details": value}), timeout=1.0)
    (record,) = caplog.records
    assert shows_nothing(f"{record.getMessage()}{vars(record)}")
