"""What became of one alert: at each channel, and for each destination."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from threading import Condition, RLock, get_ident
from typing import TYPE_CHECKING, NamedTuple

from ninelives.errors import ChannelError

if TYPE_CHECKING:
    from ninelives.notifications.outlet import Outlet
    from ninelives.notifications.route import Destination

__all__ = ["Abandoned", "Results"]


Failures = list[tuple["Outlet", BaseException]]


class Abandoned(NamedTuple):
    """What came of a destination that nobody waits for any more.

    Attributes:
        failed: The channels that have failed with it, and had not before.
        taker: Who had taken it; None: nobody.
    """

    failed: list[Outlet]
    taker: Outlet | None


class Results:
    """Kept while an alert is delivered, by several threads at once: no channel is sent it twice.

    Whoever is to send it through a channel claims that channel first, for a destination. Whoever comes second is told
    how the first one fared: a channel that stands by itself and in a failover group as well has one outcome.

    Example:
        >>> from ninelives.notifications.outlet import Outlet
        >>> from ninelives.notifications.route import Destination
        >>> from ninelives.testing import RecordingChannel
        >>> results, outlet = Results(), Outlet(RecordingChannel(), "pager:")
        >>> alone, group = Destination((outlet,)), Destination((Outlet(RecordingChannel(), "sms:"), outlet))
        >>> results.claim(outlet, alone), results.claim(outlet, group)
        (True, False)
        >>> results.settle(outlet, None)
        True
    """

    def __init__(self) -> None:
        # Held as a lock, not as the condition, whose methods a signal may break off after they have taken it.
        self._lock = RLock()
        self._changed = Condition(self._lock)
        self._claims: dict[object, object] = {}  # for which destination each channel is sent to
        self._outcomes: dict[object, BaseException | None] = {}
        self._takers: dict[object, Outlet | None] = {}
        self._unlogged: dict[object, tuple[int, Failures]] = {}  # by the thread that is to log it

    def claim(self, outlet: Outlet, destination: Destination) -> bool:
        """Whether the caller is the one that sends it there; it must call `settle` whatever happens.

        Nobody is for a destination that is done with.
        """
        with self._lock:
            if outlet.key in self._claims or destination.key in self._takers:
                return False
            self._claims[outlet.key] = destination.key
            return True

    def settle(self, outlet: Outlet, error: BaseException | None) -> bool:
        """Note that the channel has accepted it, or its last error; whether this was not known before."""
        with self._lock:
            is_first = outlet.key not in self._outcomes
            self._outcomes.setdefault(outlet.key, error)
            self._changed.notify_all()
            return is_first

    def outcome(self, outlet: Outlet, destination: Destination) -> BaseException | None:
        """None when the channel has accepted it, else its last error; waits for whoever is sending it there.

        It waits no longer than until the destination, on whose behalf it is asked, is done with.
        """
        with self._lock:
            self._changed.wait_for(lambda: outlet.key in self._outcomes or destination.key in self._takers)
            return self._outcomes.get(outlet.key, _still())

    def abandon(self, destination: Destination, outlets: Sequence[Outlet], error: BaseException) -> Abandoned | None:
        """Nobody waits for a destination any more: what is being sent on its behalf has failed, for this reason.

        What is being sent on behalf of another destination is that one's: its outcome is still to come.

        Args:
            destination: Which; it is done with then.
            outlets: Its channels. Where nothing was begun on its behalf, and none has taken it, the next one to be
                tried has failed.
            error: The reason.

        Returns:
            What came of it; None: it was done with already.
        """
        with self._lock:
            if destination.key in self._takers:
                return None
            taker = next((each for each in outlets if self._outcomes.get(each.key, error) is None), None)
            failed = [each for each in self._begun(destination, outlets, taker) if self.settle(each, error)]
            self.conclude(destination, taker, [] if taker else self._failures(outlets))
            return Abandoned(failed, taker)

    def _begun(self, destination: Destination, outlets: Sequence[Outlet], taker: Outlet | None) -> list[Outlet]:
        begun = [each for each in outlets if self._claims.get(each.key) == destination.key]
        if taker is None and not begun:
            begun = list(islice((each for each in outlets if self.claim(each, destination)), 1))
        return begun

    def _failures(self, outlets: Sequence[Outlet]) -> Failures:
        known = [(each, self._outcomes.get(each.key)) for each in outlets]
        failures = [(each, error) for each, error in known if error is not None]
        return failures or [(each, _still()) for each in outlets]

    def outcomes(self) -> dict[object, BaseException | None]:
        """The outcomes that are known, by the channels' keys."""
        with self._lock:
            return dict(self._outcomes)

    def conclude(self, destination: Destination, taker: Outlet | None, failures: Failures | None = None) -> bool:
        """Note that a destination is done with.

        Args:
            destination: Which.
            taker: Who took it; None: nobody.
            failures: Why nobody did, if the caller is to log it.

        Returns:
            Whether it was not yet.
        """
        with self._lock:
            is_first = destination.key not in self._takers
            if is_first and failures:
                self._unlogged[destination.key] = get_ident(), failures
            self._takers.setdefault(destination.key, taker)
            self._changed.notify_all()
            return is_first

    def unlogged(self, destination: Destination) -> Failures:
        """Why nobody took it, if this thread is to log it and has not: a signal may have come in between."""
        with self._lock:
            thread, failures = self._unlogged.get(destination.key, (0, []))
            return failures if thread == get_ident() else []

    def logged(self, destination: Destination) -> None:
        """Note that the log has it."""
        with self._lock:
            self._unlogged.pop(destination.key, None)

    def is_concluded(self, destination: Destination) -> bool:
        """Whether a destination is done with."""
        with self._lock:
            return destination.key in self._takers

    def follow(self, destination: Destination, taker: Outlet) -> None:
        """Note that a later alert reached a destination: what comes after goes there too."""
        with self._lock:
            self._takers[destination.key] = taker

    def taker(self, destination: Destination) -> Outlet | None:
        """Who took it for a destination; None: nobody, or not yet."""
        with self._lock:
            return self._takers.get(destination.key)


def _still() -> ChannelError:
    return ChannelError("it is still being sent there")
