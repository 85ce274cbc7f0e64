"""No connection is open while the process forks: SQLite's account of its locks would be wrong in the child."""

from __future__ import annotations

import os
import threading
import warnings

import pytest

from ninelives import StoreError
from ninelives.testing.contracts.letters import letter
from ninelives_sqlite import SqliteStore, connections

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


@pytest.fixture
def store(path):
    store = SqliteStore(path)
    store.put(letter(1))
    yield store
    store.close()


def in_child(action):
    """Do it in a forked child; what the child ends with: 0 if it is true."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
        child = os.fork()
    if child == 0:  # pragma: no cover - it leaves without telling what ran
        threading.Timer(20, os._exit, (2,)).start()
        try:
            os._exit(0 if action() else 1)
        finally:
            os._exit(3)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def put_and_count(store, number):
    store.put(letter(number))
    return store.count()


def test_both_can_use_it(store, path):
    """Parent and child go on with the store, each with connections of its own; no letter of either is lost."""
    assert in_child(lambda: not store._database._connections._idle and put_and_count(store, 2) == 2) == 0
    assert put_and_count(store, 3) == 3
    assert in_child(lambda: put_and_count(store, 4) == 4) == 0
    assert store.count() == 4


class Busy:
    """A store that another thread uses until `go` is set."""

    def __init__(self, store):
        self.store = store
        self.begun, self.go = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.use)
        self.thread.start()
        assert self.begun.wait(10)

    def use(self):
        with self.store._database.reading():
            self.begun.set()
            assert self.go.wait(20)

    def finish(self):
        self.go.set()
        self.thread.join(10)


def test_a_fork_waits_for_those_who_use_it(store, monkeypatch):
    """A fork waits until a thread is done with the store, and who comes meanwhile waits until it has forked."""
    busy, found = Busy(store), []
    users = store._database._connections
    late = threading.Thread(target=lambda: found.append(store.count()))

    def waiting():
        late.start()
        while not users._changed._waiters or len(users._changed._waiters) < 2:
            pass
        busy.go.set()

    helper = threading.Thread(target=lambda: (wait_for(lambda: users._forks), waiting()))
    helper.start()
    assert in_child(lambda: put_and_count(store, 2) == 2) == 0
    for thread in (helper, late, busy.thread):
        thread.join(10)
    assert found[0] in (1, 2)
    assert store.count() == 2


def wait_for(condition):
    while not condition():
        pass


def test_a_child_that_can_not_use_it_is_told(store, monkeypatch):
    """Where a thread does not finish in time, the child, which could do damage, is refused, and the parent is not."""
    monkeypatch.setattr(connections, "_FORK_WAIT", 0)
    busy = Busy(store)
    try:
        assert in_child(lambda: is_refused(store)) == 0
    finally:
        busy.finish()
    assert put_and_count(store, 2) == 2
    assert in_child(lambda: put_and_count(store, 3) == 3) == 0


def is_refused(store):  # pragma: no cover - runs in a child that tells nothing
    try:
        store.put(letter(9))
    except StoreError as error:
        return "forked while another thread had it in use" in str(error)
    return False


@pytest.mark.parametrize("place", ["_enter", "_leave"])
def test_who_was_interrupted_keeps_no_fork_waiting(store, monkeypatch, place):
    """A thread that was interrupted when it began to use the store, or was done with it, is no user for ever."""
    users = store._database._connections
    step = getattr(users, place)

    def interrupted():
        if place == "_enter":
            step()
        monkeypatch.setattr(users, place, step)
        raise KeyboardInterrupt

    monkeypatch.setattr(connections, "_FORK_WAIT", 0)
    monkeypatch.setattr(users, place, interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.count()
    assert in_child(lambda: put_and_count(store, 2) == 2) == 0
    assert put_and_count(store, 3) == 3
    assert not users._users


def test_what_runs_in_a_child_is_right(store):
    """After a fork a child has nobody's locks and users, and is refused only if someone was in the middle of it."""
    users = SqliteStore(store.path)._database._connections
    users._users, users._unsafe = {1, 2, 3}, True
    users._forks = 2
    users.after_fork(child=True)
    assert (users._users, users._forks, users._unsafe, users._lock.locked()) == (set(), 0, True, False)
    with pytest.raises(StoreError, match="fork earlier"):
        users._enter()
