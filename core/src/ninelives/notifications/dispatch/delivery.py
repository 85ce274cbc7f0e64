"""One alert on its way to its destinations: failing over, and never hidden when nobody takes it."""

from __future__ import annotations

import math
from contextlib import ExitStack
from contextvars import Context, copy_context
from threading import Lock
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ninelives.events import NotificationFailed, NotificationSent, NotificationSuppressed
from ninelives.late_imports import importing
from ninelives.notifications.alert import Alert, Phase
from ninelives.notifications.behalf import ends_program, on_behalf
from ninelives.notifications.dispatch.attempts import attempts
from ninelives.notifications.dispatch.reasons import reason_at
from ninelives.notifications.dispatch.telling import NOT_BEGUN, tell
from ninelives.notifications.dispatch.worded import worded

if TYPE_CHECKING:
    from ninelives.notifications.notification import Notification
    from ninelives.notifications.outlet import Outlet
    from ninelives.notifications.route import Destination, Route

__all__ = ["Delivery", "prepare"]

_Failure = tuple["Outlet", BaseException]


class Delivery:
    """One alert on its way to its destinations, each of which is delivered by itself, by several threads at once.

    Args:
        alert: What is to be told.
        notification: The same, worded. Default: worded when it is first needed.
        context: What channels and listeners see. Default: the caller's.

    Attributes:
        alert: What is to be told.
        route: Where it goes, and how.
        context: What channels and listeners see.
    """

    def __init__(self, alert: Alert, notification: Notification | None = None, context: Context | None = None) -> None:
        self.alert = alert
        self.route: Route = alert.route
        self.context = copy_context() if context is None else context
        self._notification = notification
        # A plain one: a forked child has no deliveries but one that a listener or a channel forks in, worded already.
        self._lock = Lock()

    @property
    def destinations(self) -> list[Destination]:
        """Who is to get it: by its severity, or by that of what it is the end of."""
        after = self.alert.after
        severities = [self.alert.occurrence.severity, *([after.occurrence.severity] if after is not None else [])]
        return [each for each in self.route.destinations if any(map(each.takes, severities))]

    @property
    def notification(self) -> Notification:
        """What is said: the same object for every channel and every attempt."""
        if self._notification is None:
            said = worded(self.alert)  # without the lock: a template may be the program's own function
            with self._lock:
                self._notification = self._notification or said
        return self._notification

    @on_behalf
    def to(self, destination: Destination, within: float = math.inf) -> bool:
        """Send it to one destination, whose channels are tried in their order; at last the log has it.

        What an inline channel or a listener raises beyond errors comes out, and the log has it then too.

        Args:
            destination: Where to.
            within: Seconds for all of it; each channel that is left has an equal share of what is left.

        Returns:
            Whether a channel took it.
        """
        try:
            return self._send(destination, within)
        except BaseException as end:
            self.abandon(destination, end)
            raise

    def _send(self, destination: Destination, within: float) -> bool:
        outlets = self._outlets(destination)
        if not outlets:
            self._skip(destination)
        failures: list[_Failure] = []
        end = self.route.clock.monotonic() + within
        for tried, outlet in enumerate(outlets):
            if self.alert.results.is_concluded(destination):  # nobody waits for it any more
                return False
            left, others = end - self.route.clock.monotonic(), len(outlets) - tried - 1
            error = self._at(outlet, destination, left / (others + 1), others)
            if error is None:
                self._taken(destination, outlet)
                return True
            failures.append((outlet, error))
        self.give_up(destination, failures)
        return False

    @on_behalf
    def give_up(self, destination: Destination, failures: list[_Failure]) -> bool:
        """Nobody took it: the log has it, with the reasons; once, and False if somebody else sees to that."""
        is_news = self.alert.results.conclude(destination, None, failures)
        self._hide_nothing(destination)
        return is_news

    @on_behalf
    def abandon(self, destination: Destination, error: BaseException) -> bool:
        """Nobody waits for it any more: what is not done by now has failed for this reason.

        Returns:
            False if it was done already, or whoever did it is just writing down how it ended.
        """
        outlets = self._outlets(destination)
        if not outlets:
            self._skip(destination)
        ended = self.alert.results.abandon(destination, outlets, error)
        with ExitStack() as stack:  # whatever a listener raises, nothing is hidden
            stack.callback(self._hide_nothing, destination)
            if ended is not None and ended.taker is not None:
                self._taken(destination, ended.taker)
            for outlet in reversed(ended.failed if ended is not None else []):
                stack.callback(self._tell, outlet, error)
        return ended is not None

    def suppress(self, destination: Destination, reason: str) -> None:
        """Say that it is held back from one destination, and count it."""
        self.route.stats.suppressed(reason)
        about, outlet = self.alert.occurrence, destination.outlets[0]
        tell(NotificationSuppressed, about, self.route, outlet, reason=reason, count=self.alert.count)

    def _outlets(self, destination: Destination) -> tuple[Outlet, ...]:
        """In which order they are tried: who took the beginning comes first, and hears alone that it is over."""
        after = self.alert.after
        if after is None:
            return destination.outlets
        taker = after.results.taker(destination)
        key = None if taker is None else taker.key
        # By the channel as it is now: the pipeline that told the beginning may be closed since, and its channels too.
        first = tuple(each for each in destination.outlets if each.key == key) or ((taker,) if taker else ())
        if self.alert.phase is Phase.RECOVERED:
            return first
        return (*first, *(each for each in destination.outlets if each.key != key))

    def _at(self, outlet: Outlet, destination: Destination, within: float, others: int) -> BaseException | None:
        results, route, once = self.alert.results, self.route, outlet.health.is_down and others > 0
        if results.claim(outlet, destination):
            said = self.notification
            error = attempts(outlet, said, route.timeout, route.clock, within=within, once=once, others=others)
            if results.settle(outlet, error):
                self._tell(outlet, error)
        return results.outcome(outlet, destination)

    def _tell(self, outlet: Outlet, error: BaseException | None) -> None:
        kind = NotificationSent if error is None else NotificationFailed
        reason = None if error is None else reason_at(outlet, error)
        tell(kind, self.notification, self.route, outlet, reason=reason, count=self.notification.count)

    def _taken(self, destination: Destination, outlet: Outlet) -> None:
        self.alert.results.conclude(destination, outlet)
        if self.alert.after is not None:
            self.alert.after.results.follow(destination, outlet)

    def _skip(self, destination: Destination) -> None:
        if self.alert.results.conclude(destination, None):
            self.suppress(destination, NOT_BEGUN)

    def _hide_nothing(self, destination: Destination) -> None:
        """What nobody took is in the log, if this thread is to see to that."""
        failures = self.alert.results.unlogged(destination)
        if not failures:
            return
        end = self._log(failures)
        self.alert.results.logged(destination)
        if end is not None:
            raise end

    def _log(self, failures: list[_Failure]) -> BaseException | None:
        """To the route's log, unless it is what has failed; else to the standard library's; what ends the program."""
        from ninelives.notifications.standard_log import StandardLog

        log = StandardLog() if any(outlet.is_log for outlet, _ in failures) else self.route.log
        try:
            log.send(self._undelivered(failures), timeout=self.route.timeout)
        except BaseException as error:  # of the log; or Ctrl-C, even before it was called
            StandardLog().send(self._undelivered(failures), timeout=self.route.timeout)
            return error if ends_program(error) else None
        return None

    def _undelivered(self, failures: list[_Failure]) -> Notification:
        details = {
            **self.notification.details,
            "not_delivered_to": ", ".join(outlet.label for outlet, _ in failures),
            "because": "; ".join(reason_at(outlet, error) for outlet, error in failures),
        }
        return replace(self.notification, details=details)


def prepare() -> None:
    """Import what delivering needs, in the thread of whoever hands over.

    So our threads import nothing of ours that is not there yet: a child that is forked meanwhile would have it by half.
    """
    with importing():
        import ninelives.describing
        import ninelives.missing
        import ninelives.notifications.standard_log
        import ninelives.notifications.words.content
        import ninelives.redaction
        import ninelives.transient  # noqa: F401 - needed later
