"""What the tests of the SQLite store share."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from ninelives.testing import FakeClock
from ninelives_sqlite import SqliteStore


@pytest.fixture
def store_kind():
    return "sqlite"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "dlq.db"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store(path, clock):
    """Without syncs: tests of durability make their own."""
    store = SqliteStore(path, clock=clock, fsync=False)
    yield store
    store.close()


@pytest.fixture
def sql(path):
    """Does something to the database by hand, as someone with the ``sqlite3`` program would; what it answers."""

    def run(statement, *values):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    return run
