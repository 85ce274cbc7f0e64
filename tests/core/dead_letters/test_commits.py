"""Group commit: together, each with its own verdict, and nobody hangs, whatever becomes of the one that commits."""

from __future__ import annotations

import gc
import itertools
import linecache
import os
import sys
import time
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Timer

import pytest

from ninelives import StoreError
from ninelives.dead_letters import commits
from ninelives.dead_letters.commits import GroupCommit


class Medium:
    """What is committed to; it can be held up, and refuse some items."""

    def __init__(self):
        self.batches = []
        self.refused = {}
        self.begun, self.go = Event(), Event()
        self.go.set()
        self.commits = GroupCommit(self.commit)

    def commit(self, items):
        self.begun.set()
        assert self.go.wait(20)
        self.batches.append(list(items))
        for item in items:
            if item in self.refused:
                raise self.refused[item]

    def hold_up(self):
        self.begun.clear()
        self.go.clear()

    def waits(self, item):
        """Whether it waits for the next batch."""
        batch = self.commits._next
        return batch is not None and item in [one.item for one in batch.waiting]

    def wait_for(self, number):
        """Until so many wait for the next batch."""
        end = time.monotonic() + 20
        while len(self.commits._next.waiting) < number:
            assert time.monotonic() < end
            time.sleep(0)


@pytest.fixture
def medium():
    medium = Medium()
    yield medium
    medium.go.set()


@pytest.fixture
def threads():
    with ThreadPoolExecutor(16) as threads:
        yield threads


@pytest.fixture
def meet(medium, threads):
    """Adds the first item, and the others while that one is being committed; what comes of each."""

    def meet(first, *others):
        medium.hold_up()
        adding = [threads.submit(medium.commits.add, first)]
        assert medium.begun.wait(20)
        for number, item in enumerate(others, 1):
            adding.append(threads.submit(medium.commits.add, item))
            medium.wait_for(number)
        medium.go.set()
        return [one.exception(20) for one in adding]

    return meet


def test_alone_an_item_is_committed_at_once(medium):
    """Without others each item is committed by itself, in its own thread, before `add` returns."""
    for number in range(3):
        medium.commits.add(number)
        assert medium.batches == [[one] for one in range(number + 1)]


def test_those_that_meet_are_committed_together(medium, meet):
    """What comes while another is being committed is committed together, in the order in which it came."""
    assert meet(*range(8)) == [None] * 8
    assert medium.batches == [[0], [1, 2, 3, 4, 5, 6, 7]]


def test_many_at_once_are_committed_once_each(threads):
    """8 threads that add at once, time and again, have each item committed once, before `add` returns for it."""
    committed, busy = [], []

    def commit(items):
        busy.append(items)
        assert len(busy) == 1, "two threads commit at once"
        committed.extend(items)
        busy.clear()

    commits, barrier = GroupCommit(commit), Barrier(8)

    def add(number):
        for turn in range(100):
            barrier.wait(20)
            commits.add((number, turn))
            assert (number, turn) in committed

    for one in [threads.submit(add, number) for number in range(8)]:
        one.result(60)
    assert sorted(committed) == [(number, turn) for number in range(8) for turn in range(100)]


def test_an_error_alone_is_its_own(medium):
    """What `commit` raises for an item comes out of `add` as it is, and the next item is not touched by it."""
    medium.refused["bad"] = error = OSError("full")
    with pytest.raises(OSError, match="full") as caught:
        medium.commits.add("bad")
    assert caught.value is error
    medium.commits.add("good")
    assert medium.batches == [["bad"], ["good"]]


def test_each_of_a_batch_has_its_own_verdict(medium, meet):
    """When a batch fails each of it is tried alone: those that can be committed are, the others hear why not."""
    medium.refused = {"b": OSError("b"), "d": OSError("d")}
    assert meet("first", "a", "b", "c", "d") == [None, None, medium.refused["b"], None, medium.refused["d"]]
    assert medium.batches == [["first"], ["a", "b", "c", "d"], ["a"], ["b"], ["c"], ["d"]]


def test_an_error_common_to_all_is_tried_once(medium, meet):
    """An error that is said to be common to all is raised for each of the batch, and no one of it is tried alone."""
    medium.commits = GroupCommit(medium.commit, common=TimeoutError)
    medium.refused = {"b": TimeoutError("locked"), "first": OSError("full")}
    assert meet("first", "a", "b") == [medium.refused["first"], *[medium.refused["b"]] * 2]
    assert medium.batches == [["first"], ["a", "b"]]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SystemExit(1)])
def test_an_interrupted_leader_leaves_nobody_behind(medium, meet, interruption):
    """Where the one that commits is interrupted it says so, and another of them commits what is left."""
    medium.refused["leader"] = interruption
    assert meet("first", "leader", "a", "b") == [None, interruption, None, None]
    assert medium.batches[:2] == [["first"], ["leader", "a", "b"]]
    assert sorted(item for batch in medium.batches[2:] for item in batch) == ["a", "b"]


