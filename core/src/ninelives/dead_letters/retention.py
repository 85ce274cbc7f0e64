"""What keeps stores from growing without end: what has expired is purged, and too many letters are told of.

Nothing else is ever dropped: a store that holds more than it is meant to goes on taking letters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from ninelives.alerts import Alerts
from ninelives.checks import Checks
from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.dead_letters.expiring import purge
from ninelives.dead_letters.places import Place, Places, said_of
from ninelives.dead_letters.store import Browsable
from ninelives.dead_letters.telling import warn
from ninelives.events import Event, StoreOverLimit
from ninelives.locks import new_lock
from ninelives.stand_ins import stand_ins

if TYPE_CHECKING:
    from ninelives.dead_letters.options import QueueOptions
    from ninelives.notifications.notification import Notification

__all__ = ["EVERY", "LONGEST", "MOST", "SOONEST", "Audience", "Retention", "retention_of"]

EVERY = 60.0
"""Seconds from one look at a store to the next."""

SOONEST = 1.0
"""Seconds from one early look to the next: one where the letters put since may have brought a store over its limit."""

MOST, LONGEST = 1_000, 0.2
"""A look purges at most so many letters, and begins no batch after so many seconds: a failed call waits for it."""


class Audience(Struct, frozen=True):
    """Who is told what is done to stores.

    Attributes:
        pipeline: Whose letters brought it about.
        emit: Told events.
        alerts: Told that a store holds too many.
    """

    pipeline: str | None
    emit: Callable[[Event], None]
    alerts: Alerts


class Retention:
    """Looks after the stores of a queue, when it has kept a letter.

    Args:
        places: The stores.
        limit: How many letters one may hold before someone is told; None: any number.
        clock: Tells when to look again, and what has expired.
    """

    def __init__(self, places: Sequence[Place], limit: int | None, clock: Clock) -> None:
        self._clock = clock
        self._watches = [(place, _watch_of(place, limit, clock)) for place in places]

    def look(self, audience: Audience, put: Place, down: Place | None = None) -> None:
        """A letter was put; look at what is due. Never raises an `Exception`.

        Args:
            audience: Who is told.
            put: Where the letter went.
            down: A store that is known to be down, and is not waited for.
        """
        for place, watch in self._watches:
            if place is put:
                watch.count_one()
            if place is not down:
                watch.look(place, self._clock, audience)


def retention_of(stores: Places, options: QueueOptions, clock: Clock) -> Retention | None:
    """What looks after these stores; None where letters may stay for ever, however many.

    Raises:
        ConfigurationError: There is to be a limit, and the store can't count.
    """
    if options.keep is None and options.max_letters is None:
        return None
    checks = Checks("DeadLetterQueue")
    can_count = options.max_letters is None or isinstance(stores.store.own, Browsable)
    expected = f"left out: {stores.store.name} can't count its letters"
    checks.that(can_count, "max_letters", options.max_letters, expected)
    checks.done()
    return Retention(stores.all, options.max_letters, clock)


class _Watch:
    """What is known of one store; all queues of its address share it."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._lock = new_lock()
        self._begin(None)

    def _begin(self, world: object) -> None:
        """Know nothing yet; of what stands in for stores in a test nothing is carried over to another, nor back."""
        self._world = world
        self._last = self._last_early = -math.inf
        self._room = math.inf  # how many letters it could take when it was counted
        self._put = 0  # letters put there since
        self._over = False

    def count_one(self) -> None:
        """A letter was put there."""
        with self._lock:
            self._put += 1

    def look(self, place: Place, clock: Clock, audience: Audience) -> None:
        """Look at the store, if it is time and nobody else has begun to."""
        if not self._is_due(clock.monotonic()):
            return
        for tend in (_purge_some, self._compare):
            try:
                tend(place, clock, audience)
            except Exception as error:  # the call has failed for another reason, which is what its caller is to see
                warn("letters in %s are not looked after: %s", place.name, said_of(place, error))

    def _is_due(self, now: float) -> bool:
        with self._lock:
            if self._world is not stand_ins.store:
                self._begin(stand_ins.store)
            early = self._put > self._room and not self._over and now - self._last_early >= SOONEST
            if not early and now - self._last < EVERY:
                return False
            self._last, self._room = now, math.inf
            self._last_early = now if early else self._last_early
            return True

    def _compare(self, place: Place, clock: Clock, audience: Audience) -> None:
        store, limit = place.store, self._limit
        if limit is None or not isinstance(store, Browsable):
            return
        letters, crossed = self._count(store, limit)
        if not self._over and self._put > self._room:  # those that were put meanwhile may have brought it over
            letters, crossed = self._count(store, limit)
        if crossed:
            event = StoreOverLimit(
                at=clock.now(), pipeline=audience.pipeline, store=place.name, letters=letters, limit=limit
            )
            audience.emit(event)
            audience.alerts.send(_alert(event))

    def _count(self, store: Browsable, limit: int) -> tuple[int, bool]:
        """How many letters it holds, and whether it has crossed its limit since it was counted before."""
        with self._lock:
            self._put = 0
        letters = store.count()
        with self._lock:
            crossed = letters > limit and not self._over
            self._over, self._room = letters > limit, limit - letters
        return letters, crossed


_shared: dict[tuple[tuple[str, str], int | None], _Watch] = {}


def _watch_of(place: Place, limit: int | None, clock: Clock) -> _Watch:
    """What is known of that store: handlers build a queue on every call, and one look a minute is enough for all."""
    if clock is not SYSTEM_CLOCK or not place.is_known:
        return _Watch(limit)
    return _shared.setdefault((place.key, limit), _Watch(limit))


def _purge_some(place: Place, clock: Clock, audience: Audience) -> None:
    purged, end = 0, clock.monotonic() + LONGEST
    for batch in purge(place, clock, audience.emit):
        purged += batch
        if purged >= MOST or clock.monotonic() >= end:
            break


def _alert(event: StoreOverLimit) -> Notification:
    from ninelives.notifications.notification import Notification

    return Notification(
        message=(
            f"{event.store} holds {event.letters} dead letters, more than the {event.limit} that it is meant to hold: "
            "replay or purge some; none was refused or dropped"
        ),
        error_type=event.name,
        details={"store": event.store, "letters": event.letters, "limit": event.limit},
        pipeline=event.pipeline,
        key=f"{event.name}:{event.store}",
        first=event.at,
        last=event.at,
    )
