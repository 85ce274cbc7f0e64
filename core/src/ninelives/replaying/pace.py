"""How fast letters go: when the next one may begin, and how many are claimed ahead of that."""

from __future__ import annotations

__all__ = ["AHEAD", "MOST", "Ahead", "Pace"]

BURST = 0.1
"""Seconds of the rate that may be made up for when a wait took longer than it should have."""

MOST = 100
"""How many letters are claimed at once at most."""

AHEAD = 0.2
"""Seconds of work that are claimed at once."""


class Pace:
    """A token bucket: one letter begins at once, the next ones `rate` a second.

    Args:
        rate: Letters a second; None: as they come.
        now: When it begins, in seconds on the monotonic clock.
    """

    def __init__(self, rate: float | None, now: float) -> None:
        self._rate = rate
        self._next = now

    def delay(self, now: float) -> float:
        """Seconds until the next letter may begin."""
        return 0.0 if self._rate is None else max(self._next - now, 0.0)

    def took(self, now: float) -> None:
        """A letter begins now."""
        if self._rate is not None:
            self._next = max(self._next, now - BURST) + 1 / self._rate


class Ahead:
    """How many letters to claim at once: few where they go slowly; where they go fast a claim costs little each.

    Begins with one letter, and doubles as long as that is not too much.

    Args:
        rate: Letters a second that may begin; None: as many as can.
    """

    def __init__(self, rate: float | None) -> None:
        self._most = MOST if rate is None else max(1, min(MOST, int(rate * AHEAD)))
        self._size = 0
        self._since = 0.0

    def size(self, now: float, most: int) -> int:
        """How many to claim now.

        Args:
            now: Seconds on the monotonic clock.
            most: How many may be claimed at most, for other reasons.
        """
        took = now - self._since
        if not self._size:
            self._size = 1
        elif took <= AHEAD / 2:
            self._size = min(self._size * 2, self._most)
        elif took > AHEAD:
            self._size = max(1, int(self._size * AHEAD / took))
        return max(1, min(self._size, most))

    def claimed(self, now: float) -> None:
        """They are claimed; from now on they are run."""
        self._since = now
