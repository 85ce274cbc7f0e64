"""What the SQLite store does beyond what every store promises."""

from __future__ import annotations

import gc
import os
import sqlite3
import stat
from contextlib import closing, contextmanager

import pytest

from ninelives import LeaseLostError, LetterFilter, LetterNotFoundError, StoreError
from ninelives.testing.contracts.letters import letter, whole_letter
from ninelives_sqlite import SqliteStore, changes, database
from ninelives_sqlite.connections import Handle


def test_the_files_are_their_owners_alone(path, store):
    """The database and the log beside it can be read and written by their owner only, whatever the umask says."""
    before = os.umask(0)
    try:
        store.put(letter())
        modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"dlq.db": 0o600, "dlq.db-wal": 0o600, "dlq.db-shm": 0o600}


def test_closing_leaves_one_file(path, store):
    """When all is closed the letters are in one file, which can be copied like any other."""
    store.put(letter())
    assert store.count() == 1
    store.close()
    assert [entry.name for entry in path.parent.iterdir()] == ["dlq.db"]


def test_a_store_that_is_forgotten_is_closed(path, clock):
    """A store that nobody closes leaves no connection open when it is gone."""
    store = SqliteStore(path, clock=clock)
    store.put(letter())
    del store
    gc.collect()
    assert [entry.name for entry in path.parent.iterdir()] == ["dlq.db"]


def test_a_link_is_followed(tmp_path, path, clock):
    """A symbolic link stands for its target, the log is beside that one."""
    path.symlink_to(tmp_path / "target.db")
    store = SqliteStore(path, clock=clock)
    store.put(letter())
    assert {entry.name for entry in tmp_path.iterdir()} == {"dlq.db", "target.db", "target.db-wal", "target.db-shm"}
    store.close()


def test_the_record_can_be_read_by_hand(store, sql):
    """A letter's record is the whole letter as JSON text, which the `sqlite3` program shows and can search."""
    store.put(letter(pipeline="shop", message={"to": "Tom"}))
    assert sql(
        "SELECT json_extract(record, '$.message.to'), kinds.pipeline FROM letters JOIN kinds ON kind = kinds.number"
    ) == [("Tom", "shop")]


def test_a_letter_deleted_by_hand_is_gone(store, sql):
    """What someone deletes by hand is not counted, grouped or held any more."""
    store.put_many([letter(1, pipeline="a"), letter(2, pipeline="b")])
    store.receive(2, lease=60)
    sql("DELETE FROM letters WHERE created = (SELECT min(created) FROM letters)")
    assert store.count() == 1
    assert [group.pipeline for group in store.groups(LetterFilter(), limit=9)] == ["b"]
    assert sql("SELECT count(*) FROM holds") == [(1,)]


def test_the_lease_of_a_letter_that_is_gone_is_lost(store, clock):
    """A letter that was deleted after its lease had ended can't be held on to or given back; it stays gone."""
    store.put(letter())
    (lease,) = store.receive(1, lease=60)
    clock.advance(60)
    assert store.purge(LetterFilter(state="waiting")) == 1
    for late in (
        lambda: store.renew(lease, 60),
        lambda: store.release(lease),
        lambda: store.release(lease, lease.letter),
    ):
        with pytest.raises(LeaseLostError):
            late()
    store.ack(lease)
    assert store.count() == 0


def test_what_is_no_text_is_not_found(store):
    """An id or a name that no text can be, for it holds half a character, finds nothing and breaks nothing."""
    store.put(whole_letter())
    with pytest.raises(LetterNotFoundError):
        store.get("\ud800")
    for wanted in (
        LetterFilter(pipeline="\ud800"),
        LetterFilter(error_type="\ud800"),
        LetterFilter(ids=frozenset(["\ud800"])),
    ):
        assert (store.browse(wanted, limit=9).letters, store.count(wanted)) == ((), 0)


def test_a_large_batch_is_written_in_parts(store, monkeypatch):
    """Of very many letters so many are written at a time; where one part fails, those before it are kept, and named."""
    monkeypatch.setattr(changes, "_BATCH", 2)
    kept = [letter(number) for number in range(5)]
    store.put_many(kept)
    assert store.count() == 5
    write, calls = changes.put, []

    def fail_at_the_fourth(connection, values):
        calls.append(values)
        if len(calls) == 4:
            raise sqlite3.OperationalError("disk I/O error")
        write(connection, values)

    monkeypatch.setattr(changes, "put", fail_at_the_fourth)
    more = [letter(number) for number in range(10, 15)]
    with pytest.raises(StoreError, match="disk I/O error") as caught:
        store.put_many(more)
    assert caught.value.stored == {one.id for one in more[:2]}
    assert store.count() == 7


