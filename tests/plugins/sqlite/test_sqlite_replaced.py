"""The database that is written to is the one that has the name, whatever becomes of the file meanwhile."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest

from ninelives import LetterFilter, StoreError
from ninelives.testing.contracts.letters import letter
from ninelives_sqlite import SqliteStore, database, making, opening


def seconds(store):
    return [one.created.second for one in store.browse(LetterFilter(), limit=9).letters]


def test_a_file_that_was_replaced_is_not_written_to(path, store):
    """A letter goes to the database that has the name now, not to the one that had it when it was opened."""
    store.put(letter(1))
    other = SqliteStore(f"{path}.other", fsync=False)
    other.put(letter(2))
    other.close()
    store.close()
    store.put(letter(3))
    with closing(sqlite3.connect(path)) as last:
        last.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.replace(f"{path}.other", path)
    store.put(letter(4))
    assert seconds(store) == [2, 4]


def test_a_file_that_was_deleted_is_made_again(path, store):
    """A letter that comes after the database was deleted is not lost with it."""
    store.put(letter(1))
    for entry in list(path.parent.iterdir()):
        entry.unlink()
    assert store.count() == 0
    store.put(letter(2))
    assert store.count() == 1


def test_another_process_makes_it_again_beside_the_one_that_has_it_open(path, store, output):
    """A database that is deleted while a process has it open is made anew by another; both write to the new one."""
    store.put(letter(1))
    path.unlink()
    output("writers", path, 3, 2)
    mine = letter(3)
    store.put(mine)
    output("writers", path, 3, 2)
    assert store.get(mine.id) == mine
    assert len(store.browse(LetterFilter(), limit=99).letters) == 13
    assert store.count() == 13


def test_the_log_of_a_database_that_was_moved_is_kept(path, store):
    """What stands only in the log of a database that was moved without it is not deleted when a new one is made."""
    for number in range(3):
        store.put(letter(number))
    os.rename(path, path.with_name("moved.db"))
    log = path.with_name("dlq.db-wal")
    logged = log.read_bytes()
    store.put(letter(4))
    (kept,) = path.parent.glob("dlq.db-wal.*")
    assert kept.read_bytes() == logged
    os.rename(kept, path.with_name("moved.db-wal"))
    moved = SqliteStore(path.with_name("moved.db"), fsync=False)
    assert seconds(moved) == [0, 1, 2]
    moved.close()
    assert seconds(store) == [4]


@pytest.mark.parametrize("goes", [os.unlink, lambda path: os.rename(path, f"{path}.gone")])
def test_a_file_that_goes_while_the_lock_is_waited_for(path, store, monkeypatch, goes):
    """A letter is not written to a file that has lost its name before the lock was had: that is said, and goes on."""
    store.put(letter(1))
    transaction = database.transaction

    def late(connection, begin):
        monkeypatch.setattr(database, "transaction", transaction)
        goes(path)
        return transaction(connection, begin)

    monkeypatch.setattr(database, "transaction", late)
    with pytest.raises(StoreError, match="deleted or replaced just now; try again") as caught:
        store.put(letter(2))
    assert caught.value.transient
    store.put(letter(2))
    assert seconds(store) == [2]


def test_a_file_that_is_replaced_while_it_is_opened(path, store, monkeypatch):
    """Of a file that is replaced while it is opened nothing is taken for the new one."""
    upgrade = opening.upgrade

    def slow(connection, name):
        upgrade(connection, name)
        monkeypatch.setattr(opening, "upgrade", upgrade)
        path.unlink()
        store.put(letter(1))

    monkeypatch.setattr(opening, "upgrade", slow)
    other = SqliteStore(path, fsync=False)
    with pytest.raises(StoreError, match="deleted or replaced just now; try again"):
        other.put(letter(2))
    other.put(letter(3))
    assert seconds(store) == seconds(other) == [1, 3]
    other.close()


def test_two_that_make_it_at_once_make_it_once(path, store, monkeypatch):
    """Who finds that another has made the database meanwhile leaves what is beside it."""
    store.put(letter(1))
    path.unlink()
    flock, second = making.fcntl.flock, SqliteStore(path, fsync=False)

    def late(descriptor, kind):
        monkeypatch.setattr(making.fcntl, "flock", flock)
        with monkeypatch.context() as patch:
            patch.setattr(opening, "_opening", opening.new_lock())  # as in another process
            second.put(letter(2))
        flock(descriptor, kind)

    monkeypatch.setattr(making.fcntl, "flock", late)
    store.put(letter(3))
    assert seconds(store) == seconds(second) == [2, 3]
    second.close()


@pytest.mark.parametrize("new", [(), ("dlq.db-shm", "dlq.db-wal")])
def test_who_waits_while_another_clears_the_place_clears_nothing(path, store, monkeypatch, new):
    """What the other makes in the place that it has cleared is not taken for what was left there."""
    store.put(letter(1))
    path.unlink()
    flock = making.fcntl.flock

    def late(descriptor, kind):
        flock(descriptor, kind)
        for name in ("dlq.db-shm", "dlq.db-wal"):
            path.with_name(name).unlink()
        for name in new:
            path.with_name(name).touch()

    monkeypatch.setattr(making.fcntl, "flock", late)
    making.make(os.fspath(path))
    assert sorted(one.name for one in path.parent.iterdir()) == ["dlq.db", *new]


def test_an_index_without_a_log_is_taken_away(path, store):
    """Of a database that is gone only the index of its log may be left."""
    store.put(letter(1))
    path.unlink()
    path.with_name("dlq.db-wal").unlink()
    store.put(letter(2))
    assert seconds(store) == [2]
    assert sorted(one.name for one in path.parent.iterdir()) == ["dlq.db", "dlq.db-shm", "dlq.db-wal"]
