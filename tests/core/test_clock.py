"""Time as an argument."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from ninelives.clock import SYSTEM_CLOCK, Clock, SystemClock
from ninelives.testing.clock import FakeClock


def test_the_machines_clocks():
    """The wall clock is aware and in UTC; durations and waits are the machine's own."""
    assert abs(SYSTEM_CLOCK.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert SYSTEM_CLOCK.now().tzinfo is UTC
    assert SystemClock.monotonic is time.monotonic
    assert SystemClock.sleep is time.sleep
    SYSTEM_CLOCK.sleep(0)


async def test_waiting_in_a_task():
    """`asleep` lets the other tasks run, and a cancellation ends it at once."""
    ran = []
    other = asyncio.create_task(asyncio.to_thread(ran.append, 1))
    await SYSTEM_CLOCK.asleep(0)
    await other
    assert ran == [1]
    task = asyncio.create_task(SYSTEM_CLOCK.asleep(1_000_000))
    await asyncio.sleep(0)
    task.cancel()
    assert await asyncio.wait([task], timeout=10) == ({task}, set())


def test_both_clocks_are_clocks():
    """The machine's clock and the one for tests keep the contract."""
    assert isinstance(SYSTEM_CLOCK, Clock)
    assert isinstance(FakeClock(), Clock)
