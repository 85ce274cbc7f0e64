"""Where a database can't be, or can't be had, the error names it and the next step."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing

import pytest

from ninelives import LetterFilter, LetterTooLargeError, StoreError
from ninelives.testing.contracts.letters import letter
from ninelives_sqlite import SqliteStore, changes, opening, schema
from ninelives_sqlite.errors import explained


def settled_with(monkeypatch, *settings):
    """Every connection that is opened from now on has these settings too."""
    settle = opening._settle

    def more(connection):
        settle(connection)
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")

    monkeypatch.setattr(opening, "_settle", more)


@pytest.mark.parametrize(
    ("place", "hint"),
    [("missing/dlq.db", "its directory is missing: make it"), ("file/dlq.db", "a part of the path is no directory"),
     (".", "it is a directory|no regular file"), ("pipe", "no regular file")],
)  # fmt: skip
def test_places_where_no_database_can_be(tmp_path, place, hint):
    """A missing directory, a path under a file, a directory, a pipe: the path is said and what to do; none is made."""
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    store = SqliteStore(tmp_path / place)
    with pytest.raises(StoreError, match=hint) as caught:
        store.put(letter())
    assert store.path in str(caught.value)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "pipe"]


def test_what_is_no_database(path, store):
    """A file that is something else is refused and left as it is, and trying again is said to be in vain."""
    path.write_text("these are my notes, not a database\n" * 100)
    before = path.read_bytes()
    for call in (lambda: store.put(letter()), store.count):
        with pytest.raises(StoreError, match="this file is none of ours") as caught:
            call()
        assert str(path) in str(caught.value)
        assert not caught.value.transient
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE cats (name TEXT)", "PRAGMA user_version = 3", "PRAGMA application_id = 7"]
)
def test_another_programs_database(path, store, sql, statement):
    """A database that another program has made is refused and left as it is."""
    sql(statement)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program's database; name another place") as caught:
        store.put(letter())
    assert not caught.value.transient
    store.close()
    assert path.read_bytes() == before


def test_a_database_of_a_newer_version(path, store, sql):
    """A database of a newer version is refused with what to do, and left as it is."""
    store.put(letter())
    store.close()
    sql("PRAGMA user_version = 99")
    before = path.read_bytes()
    for call in (lambda: store.put(letter()), store.count, lambda: store.receive(1, lease=60)):
        with pytest.raises(StoreError, match=r"of version 99, .* reads 1: upgrade ninelives-sqlite") as caught:
            call()
        assert not caught.value.transient
    store.close()
    assert path.read_bytes() == before


def test_a_damaged_database_is_said(path, store):
    """A database whose pages are damaged is said with how to save what is left, and trying again to be in vain."""
    store.put_many(letter(number) for number in range(500))
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"sqlite3 FILE \.recover") as caught:
        store.browse(LetterFilter(), limit=10)
    assert str(path) in str(caught.value)
    assert not caught.value.transient


def test_a_lock_that_is_not_freed_is_said(path, store):
    """Who waits in vain for another process gets an error that says how to find it; nothing is written."""
    store.put(letter(1))
    impatient = SqliteStore(path, timeout=0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for call in (lambda: impatient.put(letter(2)), lambda: impatient.receive(1, lease=60)):
            with pytest.raises(StoreError, match=r"locked for 0 s; `fuser") as caught:
                call()
            assert caught.value.transient
        assert impatient.count() == 1  # looking waits for nobody
    impatient.put(letter(2))
    assert store.count() == 2
    impatient.close()


def test_threads_that_are_kept_out_together_are_told_together(path, store, monkeypatch):
    """Letters that wait to be written together are refused together: none of them waits for the lock once more."""
    store.put(letter(0))
    begun, go, tries = threading.Barrier(2), threading.Event(), []
    writing = store._database.writing

    def locked(**options):
        tries.append(options)
        if len(tries) == 1:
            begun.wait(10)
            assert go.wait(10)
            return writing(**options)
        raise StoreError("locked", transient=True)

    monkeypatch.setattr(store._database, "writing", locked)
    failures = []

    def put(number):
        try:
            store.put(letter(number))
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(1, 5)]
    threads[0].start()
    begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    together = store._changes._together
    while len(together._next.waiting) < 3:
        pass
    go.set()
    for thread in threads:
        thread.join(10)
    assert len(tries) == 2
    assert len({id(error) for error in failures}) == len(failures) == 3


def test_a_full_disk_damages_nothing(path, store, monkeypatch):
    """A letter that finds no room is refused with what to do, all others stay, and with room it goes on."""
    with monkeypatch.context() as patch:
        settled_with(patch, "max_page_count = 100")
        kept = []

        def put_for_ever():
            for number in range(1_000):
                store.put(one := letter(number, message="x" * 5_000))
                kept.append(one)

        with pytest.raises(StoreError, match="make room on the disk, or name another place") as caught:
            put_for_ever()
        assert caught.value.transient
        assert str(path) in str(caught.value)
        assert store.browse(LetterFilter(), limit=100).letters == tuple(kept)
        assert len(kept) > 5
    store.close()
    store.put(letter(200))
    assert store.count() == len(kept) + 1


def test_what_may_not_be_written(store, monkeypatch):
    """A database that this user may not write can be looked at; a letter for it is refused with what to do."""
    store.put(letter(1))
    store.close()
    settled_with(monkeypatch, "query_only = ON")
    assert store.count() == 1
    with pytest.raises(StoreError, match="give this user the right to read and write it") as caught:
        store.put(letter(2))
    assert caught.value.transient


def test_a_file_that_can_not_be_opened(tmp_path):
    """Where the place is right and the file can't be opened all the same, the rights are named."""
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    assert "give this user the right" in str(explained(error, str(tmp_path / "dlq.db"), 30))
    assert "it is a directory" in str(explained(error, str(tmp_path), 30))
    no_room = OSError(28, "No space left on device")
    assert str(explained(no_room, "x", 30)) == (
        "dead letter database x: No space left on device; make room on the disk, or name another place"
    )


