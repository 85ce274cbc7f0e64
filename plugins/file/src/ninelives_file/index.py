"""Where each letter stands in the file, and what is known of it without reading it again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Protocol

from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.paging import FIRST, Position
from ninelives_file.entries import Bad, Entry, Hold
from ninelives_file.lines import Ack, Claim, Operation, Purge, Release, Unreadable, parse

__all__ = ["Index", "Readable"]

_BLOCK = 1 << 20
_HEAD = 128
# So many entries of the sorted list may have gone before it is made anew.
_STALE = 64
# A rewrite must be worth its two syncs.
_WORTH = 16 * 1024


class Readable(Protocol):
    """What an index is made from."""

    @property
    def inode(self) -> int:
        """Which file it is; 0: none that will be met again."""
        ...

    @property
    def size(self) -> int:
        """Its length in bytes."""
        ...

    def read(self, length: int, offset: int) -> bytes:
        """So many bytes from there, or as many as there are."""
        ...


class Index:
    """What the file says, read once and then only as far as it has grown.

    Attributes:
        letters: Those that are there, by id.
        holds: The last claim of each letter that was not given back, also when it has ended: a holder who is late may
            still end what nobody else took.
        bad: Lines that can't be read, by offset.
        position: How far the file has been read.
    """

    def __init__(self, inode: int) -> None:
        self.inode = inode
        self.letters: dict[str, Entry] = {}
        self.holds: dict[str, Hold] = {}
        self.bad: dict[int, Bad] = {}
        self.position = 0
        self._newer: dict[str, int] = {}
        self._head = b""
        self._alive = 0
        self._worth = _WORTH
        self._sorted: list[Entry] | None = None

    def covers(self, file: Readable) -> bool:
        """Whether it was made from this very file, which has only grown since."""
        same = self.inode == file.inode != 0 and self.position <= file.size
        # A number is used again once its file is gone; no two of our files begin alike.
        return same and file.read(len(self._head), 0) == self._head

    def update(self, file: Readable) -> None:
        """Read what was appended."""
        for offset, line in _lines(file, self.position):
            if line.strip():
                self._add(offset, line)
        self.position = file.size
        self._head = file.read(min(_HEAD, file.size), 0)

    @property
    def wasteful(self) -> bool:
        """Whether most of the file is of no use any more."""
        return self._dead > self._alive and self._dead > self._worth

    @property
    def _dead(self) -> int:
        return self.position - self._alive

    def put_off(self) -> None:
        """Be called wasteful when half as much again is of no use."""
        self._worth = self._dead * 3 // 2

    @property
    def alive(self) -> list[tuple[int, int]]:
        """Offset and length of every line that is to be kept, as they stand in the file."""
        kept: list[Entry | Bad] = [*self.letters.values(), *self.bad.values()]
        return sorted((line.offset, line.length) for line in kept)

    def oldest_first(self, after: Position = FIRST) -> Iterator[Entry]:
        """The letters behind this position."""
        if self._sorted is None or len(self._sorted) > len(self.letters) * 1.1 + _STALE:
            self._sorted = sorted(self.letters.values(), key=_position)
        found = self._sorted
        start = bisect_right(found, after, key=_position)
        there = (found[place] for place in range(start, len(found)))
        return (entry for entry in there if self.letters.get(entry.id) is entry)

    def forget(self) -> None:
        """Cover no file any more: it turned out to be wrong, and is made anew."""
        self.inode = 0

    def held(self, letter_id: str, now: float) -> bool:
        """Whether someone holds the letter."""
        hold = self.holds.get(letter_id)
        return hold is not None and hold.taken <= now < hold.until

    def _add(self, offset: int, line: bytes) -> None:
        found = parse(line)
        if isinstance(found, DeadLetter):
            self._put(Entry.of(found, offset, len(line)))
        elif isinstance(found, Unreadable):
            self._keep(Bad(offset, len(line), found.why), found.supersedes)
        else:
            self._apply(found)

    def _put(self, entry: Entry) -> None:
        old = self.letters.get(entry.id)
        self._drop(entry.id)
        self._alive += entry.length + 1
        if old is not None and old.position == entry.position:  # then the sorted list still holds
            old.become(entry)
            self.letters[entry.id] = old
            return
        self.letters[entry.id] = entry
        if self._sorted and self._sorted[-1].position < entry.position:
            self._sorted.append(entry)
        else:
            self._sorted = None

    def _keep(self, bad: Bad, supersedes: str | None) -> None:
        if supersedes is not None:
            self._drop(supersedes)
            self._newer[supersedes] = bad.offset
        self._alive += bad.length + 1
        self.bad[bad.offset] = bad

    def _apply(self, operation: Operation) -> None:
        if isinstance(operation, Claim):
            hold = Hold(operation.token, operation.at.timestamp(), operation.until.timestamp())
            self.holds.update((one, hold) for one in operation.ids if one in self.letters or one in self._newer)
        elif isinstance(operation, (Release, Ack, Purge)):
            for letter_id in operation.ids:
                self.holds.pop(letter_id, None)
                if not isinstance(operation, Release):
                    self._drop(letter_id)

    def _drop(self, letter_id: str) -> None:
        gone: Entry | Bad | None = self.letters.pop(letter_id, None)
        if letter_id in self._newer:
            gone = self.bad.pop(self._newer.pop(letter_id))
        if gone is not None:
            self._alive -= gone.length + 1


def _lines(file: Readable, offset: int) -> Iterator[tuple[int, bytes]]:
    """The lines from there to the end, each with its offset; the last one may lack its end."""
    rest = b""
    while block := file.read(_BLOCK, offset + len(rest)):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield offset, line
            offset += len(line) + 1
    if rest:
        yield offset, rest


def _position(entry: Entry) -> Position:
    return entry.position