def test_what_need_not_be_durable_is_not_synced(path, clock, monkeypatch):
    """Letters, their new records and their end are synced before it returns; claims, which die with the machine, no."""
    store = SqliteStore(path, clock=clock)
    kinds, transaction = [], database.transaction

    def noted(connection, begin):
        if begin == "BEGIN IMMEDIATE":
            kinds.append({2: "synced", 1: "not"}[connection.execute("PRAGMA synchronous").fetchone()[0]])
        return transaction(connection, begin)

    monkeypatch.setattr(database, "transaction", noted)
    store.put(letter(1))
    (lease,) = store.receive(1, lease=60)
    lease = store.renew(lease, 60)
    store.release(lease)
    assert kinds == ["synced", "not", "not", "not"]
    (lease,) = store.claim([lease.letter.id], lease=60)
    store.release(lease, lease.letter)
    (lease,) = store.receive(1, lease=60)
    store.ack(lease)
    store.purge(LetterFilter(state="waiting"))
    store.expire(letter().created, limit=1)
    assert kinds[4:] == ["not", "synced", "not", "synced", "synced", "synced"]
    store.close()


def test_without_fsync_nothing_is_synced(path, store, monkeypatch):
    """Who says `fsync=off` gets no syncs, of the directory neither."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: pytest.fail("synced"))
    store.put(letter())
    with store._database.writing() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (1,)


def test_the_directory_is_synced_before_the_first_letter(path, clock, monkeypatch):
    """The file's name is durable in its directory before a letter is written, whoever has made the file."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append((os.fstat(descriptor).st_ino, path.exists())))
    store = SqliteStore(path, clock=clock)
    for _ in range(2):
        store.put(letter())
        assert synced == [(path.parent.stat().st_ino, True)]
        store.close()
        synced.clear()


def test_the_log_is_bounded(path, store, monkeypatch):
    """The log is written back when it has grown long, while nobody can write, and begun anew: it does not grow on."""
    monkeypatch.setattr(database, "LOG_SIZE", 100_000)
    monkeypatch.setattr("ninelives_sqlite.opening.LOG_SIZE", 100_000)
    monkeypatch.setattr(database, "_LOOK_EVERY", 10)
    log = path.with_name("dlq.db-wal")
    for number in range(200):
        store.put(letter(number, message="x" * 2_000))
        assert log.stat().st_size < 250_000
    assert path.stat().st_size > 400_000
    assert store.count() == 200


def test_the_log_is_bounded_where_many_write_little(path, store, clock, monkeypatch):
    """Programs that write a letter and end do not let the log grow on while another has the database open."""
    monkeypatch.setattr(database, "LOG_SIZE", 100_000)
    store.put(letter())
    for number in range(100):
        with closing(SqliteStore(path, clock=clock, fsync=False)) as other:
            other.put(letter(number, message="x" * 2_000))
        assert path.with_name("dlq.db-wal").stat().st_size < 250_000
    assert store.count() == 101


def test_nobody_can_write_while_the_log_is_written_back(path, store, monkeypatch):
    """While the log is written back nobody can begin it anew: that is what SQLite's WAL-reset fault takes."""
    monkeypatch.setattr(database, "LOG_SIZE", 10_000)
    monkeypatch.setattr(database, "_LOOK_EVERY", 1)
    connections, tried = store._database._connections, []
    another = connections.another

    @contextmanager
    def watched():
        with another() as connection:
            connection.set_trace_callback(try_to_write)
            yield connection
            connection.set_trace_callback(None)

    def try_to_write(statement):
        if "wal_checkpoint" in statement:
            locked = pytest.raises(sqlite3.OperationalError, match="locked")
            with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other, locked:
                other.execute("BEGIN IMMEDIATE")
            tried.append(statement)

    monkeypatch.setattr(connections, "another", watched)
    store.put(letter(1, message="x" * 20_000))
    assert tried == ["PRAGMA wal_checkpoint(PASSIVE)"]
    with store._database.reading() as connection:
        assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)


def test_a_log_that_can_not_be_written_back_grows(path, store, monkeypatch):
    """Where the log can't be written back, because the disk is full for one, letters are kept in it all the same."""

    def fail(where):
        raise OSError(28, "No space left on device")

    store.put(letter(1))
    monkeypatch.setattr(database, "LOG_SIZE", 10_000)
    monkeypatch.setattr(database, "_LOOK_EVERY", 1)
    monkeypatch.setattr("ninelives_sqlite.connections.open_database", fail)
    for number in range(2, 20):
        store.put(letter(number, message="x" * 2_000))
    assert path.with_name("dlq.db-wal").stat().st_size > 30_000
    assert store.count() == 19


def test_a_log_that_has_gone_is_not_long(tmp_path):
    """Who deletes the log, or the folder, of a database hinders no letter that was written."""
    with closing(sqlite3.connect(":memory:")) as connection:
        assert not database._is_long(Handle(connection, None, str(tmp_path / "dlq.db-wal")))
