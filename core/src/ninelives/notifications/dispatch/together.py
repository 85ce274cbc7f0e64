"""Sending one notification to all destinations at once, and waiting for them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from contextvars import copy_context
from threading import Thread

from ninelives.notifications.alert import Alert
from ninelives.notifications.behalf import is_delivering
from ninelives.notifications.dispatch.attempts import GRACE
from ninelives.notifications.dispatch.delivery import Delivery
from ninelives.notifications.dispatch.reasons import CutOffError, reason_at
from ninelives.notifications.notification import Notification
from ninelives.notifications.occurrence import Ready
from ninelives.notifications.report import Outcome, Report, Result
from ninelives.notifications.route import Destination, Route
from ninelives.notifications.words.templates import reworded

__all__ = ["deliver_directly"]


def deliver_directly(notification: Notification, route: Route) -> Report:
    """Send it to each destination at the same time, not grouped, and wait until the channels have taken it.

    It takes the route's time-out at most, retries and failover included: what is not done by then counts as failed,
    and is in the log. A channel that hangs holds up neither the others nor the caller. From within a delivery nothing
    is sent.

    Args:
        notification: What to send, masked.
        route: Where to.

    Returns:
        What became of it at each channel.
    """
    now = route.clock.now()
    alert = Alert(occurrence=Ready(notification, now), route=route, first=now, last=now, began=now)
    delivery = Delivery(alert, reworded(notification, route.template))
    if is_delivering():
        return _report(delivery, "nothing is sent from within a delivery")
    # Real time, whatever the clock: it is real threads that are waited for.
    end = time.monotonic() + route.timeout
    threads = [(each, _start(delivery, each)) for each in delivery.destinations]
    for destination, thread in threads:
        if thread is None:
            delivery.to(destination, max(end - time.monotonic(), 0.0))
    for destination, thread in threads:
        if thread is not None:
            thread.join(max(end - time.monotonic(), 0.0))
            late = CutOffError(f"it took longer than {route.timeout:g} s")
            if thread.is_alive() and not delivery.abandon(destination, late):
                thread.join(GRACE)  # it has just ended, and is writing that down
    return _report(delivery, "it was not needed")


def _start(delivery: Delivery, destination: Destination) -> Thread | None:
    if destination.inline:
        return None

    def send() -> None:
        with suppress(BaseException):  # SystemExit of a listener and the like
            delivery.to(destination, delivery.route.timeout)

    thread = Thread(target=copy_context().run, args=(send,), name="ninelives-lane", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the program is ending, or has all the threads that it may have
        return None
    return thread


def _report(delivery: Delivery, why_not: str) -> Report:
    """What became of it; `why_not` says it of channels that were not tried."""
    wanted = {destination.key for destination in delivery.destinations}
    results: dict[object, Result] = {}
    for destination in delivery.route.destinations:
        reason = why_not if destination.key in wanted else f"it takes {destination.severity} and worse only"
        results |= {key: result for key, result in _results(delivery, destination, reason) if key not in results}
    return Report(tuple(results.values()))


def _results(delivery: Delivery, destination: Destination, why_not: str) -> Iterator[tuple[object, Result]]:
    outcomes = delivery.alert.results.outcomes()
    for outlet in destination.outlets:
        if outlet.key not in outcomes:
            yield outlet.key, Result(outlet.label, Outcome.SKIPPED, why_not)
        elif (error := outcomes[outlet.key]) is None:
            yield outlet.key, Result(outlet.label, Outcome.SENT)
        else:
            yield outlet.key, Result(outlet.label, Outcome.FAILED, reason_at(outlet, error))
