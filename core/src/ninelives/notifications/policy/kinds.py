"""One kind of occurrence: what was told of it, what was counted since, and when that may be told."""

from __future__ import annotations

import math

from ninelives.notifications.alert import Alert, Phase
from ninelives.notifications.notification import ErrorSeverity
from ninelives.notifications.occurrence import Occurrence
from ninelives.notifications.route import Route

__all__ = ["Kind"]

_RANKS = {severity: rank for rank, severity in enumerate(ErrorSeverity)}


class Kind:
    """The life of one kind, from its first occurrence until nothing has happened for ``over_after``.

    It begins untold, so that its first occurrence may be told at once, as may each that is worse than all that were
    told. The message after such a one waits for ``group_interval``, every later one for ``repeat_interval``.
    With a ``group_interval`` of 0 nothing waits.

    All times are seconds of the route's clock, whose routes may change but not their clock.

    Args:
        key: Where it is kept.
        occurrence: Its first.
        route: Where it goes.
        now: The time.
        others: Whether it stands for many kinds.

    Attributes:
        route: The latest: where it goes, and by whose rules.
        count: How many were counted and not told.
        free_at: From when on what was counted may be told.
    """

    __slots__ = (
        "_began",
        "_closed_at",
        "_first",
        "_last",
        "_occurrence",
        "_rank",
        "_seen",
        "_since",
        "_told_rank",
        "_total",
        "count",
        "free_at",
        "key",
        "others",
        "route",
    )

    def __init__(self, key: object, occurrence: Occurrence, route: Route, now: float, *, others: bool = False) -> None:
        self.key = key
        self.route = route
        self.others = others
        self.count = 0
        self.free_at = -math.inf
        self._occurrence = occurrence
        self._began = self._first = self._last = occurrence.at
        self._rank = self._told_rank = -1
        self._since = self._seen = now
        self._closed_at = -math.inf
        self._total = 0

    @classmethod
    def among_others(cls, key: object, kind: Kind) -> Kind:
        """A kind for many, begun for what this one has counted: to be told when that would have been."""
        made = cls(key, kind._occurrence, kind.route, kind._seen, others=True)
        made._began = kind._first
        made.free_at = kind.free_at
        return made

    def add(self, occurrence: Occurrence, route: Route, now: float) -> bool:
        """Count one more.

        A message says them all by the latest of the worst, so that it goes to all who are to hear of that one.

        Returns:
            Whether it is to be told now.
        """
        rank = _RANKS[occurrence.severity]
        at = occurrence.at
        if not self.count:
            self._first = at
        if not self.count or rank >= self._rank:
            self._occurrence, self._rank = occurrence, rank
        self.count += 1
        self._total += 1
        self._last = at
        self._seen = now
        self.route = route
        return now >= self.free_at or rank > self._told_rank

    def take(self, kind: Kind) -> None:
        """Count as well what another kind has counted and not told, and now never will."""
        self._first = min(self._first, kind._first) if self.count else kind._first
        self._last = max(self._last, kind._last) if self.count else kind._last
        if not self.count or kind._rank >= self._rank:
            self._occurrence, self._rank = kind._occurrence, kind._rank
        self.count += kind.count
        self._total += kind.count
        self._seen = max(self._seen, kind._seen)

    def when(self) -> float:
        """When what was counted is told, if nothing more happens."""
        return min(self.free_at, self._seen + self.route.rules.over_after)

    def is_over(self, now: float) -> bool:
        """Whether nothing has happened for so long that what comes next is new."""
        return now >= self._seen + self.route.rules.over_after

    def is_young(self, now: float) -> bool:
        """Whether it has begun so lately that it makes room for no other."""
        return now < self._since + self.route.rules.group_interval and not self.is_over(now)

    def may_close(self, now: float) -> bool:
        """Whether what was counted may be told because its pipeline is closed."""
        return now >= self._closed_at + self.route.rules.group_interval

    def close(self, now: float) -> Alert:
        """The message of all that was counted, told because its pipeline is closed."""
        self._closed_at = now
        return self.tell(now)

    def tell(self, now: float) -> Alert:
        """The message of all that was counted, which is told with it."""
        alert = Alert(
            occurrence=self._occurrence,
            route=self.route,
            phase=self._next_phase(now),
            count=self.count,
            first=self._first,
            last=self._last,
            began=self._began,
            total=self._total,
            others=self.others,
        )
        self.count = 0
        return alert

    def _next_phase(self, now: float) -> Phase:
        """Which message it is that goes now; puts off the one after it."""
        rules = self.route.rules
        if self._rank > self._told_rank:
            self._told_rank = self._rank
            self.free_at = now + rules.group_interval
            return Phase.NEW
        is_early = now < self.free_at  # its pipeline is closed; the message that was due in time still is
        repeats = rules.group_interval and not is_early
        self.free_at = max(self.free_at, now + (rules.repeat_interval if repeats else rules.group_interval))
        return Phase.CONTINUES
