"""Telling what became of a notification: to the listeners as events, and to the notifier's counters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from ninelives.events import NotificationEvent, NotificationFailed, NotificationSent, NotificationSuppressed
from ninelives.notifications.behalf import ends_program, on_behalf
from ninelives.notifications.dispatch.reasons import CutOffError
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
    """Tell the listeners that there was no room for these any more, and count it.

    A listener that raises, SystemExit too, stops nothing; Ctrl-C comes out after the last.
    """
    for end in [_do(job, job.delivery.suppress, QUEUE_FULL) for job in jobs]:
        if isinstance(end, KeyboardInterrupt):
            raise end


def abandon(jobs: list[tuple[Job, str]]) -> None:
    """Log what the end of the program leaves unsent, and tell the listeners.

    A listener that raises, or a log that fails, stops nothing; what ends the program, as Ctrl-C, comes out after the
    last.

    Args:
        jobs: What, and when the program ended. Each leaves the list when it is logged.
    """
    first: BaseException | None = None
    for job, when in list(jobs):
        error = CutOffError(f"the program ended {when}")
        end = _do(job, job.delivery.abandon, error)
        if end is not None:
            first = first or end
            _do(job, job.delivery.abandon, error)  # a signal may have come before it was logged; else it is done
        with suppress(ValueError):  # another thread ends the program too
            jobs.remove((job, when))
    if first is not None:
        raise first


def _do(job: Job, what: Callable[..., object], why: object) -> BaseException | None:
    """In the context that it came from; what it raised, if that is to end the program."""
    try:
        job.delivery.context.copy().run(what, job.destination, why)
    except BaseException as error:
        return error if ends_program(error) else None
    return None


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
