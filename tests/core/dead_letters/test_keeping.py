"""Where a letter ends up: its store, else the fallback, else whole on stderr."""

from __future__ import annotations

import io
import json
import logging
import sys
from datetime import UTC, datetime

import msgspec
import pytest

from ninelives.dead_letters.keeping import Keeper, Kept
from ninelives.dead_letters.letter import DeadLetter, LetterFilter, decode_letter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.missed import Missed
from ninelives.dead_letters.places import Place
from ninelives.errors import LetterTooLargeError, StoreError
from ninelives.events import LetterLost, LetterSpilled, LetterStored
from ninelives.testing.clock import FakeClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LETTER = DeadLetter(
    id="1",
    key="1",
    pipeline="shop",
    operation="shop:buy",
    args=["grüße 😀 \x00", {"password": "hunter2"}],
    created=NOW,
    first_failed=NOW,
    last_failed=NOW,
    fingerprint="f",
)


class Down(MemoryStore):
    """A store that fails with whatever it is given."""

    def __init__(self, error):
        super().__init__(clock=FakeClock())
        self.error = error

    def put(self, letter):
        raise self.error


@pytest.fixture
def events():
    return []


def keeper(events, *stores):
    places = tuple(Place(store, f"place {index}") for index, store in enumerate(stores))
    return Keeper(places, events.append, lambda: NOW)


def kept_in(store):
    return store.browse(LetterFilter(), limit=10).letters


def test_the_first_place_that_takes_it(events):
    """A letter goes to the store and nowhere else, and `letter_stored` says so."""
    store, fallback = MemoryStore(), MemoryStore()
    assert keeper(events, store, fallback).keep(LETTER) == Kept("place 0")
    assert kept_in(store) == (LETTER,)
    assert kept_in(fallback) == ()
    (event,) = events
    assert type(event) is LetterStored
    assert (event.letter_id, event.store, event.reason, event.fingerprint) == ("1", "place 0", "manual", "f")
    assert (event.pipeline, event.call_id, event.at) == ("shop", "1", NOW)


@pytest.mark.parametrize(
    "error", [StoreError("down"), LetterTooLargeError("2 MB"), OSError(28, "full"), KeyError(), RecursionError()]
)
def test_it_spills(events, error):
    """A store that can't, with whatever error, has its letter put into the fallback, and `letter_spilled` says why."""
    fallback = MemoryStore()
    kept = keeper(events, Down(error), fallback).keep(LETTER)
    assert kept_in(fallback) == (LETTER,)
    (event,) = events
    assert kept == Kept("place 1", missed=Missed("place 0", event.reason))
    assert type(event) is LetterSpilled
    assert event.store == "place 1"
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    assert event.reason.startswith("place 0: down" if type(error) is StoreError else f"place 0: {kind}")


def test_both_down_it_is_printed(events, capsys, caplog):
    """With all down the letter stands whole, unmasked, in one line of ASCII on stderr, and masked in the log."""
    problem = StoreError("down")
    kept = keeper(events, Down(OSError()), Down(problem)).keep(LETTER)
    why = "place 0: builtins.OSError: ; place 1: down"
    assert kept == Kept("stderr", problem, Missed("place 0", why, is_lost=True))
    err = capsys.readouterr().err
    assert err.isascii()
    assert err.count("\n") == 1
    assert decode_letter(err) == LETTER
    (record,) = caplog.records
    assert (record.levelno, record.name) == (logging.CRITICAL, "ninelives")
    assert "hunter2" not in record.getMessage()
    assert '"password":"***"' in record.getMessage()
    (event,) = events
    assert type(event) is LetterLost
    assert (event.store, event.letter_id, event.reason) == ("place 0", "1", why)


def test_without_any_place_it_is_printed(events, capsys):
    """A keeper without places still prints."""
    kept = keeper(events).keep(LETTER)
    assert (kept.place, str(kept.error)) == ("stderr", "there is no store")
    assert kept.missed == Missed("", "manual", is_lost=True)
    assert decode_letter(capsys.readouterr().err) == LETTER
    assert events[0].store == ""


