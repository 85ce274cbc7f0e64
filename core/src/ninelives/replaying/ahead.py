"""How many letters to claim at once: few are held where they go slowly, and a claim costs little where they go fast."""

from __future__ import annotations

__all__ = ["MOST", "Ahead"]

MOST = 100
"""How many letters are claimed at once at most."""

AHEAD = 0.2
"""Seconds of work that are claimed at once."""


class Ahead:
    """Begins with one letter, and doubles as long as that is not too much.

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
