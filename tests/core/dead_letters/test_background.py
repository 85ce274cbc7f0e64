"""The thread that moves spilled letters home: there only while something waits, and never in anybody's way."""

from __future__ import annotations

import gc
import os
import threading
import warnings

import pytest

from ninelives.dead_letters.background import Background


class Spilled:
    """What waits for a background; `due` says when, `tries` how often it was tried."""

    def __init__(self, background, *, due=0.0, done=True, shared=False):
        self.shared = shared
        self.background, self.due, self.done = background, due, done
        self.tries = 0
        self.tried = threading.Semaphore(0)
        self.begun = threading.Event()
        self.go = threading.Event()
        self.go.set()

    def due_in(self):
        return self.due

    def attempt(self, go_on):
        self.tries += 1
        self.begun.set()
        assert self.go.wait(10)
        self.went_on = go_on()
        self.tried.release()
        return self.done

    def was_tried(self):
        return self.tried.acquire(timeout=10)


@pytest.fixture
def background():
    background = Background()
    yield background
    background.leave()


def ended(background):
    for thread in threading.enumerate():
        if thread.name == "ninelives-drain":
            thread.join(10)
    return background._thread is None


def test_its_thread_ends_with_the_work(background):
    """What is due is tried on a thread, which ends when nothing waits any more, and begins again when needed."""
    spilled = Spilled(background)
    for _ in range(2):
        background.add(spilled)
        assert spilled.was_tried()
        assert ended(background)
    assert spilled.tries == 2


def test_what_is_not_done_is_tried_again(background):
    """What could not be done goes on waiting; what is due sooner goes first."""
    late, soon = Spilled(background, due=10_000.0), Spilled(background, done=False)
    for spilled in (late, soon, late):
        background.add(spilled)
    assert soon.was_tried()
    soon.done = True
    assert soon.was_tried()
    assert late.tries == 0
    background.remove(late)
    assert ended(background)


def test_another_reason_to_try_is_not_lost(background):
    """What is added while it is being tried is tried once more."""
    spilled = Spilled(background)
    spilled.go.clear()
    background.add(spilled)
    assert spilled.begun.wait(10)
    background.add(spilled)
    spilled.go.set()
    assert spilled.was_tried()
    assert spilled.was_tried()
    assert ended(background)


def test_what_is_shared_outlives_its_queue(background):
    """What belongs to addresses, and not to one queue, is tried also when that queue is gone; the rest is forgotten."""
    going, gone = Spilled(background, due=10_000.0), Spilled(background, due=10_000.0, shared=True)
    background.add(gone)
    background.add(going)
    del going, gone
    gc.collect()
    (kept,) = background._waiting
    assert kept.shared
    kept.due = 0.0
    background.add(kept)
    assert kept.was_tried()
    assert ended(background)
    assert not background._held


def test_who_is_removed_is_told_to_stop(background):
    """Removing waits for what is in hand, asks it to go no further, and tries it no more; others go on."""
    spilled, other = Spilled(background, done=False), Spilled(background, due=10_000.0)
    spilled.go.clear()
    background.add(other)
    background.add(spilled)
    assert spilled.begun.wait(10)
    background.remove(spilled, timeout=0)
    spilled.go.set()
    background.remove(spilled)
    assert (spilled.tries, spilled.went_on) == (1, False)
    assert background._thread is not None
    background.remove(other)
    assert ended(background)


def test_it_may_be_removed_by_itself(background):
    """A listener that closes the queue, told of a letter that came home, does not wait for itself."""
    spilled = Spilled(background, done=False)
    inner = spilled.attempt
    spilled.attempt = lambda go_on: (background.remove(spilled), inner(go_on))[1]
    background.add(spilled)
    assert spilled.was_tried()
    assert spilled.went_on is False
    assert ended(background)


def test_without_threads_it_waits(background, monkeypatch):
    """Where no thread can be started nothing is raised; the next reason to try starts one."""
    spilled = Spilled(background)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", lambda self: (_ for _ in ()).throw(RuntimeError("no more threads")))
        background.add(spilled)
    assert spilled.tries == 0
    background.add(spilled)
    assert spilled.was_tried()


def test_at_the_end_nothing_is_begun(background):
    """Once the program ends, what is in hand is finished and nothing more is begun."""
    spilled = Spilled(background)
    background.leave()
    background.add(spilled)
    assert (spilled.tries, background._thread) == (0, None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_begins_anew():
    """A forked child has a background of its own, in which nothing of its parent's waits."""
    from ninelives.dead_letters.background import background

    spilled = Spilled(background, due=10_000.0)
    background.add(spilled)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
        child = os.fork()
    if child == 0:  # pragma: no cover - it leaves without telling what ran
        mine = Spilled(background)
        empty = len(background._waiting) == 0 and background._thread is None
        background.add(mine)
        os._exit(0 if empty and mine.was_tried() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    background.remove(spilled)
    assert ended(background)
