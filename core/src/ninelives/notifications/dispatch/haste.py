"""Until when somebody waits for what is being sent: at the end of a program, of a pipeline, of a call that flushes.

A channel that hangs must not use all of that time up, where another one can take over.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, RLock
from weakref import WeakSet

__all__ = ["Haste", "haste"]


class Haste:
    """Who waits, and who sends meanwhile. In real time, whatever the clock: it is real threads that are waited for.

    Example:
        >>> haste = Haste()
        >>> with haste.until(time.monotonic() + 5.0):
        ...     haste.is_on
        True
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nobody waits, and nothing is being sent: what a forked child does first."""
        # One that the same thread can take again: a signal's handler may run a call that flushes.
        self._lock = RLock()
        self._waits: list[tuple[float, float]] = []  # begin and end
        self._bells: WeakSet[Event] = WeakSet()

    @property
    def is_on(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waits)

    @contextmanager
    def until(self, end: float) -> Iterator[None]:
        """Somebody waits until then, by `time.monotonic`."""
        wait = (time.monotonic(), end)
        try:
            with self._lock:
                self._waits.append(wait)
                bells = list(self._bells)
            for bell in bells:
                bell.set()
            yield
        finally:
            with self._lock:
                if wait in self._waits:
                    self._waits.remove(wait)

    def wait(self, bell: Event, is_done: Callable[[], bool], patience: float, others: int) -> None:
        """Wait for what is being sent; in haste, no longer than for a fair share of the time that there is.

        Args:
            bell: Rung when it is done.
            is_done: Whether it is.
            patience: Seconds to wait at most.
            others: How many channels can take over; each has as much of the time as this one.
        """
        begin = time.monotonic()
        with self._lock:
            self._bells.add(bell)
        while not is_done() and (left := self._end(begin, patience, others) - time.monotonic()) > 0:
            bell.wait(left)
            bell.clear()

    def _end(self, begin: float, patience: float, others: int) -> float:
        shares = [max(begin, since) + (end - max(begin, since)) / (others + 1) for since, end in self._waits]
        return min(begin + patience, *shares) if others and shares else begin + patience


haste = Haste()
"""That of the process."""

if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=haste.reset)
