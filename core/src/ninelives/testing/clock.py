"""A clock for tests: nothing waits, and every wait is written down."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from threading import Lock

__all__ = ["FakeClock"]

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
# How often a waiting task lets the others run before the clock jumps: what is ready goes first, as with a real clock.
_TURNS = 25


class FakeClock:
    """A clock that stands still until `advance` or a sleep moves it.

    ``sleep`` moves the time at once. ``asleep`` first lets every other task do what it can; then the clock jumps to
    the earliest end among the tasks that sleep, as trio's ``MockClock`` does with ``autojump``: a task that hangs for
    ever is overtaken by its timeout, one that returns is not.

    Args:
        start: What the wall clock says at first; aware.

    Attributes:
        sleeps: The seconds of every wait that began, in order.

    Example:
        >>> clock = FakeClock()
        >>> clock.sleep(60)
        >>> clock.monotonic(), clock.sleeps
        (60.0, [60])
    """

    def __init__(self, start: datetime = _EPOCH) -> None:
        self.sleeps: list[float] = []
        self._start = start
        self._elapsed = 0.0
        self._lock = Lock()
        self._ends: list[float] = []

    def now(self) -> datetime:
        """The wall clock's time."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Let this much time pass."""
        with self._lock:
            self._elapsed += seconds

    def set_wall(self, moment: datetime) -> None:
        """Set the wall clock, as an administrator would; monotonic time goes on undisturbed."""
        self._start = moment - timedelta(seconds=self._elapsed)

    def sleep(self, seconds: float) -> None:
        """Let this much time pass, and write it down."""
        self.sleeps.append(seconds)
        self.advance(max(seconds, 0.0))

    async def asleep(self, seconds: float) -> None:
        """Let the other tasks do what they can, then let this much time pass, and write it down."""
        self.sleeps.append(seconds)
        end = self._elapsed + max(seconds, 0.0)
        self._ends.append(end)
        try:
            await self._until(end)
        finally:
            self._ends.remove(end)

    async def _until(self, end: float) -> None:
        turns = 0
        while self._elapsed < end or turns == 0:
            await asyncio.sleep(0)
            turns += 1
            if turns >= _TURNS and end <= min(self._ends):
                with self._lock:
                    self._elapsed = max(self._elapsed, end)
