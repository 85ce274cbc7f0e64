"""The file as it is now, and what is known of it: for as long as one thing is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import msgspec

from ninelives.dead_letters.groups import group_of
from ninelives.dead_letters.letter import DeadLetter, LetterFilter, decode_letter
from ninelives.dead_letters.moments import moment_of
from ninelives.dead_letters.paging import FIRST, Position
from ninelives.dead_letters.store import LetterGroup
from ninelives.errors import LetterNotFoundError, StoreError
from ninelives_file.entries import Bad, Entry
from ninelives_file.grouping import Groups, asks_for_kinds
from ninelives_file.index import Index
from ninelives_file.lines import BadLine
from ninelives_file.opened import Opened

__all__ = ["View"]

_SHOWN = 200


class View:
    """The file as it is now.

    Attributes:
        index: Where everything stands in it.
        file: Open and locked.
    """

    def __init__(self, index: Index, file: Opened) -> None:
        self.index = index
        self.file = file

    def find(self, letter_id: str) -> Entry:
        """The letter with that id.

        Raises:
            LetterNotFoundError: There is none.
        """
        if letter_id not in self.index.letters:
            raise LetterNotFoundError(f"{self.file.where}: there is no letter {letter_id}; browse() shows which are")
        return self.index.letters[letter_id]

    def load(self, entry: Entry) -> DeadLetter:
        """The letter's whole record.

        Raises:
            StoreError: It no longer stands where it stood.
        """
        with suppress(msgspec.DecodeError, ValueError):
            letter = decode_letter(self.file.read(entry.length, entry.offset))
            if letter.id == entry.id:
                return letter
        self.index.forget()
        raise StoreError(f"{self.file.where}: another program has changed it; try again")

    def select(self, wanted: LetterFilter, after: Position = FIRST) -> Iterator[Entry]:
        """The letters that match, oldest first, from behind that position."""
        rest = LetterFilter(tags=wanted.tags, text=wanted.text)
        found = self.index.order.after(after) if wanted.ids is None else self._named(wanted.ids, after)
        for entry in found:
            if entry.fits(wanted) and (rest.empty or rest.matches(self.load(entry))):
                yield entry

    def groups(self, wanted: LetterFilter, limit: int) -> list[LetterGroup]:
        """The groups of the letters that match, the largest first."""
        known = asks_for_kinds(wanted)
        groups = self.index.groups if known else Groups({one.id: one for one in self.select(wanted)})
        return [
            group_of(self.load(one.example), count=one.count, parked=one.parked, first=moment_of(one.first))
            for one in groups.largest(limit, wanted)
        ]

    def write(self, lines: bytes) -> None:
        """Append whole lines, and know what they say.

        Raises:
            OSError: They were not written.
        """
        self.file.append(lines)
        self.index.update(self.file)

    def bad_lines(self) -> Iterator[BadLine]:
        """The lines that can't be read, as they stand in the file."""
        number, at = 1, 0
        for bad in sorted(self.index.bad.values(), key=_offset):
            number += self.file.read(bad.offset - at, at).count(b"\n")
            at = bad.offset
            yield BadLine(number, bad.why, self.file.read(min(bad.length, _SHOWN), at).decode(errors="replace"))

    def _named(self, ids: frozenset[str], after: Position) -> list[Entry]:
        there = [self.index.letters[letter_id] for letter_id in ids if letter_id in self.index.letters]
        return sorted((entry for entry in there if entry.position > after), key=_position)


def _position(entry: Entry) -> Position:
    return entry.position


def _offset(bad: Bad) -> int:
    return bad.offset
