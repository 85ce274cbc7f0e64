"""`ninelives dlq show`."""

from __future__ import annotations

import json

import pytest
from msgspec import to_builtins

from ninelives.dead_letters.letter import Attempt, ErrorRecord
from ninelives.testing.contracts.letters import letter, whole_letter

SECRET = {"password": "hunter2", "to": "tom@example.com"}


def test_all_is_shown(dlq):
    """Of a letter in which every field says something, every field is shown."""
    one = whole_letter()
    dlq.put(one)
    done = dlq("show", one.id)
    assert done.status == 0
    for said in (
        one.id,
        "waiting, 3 failed replays",
        "exhausted",
        "shop.orders:send",
        "2025-12-01 12:00:00 UTC, ",
        "2025-12-31T12:00:00+00:00",
        "node-9, process 4711",
        "order-17",
        one.caused_by,
        "0f0f0f0f0f0f0f0f",
        one.trace,
        "tenant=a",
        '"nested"',
        '"schema": 7',
        "before it was edited: {",
        "The payload is not whole",
        "not kept whole: args[0]: <socket>",
        "masked when it was written: kwargs.password",
        "error_info: {",
        '"code": 503',
        "of a newer version: {",
        r"shop.Down: no\nanswer",
        "  from OSError: x",
        "\na\n  b\n",
        "attempt at 2025-12-01T12:00:00+00:00: shop.Down: 1",
        "note: asked the owner",
    ):
        assert said in done.out, said


def test_what_was_masked_is_named(dlq):
    """What was masked when the letter was written is named with the next step; with --json it is in the record."""
    masked = letter(args=[], kwargs={"user": {"phone": "***"}}, redacted=("kwargs.user.phone",), replayable=False)
    (letter_id,) = dlq.put(masked)
    assert (
        "The payload is not whole: it can't be replayed as it is.\n"
        "masked when it was written: kwargs.user.phone\n"
        f"Its replay would lack that: put it back with ninelives dlq edit {letter_id} --set kwargs.user.phone=...\n"
    ) in dlq("show", letter_id).out
    (record,) = dlq("show", letter_id, "--json").json
    assert (record["redacted"], record["replayable"]) == (["kwargs.user.phone"], False)


def test_what_is_not_there_is_not_shown(dlq):
    """A letter that was sent by hand shows its message and moments, and no empty lines for what it has not."""
    (letter_id,) = dlq.put(letter(message={"to": "Tom"}))
    shown = dlq("show", letter_id).out
    assert 'message: {\n  "to": "Tom"\n}' in shown
    assert [line.split()[0] for line in shown.partition("\n\n")[0].splitlines()] == [
        *("id", "state", "reason", "failed", "failed", "created", "from"),
    ]
    assert shown.count("\n\n") == 1


@pytest.mark.parametrize("replays", [0, 1, 2])
def test_failed_replays(dlq, replays):
    """How often it was replayed in vain stands beside the state."""
    (letter_id,) = dlq.put(letter(replay_count=replays))
    said = {0: "waiting\n", 1: "waiting, 1 failed replay\n", 2: "waiting, 2 failed replays\n"}
    assert said[replays] in dlq("show", letter_id).out


def secret_letter():
    return letter(
        args=[SECRET],
        kwargs={"token": "hunter2"},
        original={"args": [SECRET], "kwargs": {}},
        error=ErrorRecord(type="Down", message="password=hunter2", traceback="token=hunter2", causes=("pwd=hunter2",)),
        attempts=(Attempt(at=letter().created, type="Down", message="password=hunter2"),),
        error_info={"api_key": "hunter2"},
        unserialisable=({"path": "args[1]", "repr": "secret='hunter2'"},),
        notes=("his password=hunter2",),
        tags={"token": "hunter2"},
        extra={"secret": "hunter2"},
    )


@pytest.mark.parametrize("args", [(), ("--json",)])
def test_secrets_are_masked(dlq, args):
    """Secrets are masked in payload, error, attempts, notes and tags, and shown only by --reveal."""
    (letter_id,) = dlq.put(secret_letter())
    shown = dlq("show", letter_id, *args).out
    assert "hunter2" not in shown
    assert "tom@" not in shown
    revealed = dlq("show", letter_id, "--reveal", *args).out
    assert revealed.count("hunter2") >= 10
    assert "tom@example.com" in revealed


@pytest.mark.parametrize("args", [(), ("--reveal",), ("--json",), ("--json", "--reveal")])
def test_control_characters(dlq, args):
    """No control character of a letter reaches the terminal, revealed or not."""
    evil = "\x1b]0;evil\x07\x9b2J\x7f\r"
    error = ErrorRecord(type=evil, message=evil, traceback=f"a\n{evil}\nb", causes=(evil,))
    names = {"operation": evil, "pipeline": evil, "host": evil, "key": evil, "notes": (evil,), "tags": {evil: evil}}
    (letter_id,) = dlq.put(letter(message={evil: [evil]}, error=error, **names))
    shown = dlq("show", letter_id, *args).out
    assert not [char for char in shown if (ord(char) < 32 and char != "\n") or 127 <= ord(char) < 160]


def test_json_is_the_record(dlq):
    """With --json and --reveal it is the record that the schema describes; masked, it has the same keys."""
    one = whole_letter()
    dlq.put(one)
    record = to_builtins(one)
    (whole,) = dlq("show", one.id, "--json", "--reveal").json
    assert whole == json.loads(json.dumps(record))
    (masked,) = dlq("show", one.id, "--json").json
    assert masked.keys() == whole.keys()
    assert masked["id"] == one.id


def test_the_payload_is_whole_if_revealed(dlq):
    """What is long is cut where it is masked, and whole where it is revealed."""
    (letter_id,) = dlq.put(letter(message="x" * 20_000))
    assert "(20000 characters)" in dlq("show", letter_id).out
    assert f'"{"x" * 20_000}"' in dlq("show", letter_id, "--reveal").out


def test_no_such_letter(dlq, three):
    """An id that is not there, also the begin of one that is, is said on one line; the exit status is 1."""
    for wrong in ("nonsense", three[0][:20]):
        done = dlq("show", wrong)
        assert done.status == 1
        assert done.out == ""
        assert done.err == f"Error: there is no letter {wrong} in {dlq.address}\n"
