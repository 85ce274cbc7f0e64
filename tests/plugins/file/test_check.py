"""Finding out whether a file of letters works, without touching a letter."""

from __future__ import annotations

import errno
import fcntl
import os
import stat

import pytest

from ninelives import StoreError
from ninelives.checkable import Checkable
from ninelives.testing.contracts.letters import letter
from ninelives_file import FileStore, disk


def test_a_file_beside_it_is_written_and_removed(store, path, monkeypatch):
    """A block is written to a new file in the same directory, its owner's alone, and nothing is left of it."""
    written = []

    def write_all(descriptor, data):
        written.append((stat.S_IMODE(os.fstat(descriptor).st_mode), len(data)))

    monkeypatch.setattr(disk, "write_all", write_all)
    assert isinstance(store, Checkable)
    assert store.check(timeout=5) == "a file beside it was written and removed; there are no letters yet"
    assert written == [(0o600, 4096)]
    assert list(path.parent.iterdir()) == []


def test_letters_are_not_touched(store, path):
    """A file of letters is opened and locked as for writing, and stays as it is, whatever it holds."""
    store.put(letter())
    before = path.stat(), path.read_bytes()
    assert store.check(timeout=5).endswith("the file can be opened and locked; 1 letter is in it")
    assert (path.stat().st_mtime_ns, path.read_bytes()) == (before[0].st_mtime_ns, before[1])
    path.write_text("[ an array that is damaged")
    store.check(timeout=5)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (b"", "the file can be opened and locked; 0 letters are in it"),
        (b"oops\n", "; 2 letters are in it; 1 line can't be read and stay"),
        (b'oops\n{"schema": 99}\n', "; 2 letters are in it; 2 lines can't be read and stay"),
    ],
)
def test_what_is_in_the_file_is_said(store, path, lines, said):
    """How many letters there are is said, and how many lines can't be read, if any, with what shows them."""
    path.touch(mode=0o600)
    if lines:
        store.put_many([letter(1), letter(2)])
        path.write_bytes(path.read_bytes() + lines)
    told = FileStore(path).check(timeout=5)
    assert said in told
    assert ("problems()" in told) is bool(lines)


@pytest.mark.parametrize(("mode", "said"), [(0o600, False), (0o400, False), (0o640, True), (0o602, True)])
def test_a_file_that_others_may_read_is_said(store, path, mode, said):
    """A file that is not its owner's alone is said, with how to mend it; it works all the same."""
    store.put(letter())
    path.chmod(mode)
    try:
        told = store.check(timeout=5)
    except StoreError:  # who is not root may not write it
        assert mode == 0o400
    else:
        assert told.endswith(f"; it is not its owner's alone (mode {mode:04o}): chmod 600 {path}") is said


@pytest.mark.parametrize(
    ("place", "hint"),
    [("missing/dlq.json", "make it"), ("file/dlq.json", "no directory"), (".", "it is a directory"),
     ("pipe", "no regular file")],
)  # fmt: skip
def test_places_where_no_file_can_be(tmp_path, place, hint):
    """A missing directory, a path under a file, a directory, a pipe: the path is said and what to do; none is made."""
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    store = FileStore(tmp_path / place)
    with pytest.raises(StoreError, match=hint) as caught:
        store.check(timeout=5)
    assert store.path in str(caught.value)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "pipe"]


@pytest.mark.parametrize(
    ("step", "number", "hint"),
    [("write_all", errno.ENOSPC, "make room on the disk"), ("sync", errno.EIO, "disk and the file are sound")],
)
def test_a_disk_that_takes_nothing(path, monkeypatch, step, number, hint):
    """A full disk and one that fails are said, and nothing is left beside the file."""

    def fail(*_args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk, step, fail)
    with pytest.raises(StoreError, match=hint):
        FileStore(path).check(timeout=5)
    assert list(path.parent.iterdir()) == []


def test_a_file_that_may_not_be_written(store, path, monkeypatch):
    """A file that this user may not write is said, though one can be made beside it."""
    store.put(letter())
    really_open = os.open

    def open_other(name, flags, mode=0o777, **more):
        if str(name) == str(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return really_open(name, flags, mode, **more)

    monkeypatch.setattr(os, "open", open_other)
    with pytest.raises(StoreError, match="give this user the right"):
        store.check(timeout=5)


def test_a_file_that_another_has_locked(store, path):
    """A file that another process keeps locked is said after the time that was given."""
    store.put(letter())
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match=r"locked for 0\.05 s; `fuser"):
            store.check(timeout=0.05)


def test_a_link_is_followed(tmp_path, store, path):
    """What is tried beside a symbolic link's target is where the letters would be written."""
    target = tmp_path / "elsewhere"
    path.symlink_to(target / "dlq.json")
    with pytest.raises(StoreError, match="its directory is missing"):
        store.check(timeout=5)
    target.mkdir()
    assert store.check(timeout=5).endswith("there are no letters yet")
    assert list(target.iterdir()) == []
