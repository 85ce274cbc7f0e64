"""One outage of one circuit: from its opening until it closes."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from ninelives.clock import Clock
from ninelives.notifications.alert import Alert, Flaps, Phase
from ninelives.notifications.occurrence import Occurrence
from ninelives.notifications.route import Destination, Route

__all__ = ["Outage"]

# So that circuits that outlive pipelines with channels of their own, made anew for each call, keep no end of them.
_MOST_DESTINATIONS = 100


class Outage:
    """What is known of one outage, what was told of it, and who is to be told.

    All times are seconds of one clock, that of the route by which it became known.

    Args:
        circuit: The circuit's name.
        occurrence: By what it became known: the circuit opened, or refused a call.
        route: One to tell.
        now: The time.
        damped: Whether its circuit flaps, so that it is told only if it lasts.

    Attributes:
        occurrence: What messages say it by: that the circuit opened; what it refused, where that is all that is known.
        cause: The latest failure that opened it, as far as it is known.
        route: The latest by which something was heard of it.
        clock: Tells the time.
        damped: Whether its circuit flaps.
        seen: When something happened last.
        count: How many refusals and failed trials were counted and not told.
        opening: The alert that said that it began; None: nothing was told yet.
    """

    def __init__(self, circuit: str, occurrence: Occurrence, route: Route, now: float, *, damped: bool = False) -> None:
        rules = route.rules
        self.circuit = circuit
        self.clock: Clock = route.clock
        self.seen = now
        self.count = 0
        self.opening: Alert | None = None
        self.occurrence = occurrence
        self.cause: Occurrence | None = None
        self.damped = damped
        self._began = self._first = self._last = occurrence.at
        self._total = 0
        self.route = route
        self._destinations: dict[object, Destination] = {}
        self._flaps: Flaps | None = None
        self._free_at = now + (max(rules.group_interval, rules.wait) if damped else rules.wait)
        self._unite(route)

    def opened(self, occurrence: Occurrence, route: Route, cause: Occurrence | None = None) -> None:
        """The circuit opened, now or again, by this failure; messages say that rather than what was refused."""
        self.occurrence = occurrence
        self.cause = cause or self.cause
        self.see(route)

    def refused(self, occurrence: Occurrence, route: Route) -> None:
        """A call was refused, or a trial failed."""
        self._last = occurrence.at
        if not self.count:
            self._first = occurrence.at
        self.count += 1
        self._total += 1
        self.see(route)

    def see(self, route: Route) -> None:
        """Something happened that concerns this route as well."""
        self.seen = self.clock.monotonic()
        if route is not self.route:
            self.route = route
            self._unite(route)

    def take(self, count: int, first: datetime, flaps: Flaps) -> None:
        """The next message says as well what its circuit has done and refused before, and was not told.

        Args:
            count: How many refusals and failed trials there were.
            first: When the first of these happened.
            flaps: What it has done.
        """
        if count:
            self._first = first
        self.count += count
        self._flaps = flaps

    def when(self) -> float:
        """When the next message may go."""
        return self._free_at

    def is_overdue(self, now: float) -> bool:
        """Whether that it began was to be told by now, but nobody has looked in time."""
        return self.opening is None and now >= self._free_at

    def is_quiet(self, now: float) -> bool:
        """Whether nothing has happened for so long that it makes room for another."""
        return now >= self.seen + self.route.rules.over_after

    def tell(self, now: float) -> Alert:
        """That it began, or that it goes on, with what was counted."""
        alert = self._alert(self.occurrence, Phase.CONTINUES if self.opening else Phase.OPENED)
        if self.opening is None:
            self.opening = alert
        self._free_at = now + self.route.rules.repeat_interval
        self.count, self._flaps = 0, None
        return alert

    def end(self, occurrence: Occurrence) -> Alert:
        """That it is over; without `after` where nothing was told of it."""
        self._last = occurrence.at
        return self._alert(occurrence, Phase.RECOVERED)

    def _alert(self, occurrence: Occurrence, phase: Phase) -> Alert:
        last = self._last
        return Alert(
            occurrence=occurrence,
            cause=self.cause,
            route=replace(self.route, destinations=tuple(self._destinations.values())),
            phase=phase,
            count=self.count,
            first=self._first if self.count else last,
            last=last,
            began=self._began,
            total=self._total,
            after=self.opening,
            flaps=self._flaps,
        )

    def _unite(self, route: Route) -> None:
        """Tell a route's destinations as well: each once, by its latest channels, and from its least severity on."""
        united = self._destinations
        for each in route.destinations:
            known = united.get(each.key)
            if known is None and len(united) < _MOST_DESTINATIONS:
                united[each.key] = each
            elif known is not None:
                united[each.key] = each if each.takes(known.severity) else replace(each, severity=known.severity)
