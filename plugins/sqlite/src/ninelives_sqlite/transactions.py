"""A transaction: all of it or nothing, whatever comes in between."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["transaction"]


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """What is done in the block is done whole or not at all.

    Args:
        connection: Where.
        begin: The statement that begins it.

    Raises:
        sqlite3.Error: It can't be begun or ended.
    """
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite ends it by itself where a disk is full, for one
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise
