"""Which outages are told each by itself, and which are only counted because their circuit flaps.

Pure policy, as `Outages` is, of which it is a part.
"""

from __future__ import annotations

import math
from collections import OrderedDict

from ninelives.notifications.alert import Alert
from ninelives.notifications.occurrence import Occurrence
from ninelives.notifications.policy.flapping import Flapping
from ninelives.notifications.policy.outage import Outage
from ninelives.notifications.policy.timers import Timers
from ninelives.notifications.route import Route

__all__ = ["Damping"]


class Damping:
    """The circuits of which an outage was told lately. Not for several threads.

    Their number is bounded: the one that was told least recently, and is not open, makes room; what it has counted is
    told then.

    Args:
        limit: How many there are at most; no less than there are outages at a time.
        ready: Where what is to be told as soon as somebody looks is put.
    """

    def __init__(self, limit: int, ready: list[Alert]) -> None:
        self._limit = limit
        self._ready = ready
        self._circuits: OrderedDict[tuple[str, int], Flapping] = OrderedDict()  # the least recently told first
        self._timers: Timers[Flapping] = Timers()

    def begin(self, circuit: str, occurrence: Occurrence, route: Route) -> Outage:
        """The outage that begins now: damped if its circuit flaps."""
        now = route.clock.monotonic()
        flapping = self._circuits.get((circuit, id(route.clock)))
        if flapping is not None and flapping.is_over(now):
            self._end(flapping, now)
            flapping = None
        if flapping is None:
            return Outage(circuit, occurrence, route, now)
        flapping.closed_at = math.inf
        self._set(flapping)
        return Outage(circuit, occurrence, route, now, damped=flapping.is_damped(route.rules))

    def tell(self, outage: Outage, now: float) -> Alert:
        """The message of an outage: that it goes on; or that it has begun, and what its circuit did untold before."""
        if outage.opening is not None:
            return outage.tell(now)
        key = (outage.circuit, id(outage.clock))
        flapping = self._circuits.get(key)
        if flapping is None:
            self._make_room()
            flapping = self._circuits[key] = Flapping(outage)
        self._circuits.move_to_end(key)
        alert = flapping.tell_of(outage, now)
        self._set(flapping)
        return alert

    def end(self, outage: Outage, occurrence: Occurrence, now: float) -> Alert:
        """What is to be told because an outage is over, or was held back: counted if its circuit flaps."""
        alert = outage.end(occurrence)
        flapping = self._circuits.get((outage.circuit, id(outage.clock)))
        if flapping is None:
            return alert
        alert = flapping.end(outage, alert, now)
        self._set(flapping)
        return alert

    def forget(self, outage: Outage) -> None:
        """Nothing is known any more of a circuit whose outage was told."""
        del self._circuits[outage.circuit, id(outage.clock)]

    def due(self) -> list[Alert]:
        """What is to be told now of circuits that flap, by their clocks; ask after all outages were told."""
        return [self._tell(flapping, flapping.clock.monotonic()) for flapping in self._timers.due()]

    def next_due(self) -> float:
        """Seconds until `due` has something; `math.inf`: never, as things are."""
        return self._timers.next_due()

    def leave(self) -> list[Alert]:
        """All that was counted and not told, for the program ends; what happens after that is new."""
        alerts = [each.tell(each.clock.monotonic()) for each in list(self._circuits.values()) if each.times]
        self._circuits.clear()
        self._timers = Timers()
        return alerts

    def _tell(self, flapping: Flapping, now: float) -> Alert:
        is_over = flapping.is_over(now)
        alert = flapping.tell(now)
        if is_over:
            del self._circuits[flapping.circuit, id(flapping.clock)]
        else:
            self._set(flapping)
        return alert

    def _set(self, flapping: Flapping) -> None:
        at = flapping.when()
        if at == math.inf:
            self._timers.cancel(flapping, flapping.clock)
        else:
            self._timers.set(flapping, flapping.clock, at)

    def _make_room(self) -> None:
        if len(self._circuits) < self._limit:
            return
        # There is one: those that are open have outages, fewer than the limit without the one that is told now.
        oldest = next(each for each in list(self._circuits.values()) if each.closed_at < math.inf)
        self._end(oldest, oldest.clock.monotonic())

    def _end(self, flapping: Flapping, now: float) -> None:
        """Nothing is known of it any more; what it has to say is told as soon as somebody looks."""
        del self._circuits[flapping.circuit, id(flapping.clock)]
        self._timers.cancel(flapping, flapping.clock)
        if flapping.times or flapping.when() <= now:
            self._ready.append(flapping.tell(now))