def test_what_was_committed_before_an_interruption_counts(medium, meet):
    """In the middle of trying each alone, an interruption leaves only those that were not tried to another."""
    medium.refused = {"x": OSError("x"), "y": KeyboardInterrupt()}
    found = meet("first", "a", "x", "y")
    assert found[:2] == [None, medium.refused["y"]]
    assert found[2] is medium.refused["x"]
    assert found[3] is medium.refused["y"]
    assert medium.batches == [["first"], ["a", "x", "y"], ["a"], ["x"], ["y"], ["y"]]


def interrupted(number, add, item):
    """Adds it, and is interrupted where it would run so many lines of `commits.py`.

    Where a `with` ends a lock's block, which is a line to those who trace, Python lets nothing come in between.
    """
    begun = []

    def trace(frame, event, _argument):
        if frame.f_code.co_filename != commits.__file__:
            return None
        line = frame, frame.f_lineno
        if event == "line" and not (
            line in begun and linecache.getline(commits.__file__, line[1]).strip()[:5] == "with "
        ):
            begun.append(line)
            if len(begun) == number:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        add(item)
    finally:
        sys.settrace(before)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_interruption_at_any_line_leaves_nobody_behind(medium, threads, place):
    """Whichever line of it a thread is interrupted at, be it the first, the second or the last: the others go on."""
    for number in itertools.count(1):
        medium.hold_up()
        first = threads.submit(medium.commits.add, "first")
        assert medium.begun.wait(20)
        adding = []
        for item in "abc":
            is_interrupted = len(adding) == place
            add = (interrupted, number, medium.commits.add) if is_interrupted else (medium.commits.add,)
            adding.append(threads.submit(*add, item))
            while not adding[-1].done() and not medium.waits(item):
                time.sleep(0)
        medium.go.set()
        found = [one.exception(20) for one in (first, *adding)]
        end = found.pop(place + 1)
        assert found == [None] * 3
        medium.commits.add("afterwards")
        if end is None:
            break
        assert isinstance(end, KeyboardInterrupt)
    assert number > 5


def test_who_is_interrupted_while_waiting_is_left_out(medium, threads, monkeypatch):
    """An item whose thread was interrupted while it waited for its batch is not committed afterwards."""
    medium.hold_up()
    adding = [threads.submit(medium.commits.add, "first")]
    assert medium.begun.wait(20)
    adding.append(threads.submit(medium.commits.add, "leader"))
    medium.wait_for(1)

    class Interrupted:
        def __enter__(self):
            raise KeyboardInterrupt

        def __exit__(self, *_args):
            raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(medium.commits._next, "gate", Interrupted())
        with pytest.raises(KeyboardInterrupt):
            medium.commits.add("interrupted")
    medium.go.set()
    assert [one.exception(20) for one in adding] == [None, None]
    assert medium.batches == [["first"], ["leader"]]


@pytest.mark.parametrize("number", [1, 3])
def test_an_error_keeps_nothing_alive(medium, meet, number):
    """When nobody has the error any more nothing keeps it, nor the items, until the collector comes."""
    medium.refused = {item: StoreError(f"{item}") for item in range(1, number + 1)}
    errors = [weakref.ref(error) for error in medium.refused.values()]
    gc.disable()
    try:
        meet(0, *medium.refused)
        medium.refused.clear()
        assert [error() for error in errors] == [None] * number
    finally:
        gc.enable()


def test_who_is_interrupted_before_its_turn_lets_others_go_on(medium, threads, monkeypatch):
    """A leader that is interrupted before it commits withdraws its item; those that wait for it do without it."""
    waiting = Event()

    class Turn:
        def locked(self):
            return True

        def __enter__(self):
            waiting.set()
            medium.wait_for(3)
            medium.commits._turn = turn
            raise KeyboardInterrupt

        def __exit__(self, *_args):
            raise AssertionError

    turn = medium.commits._turn
    medium.commits._turn = Turn()
    leader = threads.submit(medium.commits.add, "leader")
    assert waiting.wait(20)
    others = [threads.submit(medium.commits.add, item) for item in "ab"]
    assert isinstance(leader.exception(20), KeyboardInterrupt)
    assert [one.exception(20) for one in others] == [None, None]
    assert sorted(item for batch in medium.batches for item in batch) == ["a", "b"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_waits_for_no_leader_of_its_parent(medium, threads):
    """A child forked while others commit and wait commits its own item at once, and none of theirs."""
    medium.hold_up()
    adding = [threads.submit(medium.commits.add, "first")]
    assert medium.begun.wait(20)
    adding.append(threads.submit(medium.commits.add, "second"))
    medium.wait_for(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
        child = os.fork()
    if child == 0:  # pragma: no cover - it leaves without telling what ran
        Timer(20, os._exit, (2,)).start()
        medium.begun, medium.go = Event(), Event()  # the parent's threads may have had theirs in hand
        medium.go.set()
        medium.commits.add("of the child")
        os._exit(0 if medium.batches == [["of the child"]] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    medium.go.set()
    assert [one.exception(20) for one in adding] == [None, None]
    assert medium.batches == [["first"], ["second"]]
