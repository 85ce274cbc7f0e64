"""Forking while a thread has the file in hand, as the one does that brings letters home."""

from __future__ import annotations

import os
import threading
import warnings

import pytest

from ninelives.testing.contracts.letters import letter
from ninelives_file import FileStore, disk

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


class Held:
    """A store of which another thread is in the middle of a write until `go` is set."""

    def __init__(self, path, monkeypatch):
        self.store = FileStore(path)
        self.store.put(letter(1))
        self.begun, self.go = threading.Event(), threading.Event()
        self.patch = monkeypatch
        self.inner = disk.append
        monkeypatch.setattr(disk, "append", self.slow)
        self.thread = threading.Thread(target=self.store.receive, args=(1,), kwargs={"lease": 60})
        self.thread.start()
        assert self.begun.wait(10)
        monkeypatch.setattr(disk, "append", self.inner)

    def slow(self, *args, **options):
        self.begun.set()
        assert self.go.wait(10)
        return self.inner(*args, **options)

    def finish(self):
        self.go.set()
        self.thread.join(10)


@pytest.fixture
def held(tmp_path, monkeypatch):
    held = Held(tmp_path / "letters.json", monkeypatch)
    yield held
    held.finish()


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def fork():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
        return os.fork()


def test_the_child_can_use_it(held, pipe):
    """A child that was forked in the middle of another thread's write reads and writes the file."""
    ready, started = pipe
    child = fork()
    if child == 0:  # pragma: no cover - it leaves without telling what ran
        os.read(ready, 1)
        threading.Timer(20, os._exit, (2,)).start()
        held.store.put(letter(2))
        os._exit(0 if held.store.count() == 2 else 1)
    held.finish()
    os.write(started, b".")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert held.store.count() == 2


def test_the_child_does_not_keep_it_locked(held, pipe):
    """A child that was forked in the middle of a write, and lives long, keeps nobody else from writing."""
    ready, started = pipe
    child = fork()
    if child == 0:  # pragma: no cover - it leaves without telling what ran
        os.read(ready, 1)
        os._exit(0)
    held.finish()
    try:
        FileStore(held.store.path, lock_timeout=0).put(letter(2))
    finally:
        os.write(started, b".")
        os.waitpid(child, 0)
    assert held.store.count() == 2