def test_a_letter_that_no_database_holds(store, monkeypatch):
    """A letter larger than SQLite takes is refused as too large, which trying again does not help."""
    monkeypatch.setattr(changes, "put", lambda connection, values: connection.execute("SELECT zeroblob(?)", (1 << 32,)))
    with pytest.raises(LetterTooLargeError, match="too big; name another place") as caught:
        store.put(letter())
    assert not caught.value.transient


def test_a_place_without_a_write_ahead_log(store, monkeypatch):
    """Where the file system can't keep a write-ahead log the store says so instead of doing with less."""
    connect = sqlite3.connect

    def in_memory(*_args, **options):
        return connect(":memory:", **options)

    monkeypatch.setattr(sqlite3, "connect", in_memory)
    with pytest.raises(StoreError, match="name a place on a local disk") as caught:
        store.put(letter())
    assert not caught.value.transient


def test_making_it_at_the_same_time_is_waited_for(path, clock, monkeypatch):
    """Who finds it locked while another process makes it asks again, until the time is over."""
    upgrade, busy = schema.upgrade, sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    times = iter([1, 2])

    def locked(connection, name):
        for _ in times:
            raise busy
        upgrade(connection, name)

    monkeypatch.setattr(opening, "upgrade", locked)
    monkeypatch.setattr(opening, "_RETRY", 0)
    store = SqliteStore(path, clock=clock, timeout=5)
    store.put(letter())
    assert store.count() == 1
    store.close()
    times = iter([1])
    impatient = SqliteStore(path, clock=clock, timeout=0)
    with pytest.raises(StoreError, match="locked for 0 s"):
        impatient.count()


def test_a_transaction_that_sqlite_has_ended(store):
    """Where SQLite has ended a transaction by itself, as it may on a full disk, the error is what it was."""
    store.put(letter(1))

    def fill_up():
        with store._database.writing() as connection:
            connection.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(StoreError, match="disk is full"):
        fill_up()
    assert store.count() == 1


def test_a_place_that_can_not_be_looked_at(store, monkeypatch):
    """What the system says when it is asked for the file is said with the path."""
    monkeypatch.setattr("ninelives_sqlite.connections.identity", lambda path: os.stat("/dev/null/x"))
    with pytest.raises(StoreError, match=r"dlq\.db: Not a directory"):
        store.count()
