"""The descriptor that is kept for the next write: whose file it is, and when it is closed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from ninelives.testing.contracts.letters import letter
from ninelives_file import FileStore


def open_files():
    """What this process has open, by descriptor."""
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[int(number)] = os.readlink(f"/proc/self/fd/{number}")
        except OSError:  # that of the listing itself
            continue
    return found


def descriptors_of(path):
    return [number for number, name in open_files().items() if name.split(" (deleted)")[0] == str(path)]


pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system does not say what is open")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "letters.json"


@pytest.fixture
def store(path):
    store = FileStore(path)
    yield store
    store.close()


def test_one_descriptor_serves_all_writes(store, path):
    """However many letters come, the file is open once."""
    store.put(letter(1))
    first = descriptors_of(path)
    store.put(letter(2))
    store.receive(1, lease=60)
    assert len(first) == 1
    assert descriptors_of(path) == first


def test_close_closes_it(store, path):
    """After `close` nothing is open, and a later call opens it again."""
    store.put(letter(1))
    store.close()
    assert descriptors_of(path) == []
    store.put(letter(2))
    assert store.count() == 2


def test_a_dropped_store_leaves_nothing_open(path):
    """A store that nobody holds any more, closed or not, has no file open."""
    FileStore(path).put(letter(1))
    assert descriptors_of(path) == []


@pytest.mark.parametrize("how", ["replaced", "moved away", "deleted"])
def test_the_file_that_the_path_names_is_written_to(store, path, how):
    """When another program replaces, moves or deletes the file, the next letter goes where the path leads."""
    store.put(letter(1))
    if how == "replaced":
        other = path.with_suffix(".new")
        other.write_bytes(b"")
        other.replace(path)
    elif how == "moved away":
        path.rename(path.with_suffix(".old"))
    else:
        path.unlink()
    second = letter(2)
    store.put(second)
    assert second.id in path.read_text()
    assert len(descriptors_of(path)) == 1
    assert store.count() == 1


def test_a_number_that_is_anothers_by_now_is_left_alone(store, path, tmp_path):
    """Who closes all descriptors, as a program does that becomes a daemon, and opens others, finds these untouched."""
    store.put(letter(1))
    (number,) = descriptors_of(path)
    others = tmp_path / "others"
    with others.open("wb") as theirs:
        os.dup2(theirs.fileno(), number)
        store.put(letter(2))
        store.close()
        del store
        assert open_files()[number] == str(others)
    os.close(number)
    assert others.read_bytes() == b""
    assert FileStore(path).count() == 2


def test_a_number_that_was_closed_is_opened_again(store, path):
    """A descriptor that someone has closed costs no letter."""
    store.put(letter(1))
    os.close(*descriptors_of(path))
    store.put(letter(2))
    assert store.count() == 2


def test_a_failed_write_begins_with_a_fresh_one(store, path, monkeypatch):
    """After a write that failed the file is opened anew."""
    store.put(letter(1))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            store.put(letter(2))
    assert descriptors_of(path) == []
    store.put(letter(3))
    assert store.count() == 2


def test_an_interrupted_unlocking_frees_it(store, path, monkeypatch):
    """Whoever is interrupted while it gives the lock back keeps nobody else from writing."""
    from ninelives_file import access

    def interrupted(_descriptor):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(access, "unlock", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.put(letter(1))
    FileStore(path, lock_timeout=0).put(letter(2))


def test_close_does_not_wait_for_a_write(store, path, monkeypatch):
    """Closing a store in the middle of another thread's write returns at once, and the letter is kept."""
    begun, go = threading.Event(), threading.Event()
    write = os.write

    def slow(descriptor, data):
        begun.set()
        assert go.wait(10)
        return write(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", slow)
        thread = threading.Thread(target=store.put, args=(letter(1),))
        thread.start()
        assert begun.wait(10)
        store.close()
        go.set()
        thread.join(10)
    assert store.count() == 1


_WHAT_THE_CHILD_HAS = """
import os, sys
from ninelives_file import FileStore
from ninelives.testing.contracts.letters import letter

FileStore(sys.argv[1]).put(letter(1))
store = FileStore(sys.argv[1])
store.put(letter(2))
if os.fork() == 0:
    there = [f"/proc/self/fd/{one}" for one in os.listdir("/proc/self/fd")]
    print(sys.argv[1] in [os.readlink(one) for one in there if os.path.islink(one)], flush=True)
    os._exit(0)
os.wait()
"""


def test_a_forked_child_closes_its_copy(path):
    """A child holds none of its parent's file: it shares no lock with it, and keeps it from being freed."""
    child = subprocess.run(
        [sys.executable, "-c", _WHAT_THE_CHILD_HAS, path], capture_output=True, text=True, check=True
    )
    assert child.stdout == "False\n"
