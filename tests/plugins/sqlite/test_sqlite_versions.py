"""A database that an older version has made is brought up to date, whole or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from ninelives import LetterFilter, StoreError
from ninelives.testing.contracts.letters import letter
from ninelives_sqlite import SqliteStore, schema

NEXT = ("CREATE TABLE cats (name TEXT)", "INSERT INTO cats SELECT id FROM letters")


def test_a_database_says_what_it_is(store, sql):
    """A new database says in its header whose it is, and of which version."""
    store.put(letter())
    assert sql("PRAGMA application_id") == [(int.from_bytes(b"9Liv", "big"),)]
    assert sql("PRAGMA user_version") == [(1,)]
    assert sql("PRAGMA journal_mode") == [("wal",)]


def test_an_older_database_is_brought_up_to_date(store, sql, monkeypatch, clock):
    """What is between its version and this one is done in order, once, and no letter is touched."""
    kept = [letter(1), letter(2)]
    store.put_many(kept)
    store.close()
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, NEXT, ("ALTER TABLE cats ADD age INTEGER",)))
    for _ in range(2):
        newer = SqliteStore(store.path, clock=clock)
        assert newer.browse(LetterFilter(), limit=9).letters == tuple(kept)
        newer.close()
    assert sql("PRAGMA user_version") == [(3,)]
    assert sorted(sql("SELECT name, age FROM cats")) == sorted((one.id, None) for one in kept)


def test_a_new_database_goes_through_every_version(store, sql, monkeypatch):
    """A database that is made anew is what one is that was brought up to date."""
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, NEXT))
    store.put(letter())
    assert sql("PRAGMA user_version") == [(2,)]
    assert sql("SELECT count(*) FROM cats") == [(0,)]


def test_a_step_that_fails_leaves_it_as_it_was(store, sql, monkeypatch):
    """Where a step fails, none is done: the database stays of its version, and can be used with that."""
    store.put(letter())
    store.close()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, (*NEXT, "SELECT nonsense")))
        with pytest.raises(StoreError, match="no such column"):
            store.count()
    assert sql("PRAGMA user_version") == [(1,)]
    assert store.count() == 1


def test_a_database_left_in_the_making_is_finished(store, path, sql):
    """What a process has left that was killed while it made the database, an empty file, is taken as none."""
    path.touch()
    assert store.count() == 0
    store.put(letter(1))
    assert store.count() == 1


def test_a_database_taken_out_of_its_mode_is_brought_back(store, path, sql):
    """A database whose write-ahead log someone has switched off has it again when it is next opened."""
    store.put(letter(1))
    store.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
    store.put(letter(2))
    assert sql("PRAGMA journal_mode") == [("wal",)]
    assert store.count() == 2
