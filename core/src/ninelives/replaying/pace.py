"""How fast letters begin: a token bucket."""

from __future__ import annotations

__all__ = ["Pace"]

BURST = 0.1
"""Seconds of the rate that may be made up for when a wait took longer than it should have."""


class Pace:
    """A token bucket: one letter begins at once, the next ones `rate` a second.

    Args:
        rate: Letters a second; None: as they come.
        now: When it begins, in seconds on the monotonic clock.
    """

    def __init__(self, rate: float | None, now: float) -> None:
        self.rate = rate
        self._next = now

    def delay(self, now: float) -> float:
        """Seconds until the next letter may begin."""
        return 0.0 if self.rate is None else max(self._next - now, 0.0)

    def took(self, now: float) -> None:
        """A letter begins now."""
        if self.rate is not None:
            self._next = max(self._next, now - BURST) + 1 / self.rate
