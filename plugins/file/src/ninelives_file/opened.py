"""A file that is open and locked, and what can be done to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from ninelives.errors import StoreError
from ninelives.locks import new_lock
from ninelives_file import disk
from ninelives_file.descriptors import Kept
from ninelives_file.locks import unlock
from ninelives_file.rewriting import replace

__all__ = ["Opened", "Where"]

_LOOK = 64
_DATABASE = b"SQLite format 3\0"

# The file of each path whose name this process has seen to be durable.
_named: dict[str, int] = {}
# The file of each path to which this process has appended last, and how long it was then.
_appended: dict[str, tuple[int, int]] = {}


class Where(Struct, frozen=True):
    """A file and how it is treated.

    Attributes:
        path: Absolute.
        durable: Whether to sync.
        lock_timeout: Seconds to wait for others to be done with it.
        turn: Held by the thread that writes: threads wake each other, where processes can only ask again and again.
        kept: What that thread reaches the file through.
    """

    path: str
    durable: bool = True
    lock_timeout: float = 30.0
    turn: Any = field(default_factory=new_lock)
    kept: Kept = field(default_factory=Kept)

    def __str__(self) -> str:
        return f"dead letter file {self.path}"


class Opened:
    """A file that is open and locked.

    Args:
        where: Which.
        descriptor: The open file; -1 where there is none.
        about: What the system says of it.
        content: What is to be read instead of what stands there: an array, as lines; b"" where there is no file.

    Attributes:
        inode: Which file it is; 0: none that will be met again.
        size: Its length in bytes.
    """

    def __init__(
        self,
        where: Where,
        descriptor: int = -1,
        about: os.stat_result | None = None,
        content: bytes | None = None,
    ) -> None:
        self.where = where
        self._descriptor = descriptor
        self._content = content
        self.inode = about.st_ino if about is not None and content is None else 0
        self.size = about.st_size if about is not None and content is None else len(content or b"")
        # Whether it ends with lines that this process has appended: then it needs not be looked at.
        self._is_as_we_left_it = _appended.get(where.path) == (self.inode, self.size)

    def read(self, length: int, offset: int) -> bytes:
        """So many bytes from there, or as many as there are."""
        if self._content is not None:
            return self._content[offset : offset + length]
        return disk.read(self._descriptor, length, offset)

    def append(self, lines: bytes) -> None:
        """Write whole lines behind the end; they are durable when this returns, or not there at all.

        Raises:
            OSError: They were not written.
        """
        if self.where.durable and (self.size == 0 or _named.get(self.where.path) != self.inode):
            self._name_durably()
        data = lines if self._is_as_we_left_it or self._ends_with_a_line() else b"\n" + lines
        disk.append(self._descriptor, data, self.size, durable=self.where.durable)
        self.size += len(data)
        self._is_as_we_left_it = True
        _appended[self.where.path] = self.inode, self.size

    def converted(self) -> bytes | None:
        """A JSON array as lines; None: it holds lines already.

        Raises:
            StoreError: It is a database, which lines would damage.
        """
        begin = b"" if self._is_as_we_left_it else self.read(_LOOK, 0).lstrip()
        if begin.startswith(_DATABASE):
            raise StoreError(f"{self.where}: it is a SQLite database: say sqlite:, or name another", transient=False)
        if not begin.startswith(b"["):
            return None
        from ninelives_file.arrays import as_lines  # few ever need it

        return as_lines(self._descriptor)

    def unlock(self) -> None:
        """Let others write; what was read once stays as it is, for the file only grows."""
        if self._descriptor >= 0:
            unlock(self._descriptor)

    def replace(self, lines: Iterator[bytes], *, keep_old: bool = False) -> os.stat_result:
        """Put a file of these lines in its place, whole or not at all.

        Args:
            lines: What is to stand in it.
            keep_old: Leave the old one beside it, under a name of its own; else the new one is as private as the old.

        Returns:
            What the system says of the new one, which is not locked.

        Raises:
            OSError: It was not replaced.
        """
        like = None if keep_old else os.fstat(self._descriptor)
        return replace(self.where.path, lines, like=like, durable=self.where.durable)

    def _ends_with_a_line(self) -> bool:
        return self.size == 0 or self.read(1, self.size - 1) == b"\n"

    def _name_durably(self) -> None:
        # Not only by whoever made or replaced it: that one may be dead, or about to sync, while we write.
        disk.sync_directory(os.path.realpath(self.where.path))
        _named[self.where.path] = self.inode
