"""The end of a process, and of a child of multiprocessing."""

from __future__ import annotations

import multiprocessing.process
import multiprocessing.util
import threading

import pytest

from ninelives import ends


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit])
def test_a_signal_breaks_it_off_without_a_traceback(monkeypatch, signal):
    """What a signal's handler raises at the end of the process comes out of nothing, as nobody could take it."""
    registered = []
    monkeypatch.setattr(ends.atexit, "register", registered.append)

    @ends.at_end
    def step():
        raise signal

    assert registered == [step]
    step()


def test_what_came_of_a_signal_counts_as_one():
    """What a lock complains of because a signal came at a bad moment is its doing; another error comes out."""
    lock = threading.Lock()

    def interrupted():
        with lock:
            lock.release()
            raise KeyboardInterrupt

    def faulty():
        raise RuntimeError("a fault")

    assert ends.breaks_off(interrupted)
    assert not ends.breaks_off(lambda: None)
    with pytest.raises(RuntimeError, match="a fault"):
        ends.breaks_off(faulty)


def test_a_child_has_one_end(monkeypatch):
    """However often something begins in it, a child of multiprocessing has one end; another process has `atexit`."""
    done = []
    monkeypatch.setattr(multiprocessing.util, "Finalize", lambda *args, **how: done.append(args))
    monkeypatch.setattr(ends, "_known", set())
    ends.at_end_of_child(print)
    assert done == []
    monkeypatch.setattr(multiprocessing.process, "parent_process", lambda: "a parent")
    for _ in range(2):
        ends.at_end_of_child(print)
        ends.at_end_of_child(repr)
    assert done == [(None, print), (None, repr)]
