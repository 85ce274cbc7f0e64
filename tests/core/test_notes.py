"""The one note of ours on an error."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ninelives.notes import note


def test_it_says_what_was_done():
    """The note has the attempts, the time, and where the letter is."""
    error = ValueError()
    note(error, 1, 0.5, None, None)
    assert error.__notes__ == ["ninelives: 1 attempt in 0.5 s"]
    error = ValueError()
    note(error, 3, 12.3456, "7", "file:/x.json")
    assert error.__notes__ == ["ninelives: 3 attempts in 12.3 s; dead letter 7 in file:/x.json"]


def test_it_is_replaced_and_never_repeated():
    """Our note on an error that is raised for ever does not grow, and the notes of others stay in their order."""
    error = ValueError()
    error.add_note("before")
    for attempts in range(100):
        note(error, attempts, 0.0, None, None)
        if attempts == 50:
            error.add_note("between")
    assert error.__notes__ == ["before", "between", "ninelives: 99 attempts in 0 s"]


class Slots(Exception):
    __slots__ = ("value",)


@dataclass(frozen=True)
class Frozen(Exception):
    value: int = 0


class Sealed(Exception):
    def __setattr__(self, name, value):
        raise AttributeError(name)


class Refusing(Exception):
    def add_note(self, text):
        raise RuntimeError("no notes")


class Shy(Exception):
    @property
    def __notes__(self):
        raise RuntimeError("no notes")


@pytest.mark.parametrize("kind", [Slots, Frozen, Sealed, Refusing, Shy])
def test_an_error_that_takes_no_notes_is_left_alone(kind):
    """An error with slots, a frozen one, and one that refuses notes break nothing."""
    error = kind()
    note(error, 1, 0.0, None, None)
    note(error, 1, 0.0, None, None)
    try:
        notes = getattr(error, "__notes__", [])
    except RuntimeError:
        notes = []
    assert notes in ([], ["ninelives: 1 attempt in 0 s"])


@pytest.mark.parametrize("notes", [("a",), None, "text", 5])
def test_odd_notes_are_left_as_they_are(notes):
    """Notes that are no list take none of ours, and stay."""
    error = ValueError()
    error.__notes__ = notes
    note(error, 1, 0.0, None, None)
    assert error.__notes__ == notes


class Text(str):
    __slots__ = ()

    def startswith(self, *args):
        raise RuntimeError("no")


def test_odd_entries_among_the_notes():
    """Entries that are no text stay; one that raises when it is looked at keeps ours away and breaks nothing."""
    error = ValueError()
    error.__notes__ = [5, None]
    note(error, 1, 0.0, None, None)
    assert error.__notes__ == [5, None, "ninelives: 1 attempt in 0 s"]
    error.__notes__ = [Text("x")]
    note(error, 1, 0.0, None, None)
    assert error.__notes__ == ["x"]
