"""One circuit that opens and closes over and over: what of that was told, and what was only counted."""

from __future__ import annotations

import math

from msgspec.structs import replace

from ninelives.clock import Clock
from ninelives.notifications.alert import Alert, Flaps, Phase
from ninelives.notifications.policy.outage import Outage
from ninelives.notifications.route import Rules

__all__ = ["Flapping"]

# So many outages are told each by itself; from the next one on the circuit flaps.
_TOLD_EACH = 2


class Flapping:
    """What became of the outages of one circuit, from the first that was told until it flaps no more.

    It flaps from its third outage on, until it has stayed closed for ``over_after``. Its outages that were too short
    to be told are counted here. They are told with the next that is told; or together, ``group_interval`` after the
    last message about an outage, then ``repeat_interval`` after the message before; or when it flaps no more.

    All times are seconds of the outages' clock.

    Args:
        outage: The first that is told.

    Attributes:
        circuit: The circuit's name.
        clock: Tells the time.
        closed_at: When it closed last; `math.inf`: it is open.
        times: How many outages were counted and not told.
    """

    def __init__(self, outage: Outage) -> None:
        self.circuit = outage.circuit
        self.clock: Clock = outage.clock
        self.closed_at = self._free_at = math.inf
        self.times = self._count = self._told = 0
        self._is_said = False  # whether the latest message was that it flaps
        self._occurrence, self._cause, self._route = outage.occurrence, outage.cause, outage.route
        self._opening: Alert | None = None
        self._since = self._first = self._last = outage.occurrence.at

    def tell_of(self, outage: Outage, now: float) -> Alert:
        """The message that an outage has begun, with what was counted before it."""
        if self.times:
            outage.take(self._count, self._first, self._flaps())
            self._clear()
        self._told += 1
        self._is_said = False
        self._opening = alert = outage.tell(now)
        self._occurrence, self._cause, self._route = outage.occurrence, outage.cause, alert.route
        return alert

    def end(self, outage: Outage, alert: Alert, now: float) -> Alert:
        """An outage is over: it is counted if it was to be told only if it lasts, and did not.

        Args:
            outage: The outage.
            alert: What is to be told of its end.
            now: The time.

        Returns:
            The alert, which says if it was counted.
        """
        self.closed_at, self._last = now, alert.last
        if outage.opening is not None:
            self._free_at = now + self._rules.group_interval
        elif outage.damped:
            self._add(outage, alert)
            return replace(alert, flaps=self._flaps())
        return alert

    def is_damped(self, rules: Rules) -> bool:
        """Whether its next outage is told only if it lasts; never where each failure is told."""
        return self._told >= _TOLD_EACH and rules.group_interval > 0

    def is_over(self, now: float) -> bool:
        """Whether it has stayed closed for so long that it flaps no more."""
        return now >= self._over_at()

    def when(self) -> float:
        """When something is to be told, if nothing more happens; `math.inf`: never."""
        if self.times:
            return min(self._free_at, self._over_at())
        return self._over_at() if self._is_said else math.inf

    def tell(self, now: float) -> Alert:
        """That it flaps, or no more, with all that was counted."""
        over = self.is_over(now)
        alert = Alert(
            occurrence=self._occurrence,
            cause=self._cause,
            route=self._route,
            phase=Phase.CONTINUES,
            count=self._count,
            first=self._first if self._count else self._last,
            last=self._last,
            began=self._since,
            total=self._count,
            after=self._opening,
            flaps=self._flaps(over=over),
        )
        self._clear()
        self._is_said = True
        self._free_at = now + self._rules.repeat_interval
        return alert

    @property
    def _rules(self) -> Rules:
        return self._route.rules

    def _over_at(self) -> float:
        return self.closed_at + self._rules.over_after

    def _add(self, outage: Outage, alert: Alert) -> None:
        if not self.times:
            self._since = alert.began
        if not self._count:
            self._first = alert.first
        self.times += 1
        self._count += alert.count
        self._occurrence, self._cause, self._route = outage.occurrence, outage.cause, alert.route

    def _flaps(self, *, over: bool = False) -> Flaps:
        return Flaps(times=self.times, since=self._since, over=over)

    def _clear(self) -> None:
        self.times = self._count = 0
