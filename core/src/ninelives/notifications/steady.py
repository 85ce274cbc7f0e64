"""A clock of the program's own, so that what is wrong with it disturbs the alerts of no other pipeline."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.locks import new_lock

__all__ = ["steady"]


class _SteadyClock:
    """Asks a clock; while that raises, or tells what is no time, it stands still, and waits for nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0.0

    def now(self) -> datetime:
        try:
            return self._clock.now().astimezone(UTC)
        except Exception:  # whatever is the matter with it: the call that failed has heard of it
            return SYSTEM_CLOCK.now()

    def monotonic(self) -> float:
        try:
            told = float(self._clock.monotonic())
        except Exception:  # likewise
            return self._last
        if math.isfinite(told):
            self._last = told
        return self._last

    def sleep(self, seconds: float, /) -> None:
        with suppress(Exception):  # likewise
            self._clock.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        await self._clock.asleep(seconds)


_clocks: WeakValueDictionary[int, _SteadyClock] = WeakValueDictionary()
_lock = new_lock()


def steady(clock: Clock) -> Clock:
    """The clock for everything that several pipelines have in common: the timers, the threads.

    Of one clock there is one: what is told together is told by one clock.

    Args:
        clock: The program's; the machine's own, and one that is steady already, are returned as they are.
    """
    if clock is SYSTEM_CLOCK or isinstance(clock, _SteadyClock):
        return clock
    with _lock:
        made = _clocks.get(id(clock))
        if made is None:
            made = _clocks[id(clock)] = _SteadyClock(clock)
        return made
