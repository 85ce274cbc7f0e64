"""The file, open and locked: for reading, or for writing behind its end."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from ninelives.errors import StoreError
from ninelives_file import disk
from ninelives_file.errors import told
from ninelives_file.locks import lock, unlock
from ninelives_file.rewriting import replace

__all__ = ["Opened", "Where", "locking", "reading", "writing"]

# Without O_NONBLOCK the opening of a named pipe would wait for ever.
_FLAGS = os.O_APPEND | getattr(os, "O_NONBLOCK", 0)
_ARRAY_LOOK = 64

# The file of each path whose name this process has seen to be durable.
_named: dict[str, int] = {}


class Where(Struct, frozen=True):
    """A file and how it is treated.

    Attributes:
        path: Absolute.
        durable: Whether to sync.
        lock_timeout: Seconds to wait for others to be done with it.
    """

    path: str
    durable: bool = True
    lock_timeout: float = 30.0

    def __str__(self) -> str:
        return f"dead letter file {self.path}"


class Opened:
    """A file that is open and locked.

    Args:
        where: Which.
        descriptor: The open file; -1 where there is none.
        content: What is to be read instead of what stands there: an array, as lines; b"" where there is no file.
    """

    def __init__(self, where: Where, descriptor: int = -1, content: bytes | None = None) -> None:
        self.where = where
        self._descriptor = descriptor
        self._content = content

    @property
    def inode(self) -> int:
        """Which file it is; 0: none that will be met again."""
        return os.fstat(self._descriptor).st_ino if self._content is None else 0

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return os.fstat(self._descriptor).st_size if self._content is None else len(self._content)

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
        if self.where.durable:
            self._name_durably()
        torn = self.size > 0 and self.read(1, self.size - 1) != b"\n"
        disk.append(self._descriptor, b"\n" + lines if torn else lines, durable=self.where.durable)

    def unlock(self) -> None:
        """Let others write; what was read once stays as it is, for the file only grows."""
        if self._descriptor >= 0:
            unlock(self._descriptor)

    def replace(self, lines: Iterator[bytes], *, keep_old: bool = False) -> None:
        """Put a file of these lines in its place, whole or not at all.

        Args:
            lines: What is to stand in it.
            keep_old: Leave the old one beside it, under a name of its own; else the new one is as private as the old.

        Raises:
            OSError: It was not replaced.
        """
        like = None if keep_old else os.fstat(self._descriptor)
        replace(self.where.path, lines, like=like, durable=self.where.durable)

    def _name_durably(self) -> None:
        # Not only by whoever made or replaced it: that one may be dead, or about to sync, while we write.
        path, inode = self.where.path, self.inode
        if self.size == 0 or _named.get(path) != inode:
            disk.sync_directory(os.path.realpath(path))
            _named[path] = inode


@contextmanager
def reading(where: Where) -> Iterator[Opened]:
    """The file, for reading; where there is none yet, it is empty.

    Raises:
        StoreError: It can't be read.
    """
    with told(where.path):
        if _is_missing(where.path):
            yield Opened(where, content=b"")
            return
        with _locked(where, os.O_RDONLY, exclusive=False) as descriptor:
            yield Opened(where, descriptor, _converted(descriptor))


@contextmanager
def writing(where: Where, *, create: bool) -> Iterator[Opened]:
    """The file, for writing; a JSON array is converted first.

    Args:
        where: Which.
        create: Make it where there is none, for its owner only; else it is taken as empty, and not to be written to.

    Raises:
        StoreError: It can't be written.
    """
    with told(where.path):
        if not create and _is_missing(where.path):
            yield Opened(where, content=b"")
            return
        while True:
            with _locked(where, os.O_RDWR | os.O_CREAT, exclusive=True) as descriptor:
                opened = Opened(where, descriptor)
                converted = _converted(descriptor)
                if converted is None:
                    yield opened
                    return
                opened.replace(iter([converted]), keep_old=True)


@contextmanager
def locking(where: Where) -> Iterator[None]:
    """The file, which is there, open and locked as for writing, and nothing more: to see that this can be done.

    Raises:
        StoreError: Others had it locked all the while, or it is no file that can be locked.
        OSError: It can't be opened for writing.
    """
    with _locked(where, os.O_RDWR, exclusive=True):
        yield


@contextmanager
def _locked(where: Where, flags: int, *, exclusive: bool) -> Iterator[int]:
    while True:
        descriptor = os.open(where.path, flags | _FLAGS, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise StoreError(f"{where}: it is no regular file: name another", transient=False)
            lock(descriptor, where.path, exclusive=exclusive, timeout=where.lock_timeout)
            if _is_still_there(where.path, descriptor):
                try:
                    yield descriptor
                finally:
                    unlock(descriptor)  # a child forked meanwhile has it open too: our closing it would free nothing
                return
        finally:
            os.close(descriptor)


def _is_still_there(path: str, descriptor: int) -> bool:
    """Whether the path still names the open file: another process may have replaced it while we waited."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _is_missing(path: str) -> bool:
    """Whether it would only have to be made; with its directory missing too, opening it says so."""
    return not os.path.exists(path) and os.path.isdir(os.path.dirname(path))


def _converted(descriptor: int) -> bytes | None:
    """A JSON array as lines; None: it holds lines already."""
    if not disk.read(descriptor, _ARRAY_LOOK, 0).lstrip().startswith(b"["):
        return None
    from ninelives_file.arrays import as_lines  # few ever need it

    return as_lines(descriptor)
