"""Which outages of circuits are told, and when: what has not closed within the wait, and that it is over.

Pure policy: no thread, no lock, no waiting; the time is asked of a route's clock.
"""

from __future__ import annotations

from collections import OrderedDict

from ninelives.notifications.alert import Alert
from ninelives.notifications.occurrence import Occurrence
from ninelives.notifications.policy.damping import Damping
from ninelives.notifications.policy.grouping import Grouping, Held
from ninelives.notifications.policy.outage import Outage
from ninelives.notifications.policy.timers import Timers
from ninelives.notifications.route import Route

__all__ = ["Outages"]

_BEGINS, _GOES_ON = Held(begins=True), Held(begins=False)


class Outages:
    """The circuits of a process that are open. Not for several threads: whoever holds it locks.

    An outage begins when a circuit opens, or refuses a call and nothing was known of it. It is told (OPENED) when the
    circuit has not closed within the rules' ``wait``; then every ``repeat_interval``, if calls were refused since the
    last message (CONTINUES); and that it is over (RECOVERED), if its beginning was told. Opening again without having
    closed is the same outage. All routes that know of a circuit are one alert: it goes to the destinations of all.

    A circuit that flaps is damped. Two outages are told as above; from then on, until the circuit has stayed closed for
    ``over_after``, one is told only if it has lasted for ``group_interval``. Shorter ones are counted, and told with
    the next that is told, or together (`Flapping`).

    Only refused calls and failed trials are counted, not that the circuit opened: an alert's count may be 0. Its time
    is told by a clock, so that routes with different clocks have outages of their own.

    The number of outages is bounded. One of which nothing was heard for ``over_after`` makes room; where there is none,
    what happens to further circuits is grouped as a kind for others is (`Grouping`).

    Args:
        limit: How many outages are told apart. Default 1,000.

    Example:
        >>> outages = Outages()
        >>> outages.opened("openai-api", opened, route)  # doctest: +SKIP
        Held(begins=True)
        >>> clock.advance(30)  # doctest: +SKIP
        >>> [alert.phase for alert in outages.due()]  # doctest: +SKIP
        [<Phase.OPENED: 'opened'>]
    """

    def __init__(self, limit: int = 1_000) -> None:
        self._limit = limit
        self._outages: OrderedDict[tuple[str, int], Outage] = OrderedDict()  # the least recently seen first
        self._timers: Timers[Outage] = Timers()
        self._crowded = Grouping(limit=0)  # no room for any kind: all are others
        self._ready: list[Alert] = []
        self._damping = Damping(limit, self._ready)

    def opened(self, circuit: str, occurrence: Occurrence, route: Route, cause: Occurrence | None = None) -> Held:
        """A circuit opened, was isolated, or opened again.

        Args:
            circuit: Its name.
            occurrence: That it opened: what messages say it by.
            route: One to tell.
            cause: The failure that opened it; None: it is not known, or not yet.

        Returns:
            Whether an outage began with it.
        """
        known = self._known(circuit, route)
        outage = known or self._begin(circuit, occurrence, route)
        if outage is None:
            return self._crowd(occurrence, route)
        outage.opened(occurrence, route, cause)
        return _BEGINS if known is None else _GOES_ON

    def refused(self, circuit: str, occurrence: Occurrence, route: Route) -> Held:
        """A circuit refused a call, or its trial failed.

        Args:
            circuit: Its name.
            occurrence: What was refused, or failed.
            route: One to tell.

        Returns:
            Whether an outage, or counting since the last message, began with it.
        """
        outage = self._known(circuit, route)
        begins = outage is None
        if outage is None:
            outage = self._begin(circuit, occurrence, route)
        if outage is None:
            return self._crowd(occurrence, route)
        outage.refused(occurrence, route)
        if outage.opening is not None and outage.count == 1:
            self._timers.set(outage, outage.clock, outage.when())
            begins = True
        return _BEGINS if begins else _GOES_ON

    def closed(self, circuit: str, occurrence: Occurrence) -> Alert | None:
        """A circuit closed.

        Args:
            circuit: Its name.
            occurrence: That it closed.

        Returns:
            The alert that says so; without `after` where its beginning was not told, so that nobody is to be told: it
            closed within the wait, or, with `flaps`, the circuit flaps and it is told later. None where no outage was
            known, or where the beginning is still to be told: then `due` gives both.
        """
        ended = [self._end(outage, occurrence) for outage in self._all() if outage.circuit == circuit]
        alerts = sorted(filter(None, ended), key=lambda alert: alert.after is None)  # those first that are sent
        self._ready += [alert for alert in alerts[1:] if alert.after is not None]
        return alerts[0] if alerts else None

    def due(self) -> list[Alert]:
        """What is to be told now by the clocks of the routes."""
        told = [self._damping.tell(outage, outage.clock.monotonic()) for outage in self._timers.due()]
        return [*self._take_ready(), *told, *self._damping.due(), *self._crowded.due()]

    def next_due(self) -> float:
        """Seconds until `due` has something; 0.0: it has; `math.inf`: never, as things are."""
        if self._ready:
            return 0.0
        return min(self._timers.next_due(), self._damping.next_due(), self._crowded.next_due())

    def leave(self) -> list[Alert]:
        """All that was counted and not told, for the program ends; what happens after that is new."""
        told: list[Alert] = []
        for outage in self._all():
            now = outage.clock.monotonic()
            if outage.count or outage.is_overdue(now):
                told.append(self._damping.tell(outage, now))
            self._forget(outage)
        return [*self._take_ready(), *told, *self._damping.leave(), *self._crowded.leave()]

    def _known(self, circuit: str, route: Route) -> Outage | None:
        key = (circuit, id(route.clock))
        outage = self._outages.get(key)
        if outage is not None:
            self._outages.move_to_end(key)
        return outage

    def _begin(self, circuit: str, occurrence: Occurrence, route: Route) -> Outage | None:
        """An outage that is waited for; None: there is no room for it."""
        if not self._has_room():
            return None
        outage = self._damping.begin(circuit, occurrence, route)
        self._outages[circuit, id(route.clock)] = outage
        self._timers.set(outage, outage.clock, outage.when())
        return outage

    def _has_room(self) -> bool:
        if len(self._outages) < self._limit:
            return True
        oldest = next(iter(self._outages.values()), None)
        if oldest is None or not oldest.is_quiet(now := oldest.clock.monotonic()):
            return False
        if oldest.count or oldest.opening is None:
            self._ready.append(self._damping.tell(oldest, now))
        self._damping.forget(oldest)
        self._forget(oldest)
        return True

    def _crowd(self, occurrence: Occurrence, route: Route) -> Held:
        """Count what happened to a circuit for which there is no room."""
        told = self._crowded.happened(occurrence, route, route.clock.monotonic())
        if isinstance(told, Held):
            return told
        self._ready.append(told)
        return _BEGINS

    def _end(self, outage: Outage, occurrence: Occurrence) -> Alert | None:
        self._forget(outage)
        now = outage.clock.monotonic()
        if outage.is_overdue(now):
            self._ready += [self._damping.tell(outage, now), self._damping.end(outage, occurrence, now)]
            return None
        return self._damping.end(outage, occurrence, now)

    def _forget(self, outage: Outage) -> None:
        self._timers.cancel(outage, outage.clock)
        del self._outages[outage.circuit, id(outage.clock)]

    def _take_ready(self) -> list[Alert]:
        alerts = list(self._ready)
        self._ready.clear()
        return alerts

    def _all(self) -> list[Outage]:
        return list(self._outages.values())
