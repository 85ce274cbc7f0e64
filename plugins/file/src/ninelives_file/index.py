"""Where each letter stands in the file, and what is known of it without reading it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ninelives.dead_letters.letter import DeadLetter
from ninelives_file.entries import Bad, Entry, Hold
from ninelives_file.grouping import Groups
from ninelives_file.lines import Ack, Claim, Operation, Purge, Release, Unreadable, parse
from ninelives_file.order import Expiring, Free, Order

__all__ = ["HEAD", "Index", "Readable"]

HEAD = 128
"""So many bytes of the beginning tell a file from any other."""

_BLOCK = 1 << 20
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
        order: The letters, oldest first.
        free: Those that can be received.
        expiring: Those that expire.
        groups: How many there are of each kind.
    """

    def __init__(self, inode: int) -> None:
        self.inode = inode
        self.letters: dict[str, Entry] = {}
        self.holds: dict[str, Hold] = {}
        self.bad: dict[int, Bad] = {}
        self.position = 0
        self.order = Order(self.letters)
        self.free = Free(self.letters, self.holds)
        self.expiring = Expiring(self.letters, self.holds)
        self.groups = Groups(self.letters)
        self._newer: dict[str, int] = {}
        self._head = b""
        self._alive = 0
        self._worth = _WORTH

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
        if len(self._head) < HEAD:
            self._head = file.read(min(HEAD, file.size), 0)

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
    def alive(self) -> list[Entry | Bad]:
        """Every line that is to be kept, in the order in which they stand in the file."""
        return sorted([*self.letters.values(), *self.bad.values()], key=_offset)

    def moved(self, inode: int, size: int, head: bytes) -> None:
        """Be of the file that replaced the old one; the lines in `alive` say already where they stand in it.

        Args:
            inode: Which it is.
            size: How long it is.
            head: How it begins.
        """
        self.inode, self.position, self._head, self._worth = inode, size, head[:HEAD], _WORTH
        offsets = {old: bad.offset for old, bad in self.bad.items()}
        self._newer = {letter_id: offsets[old] for letter_id, old in self._newer.items()}
        self.bad = {bad.offset: bad for bad in self.bad.values()}

    def forget(self) -> None:
        """Cover no file any more: it turned out to be wrong, and is made anew."""
        self.inode = 0

    def held(self, letter_id: str, now: float) -> bool:
        """Whether someone holds the letter."""
        hold = self.holds.get(letter_id)
        return hold is not None and hold.holds_at(now)

    def _add(self, offset: int, line: bytes) -> None:
        found = parse(line)
        if isinstance(found, DeadLetter):
            self._put(Entry.of(found, offset, len(line)))
        elif isinstance(found, Unreadable):
            self._keep(Bad(offset, len(line), found.why), found.supersedes)
        else:
            self._apply(found)

    def _put(self, entry: Entry) -> None:
        self._drop(entry.id)
        self._alive += entry.length + 1
        self.letters[entry.id] = entry
        self.order.added(entry)
        self.free.added(entry)
        self.expiring.added(entry)
        self.groups.added(entry)

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
            self.free.taken(hold, operation.ids)
        elif isinstance(operation, (Release, Ack, Purge)):
            for letter_id in operation.ids:
                self.holds.pop(letter_id, None)
                if not isinstance(operation, Release):
                    self._drop(letter_id)
            self.free.given_back(operation.ids)

    def _drop(self, letter_id: str) -> None:
        entry = self.letters.pop(letter_id, None)
        if entry is not None:
            self._alive -= entry.length + 1
            self.groups.removed(entry)
        if letter_id in self._newer:
            self._alive -= self.bad.pop(self._newer.pop(letter_id)).length + 1


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


def _offset(line: Entry | Bad) -> int:
    return line.offset
