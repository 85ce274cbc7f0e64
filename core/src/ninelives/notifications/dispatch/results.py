"""What became of one alert: at each channel, and for each destination."""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ninelives.notifications.outlet import Outlet
    from ninelives.notifications.route import Destination

__all__ = ["Results"]


class Results:
    """Kept while an alert is delivered, by several threads at once: no channel is sent it twice.

    Whoever is to send it through a channel claims that channel first. Whoever comes second is told how the first one
    fared: a channel that stands by itself and in a failover group as well has one outcome.

    Example:
        >>> from ninelives.notifications.outlet import Outlet
        >>> from ninelives.testing import RecordingChannel
        >>> results, outlet = Results(), Outlet(RecordingChannel(), "pager:")
        >>> results.claim(outlet), results.claim(outlet)
        (True, False)
        >>> results.settle(outlet, None)
        True
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._claimed: set[object] = set()
        self._outcomes: dict[object, BaseException | None] = {}
        self._takers: dict[object, Outlet | None] = {}

    def claim(self, outlet: Outlet) -> bool:
        """Whether the caller is the one that sends it there; it must call `settle` whatever happens."""
        with self._changed:
            is_first = outlet.key not in self._claimed
            self._claimed.add(outlet.key)
            return is_first

    def settle(self, outlet: Outlet, error: BaseException | None) -> bool:
        """Note that the channel has accepted it, or its last error; whether this was not known before."""
        with self._changed:
            is_first = outlet.key not in self._outcomes
            self._outcomes.setdefault(outlet.key, error)
            self._changed.notify_all()
            return is_first

    def outcome(self, outlet: Outlet) -> BaseException | None:
        """None when the channel has accepted it, else its last error; waits for whoever is sending it there."""
        with self._changed:
            self._changed.wait_for(lambda: outlet.key in self._outcomes)
            return self._outcomes[outlet.key]

    def is_claimed(self, outlet: Outlet) -> bool:
        """Whether someone has begun to send it there."""
        with self._changed:
            return outlet.key in self._claimed

    def outcomes(self) -> dict[object, BaseException | None]:
        """The outcomes that are known, by the channels' keys."""
        with self._changed:
            return dict(self._outcomes)

    def conclude(self, destination: Destination, taker: Outlet | None) -> bool:
        """Note that a destination is done with: by whom it was taken, None for nobody; whether it was not yet."""
        with self._changed:
            is_first = destination.key not in self._takers
            self._takers.setdefault(destination.key, taker)
            return is_first

    def is_concluded(self, destination: Destination) -> bool:
        """Whether a destination is done with."""
        with self._changed:
            return destination.key in self._takers

    def follow(self, destination: Destination, taker: Outlet) -> None:
        """Note that a later alert reached a destination: what comes after goes there too."""
        with self._changed:
            self._takers[destination.key] = taker

    def taker(self, destination: Destination) -> Outlet | None:
        """Who took it for a destination; None: nobody, or not yet."""
        with self._changed:
            return self._takers.get(destination.key)
