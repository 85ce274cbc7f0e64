"""Where a file can't be, or can't be had, the error names it and the next step."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
import time
from contextlib import closing

import pytest

from ninelives import LetterFilter, StoreError
from ninelives.dead_letters.printing import print_whole
from ninelives.testing.contracts.letters import letter, whole_letter
from ninelives_file import FileStore, locks


@pytest.mark.parametrize(
    ("place", "hint"),
    [("missing/dlq.json", "make it"), ("file/dlq.json", "no directory"), (".", "it is a directory|no regular file")],
)
def test_places_where_no_file_can_be(tmp_path, place, hint):
    """A missing directory, a path under a file, a directory: every call says the path and what to do; none is made."""
    (tmp_path / "file").touch()
    store = FileStore(tmp_path / place)
    for call in (lambda: store.put(letter()), store.count, lambda: store.receive(1, lease=60)):
        with pytest.raises(StoreError, match=hint) as caught:
            call()
        assert store.path in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_stands_on_stderr_can_be_appended_to_a_file(store, path, capsys, caplog):
    """The line that is left of a letter no store took is a letter again in any file of letters, as the log says."""
    kept = whole_letter()
    print_whole(kept, "its directory is missing")
    assert "append that line to a file of letters" in caplog.text
    store.put(letter())
    with path.open("a") as file:
        file.write(capsys.readouterr().err)
    assert store.get(kept.id) == kept
    assert store.problems() == ()


def test_what_may_not_be_written(store, path, monkeypatch):
    """A file that this user may not write, or a file system that takes no writes, is said, with the path."""
    store.put(letter())
    for number, hint in ((13, "right to read and write"), (30, "can be written"), (99, "sound")):
        store.close()
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", _raising(OSError(number, os.strerror(number))))
            with pytest.raises(StoreError, match=hint) as caught:
                store.put(letter())
        assert str(path) in str(caught.value)


def test_what_is_no_file(tmp_path):
    """A named pipe or a device is refused, and nobody waits for it."""
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", "/dev/null"):
        for call in (lambda store: store.put(letter()), lambda store: store.count()):
            with pytest.raises(StoreError, match="no regular file") as caught:
                call(FileStore(place))
            assert not caught.value.transient


def test_the_file_is_its_owners_alone(path, store):
    """A new file can be read and written by its owner only, whatever the umask says."""
    before = os.umask(0)
    try:
        store.put(letter())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


class Waiting:
    """What happens while a store waits for the lock; then the lock is free."""

    def __init__(self, path, monkeypatch, happens=lambda: None):
        self.pauses = []
        self.happens = happens
        self.holder = os.open(path, os.O_RDWR)
        fcntl.flock(self.holder, fcntl.LOCK_EX)
        monkeypatch.setattr(time, "sleep", self.sleep)

    def sleep(self, seconds):
        self.pauses.append(seconds)
        if len(self.pauses) == 9:
            self.happens()
            os.close(self.holder)


def test_a_lock_that_is_not_freed_is_said(path):
    """Who waits in vain for another process gets an error that says how to find it; nothing is written."""
    FileStore(path).put(letter())
    before = path.read_bytes()
    store = FileStore(path, lock_timeout=0)
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        for call in (lambda: store.put(letter()), store.count):
            with pytest.raises(StoreError, match="fuser") as caught:
                call()
            assert caught.value.transient
    assert path.read_bytes() == before
    assert store.count() == 1


def test_a_lock_that_is_freed_is_waited_for(path, store, monkeypatch):
    """Who waits for another process goes on when that one is done, and asks ever less often, but often enough."""
    store.put(letter())
    waiting = Waiting(path, monkeypatch)
    store.put(letter())
    assert store.count() == 2
    assert waiting.pauses == sorted(waiting.pauses)
    assert waiting.pauses[-1] <= 0.01


def test_a_file_replaced_meanwhile_is_not_written_to(path, store, monkeypatch):
    """A letter that waited while the file was replaced goes to the new one."""
    store.put(letter(1))

    def replace():
        FileStore(f"{path}.other").put(letter(2))
        os.replace(f"{path}.other", path)

    Waiting(path, monkeypatch, replace)
    store.put(letter(3))
    assert [one.created.second for one in store.browse(LetterFilter(), limit=9).letters] == [2, 3]


def test_a_file_deleted_meanwhile_is_made_again(path, store, monkeypatch):
    """A letter that waited while the file was deleted is not lost with it."""
    store.put(letter(1))
    Waiting(path, monkeypatch, path.unlink)
    store.put(letter(3))
    assert store.count() == 1


def test_a_system_without_such_locks_is_said(path, monkeypatch):
    """Where the system has no locks that keep processes apart, the store says so instead of doing without."""
    monkeypatch.setattr(locks, "fcntl", None)
    with pytest.raises(StoreError, match="no flock") as caught:
        FileStore(path).put(letter())
    assert not caught.value.transient


def _raising(error):
    def call(*_args):
        raise error

    return call


def test_a_database_is_no_file_of_lines(path):
    """A SQLite database, to which lines would do harm, is refused and left as it is, and `sqlite:` is named."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE letters (id)")
    before, store = path.read_bytes(), FileStore(path)
    for call in (lambda: store.put(letter()), store.count, lambda: store.receive(1, lease=60)):
        with pytest.raises(StoreError, match="it is a SQLite database: say sqlite:") as caught:
            call()
        assert not caught.value.transient
    assert path.read_bytes() == before
