"""Who did what: in the letter's notes, which are bounded, and in the event; nobody's secrets."""

from __future__ import annotations

import os
import sys

import pytest

from ninelives import DeadLetterQueue
from ninelives.dead_letters.audit import MAX_NOTE, MAX_NOTES, Audit, with_note
from ninelives.dead_letters.desk import Desk
from ninelives.dead_letters.who import Who
from ninelives.machine import hostname
from ninelives.testing import FakeClock, RecordingListener


def test_whoever_runs_the_process(monkeypatch):
    """The user is the system's, whatever the environment says; the command is the program's name and no argument."""
    monkeypatch.setenv("USER", "mallory")
    monkeypatch.setattr(sys, "argv", ["/usr/bin/replayer", "--password", "hunter2"])
    here = Who.here()
    assert here.command == "replayer"
    assert here.host == hostname()
    assert here.user not in {"mallory", ""}


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["/x/site-packages/ninelives_cli/__main__.py", "dlq"], "ninelives_cli"),
        (["-c"], "python"),
        ([""], "python"),
        ([], "python"),
        (None, "python"),
    ],
)
def test_the_programs_name(monkeypatch, argv, command):
    """Of `python -m package` it is the package; where there is no name, it is Python."""
    if argv is None:
        monkeypatch.delattr(sys, "argv")
    else:
        monkeypatch.setattr(sys, "argv", argv)
    assert Who.here().command == command


def test_a_user_that_the_system_does_not_know(monkeypatch):
    """Without an entry, as in many a container, it is what the environment says, else the number."""
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert Who.here().user == "uid 2147483641"
    monkeypatch.setenv("USERNAME", "tom")
    assert Who.here().user == "tom"


def test_a_system_without_numbers(monkeypatch):
    """Where users have no numbers, and nothing says who it is, that is said."""
    monkeypatch.delattr(os, "getuid")
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert Who.here().user == "unknown"


def test_no_secret_in_the_command():
    """What looks like a secret in the command is masked."""
    assert "hunter2" not in Who.here("tool --url smtp://ops:hunter2@mail password=hunter2").command


def test_whatever_they_are_called():
    """Control characters and lone surrogates are escaped, and each part is bounded."""
    said = str(Who("a\nb", "h\x1b[31m", "c" * 1000 + "\ud800"))
    assert said.startswith("a\\nb@h\\x1b[31m (ccc")
    assert len(said) < 400
    assert said.encode()


def test_an_event_can_be_written_whoever_did_it(make):
    """In the event too their names are text of one line that is valid UTF-8."""
    heard = RecordingListener()
    clock = FakeClock()
    Audit(Who("a\nb", "h\ud800", "c\x1b[0m"), clock.now, heard).changed(make(), "noted")
    (event,) = heard.recorded
    assert (event.user, event.host, event.command) == ("a\\nb", "h\\ud800", "c\\x1b[0m")


def test_notes_are_bounded(make):
    """A letter keeps its first note and the newest ninety-nine."""
    letter = make()
    for number in range(MAX_NOTES + 20):
        letter = with_note(letter, f"note {number}")
    assert len(letter.notes) == MAX_NOTES
    assert (letter.notes[0], letter.notes[1], letter.notes[-1]) == ("note 0", "note 21", "note 119")


@pytest.mark.parametrize("text", ["x" * 5000, "\n" * 999, "\ud800" * 999, "\ud800" * 5000, "x" * 1000, "x" * 1001])
def test_a_note_is_one_bounded_line(make, text):
    """A note has at most 1,000 characters, can't pretend to be another line, and can be written in UTF-8."""
    (note,) = with_note(make(), text).notes
    assert len(note) <= MAX_NOTE
    assert note.isprintable()
    assert note.encode()
    assert note.endswith("…") or note == text


def test_a_desk_of_a_queue_is_at_all_its_stores(make):
    """`DeadLetterQueue.desk` works on the store, its fallback and its park, and tells the queue's listeners."""
    heard = RecordingListener()
    queue = DeadLetterQueue(store="memory:", fallback="memory:", park="memory:", listeners=[heard], clock=FakeClock())
    desk = queue.desk()
    assert desk.by == Who.here()
    stores = [place.store for place in desk.places]
    assert stores == [place.store for place in queue.places]
    letters = [make(number, message=number) for number in range(3)]
    for store, letter in zip(stores, letters, strict=True):
        store.put(letter)
    assert desk.note((letter.id for letter in letters), "seen").done == 3
    assert [event.letter_id for event in heard.recorded] == [letter.id for letter in letters]
    assert [event.user for event in heard.recorded] == [desk.by.user] * 3
    assert queue.desk(Who("tom", "h", "c")).by.user == "tom"


def test_a_desk_at_an_address():
    """`Desk.at` opens a store, tells the listeners, and closes it at the end."""
    heard = RecordingListener()
    with Desk.at("memory:", listeners=[heard], clock=FakeClock(), by=Who("tom", "h", "c")) as desk:
        letter_id = DeadLetterQueue(store=desk.places[0].store).send_to_dlq("x")
        desk.note(letter_id, "hello")
        assert (desk.places[0].name, desk.by.user) == ("memory:", "tom")
    assert heard.names == ["letter_changed"]
    assert Desk.at(desk.places[0].store).by == Who.here()


def test_a_desk_closes_its_stores():
    """Closing a desk closes its stores."""

    class Closing:
        closed = 0

        def put(self, letter): ...
        def receive(self, max_letters, *, lease): ...
        def ack(self, lease): ...
        def release(self, lease, letter=None): ...
        def close(self):
            self.closed += 1

    store = Closing()
    with Desk.at(store):
        pass
    assert store.closed == 1
