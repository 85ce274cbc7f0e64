"""Threads that put at once share one write and one sync, and each hears of its own letter."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from types import SimpleNamespace

import pytest

from ninelives import LetterFilter, StoreError
from ninelives.testing.contracts.letters import letter
from ninelives_file import FileStore, access, disk, locks


@pytest.fixture
def threads():
    with ThreadPoolExecutor(16) as threads:
        yield threads


class Slow:
    """Stands before the writes of a file; the first one waits until so many others wait behind it."""

    def __init__(self, monkeypatch):
        self.written = []
        self.refused = None
        self.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.begun, self.go = Event(), Event()
        self._append = disk.append
        monkeypatch.setattr(disk, "append", self.append)

    def append(self, descriptor, data, before, *, durable):
        self.written.append(data.count(b"\n"))
        self.begun.set()
        assert self.go.wait(20)
        if self.refused is not None and self.refused in data:
            os.write(descriptor, data[:100])
            os.ftruncate(descriptor, before)
            raise self.error
        self._append(descriptor, data, before, durable=durable)

    def meet(self, threads, store, first, others):
        """Put the first letter, and the others while it is being written; what comes of each."""
        putting = [threads.submit(store.put, first)]
        assert self.begun.wait(20)
        end = time.monotonic() + 20
        for number, one in enumerate(others, 1):
            putting.append(threads.submit(store.put, one))
            commits = store._journal._commits
            while commits._next is None or len(commits._next.waiting) < number:
                assert time.monotonic() < end
                time.sleep(0)
        self.go.set()
        return [one.exception(20) for one in putting]


@pytest.fixture
def slow(monkeypatch):
    slow = Slow(monkeypatch)
    yield slow
    slow.go.set()


def test_letters_put_at_once_share_a_write_and_a_sync(path, threads, slow, monkeypatch):
    """Seven letters that come while another is being written are written and synced together, whole and in order."""
    syncs = []
    monkeypatch.setattr(disk, "sync", syncs.append)
    store, kept = FileStore(path), [letter(number) for number in range(8)]
    assert slow.meet(threads, store, kept[0], kept[1:]) == [None] * 8
    assert (slow.written, len(syncs)) == ([1, 7], 3)  # one is of the directory, in which the file is new
    assert FileStore(path).browse(LetterFilter(), limit=9).letters == tuple(kept)


def test_a_full_disk_refuses_only_what_does_not_fit(path, threads, slow):
    """Where letters that came together do not fit on the disk each is tried alone, and the file is as if one by one."""
    store, kept = FileStore(path), [letter(number) for number in range(4)]
    slow.refused = kept[2].id.encode()
    found = slow.meet(threads, store, kept[0], kept[1:])
    assert [type(one) for one in found] == [type(None), type(None), StoreError, type(None)]
    assert "make room on the disk" in str(found[2])
    assert slow.written == [1, 3, 1, 1, 1]
    assert FileStore(path).browse(LetterFilter(), limit=9).letters == (kept[0], kept[1], kept[3])
    assert store.problems() == ()


def test_a_lock_that_is_not_freed_is_waited_for_once(path, threads, slow):
    """Of letters that came together while another process has the file locked, none waits for the lock once more."""
    store, kept = FileStore(path), [letter(number) for number in range(4)]
    slow.refused, slow.error = kept[2].id.encode(), locks.LockedError("locked")
    assert slow.meet(threads, store, kept[0], kept[1:]) == [None, *[slow.error] * 3]
    assert slow.written == [1, 3]


def test_who_has_waited_long_enough_for_its_turn_asks_once(path, monkeypatch):
    """A thread that has waited for another as long as is allowed asks for the lock once, and then gives up."""
    store = FileStore(path, lock_timeout=20)
    store.put(letter())
    times = iter([100.0, 121.0])
    for module in (access, locks):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(times), sleep=pytest.fail))
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="locked for 20 s"):
            store.put(letter())


def test_a_thread_waits_for_another_without_asking(path, threads, slow, monkeypatch):
    """A thread that changes the file while another writes is woken by it; it does not ask again and again."""
    store = FileStore(path)
    slow.go.set()
    store.put(letter(1))
    slow.go.clear()
    slow.begun.clear()
    monkeypatch.setattr(locks, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pytest.fail))
    putting = threads.submit(store.put, letter(2))
    assert slow.begun.wait(20)
    receiving = threads.submit(store.receive, 9, lease=60)
    slow.go.set()
    assert putting.exception(20) is None
    assert len(receiving.result(20)) in (1, 2)


def test_threads_at_once_lose_nothing(path, threads):
    """8 threads that put, receive and acknowledge at once lose no letter, and get none twice."""
    store, barrier = FileStore(path, fsync=False), Barrier(8)

    def work(number):
        barrier.wait(20)
        done = []
        for turn in range(25):
            store.put(letter(number * 100 + turn))
            leases = store.receive(2, lease=60)
            store.ack_many(leases)
            done += [lease.letter.id for lease in leases]
        return done

    done = [one for part in [threads.submit(work, number) for number in range(8)] for one in part.result(60)]
    done += [lease.letter.id for lease in store.receive(1000, lease=60)]
    assert len(done) == len(set(done)) == 200
