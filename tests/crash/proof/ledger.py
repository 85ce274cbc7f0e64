"""What a process was told by its stores, in memory that outlives it."""

from __future__ import annotations

import mmap
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.store import Lease
from ninelives.errors import LeaseLostError, LetterBusyError, LetterNotFoundError

__all__ = ["Becomes", "Ledger", "Note", "Outcome"]

_LENGTH = 8

Becomes = dict[str, DeadLetter | None]
"""What becomes of each of these letters: its record, or None for one that is gone."""


class Note(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One line of a ledger.

    Attributes:
        number: Which operation it is of: its beginning and its end have the same.
        what: The operation's name.
        place: The store that was asked.
        done: It has returned; else it begins.
        refused: It has changed nothing, and said so.
        letters: What becomes of which letters.
        touches: Whose being held may change; None: anybody's.
        held: Until when each of these is held now, in seconds since 1970.
        token: What the store knows the claim by that is made, prolonged or ended.
        at: When it was written, in seconds since 1970.
    """

    number: int
    what: str
    place: str = ""
    done: bool = False
    refused: bool = False
    letters: Becomes = {}
    touches: tuple[str, ...] | None = ()
    held: dict[str, float] = {}
    token: str = ""
    at: float = 0.0


class Outcome:
    """What an operation has come to, for the note of its end."""

    def __init__(self, letters: Becomes, token: str) -> None:
        self.letters = letters
        self.held: dict[str, float] = {}
        self.token = token

    def holds(self, leases: Iterable[Lease]) -> None:
        """These letters are held now, all by one claim."""
        for lease in leases:
            self.held[lease.letter.id] = lease.until.timestamp()
            self.token = lease.token


class Ledger:
    """Notes in memory that a process shares with those that it forks: what one has written is there when it is dead.

    Args:
        size: Bytes that there is room for.
    """

    def __init__(self, size: int = 1 << 24) -> None:
        self._memory = mmap.mmap(-1, size)
        self._lock = threading.Lock()
        self._numbers = count(1)

    @contextmanager
    def doing(
        self,
        what: str,
        place: str = "",
        letters: Becomes | None = None,
        touches: Iterable[str] | None = (),
        token: str = "",
    ) -> Iterator[Outcome]:
        """Note that it begins, and when it has returned, that it has, or was refused; one that fails has no end."""
        number, outcome = next(self._numbers), Outcome(letters or {}, token)
        touched = None if touches is None else tuple(touches)
        note = Note(number=number, what=what, place=place, touches=touched, letters=letters or {}, token=token)
        self._write(replace(note, at=time.time()))
        try:
            yield outcome
        except (LeaseLostError, LetterBusyError, LetterNotFoundError):
            self._write(replace(note, letters={}, touches=(), done=True, refused=True))
            raise
        said: dict[str, Any] = {"letters": outcome.letters, "held": outcome.held, "token": outcome.token}
        self._write(replace(note, **said, done=True, at=time.time()))

    def say(self, what: str, *words: str) -> None:
        """Note a fact."""
        self._write(Note(number=next(self._numbers), what=what, touches=words, done=True))

    def notes(self) -> list[Note]:
        """All of them, oldest first."""
        text = self._memory[_LENGTH : _LENGTH + self._end]
        return [msgspec.json.decode(line, type=Note) for line in text.split(b"\n") if line]

    def said(self, what: str) -> list[str]:
        """The words of all facts of that name."""
        return [word for note in self.notes() if note.what == what for word in note.touches or ()]

    def clear(self) -> None:
        """Begin anew."""
        self._memory[:_LENGTH] = bytes(_LENGTH)

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()

    def _write(self, note: Note) -> None:
        line = msgspec.json.encode(note) + b"\n"
        with self._lock:
            start = _LENGTH + self._end
            self._memory[start : start + len(line)] = line
            # Last: half a note is none.
            self._memory[:_LENGTH] = (start - _LENGTH + len(line)).to_bytes(_LENGTH, "little")

    @property
    def _end(self) -> int:
        return int.from_bytes(self._memory[:_LENGTH], "little")