def test_a_letter_sent_by_hand_has_no_call(events):
    """The event of a letter that was no call names no call."""
    keeper(events, MemoryStore()).keep(msgspec.structs.replace(LETTER, operation=None))
    assert events[0].call_id is None


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_a_program_that_is_ended_meanwhile_loses_nothing(events, capsys, kind):
    """Where the program is ended while a letter is put, the letter is printed and the end goes on its way."""
    with pytest.raises(kind):
        keeper(events, Down(kind()), MemoryStore()).keep(LETTER)
    assert decode_letter(capsys.readouterr().err) == LETTER
    assert [type(event) for event in events] == [LetterLost]


def test_the_reason_is_masked(events, capsys, caplog):
    """A password in a store's error is in no event and no log."""
    keeper(events, Down(OSError("no way to https://u:hunter2@host/")), MemoryStore()).keep(LETTER)
    keeper(events, Down(OSError("no way to https://u:hunter2@host/"))).keep(LETTER)
    assert not [event for event in events if "hunter2" in event.reason]
    assert "hunter2" not in caplog.text


def test_must_keep_raises(events, capsys):
    """For those who send by hand, a letter that was only printed is an error with its cause."""
    cause = OSError("down")
    with pytest.raises(StoreError, match="letter 1 was not stored, only printed to stderr: down") as caught:
        keeper(events, Down(cause)).must_keep(LETTER)
    assert caught.value.__cause__ is cause
    assert keeper(events, MemoryStore()).must_keep(LETTER) == "1"


class Closed(io.StringIO):
    def write(self, text):
        raise ValueError("closed")


def test_a_broken_stderr_is_passed_by(events, monkeypatch, caplog):
    """Where `sys.stderr` is missing or closed the one that the process began with is tried."""
    real = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    for broken in (None, Closed()):
        monkeypatch.setattr(sys, "stderr", broken)
        monkeypatch.setattr(sys, "__stderr__", real)
        assert keeper(events, Down(OSError())).keep(LETTER).place == "stderr"
    lines = real.buffer.getvalue().decode().splitlines()
    assert [decode_letter(line) for line in lines] == [LETTER, LETTER]


def test_without_any_stderr_there_is_the_log(events, monkeypatch, caplog):
    """Where no stderr can be written the letter is in the log only, and that is said."""
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "__stderr__", Closed())
    kept = keeper(events, Down(OSError())).keep(LETTER)
    assert kept.place == "the log"
    assert "stderr is closed too" in caplog.text


class Raising(logging.Handler):
    def handle(self, record):
        raise RuntimeError("handler")


def test_a_log_handler_that_raises_is_survived(events, capsys):
    """A handler of the program's that raises hides nothing."""
    handler = Raising()
    logging.getLogger("ninelives").addHandler(handler)
    try:
        assert keeper(events, Down(OSError())).keep(LETTER).place == "stderr"
    finally:
        logging.getLogger("ninelives").removeHandler(handler)
    assert decode_letter(capsys.readouterr().err) == LETTER


def test_a_letter_that_is_no_json_is_printed_all_the_same(events, capsys):
    """A letter that can't be encoded is no exception: what can be written of it is printed."""
    odd = msgspec.structs.replace(LETTER, tags={"a": "\ud800"}, extra={"b": object()})
    assert keeper(events, MemoryStore(), MemoryStore()).keep(odd).place == "stderr"
    printed = json.loads(capsys.readouterr().err)
    assert (printed["id"], printed["args"]) == ("1", LETTER.args)


def test_a_long_letter_is_cut_in_the_log_only(events, capsys, caplog):
    """The log has the first part of a long letter; stderr has it whole."""
    long = msgspec.structs.replace(LETTER, args=["x" * 9_000 for _ in range(10)])
    keeper(events, Down(OSError())).keep(long)
    assert decode_letter(capsys.readouterr().err) == long
    assert len(caplog.text) < 21_000
    assert "characters)" in caplog.text
