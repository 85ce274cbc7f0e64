"""A clock of the program's own that is broken hurts nobody else."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import UTC, datetime

from ninelives import Pipeline
from ninelives.clock import SYSTEM_CLOCK
from ninelives.notifications.dispatch.center import own_center
from ninelives.notifications.outlet import Outlet
from ninelives.notifications.steady import steady
from ninelives.testing.clock import FakeClock
from ninelives.testing.recorders import RecordingChannel


class Broken(FakeClock):
    """It raises, whatever it is asked."""

    def now(self):
        raise RuntimeError

    monotonic = now

    def sleep(self, seconds, /):
        raise RuntimeError


def test_a_clock_that_raises_stands_still():
    """While it raises, time stands still by it, the date is the machine's, and nothing is waited for."""
    clock = steady(Broken())
    assert clock.monotonic() == clock.monotonic() == 0.0
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    clock.sleep(math.inf)


def test_what_is_no_time_is_not_told():
    """A time that is infinite or not a number is not passed on: the last one stands."""
    given = FakeClock()
    clock = steady(given)
    before = clock.monotonic()
    given.monotonic = lambda: math.nan
    assert clock.monotonic() == before


async def test_a_sound_clock_is_told_as_it_is():
    """A clock that works is asked and waited by as if nothing stood between."""
    given = FakeClock()
    clock = steady(given)
    clock.sleep(2.0)
    await clock.asleep(3.0)
    assert clock.monotonic() == given.monotonic()
    assert clock.now() == given.now()


def test_one_clock_stays_one():
    """Of one clock there is one steady one, and the machine's own needs none."""
    given = FakeClock()
    clock = steady(given)
    assert steady(given) is clock
    assert steady(clock) is clock
    assert steady(SYSTEM_CLOCK) is SYSTEM_CLOCK


def test_a_channel_that_can_not_say_whether_it_waits_may_wait():
    """A channel whose `inline` raises is taken for one that waits."""

    class Odd:
        @property
        def inline(self):
            raise RuntimeError

        def send(self, notification, *, timeout): ...

        def close(self): ...

    assert not Outlet(Odd(), "odd:").inline


def test_a_clock_that_raises_keeps_no_alert_of_another_pipeline():
    """While one pipeline's clock raises at everything, another's failures are told: the first, and those counted."""
    hostile, clock = FakeClock(), FakeClock()
    of_hostile, channel = RecordingChannel(), RecordingChannel(inline=False)
    with own_center() as center:
        broken = Pipeline("broken", chain=["notify"], notify={"channels": [of_hostile]}, clock=hostile)
        sound = Pipeline("sound", chain=["notify"], notify={"channels": [channel]}, clock=clock)
        for _ in range(2):  # so that the timers ask its clock
            broken.try_run(fail)
        assert len(of_hostile.notifications) == 1
        hostile.now = hostile.monotonic = hostile.sleep = Broken().now
        with suppress(Exception):  # of its own clock, in its own call
            broken.try_run(fail)
        for _ in range(3):
            sound.try_run(fail)
        assert channel.wait_for(1)
        clock.advance(300)
        assert center.flush()
        assert [each.count for each in channel.notifications] == [1, 2]
        broken.close()
        sound.close()


def fail():
    raise TimeoutError("no answer")
