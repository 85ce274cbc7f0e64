"""Where all that someone may have to be told of comes together: one a process.

A call that fails hands over here, under one lock, and goes on. What is to be told at once goes to its channels, each in
a lane of its own; the rest is counted, and told when its time has come.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ninelives.notifications.alert import Alert
from ninelives.notifications.behalf import is_delivering
from ninelives.notifications.dispatch import ending, telling
from ninelives.notifications.dispatch.delivery import Delivery
from ninelives.notifications.dispatch.dispatcher import Dispatcher
from ninelives.notifications.dispatch.lanes import QUEUE_LIMIT, Job, Lanes, Posted
from ninelives.notifications.dispatch.telling import abandon, tell_dropped, tell_held_back
from ninelives.notifications.policy.grouping import Grouping, Held
from ninelives.notifications.policy.outages import Outages
from ninelives.workers import FLUSH_SECONDS

if TYPE_CHECKING:
    from ninelives.notifications.occurrence import Occurrence
    from ninelives.notifications.route import Route

__all__ = ["Center", "default_center", "own_center"]


class Center:
    """Takes what happens, and delivers what is to be told of it; for many threads.

    Making one starts no thread. A child made by `os.fork` begins empty: what its parent accepted, its parent tells.
    From within a delivery nothing is taken: a notification about a failing notification would have no end.

    Args:
        limit: How many alerts wait at most; beyond it the oldest is dropped, and its count goes to the next of its
            kind.
    """

    def __init__(self, limit: int = QUEUE_LIMIT) -> None:
        self._limit = limit
        self.reset()
        ending.register(self)

    def reset(self) -> None:
        """Begin anew: nothing is counted, nothing waits, no thread runs; what a child does first."""
        self._grouping, self._outages = Grouping(), Outages()
        self._lanes = Lanes(self._limit)
        self._dispatcher = Dispatcher(self._lanes, self._collect, self._next_due)
        self._waited = (0, 0.0)  # up to which job somebody has waited in vain, and for how many seconds
        self._has_left = False

    def happened(self, occurrence: Occurrence, route: Route) -> None:
        """Something happened: the first of its kind is told at once, what follows is counted.

        Waits for nothing but channels that never wait (`inline`).

        Args:
            occurrence: What happened.
            route: Where it goes.
        """
        if is_delivering():
            return
        now = route.clock.monotonic()
        with self._lanes.lock:
            told = self._accept(self._grouping.happened(occurrence, route, now))
        if isinstance(told, Held):
            self._count(told, occurrence, route, telling.GROUPED)
        else:
            self._hand_over(told)

    def circuit_opened(
        self, circuit: str, occurrence: Occurrence, route: Route, cause: Occurrence | None = None
    ) -> None:
        """A circuit opened: it is told unless it has closed again within the wait.

        Args:
            circuit: Its name.
            occurrence: That it opened.
            route: Where it goes; all routes that say so get one alert.
            cause: The failure that opened it; None: it is not known, or not yet.
        """
        if is_delivering():
            return
        with self._lanes.lock:
            held = self._outages.opened(circuit, occurrence, route, cause)
        if held.begins:
            self._dispatcher.wake()

    def circuit_refused(self, circuit: str, occurrence: Occurrence, route: Route) -> None:
        """A circuit that is open refused a call, or the trial of one that is half open failed: it is counted.

        Args:
            circuit: Its name.
            occurrence: What was refused, or failed.
            route: Where it goes.
        """
        if is_delivering():
            return
        with self._lanes.lock:
            held = self._outages.refused(circuit, occurrence, route)
        self._count(held, occurrence, route, telling.REFUSED)

    def circuit_closed(self, circuit: str, occurrence: Occurrence) -> None:
        """A circuit closed: those that were told that it had opened are told that it has recovered.

        Args:
            circuit: Its name.
            occurrence: That it closed.
        """
        with self._lanes.lock:
            alert = self._outages.closed(circuit, occurrence)
            posted = None
            if alert is not None and alert.after is not None:
                posted = self._lanes.post(Delivery(alert), in_call=True)
        if posted is not None:
            self._hand_over(posted)
            return
        self._dispatcher.wake_if_needed()
        if alert is not None:
            reason = telling.CLOSED_SOON if alert.flaps is None else telling.FLAPS
            alert.route.stats.suppressed(reason)
            tell_held_back(alert.occurrence, alert.route, reason, alert.count)
            if alert.flaps is not None:
                self._dispatcher.wake()

    def retire(self, route: Route, timeout: float = FLUSH_SECONDS) -> bool:
        """A pipeline closes: tell what its kinds have counted, as far as the rules allow, and `flush`.

        Args:
            route: The pipeline's.
            timeout: Seconds to wait at most. Default 5.

        Returns:
            As `flush` does.
        """
        with self._lanes.lock:
            dropped = self._post_all(self._grouping.retire(route))
        tell_dropped(dropped)
        return self.flush(timeout)

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Send what is due by the clocks now, and wait until all that was accepted so far is delivered.

        Threads that have nothing more to do end. From within a delivery it waits for nothing.

        Args:
            timeout: Seconds to wait at most. Default 5.

        Returns:
            Whether all of it was delivered, or has failed for good and is in the log.
        """
        if is_delivering():  # a channel or a listener that closes its own pipeline would wait for itself
            return False
        self._collect()
        last, begin = self._lanes.accepted, time.monotonic()
        is_done = self._dispatcher.wait(last, timeout, ends=not self._has_left)
        self._waited = max(self._waited, (last, time.monotonic() - begin))
        return is_done

    def leave(self, timeout: float) -> None:
        """The program ends: tell what was counted, wait once more, and log what could not be sent in time.

        What was waited for already, and in vain, is waited for so much less.

        Args:
            timeout: Seconds to wait at most.
        """
        with self._lanes.lock:
            self._has_left = True
            dropped = self._post_all([*self._grouping.leave(), *self._outages.leave()])
            last, waited = self._waited
            is_news = self._lanes.accepted > last
        is_done = False
        try:
            tell_dropped(dropped)
            is_done = self.flush(timeout if is_news else max(timeout - waited, 0.0))
        finally:  # a signal may end the waiting
            if not is_done or self._lanes.given_up:  # a signal may have ended that too
                self._give_up()

    def _give_up(self) -> None:
        with self._lanes.lock:
            self._lanes.give_up()
        abandon(self._lanes.given_up)

    def forget(self) -> None:
        """Begin anew, as between two tests: what was counted and what waits is dropped; what is in hand goes on."""
        with self._lanes.lock:
            self._grouping, self._outages = Grouping(), Outages()
            self._lanes.give_up()
        self._dispatcher.wait(0, FLUSH_SECONDS)
        self.reset()

    def _next_due(self) -> float:
        return min(self._grouping.next_due(), self._outages.next_due())

    def _collect(self) -> None:
        with self._lanes.lock:
            dropped = self._post_all([*self._grouping.due(), *self._outages.due()])
        tell_dropped(dropped)

    def _post_all(self, alerts: Iterable[Alert]) -> list[Job]:
        """Accept what no call hands over; what was dropped for it."""
        posted = [self._lanes.post(Delivery(alert, context=alert.route.context)) for alert in alerts]
        return [job for each in posted for job in each.dropped]

    def _accept(self, told: Alert | Held) -> Posted | Held:
        return told if isinstance(told, Held) else self._lanes.post(Delivery(told), in_call=True)

    def _hand_over(self, posted: Posted) -> None:
        self._dispatcher.wake_if_needed()
        with ExitStack() as stack:  # all of it, whatever the channel before raises
            if self._has_left and not is_delivering():  # there is no later
                stack.callback(self.leave, FLUSH_SECONDS)
            stack.callback(tell_dropped, posted.dropped)
            for destination in reversed(posted.inline):
                stack.callback(posted.delivery.to, destination)

    def _count(self, held: Held, occurrence: Occurrence, route: Route, reason: str) -> None:
        route.stats.suppressed(reason)
        if held.begins:
            self._dispatcher.wake()
            tell_held_back(occurrence, route, reason)
        if self._has_left:  # there is no later
            self.leave(FLUSH_SECONDS)


_default = Center()


def default_center() -> Center:
    """The one of this process; ask anew at each use, for a test may have put its own in its place."""
    return _default


@contextmanager
def own_center() -> Iterator[Center]:
    """Within it `default_center` is a new one; at the end it is dropped with all that it has counted. For tests."""
    global _default
    before, _default = _default, Center()
    try:
        yield _default
    finally:
        own, _default = _default, before
        own.forget()
