"""Reading and writing a database: each as one transaction."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from weakref import finalize

from ninelives.errors import StoreError
from ninelives.locks import new_lock
from ninelives_sqlite.connections import Connections, Handle
from ninelives_sqlite.opening import LOG_SIZE, Where, identity
from ninelives_sqlite.transactions import transaction

__all__ = ["Database"]

_LOOK_EVERY = 64
"""So many rows may a connection change before it is looked at how long the log is; the first time it is looked at once.

Else nobody would look where many come who write little: programs that end soon, or fork.
"""


class Database:
    """A database for any number of threads and processes.

    Args:
        where: Which.
    """

    def __init__(self, where: Where) -> None:
        self.where = where
        self._connections = Connections(where)
        # Threads of one process take turns here; among processes SQLite waits by asking again and again.
        self._writer = new_lock()
        # Whoever forgets to close it leaves no connection open.
        finalize(self, self._connections.close)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database as it is at one moment; where there is none, one with nothing in it.

        Raises:
            StoreError: It can't be read.
        """
        with self._connections.lent(create=False) as handle, transaction(handle.connection, "BEGIN"):
            yield handle.connection

    @contextmanager
    def writing(self, *, create: bool = False, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """The database, to be changed by nobody else meanwhile; what is done is done whole or not at all.

        Args:
            create: Make it where there is none; else that is one with nothing in it, and not to be written to.
            durable: Whether it must be on the disk when this returns. What need not be is lost at most when the machine
                loses its power; other processes see it at once all the same.

        Raises:
            StoreError: It can't be written.
        """
        with self._writer, self._connections.lent(create=create) as handle:
            _sync(handle, "FULL" if durable and self.where.durable else "NORMAL")
            with transaction(handle.connection, "BEGIN IMMEDIATE"):
                self._refuse_replaced(handle)
                yield handle.connection
            if _is_long(handle):
                self._write_back(handle.connection)

    def close(self) -> None:
        """Close what is open and not in use."""
        self._connections.close()

    def _refuse_replaced(self, handle: Handle) -> None:
        """Raise a `StoreError` if the file has gone, or become another, while it was opened or the lock waited for."""
        if handle.file is not None and handle.file != identity(self.where.path):
            raise StoreError(f"{self.where}: it was deleted or replaced just now; try again")

    def _write_back(self, connection: sqlite3.Connection) -> None:
        """Bring what stands in the log to where it belongs, so that the next writer begins the log anew.

        It is done while nobody can write: a writer that begins the log anew meanwhile is what SQLite's WAL-reset fault
        (3.7.0 to 3.51.2) takes. It waits for no reader: what one still needs stays for the next time.
        """
        # What was written is durable in the log as well.
        with (
            suppress(sqlite3.Error, OSError, StoreError),
            self._connections.another() as other,
            transaction(connection, "BEGIN IMMEDIATE"),
        ):
            other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def _sync(handle: Handle, how: str) -> None:
    if handle.synchronous != how:
        handle.connection.execute(f"PRAGMA synchronous = {how}")
        handle.synchronous = how


def _is_long(handle: Handle) -> bool:
    # Not at each: once someone has asked when a file was changed, newer Linux writes that down at its next change, and
    # a commit takes longer.
    changed = handle.connection.total_changes
    if handle.seen is not None and changed - handle.seen < _LOOK_EVERY:
        return False
    handle.seen = changed
    try:
        return os.stat(handle.log).st_size > LOG_SIZE
    except OSError:  # there is none
        return False
