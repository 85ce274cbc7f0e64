"""Which occurrences are told, and when: the first of a kind at once, the rest together.

Pure policy: no thread, no lock, no waiting; the time is given, or asked of a route's clock.
"""

from __future__ import annotations

from collections import OrderedDict

from msgspec import Struct

from ninelives.notifications.alert import Alert
from ninelives.notifications.occurrence import Occurrence
from ninelives.notifications.policy.kinds import Kind
from ninelives.notifications.policy.timers import Timers
from ninelives.notifications.route import Route

__all__ = ["Grouping", "Held"]


class Held(Struct, frozen=True):
    """An occurrence was counted, and is told later.

    Attributes:
        begins: Whether counting began with it: something will be due that was not before.
    """

    begins: bool


_BEGINS, _GOES_ON = Held(begins=True), Held(begins=False)


class Grouping:
    """The kinds of a process. Not for several threads: whoever holds it locks.

    A kind is what has one key, the name of one route, and one clock. The first occurrence is told at once (NEW), as is
    one that is worse than all that were told. What follows is counted, and told together (CONTINUES): no sooner than
    the rules' ``group_interval`` after the first message, then no sooner than ``repeat_interval`` after the one
    before. When nothing has happened for ``over_after``, what is left is told, and the next occurrence is NEW again.
    Each occurrence is in the count of exactly one alert.

    The number of kinds is bounded. The least recently seen makes room, and what it had counted moves to a kind for all
    others that go to the same destinations; if even that one began within its ``group_interval``, it stays, and what
    happened goes to the others itself: a flood of ever new kinds is one kind.

    Args:
        limit: How many kinds are told apart, and how many kinds for others there are. Default 1,000.

    Example:
        >>> grouping = Grouping()
        >>> grouping.happened(failure, route, now=0.0).phase  # doctest: +SKIP
        <Phase.NEW: 'new'>
        >>> grouping.happened(failure, route, now=0.1)  # doctest: +SKIP
        Held(begins=True)
        >>> grouping.next_due()  # doctest: +SKIP
        299.9
    """

    def __init__(self, limit: int = 1_000) -> None:
        self._limit = limit
        self._kinds: OrderedDict[object, Kind] = OrderedDict()  # the least recently seen first
        self._others: OrderedDict[object, Kind] = OrderedDict()
        self._timers: Timers[Kind] = Timers()
        self._ready: list[Alert] = []

    def happened(self, occurrence: Occurrence, route: Route, now: float) -> Alert | Held:
        """Something happened.

        Args:
            occurrence: What.
            route: Where its alerts go; the latest of a name takes over what its kinds have counted.
            now: The time by the route's clock, in seconds.

        Returns:
            The alert that goes out now, or that it was counted.
        """
        key = (route.name, occurrence.key, id(route.clock))
        kind = self._kinds.get(key)
        if kind is None or kind.is_over(now):
            kind = self._begin(key, kind, occurrence, route, now)
        else:
            self._kinds.move_to_end(key)
        if kind.add(occurrence, route, now):
            return self._tell(kind, now)
        if kind.count > 1:
            return _GOES_ON
        self._timers.set(kind, route.clock, kind.when())
        return _BEGINS

    def due(self) -> list[Alert]:
        """What is to be told now by the clocks of the routes."""
        alerts, self._ready = self._ready, []
        for kind in self._timers.due():
            now = kind.route.clock.monotonic()
            if now >= kind.when():
                alerts.append(kind.tell(now))
            else:  # it was to be over by now, but more has happened
                self._timers.set(kind, kind.route.clock, kind.when())
        return alerts

    def next_due(self) -> float:
        """Seconds until `due` may have something; 0.0: it has; `math.inf`: never, as things are."""
        return 0.0 if self._ready else self._timers.next_due()

    def retire(self, route: Route) -> list[Alert]:
        """What is to be told because this route's pipeline is closed.

        That is what its kinds have counted, be it right after another message, since its channels are open now; but at
        most once in a kind's ``group_interval``: a program that makes and closes a pipeline for each call would flood.
        The rest stays, and is told in time, or by the next pipeline of that name. Kinds that another route of that name
        has taken over are left to it.
        """
        now = route.clock.monotonic()
        closing = [kind for kind in self._counting() if kind.route is route and kind.may_close(now)]
        for kind in closing:
            self._timers.cancel(kind, route.clock)
        return [kind.close(now) for kind in closing]

    def leave(self) -> list[Alert]:
        """All that was counted and not told, for the program ends; what happens after that is new."""
        alerts = self._ready + [self._tell(kind, kind.route.clock.monotonic()) for kind in self._counting()]
        self._ready = []
        self._kinds.clear()
        self._others.clear()
        return alerts

    def _begin(
        self, key: tuple[str, str, int], over: Kind | None, occurrence: Occurrence, route: Route, now: float
    ) -> Kind:
        """The kind of what is not known, or known no more."""
        if over is not None:
            self._end(over, now)
        if not self._has_room():
            return self._others_of(occurrence, route, now)
        kind = self._kinds[key] = Kind(key, occurrence, route, now)
        return kind

    def _has_room(self) -> bool:
        """Whether there is room for one kind more; the least recently seen makes it, unless it is young."""
        if len(self._kinds) < self._limit:
            return True
        oldest = next(iter(self._kinds.values()), None)
        if oldest is None:
            return False
        now = oldest.route.clock.monotonic()
        if oldest.is_young(now):
            return False
        if oldest.count and not oldest.is_over(now):
            self._move(oldest, now)
        else:
            self._end(oldest, now)
        return True

    def _move(self, kind: Kind, now: float) -> None:
        """Let the others have what a kind has counted; it ends."""
        self._forget(kind)
        self._timers.cancel(kind, kind.route.clock)
        key = _whereabouts(kind.route)
        others = self._known_others(key, now)
        if others is None:
            others = self._keep_others(Kind.among_others(key, kind))
        others.take(kind)
        self._timers.set(others, kind.route.clock, others.when())

    def _others_of(self, occurrence: Occurrence, route: Route, now: float) -> Kind:
        key = _whereabouts(route)
        return self._known_others(key, now) or self._keep_others(Kind(key, occurrence, route, now, others=True))

    def _known_others(self, key: object, now: float) -> Kind | None:
        others = self._others.get(key)
        if others is not None and others.is_over(now):
            self._end(others, now)
            return None
        if others is not None:
            self._others.move_to_end(key)
        return others

    def _keep_others(self, others: Kind) -> Kind:
        if len(self._others) >= max(self._limit, 1):
            oldest = next(iter(self._others.values()))
            self._end(oldest, oldest.route.clock.monotonic())
        self._others[others.key] = others
        return others

    def _end(self, kind: Kind, now: float) -> None:
        """A kind is no more; what it has counted is told with what is due."""
        self._forget(kind)
        if kind.count:
            self._ready.append(self._tell(kind, now))

    def _tell(self, kind: Kind, now: float) -> Alert:
        self._timers.cancel(kind, kind.route.clock)
        return kind.tell(now)

    def _forget(self, kind: Kind) -> None:
        del (self._others if kind.others else self._kinds)[kind.key]

    def _counting(self) -> list[Kind]:
        # All at once: a signal's handler may run a call that fails while they are looked at.
        return [kind for kind in [*self._kinds.values(), *self._others.values()] if kind.count]


def _whereabouts(route: Route) -> object:
    """What routes have in common that have one kind for others: where they go, from which severity on; their clock."""
    return id(route.clock), frozenset((each.key, each.severity) for each in route.destinations)
