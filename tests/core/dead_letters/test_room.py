"""Room on the stack for the failure path."""

from __future__ import annotations

import contextvars
import sys
import threading

import pytest

from ninelives.dead_letters import room
from ninelives.dead_letters.room import NEEDED, with_room

context_variable = contextvars.ContextVar("context_variable", default="unset")


def depth():
    frame, count = sys._getframe(1), 0
    while frame is not None:
        frame, count = frame.f_back, count + 1
    return count


def deeper(levels, func):
    return func() if levels <= 0 else deeper(levels - 1, func)


def near_the_end(func, left=20):
    return deeper(sys.getrecursionlimit() - depth() - left, func)


def test_with_room_it_runs_here():
    """Where there is room the function runs in the same thread, with its arguments, and what it raises comes out."""
    assert with_room(threading.get_ident) == threading.get_ident()
    assert with_room(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        with_room(divmod, 1, 0)


def test_without_room_it_runs_elsewhere():
    """Near the stack's end it runs where there is room, in the same context, and is waited for."""
    context_variable.set("set")

    def far():
        return deeper(NEEDED - 50, lambda: (threading.get_ident(), context_variable.get()))

    ident, value = near_the_end(lambda: with_room(far))
    assert ident != threading.get_ident()
    assert value == "set"


def test_what_is_raised_elsewhere_comes_out():
    """What the function raises on the other thread is raised here, also what is no `Exception`."""

    def end():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        near_the_end(lambda: with_room(end))


def test_at_the_very_end_it_still_runs():
    """Two frames are enough."""

    def exhausted():
        try:
            return exhausted()
        except RecursionError:
            return with_room(sum, [1, 2])

    assert exhausted() == 3


def test_without_threads_it_runs_here(monkeypatch):
    """Where there can be no more threads it is tried where it is."""

    def none(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(room, "start_new_thread", none)
    assert near_the_end(lambda: with_room(threading.get_ident)) == threading.get_ident()


def test_what_has_no_end_ends():
    """What fills the new thread's stack as well gets no further one: it ends as recursion does elsewhere."""
    idents = set()

    def endless():
        idents.add(threading.get_ident())
        if len(idents) < 10:
            with_room(endless)

    with pytest.raises(RecursionError):
        with_room(endless)
    assert len(idents) == 2


def test_in_a_room_that_was_made_there_is_no_other():
    """Where room was made already the function runs in the same thread, however little is left."""

    def within():
        room._made.set(True)
        return near_the_end(lambda: with_room(threading.get_ident))

    assert contextvars.copy_context().run(within) == threading.get_ident()


def test_room_is_made_anew_each_time():
    """What was run on another thread leaves nothing behind: the next one that needs room gets it."""
    for _ in range(2):
        assert near_the_end(lambda: with_room(threading.get_ident)) != threading.get_ident()
