"""Counting what became of notifications."""

from __future__ import annotations

from collections import defaultdict

from ninelives.locks import new_lock

__all__ = ["Stats"]


class Stats:
    """What became of the notifications of one notifier, since it was made; thread-safe.

    Example:
        >>> stats = Stats()
        >>> stats.sent("log:")
        >>> stats.as_dict()["sent"]
        {'log:': 1}
    """

    def __init__(self) -> None:
        self._sent: dict[str, int] = defaultdict(int)
        self._failed: dict[str, int] = defaultdict(int)
        self._suppressed: dict[str, int] = defaultdict(int)
        self._lock = new_lock()

    def sent(self, channel: str) -> None:
        """A channel has accepted one."""
        with self._lock:
            self._sent[channel] += 1

    def failed(self, channel: str) -> None:
        """A channel has not accepted one, its retries included."""
        with self._lock:
            self._failed[channel] += 1

    def suppressed(self, reason: str) -> None:
        """One was held back, for this reason."""
        with self._lock:
            self._suppressed[reason] += 1

    def as_dict(self) -> dict[str, dict[str, int]]:
        """The counts: ``sent`` and ``failed`` by channel, ``suppressed`` by reason."""
        # Each is copied at once, without the lock: a signal's handler that comes in between may count in this thread.
        return {"sent": dict(self._sent), "failed": dict(self._failed), "suppressed": dict(self._suppressed)}
