"""The file and what is known of it, brought together for as long as one thing is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import msgspec

from ninelives.dead_letters.letter import DeadLetter, LetterFilter, decode_letter
from ninelives.dead_letters.paging import FIRST, Position
from ninelives.errors import LetterNotFoundError, StoreError
from ninelives.locks import new_lock
from ninelives_file.entries import Bad, Entry, Hold
from ninelives_file.index import Index
from ninelives_file.lines import BadLine, Claim, header, write
from ninelives_file.opened import Opened, Where, reading, writing

__all__ = ["Journal", "View"]

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
        for entry in self.index.oldest_first(after):
            if entry.fits(wanted) and (rest.empty or rest.matches(self.load(entry))):
                yield entry

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

    def tidy(self) -> None:
        """Rewrite the file without what is dead, where that is most of it."""
        if not self.index.wasteful:
            return
        try:
            self.file.replace(self._alive())
        except OSError:
            # What was asked for is done; on a full disk it would be in vain to try this each time.
            self.index.put_off()

    def _alive(self) -> Iterator[bytes]:
        yield header()
        for offset, length in self.index.alive:
            yield self.file.read(length, offset) + b"\n"
        held: dict[Hold, list[str]] = {}
        for letter_id, hold in self.index.holds.items():
            held.setdefault(hold, []).append(letter_id)
        for hold, ids in held.items():
            yield write(Claim(hold.token, tuple(ids), _moment(hold.taken), _moment(hold.until)))


class Journal:
    """A file of letters; what was read of it is kept, and only what was appended since is read.

    Args:
        where: The file.
    """

    def __init__(self, where: Where) -> None:
        self.where = where
        self._lock = new_lock()
        self._index: Index | None = None

    def append(self, lines: bytes) -> None:
        """Write whole lines behind the end, whatever stands before them; they are durable when this returns.

        Raises:
            StoreError: They were not written.
        """
        with writing(self.where, create=True) as file:
            file.append(lines)

    @contextmanager
    def reading(self) -> Iterator[View]:
        """A look at the file; others may write meanwhile.

        Raises:
            StoreError: It can't be read.
        """
        with self._lock, reading(self.where) as file:
            view = View(self._updated(file), file)
            file.unlock()
            yield view

    @contextmanager
    def changing(self) -> Iterator[View]:
        """The file for ourselves.

        Raises:
            StoreError: It can't be written.
        """
        with self._lock, writing(self.where, create=False) as file:
            view = View(self._updated(file), file)
            yield view
            view.tidy()

    def close(self) -> None:
        """Forget what was read."""
        with self._lock:
            self._index = None

    def _updated(self, file: Opened) -> Index:
        # Forgotten first: a read that fails in the middle must not leave half of it.
        index, self._index = self._index, None
        if index is None or not index.covers(file):
            index = Index(file.inode)
        index.update(file)
        self._index = index
        return index


def _offset(bad: Bad) -> int:
    return bad.offset


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
