"""What is to be looked at when."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from ninelives.notifications.policy.timers import Timers
from ninelives.testing.clock import FakeClock


def test_the_earliest_comes_first():
    """Things come up in the order of their times; of two with one time the first set comes first."""
    clock, timers = FakeClock(), Timers()
    for item, at in [("late", 9), ("b", 5), ("a", 5), ("early", 1)]:
        timers.set(item, clock, at)
    clock.advance(5)
    assert timers.due() == ["early", "b", "a"]
    assert timers.next_due() == 4


def test_only_the_last_time_counts():
    """A time that was set anew or cancelled is forgotten, be it sooner, later or the same."""
    clock, timers = FakeClock(), Timers()
    for item, times in {"later": (1, 9), "sooner": (9, 2), "same": (3, 3)}.items():
        for at in times:
            timers.set(item, clock, at)
    timers.set("cancelled", clock, 0)
    timers.cancel("cancelled", clock)
    timers.cancel("never set", FakeClock())
    assert timers.next_due() == 2
    clock.advance(4)
    assert timers.due() == ["sooner", "same"]
    clock.advance(5)
    assert timers.due() == ["later"]
    assert timers.next_due() == math.inf


def test_a_clock_without_anything_to_look_at_is_let_go():
    """A clock is asked, and held, only while something waits for it."""
    clocks, timers = [FakeClock(), FakeClock()], Timers()
    for number, clock in enumerate(clocks):
        timers.set(number, clock, 10)
    clocks[0].advance(10)
    assert timers.due() == [0]
    assert len(timers._queues) == 1


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50) | st.none()), max_size=400))
@settings(deadline=None)
def test_timers_are_what_a_plain_list_of_times_says(steps):
    """Whatever is set and cancelled, what is due is what a mapping of things to times says, in bounded room."""
    clock, timers, times = FakeClock(), Timers(), {}
    for item, at in steps:
        if at is None:
            times.pop(item, None)
            timers.cancel(item, clock)
        else:
            times[item] = at
            timers.set(item, clock, at)
        assert all(len(queue._heap) <= 2 * 6 + 64 for queue in timers._queues.values())
    assert timers.next_due() == min(times.values(), default=math.inf)
    clock.advance(25)
    assert sorted(timers.due()) == sorted(item for item, at in times.items() if at <= 25)


def test_a_clock_may_set_a_time():
    """A clock that runs a call that fails, and so sets a time by another clock, disturbs nobody who asks."""
    timers = Timers()

    class Calls(FakeClock):
        def monotonic(self):
            timers.set("of another", FakeClock(), 9.0)
            return super().monotonic()

    timers.set("first", Calls(), 0.0)
    assert timers.next_due() == 0.0
    assert timers.due() == ["first"]
    assert timers.next_due() == 9.0
