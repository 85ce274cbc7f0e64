"""Time as an argument: every wait and every timestamp of ninelives goes through a `Clock`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from ninelives.checks import Checks

__all__ = ["SYSTEM_CLOCK", "Clock", "SystemClock", "clock_of"]


@runtime_checkable
class Clock(Protocol):
    """What tells the time and waits. `ninelives.testing.FakeClock` is one that waits for nothing."""

    def now(self) -> datetime:
        """The wall clock's time, aware, in UTC: for records, and for leases that outlive a process."""
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow: for every duration inside a process."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Wait in the current thread."""
        ...

    async def asleep(self, seconds: float) -> None:
        """Wait in the current task; cancelling the task ends the wait at once."""
        ...


class SystemClock:
    """The machine's own clocks."""

    # Static, so that looking one up gives the C function itself: no frame of ours on the way.
    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    def now(self) -> datetime:
        """The wall clock's time, aware, in UTC."""
        return datetime.now(UTC)

    async def asleep(self, seconds: float) -> None:
        """Wait in the current task."""
        import asyncio

        await asyncio.sleep(seconds)


SYSTEM_CLOCK: Clock = SystemClock()


def clock_of(checks: Checks, given: Any) -> Clock:
    """The clock that is meant: the machine's for None. A problem is noted unless it is one, and not a class of them."""
    is_one = given is None or (isinstance(given, Clock) and not isinstance(given, type))
    checks.that(is_one, "clock", given, "a ninelives.clock.Clock, or None for the system's")
    return given if is_one and given is not None else SYSTEM_CLOCK
