"""Telling what became of a notification: to the listeners as events, and to the notifier's counters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from ninelives.errors import ChannelError
from ninelives.events import NotificationEvent, NotificationFailed, NotificationSent, NotificationSuppressed
from ninelives.notifications.behalf import ends_program, on_behalf
from ninelives.notifications.notification import Notification
from ninelives.notifications.occurrence import Occurrence

if TYPE_CHECKING:
    from ninelives.notifications.dispatch.lanes import Job
    from ninelives.notifications.outlet import Outlet
    from ninelives.notifications.route import Route

__all__ = [
    "CLOSED_SOON",
    "FLAPS",
    "GROUPED",
    "NOT_BEGUN",
    "QUEUE_FULL",
    "REFUSED",
    "abandon",
    "tell",
    "tell_dropped",
    "tell_held_back",
]

GROUPED = "grouped"
"""It is counted, and the next message of its kind says so."""
REFUSED = "circuit is open"
"""It is counted, and the next message about its circuit says so."""
CLOSED_SOON = "closed within the wait"
"""The circuit that opened has closed already."""
FLAPS = "circuit flaps"
"""The circuit opens and closes over and over: it is counted, and the next message about it says so."""
QUEUE_FULL = "queue full"
"""Too many wait: what the oldest had to say goes, and its count stands in the next message of its kind."""
NOT_BEGUN = "its beginning was not taken"
"""It says that something is over which that destination was never told of."""


About = Occurrence | Notification
"""What an event is about: what happened says as much of it as what it is worded as."""


@on_behalf
def tell(
    kind: type[NotificationEvent],
    about: About,
    route: Route,
    outlet: Outlet,
    *,
    reason: str | None = None,
    count: int = 1,
) -> None:
    """Tell the listeners and count it; of ``log:`` there is nothing to tell.

    All on behalf of the delivery: a listener that sends a notification about this one sends nothing. One that raises
    SystemExit in a thread stops nothing that is still to be done there.
    """
    if kind is NotificationSent:
        route.stats.sent(outlet.label)
    elif kind is NotificationFailed:
        route.stats.failed(outlet.label)
    if outlet.is_log:
        return
    try:
        route.emit(_event(kind, about, route.clock.now(), outlet.label, reason, count))
    except BaseException as error:
        if isinstance(error, Exception) or ends_program(error):
            raise


def tell_held_back(about: About, route: Route, reason: str, count: int = 1) -> None:
    """Tell the listeners, for each destination that it would have gone to, that it was held back."""
    for destination in route.destinations:
        if destination.takes(about.severity):
            tell(NotificationSuppressed, about, route, destination.outlets[0], reason=reason, count=count)


def tell_dropped(jobs: Iterable[Job]) -> None:
    """Tell the listeners that there was no room for these any more, and count it."""
    for job in jobs:
        _do(job, job.delivery.suppress, QUEUE_FULL)


def abandon(jobs: Iterable[Job], when: str) -> None:
    """Log what the end of the program leaves unsent, and tell the listeners: each, whatever became of those before."""
    for job in jobs:
        _do(job, job.delivery.abandon, ChannelError(f"the program ended {when}"))


def _do(job: Job, what: Callable[..., object], why: object) -> None:
    """In the context that it came from. A listener that raises SystemExit, or a log that fails, stops nothing more."""
    with suppress(Exception, SystemExit):
        job.delivery.context.copy().run(what, job.destination, why)


def _event(
    kind: type[NotificationEvent], about: About, at: datetime, channel: str, reason: str | None, count: int
) -> NotificationEvent:
    return kind(
        at=at,
        pipeline=about.pipeline,
        channel=channel,
        severity=str(about.severity),
        error_type=about.error_type,
        key=about.key,
        reason=reason,
        count=count,
    )
