"""Finding out whether a database of letters works, without touching a letter."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing

import pytest

from ninelives import LetterFilter, StoreError
from ninelives.checkable import Checkable
from ninelives.testing.contracts.letters import letter
from ninelives_sqlite import SqliteStore, trying
from ninelives_sqlite.trying import has_reset_fault

BESIDE = "a file beside it was written and removed"


@pytest.fixture(autouse=True)
def sound(monkeypatch):
    """A SQLite that nothing is to be said of."""
    monkeypatch.setattr(trying.sqlite3, "sqlite_version_info", (3, 51, 3))


def test_a_file_beside_it_is_written_and_removed(path, clock, monkeypatch):
    """A block is written to a new file in the same directory, its owner's alone, synced, and nothing is left of it."""
    synced, store = [], SqliteStore(path, clock=clock)
    monkeypatch.setattr(
        os, "fsync", lambda file: synced.append((stat.S_IMODE(os.fstat(file).st_mode), os.fstat(file).st_size))
    )
    assert isinstance(store, Checkable)
    assert store.check(timeout=5) == f"{BESIDE}; there are no letters yet"
    assert synced == [(0o600, 4096)]
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(("number", "said"), [(1, "1 letter is in it"), (2, "2 letters are in it")])
def test_letters_are_counted_and_not_touched(path, store, number, said):
    """A database is opened and the right to write is taken and given back; how many letters there are is said."""
    store.put_many([letter(one) for one in range(number)])
    assert store.check(timeout=5) == f"{BESIDE}; the database can be opened and written; {said}"
    store.close()
    assert [entry.name for entry in path.parent.iterdir()] == ["dlq.db"]


def test_rows_that_can_not_be_read_are_said(store, sql):
    """How many rows are known that can't be read is said, with what shows them."""
    store.put_many([letter(1), letter(2, schema=99)])
    assert store.check(timeout=5).endswith(
        "1 letter is in it; 1 row can't be read and stay as they are: SqliteStore.problems() shows them"
    )
    sql("UPDATE letters SET record = 'oops'")
    assert store.browse(LetterFilter(), limit=9).letters == ()
    assert "0 letters are in it; 2 rows can't be read" in store.check(timeout=5)


def test_a_database_that_others_may_read_is_said(store, path):
    """A database that is not its owner's alone is said, with how to mend it; it works all the same."""
    store.put(letter())
    path.chmod(0o640)
    assert store.check(timeout=5).endswith(f"it is not its owner's alone (mode 0640): chmod 600 {path}")


@pytest.mark.parametrize("place", ["missing/dlq.db", "file/dlq.db"])
def test_places_where_no_database_can_be(tmp_path, place):
    """A missing directory and a path under a file are said with the path."""
    (tmp_path / "file").touch()
    store = SqliteStore(tmp_path / place)
    with pytest.raises(StoreError, match="directory") as caught:
        store.check(timeout=5)
    assert store.path in str(caught.value)


def test_a_database_that_another_has_locked(store, path):
    """A database that another process keeps locked is said after the time that was given."""
    store.put(letter())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"locked for 0\.05 s; `fuser"):
            store.check(timeout=0.05)


@pytest.mark.parametrize(
    ("version", "has"),
    [
        ((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False),
        ((3, 45, 0), True), ((3, 50, 6), True), ((3, 50, 7), False), ((3, 51, 2), True), ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)  # fmt: skip
def test_versions_with_the_wal_reset_fault(version, has):
    """Which versions of SQLite have the fault that a log which is begun anew may damage a database."""
    assert has_reset_fault(version) is has


@pytest.mark.parametrize("there", [True, False])
def test_the_fault_is_said(store, monkeypatch, there):
    """Of a SQLite with that fault it is said which programs could meet it, and what to upgrade to."""
    if there:
        store.put(letter())
    monkeypatch.setattr(trying.sqlite3, "sqlite_version_info", (3, 40, 1))
    told = store.check(timeout=5)
    assert "has the WAL-reset fault, which ninelives keeps clear of: let no other program write to this file" in told
    assert told.endswith("upgrade SQLite to 3.51.3, 3.50.7 or 3.44.6")
