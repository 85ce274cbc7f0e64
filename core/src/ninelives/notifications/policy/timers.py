"""What is to be looked at when: by several clocks, thousands of things, in little time."""

from __future__ import annotations

import math
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic, TypeVar

from ninelives.clock import Clock

__all__ = ["Timers"]

T = TypeVar("T")

# How many entries without a use a queue may hold before it is made anew, besides as many as have one.
_SLACK = 64


class Timers(Generic[T]):
    """Things, each with the time at which it is to be looked at, by its own clock. Not for several threads.

    A thing is known by being itself; it stays with one clock.

    Example:
        >>> from ninelives.testing import FakeClock
        >>> clock, timers = FakeClock(), Timers()
        >>> timers.set("tea", clock, 180.0)
        >>> timers.next_due()
        180.0
        >>> clock.advance(200)
        >>> timers.due(), timers.next_due()
        (['tea'], inf)
    """

    def __init__(self) -> None:
        self._queues: dict[int, _Queue[T]] = {}

    def set(self, item: T, clock: Clock, at: float) -> None:
        """Look at it then, and not at any time that was set before.

        Args:
            item: What is to be looked at.
            clock: By which clock.
            at: The clock's monotonic time, in seconds.
        """
        queue = self._queues.get(id(clock))
        if queue is None:
            queue = self._queues[id(clock)] = _Queue(clock)
        queue.set(item, at)

    def cancel(self, item: T, clock: Clock) -> None:
        """Look at it no more; does nothing where no time was set."""
        queue = self._queues.get(id(clock))
        if queue is not None:
            queue.valid.pop(item, None)

    def due(self) -> list[T]:
        """Those whose time has come, the earliest of each clock first; their times are set no more."""
        found = [item for queue in self._all() for item in queue.due()]
        for number, queue in list(self._queues.items()):
            if not queue.valid:
                del self._queues[number]
        return found

    def next_due(self) -> float:
        """Seconds until the time of the next comes, 0.0 when it has; `math.inf`: there is none."""
        return min((queue.next_due() for queue in self._all()), default=math.inf)

    def _all(self) -> list[_Queue[T]]:
        return list(self._queues.values())  # at once: a clock may run a call that fails, and so may a signal's handler


class _Queue(Generic[T]):
    """Those of one clock: a heap, in which what was set anew or cancelled stays until it comes up."""

    def __init__(self, clock: Clock) -> None:
        self.valid: dict[T, int] = {}  # the number of the one entry of each that counts
        self._clock = clock
        self._heap: list[tuple[float, int, T]] = []
        self._numbers = count()  # of two with one time the first set comes first; the things themselves have no order

    def set(self, item: T, at: float) -> None:
        number = self.valid[item] = next(self._numbers)
        heappush(self._heap, (at, number, item))
        if len(self._heap) > 2 * len(self.valid) + _SLACK:
            self._heap = [entry for entry in self._heap if self._holds(entry)]
            heapify(self._heap)

    def due(self) -> list[T]:
        now, found = self._clock.monotonic(), []
        while self._settle() and self._heap[0][0] <= now:
            item = heappop(self._heap)[2]
            del self.valid[item]
            found.append(item)
        return found

    def next_due(self) -> float:
        return max(self._heap[0][0] - self._clock.monotonic(), 0.0) if self._settle() else math.inf

    def _settle(self) -> bool:
        """Drop what has no use from the top; whether anything is left."""
        while self._heap and not self._holds(self._heap[0]):
            heappop(self._heap)
        return bool(self._heap)

    def _holds(self, entry: tuple[float, int, T]) -> bool:
        return self.valid.get(entry[2]) == entry[1]
