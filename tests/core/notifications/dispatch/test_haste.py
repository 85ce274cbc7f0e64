"""Until when somebody waits, and what that means for channels that hang."""

from __future__ import annotations

import time
from threading import Event, Thread

import pytest

from ninelives.notifications.dispatch import haste as module
from ninelives.notifications.dispatch.haste import Haste

LONG = 600.0
"""Seconds that no test waits."""


@pytest.fixture
def haste():
    """One of the test's own."""
    return Haste()


def test_without_haste_it_is_waited_for_as_long_as_it_may_take(haste):
    """Until it is done, or until patience ends, however many could take over."""
    bell, done = Event(), Event()
    thread = Thread(target=lambda: (done.set(), bell.set()))
    thread.start()
    haste.wait(bell, done.is_set, LONG, 1)
    assert done.is_set()
    haste.wait(bell, Event().is_set, 0.0, 1)
    thread.join()
    assert not haste.is_on


@pytest.mark.parametrize(("others", "share"), [(1, 0.5), (3, 0.25)])
def test_in_haste_each_that_could_take_it_has_an_equal_share(haste, others, share):
    """One that began before has its share from then on that somebody waits, a later one from when it begins."""
    with haste.until(time.monotonic() + LONG):
        (wait,) = haste._waits
        assert haste._end(wait[0] - LONG, LONG * 9, others) == pytest.approx(wait[0] + LONG * share)
        assert haste._end(wait[1] - 10, LONG * 9, others) == pytest.approx(wait[1] - 10 + 10 * share)
        assert haste._end(wait[0], 1.0, others) == pytest.approx(wait[0] + 1.0)
        assert haste._end(wait[0], LONG * 9, 0) == pytest.approx(wait[0] + LONG * 9)
    assert haste._end(0.0, LONG, others) == LONG


def test_who_waits_already_is_told(haste, monkeypatch):
    """What is being sent when somebody begins to wait is given up when its share is over."""
    waits, given_up = Event(), Event()

    class Bell(Event):
        def wait(self, timeout=None):
            waits.set()
            return super().wait(timeout)

    def send():
        haste.wait(Bell(), Event().is_set, LONG, 1)
        given_up.set()

    thread = Thread(target=send, daemon=True)
    thread.start()
    assert waits.wait(LONG)
    with haste.until(time.monotonic() + 0.02):
        assert given_up.wait(LONG)
    thread.join()


def test_those_who_wait_at_once_leave_one_by_one(haste):
    """The haste is over when the last one has what it waits for, whatever comes out; the earliest end counts."""
    now = time.monotonic()
    with haste.until(now + LONG):
        with haste.until(now + 2.0):
            assert haste._end(now, LONG, 1) <= now + 2.0
        with pytest.raises(KeyboardInterrupt), haste.until(now + 2.0):
            raise KeyboardInterrupt
        assert haste.is_on
        assert haste._end(now, LONG, 1) > now + 2.0
    assert not haste.is_on


def test_nobody_waits_in_a_forked_child(haste):
    """A child begins without haste; who was forked while waiting leaves without harm."""
    with haste.until(time.monotonic() + LONG):
        haste.reset()
        assert not haste.is_on
    assert not haste.is_on
    assert isinstance(module.haste, Haste)
