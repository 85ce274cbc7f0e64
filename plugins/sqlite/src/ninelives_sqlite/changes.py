"""What must be on the disk when it returns; what several threads want at once is written together."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from ninelives.dead_letters.commits import GroupCommit
from ninelives.dead_letters.store import Lease
from ninelives.errors import StoreError
from ninelives_sqlite.database import Database
from ninelives_sqlite.leases import give_back, held
from ninelives_sqlite.rows import Values, put

__all__ = ["Changes"]

_BATCH = 1_000
"""So many letters are put in one transaction, so that the log stays short."""


class _Change(Struct, eq=False):
    """One part of a transaction.

    Attributes:
        make: What is done.
        creates: Whether the database is made for it where there is none.
        kept_out: Why the transaction could not begin.
    """

    make: Callable[[sqlite3.Connection], None]
    creates: bool = False
    kept_out: StoreError | None = None


class Changes:
    """Changes of a database, each whole or not at all, durable when it returns.

    Args:
        database: Which.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together = GroupCommit(self._commit)

    def put(self, letters: Sequence[Values]) -> None:
        """Write these letters.

        Raises:
            StoreError: Not all were written; its `stored` says which were.
        """
        for start in range(0, len(letters), _BATCH):
            batch = letters[start : start + _BATCH]
            try:
                self._commit_together(_Change(partial(_put, batch), creates=True))
            except StoreError as error:
                error.stored = frozenset(values.id for values in letters[:start])
                raise

    def ack(self, leases: Sequence[Lease]) -> None:
        """Delete the letters that are held so.

        Raises:
            LeaseLostError: One of them was given back, or went to someone else; none is deleted.
            StoreError: The database can't be read or written.
        """
        where = self._database.where

        def make(connection: sqlite3.Connection) -> None:
            numbers = [held(connection, where, lease) for lease in leases]
            connection.executemany("DELETE FROM letters WHERE number = ?", [(one,) for one in numbers])

        if leases:
            self._commit_together(_Change(make))

    def release(self, leases: Sequence[Lease], records: Sequence[Values]) -> None:
        """Give letters back, with the new records of those that have one.

        Raises:
            LeaseLostError: One of them was given back, or went to someone else; none is given back.
            StoreError: The database can't be read or written.
        """
        where = self._database.where

        def make(connection: sqlite3.Connection) -> None:
            give_back(connection, where, leases)
            _put(records, connection)

        if records:
            self._commit_together(_Change(make))
        elif leases:
            with self._database.writing(durable=False) as connection:
                make(connection)

    def _commit_together(self, change: _Change) -> None:
        self._together.add(change)
        if (error := change.kept_out) is not None:
            raise StoreError(*error.args, transient=error.transient) from error

    def _commit(self, changes: Sequence[_Change]) -> None:
        begun = False
        try:
            with self._database.writing(create=any(change.creates for change in changes)) as connection:
                begun = True
                for change in changes:
                    change.make(connection)
        except StoreError as error:
            if begun:
                raise
            # It is the same for all of them: one by one they would wait for a locked database in vain, in turns.
            for change in changes:
                change.kept_out = error


def _put(letters: Sequence[Values], connection: sqlite3.Connection) -> None:
    for values in letters:
        put(connection, values)
