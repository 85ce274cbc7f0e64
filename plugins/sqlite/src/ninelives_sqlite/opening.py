"""Opening a database: private, durable by its name, up to date."""

from __future__ import annotations

import os
import sqlite3
import time

from msgspec import Struct

from ninelives.locks import new_lock
from ninelives_sqlite.making import make
from ninelives_sqlite.schema import upgrade

__all__ = ["LOG_SIZE", "Where", "identity", "open_database"]

LOG_SIZE = 4 * 1024 * 1024
"""How large the write-ahead log may grow, in bytes, before it is written back.

A sync takes longer while the log grows: so it is soon begun anew.
"""

# A letter changes a page of each index, and whole pages are written: small ones make for less.
_PAGE = 1024
_RETRY = 0.01
_LONGEST = 2_000_000.0  # SQLite counts milliseconds in 32 bits

# A descriptor of the file that we close would free the locks that SQLite has on it anywhere in the process: so one
# thread at a time makes the file, before any opens it.
_opening = new_lock()


class Where(Struct, frozen=True):
    """A database and how it is treated.

    Attributes:
        path: Absolute.
        durable: Whether to sync.
        timeout: Seconds to wait for others to be done with it.
    """

    path: str
    durable: bool = True
    timeout: float = 30.0

    def __str__(self) -> str:
        return f"dead letter database {self.path}"


def identity(path: str) -> tuple[int, int] | None:
    """Which file it is; None: there is none.

    Raises:
        OSError: That can't be found out.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def open_database(where: Where) -> tuple[sqlite3.Connection, tuple[int, int] | None]:
    """A connection to the database, and which file had its name before: it is made where there is none.

    Raises:
        StoreError: It is none of ours, or of a newer version: it stays as it is.
        OSError, sqlite3.Error: It can't be opened.
    """
    with _opening:
        make(os.path.realpath(where.path))
        file = identity(where.path)
        timeout = min(where.timeout, _LONGEST)
        connection = sqlite3.connect(where.path, timeout=timeout, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA page_size = {_PAGE}")  # of a new one only
        _upgrade(connection, where)
        _settle(connection)
        if where.durable:
            _sync_directory(where.path)
    except BaseException:
        connection.close()
        raise
    return connection, file


def _upgrade(connection: sqlite3.Connection, where: Where) -> None:
    # When several processes make it at once SQLite does not always wait by itself.
    end = time.monotonic() + where.timeout
    while True:
        try:
            return upgrade(connection, where.path)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
        time.sleep(_RETRY)


def _settle(connection: sqlite3.Connection) -> None:
    for setting in (
        "wal_autocheckpoint = 0",  # `Database` writes the log back
        f"journal_size_limit = {LOG_SIZE}",
        "fullfsync = ON",  # macOS: its fsync leaves the data in the drive's own cache
        "checkpoint_fullfsync = ON",
    ):
        connection.execute(f"PRAGMA {setting}").close()


def _sync_directory(path: str) -> None:
    # Not only by whoever made it: that one may be dead, or about to sync, while we write.
    if hasattr(os, "O_DIRECTORY"):  # pragma: no branch - Windows opens no directory
        descriptor = os.open(os.path.dirname(os.path.realpath(path)), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
