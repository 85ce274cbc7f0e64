"""Opening and locking the file: for reading, or for writing behind its end."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ninelives.errors import StoreError
from ninelives_file.descriptors import Once
from ninelives_file.errors import told
from ninelives_file.locks import lock, unlock
from ninelives_file.opened import Opened, Where

__all__ = ["append", "locking", "reading", "writing"]

# Without O_NONBLOCK the opening of a named pipe would wait for ever.
_FLAGS = os.O_APPEND | getattr(os, "O_NONBLOCK", 0)
_READ, _WRITE, _MAKE = os.O_RDONLY | _FLAGS, os.O_RDWR | _FLAGS, os.O_RDWR | os.O_CREAT | _FLAGS


def append(where: Where, lines: bytes) -> None:
    """Write whole lines behind the end; they are durable when this returns. A file that is not there is made.

    Raises:
        LockedError: Others had it locked all the while.
        StoreError: They were not written.
    """
    since = time.monotonic()
    with told(where.path), where.turn, _Locked(where, where.kept, _MAKE, since, converting=True) as opened:
        opened.append(lines)


@contextmanager
def writing(where: Where) -> Iterator[Opened]:
    """The file, for writing; where there is none it is empty, and is not to be written to.

    Raises:
        LockedError: Others had it locked all the while.
        StoreError: It can't be written.
    """
    since = time.monotonic()  # who has waited for its turn as long as is allowed asks for the lock once
    with told(where.path), where.turn:
        if _is_missing(where.path):
            yield Opened(where, content=b"")
            return
        with _Locked(where, where.kept, _MAKE, since, converting=True) as opened:
            yield opened


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
        with _Locked(where, Once(), _READ, time.monotonic(), exclusive=False) as opened:
            content = opened.converted()
            yield opened if content is None else Opened(where, content=content)


@contextmanager
def locking(where: Where) -> Iterator[None]:
    """The file, which is there, open and locked as for writing, and nothing more: to see that this can be done.

    Raises:
        LockedError: Others had it locked all the while.
        StoreError: It is no file that can be locked.
        OSError: It can't be opened for writing.
    """
    with _Locked(where, Once(), _WRITE, time.monotonic()):
        yield


class _Locked:
    """Opens and locks the file that the path names, and frees it at the end.

    Args:
        where: Which.
        file: Through what it is reached.
        flags: What it is opened for.
        since: When the waiting for it began, by `time.monotonic`.
        exclusive: Whether nobody else may read it meanwhile.
        converting: Whether a JSON array is first replaced by its lines.
    """

    def __init__(
        self, where: Where, file: Once, flags: int, since: float, *, exclusive: bool = True, converting: bool = False
    ) -> None:
        self._where = where
        self._file = file
        self._flags = flags
        self._since = since
        self._exclusive = exclusive
        self._converting = converting

    def __enter__(self) -> Opened:
        try:
            while (opened := self._opened()) is None:
                self._file.close()
        except BaseException:
            self._file.close()
            raise
        return opened

    def __exit__(self, kind: object, *_error: object) -> None:
        try:
            unlock(self._file.descriptor)  # a child forked meanwhile has it open too: closing it would free nothing
        except BaseException:
            self._file.close()
            raise
        if kind is None:
            self._file.done()
        else:
            self._file.close()

    def _opened(self) -> Opened | None:
        """The file; None: it turned out to be another than the path names."""
        where, file = self._where, self._file
        about = file.open(where.path, self._flags)
        if not stat.S_ISREG(about.st_mode):
            raise StoreError(f"{where}: it is no regular file: name another", transient=False)
        lock(file.descriptor, where.path, exclusive=self._exclusive, timeout=where.lock_timeout, since=self._since)
        there = _found(where.path)
        if there is None or there.st_ino != about.st_ino or there.st_dev != about.st_dev:
            return None  # another process has replaced it while we waited
        opened = Opened(where, file.descriptor, there)
        if self._converting and (lines := opened.converted()) is not None:
            opened.replace(iter([lines]), keep_old=True)
            return None
        return opened


def _found(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _is_missing(path: str) -> bool:
    """Whether it would only have to be made; with its directory missing too, opening it says so."""
    return not os.path.exists(path) and os.path.isdir(os.path.dirname(path))
