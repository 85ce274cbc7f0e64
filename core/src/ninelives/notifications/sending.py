"""What a notifier sends when it is asked to: not grouped, to all channels at once, and waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

from msgspec.structs import replace

from ninelives.checks import Checks
from ninelives.late_imports import importing
from ninelives.notifications.dispatch.telling import tell_held_back
from ninelives.notifications.dispatch.together import deliver_directly
from ninelives.notifications.health import Checkup, HealthStates, component_of
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.notifications.report import Report

if TYPE_CHECKING:
    from ninelives.notifications.route import Route

__all__ = ["Sends"]

NOT_CHANGED = "nothing has changed"
"""The reason for which a health check's result is held back."""

_UNHEALTHY = ErrorSeverity.ERROR


class Sends:
    """The methods of a notifier that send at once."""

    _health: HealthStates

    if TYPE_CHECKING:

        @property
        def _route(self) -> Route: ...

    @overload
    def send_notification(
        self,
        message: str,
        details: Mapping[str, Any] | None = None,
        severity: ErrorSeverity | str = ErrorSeverity.ERROR,
        error_type: str | None = None,
        *,
        report: Literal[False] = False,
    ) -> bool: ...
    @overload
    def send_notification(
        self,
        message: str,
        details: Mapping[str, Any] | None = None,
        severity: ErrorSeverity | str = ErrorSeverity.ERROR,
        error_type: str | None = None,
        *,
        report: Literal[True],
    ) -> Report: ...
    @overload
    def send_notification(
        self,
        message: str,
        details: Mapping[str, Any] | None = None,
        severity: ErrorSeverity | str = ErrorSeverity.ERROR,
        error_type: str | None = None,
        *,
        report: bool,
    ) -> bool | Report: ...
    def send_notification(
        self,
        message: str,
        details: Mapping[str, Any] | None = None,
        severity: ErrorSeverity | str = ErrorSeverity.ERROR,
        error_type: str | None = None,
        *,
        report: bool = False,
    ) -> bool | Report:
        """Tell someone, and wait until the channels have taken it: at most `timeout` seconds, retries included.

        It is not grouped. Never raises for a delivery that failed: what no channel took is in the log. Nothing is sent
        from within a delivery: a notification about a failing notification would have no end.

        Args:
            message: One sentence for a person.
            details: More; anything that JSON can't hold becomes text.
            severity: How bad it is. Default ERROR, and so is one that is unknown.
            error_type: What kind of failure.
            report: Whether to return what became of it at each channel.

        Returns:
            Whether at least one channel took it; with `report` a `Report`, which is true if at least one did.

        Example:
            ``notifier.send_notification("The disk is full", report=True).failed``
        """
        made = self._send(message, details, severity, error_type)
        return made if report else bool(made)

    def send_health_check_notification(self, is_healthy: bool, details: Mapping[str, Any] | None = None) -> bool:  # noqa: FBT001 - the pinned signature
        """Tell someone when a component's health has changed; the first time, when it is not healthy.

        While it stays unhealthy, that is told again every `repeat_interval`.

        Args:
            is_healthy: The result of the check.
            details: More. Its ``component`` says what was checked; each is remembered for itself.

        Returns:
            Whether at least one channel took it; True also when there was nothing new and nothing was sent.

        Raises:
            ConfigurationError: The result is neither True nor False: ``"false"`` would count as healthy.
        """
        checks = Checks("send_health_check_notification")
        checks.that(isinstance(is_healthy, bool), "is_healthy", is_healthy, "True or False")
        checks.done()
        with importing():
            from ninelives.notifications.words.content import of_health  # late: its patterns take a while to compile

        route = self._route
        checkup = Checkup(component_of(details), is_healthy, route.clock.now(), route.clock.monotonic())
        verdict = self._health.note(checkup)
        notification = of_health(checkup.component, is_healthy, details, checkup.at)
        if verdict.sends:
            notification = replace(notification, count=verdict.count, first=verdict.state.since)
            taken = bool(deliver_directly(notification, _for_all_concerned(route, notification)))
            if not taken:
                self._health.take_back(checkup.component, verdict)
            return taken
        if not is_healthy:
            _hold_back(notification, route, is_first=verdict.count == 1)
        return True

    @overload
    async def asend_notification(
        self,
        message: str,
        details: Mapping[str, Any] | None = None,
        severity: ErrorSeverity | str = ErrorSeverity.ERROR,
        error_type: str | None = None,
        *,
        report: Literal[False] = False,
    ) -> bool: ...
    @overload
    async def asend_notification(
        self,
        message: str,
        details: Mapping[str, Any] | None = None,
        severity: ErrorSeverity | str = ErrorSeverity.ERROR,
        error_type: str | None = None,
        *,
        report: Literal[True],
    ) -> Report: ...
    @overload
    async def asend_notification(
        self,
        message: str,
        details: Mapping[str, Any] | None = None,
        severity: ErrorSeverity | str = ErrorSeverity.ERROR,
        error_type: str | None = None,
        *,
        report: bool,
    ) -> bool | Report: ...
    async def asend_notification(
        self,
        message: str,
        details: Mapping[str, Any] | None = None,
        severity: ErrorSeverity | str = ErrorSeverity.ERROR,
        error_type: str | None = None,
        *,
        report: bool = False,
    ) -> bool | Report:
        """`send_notification` for asynchronous code: the loop is not held up."""
        from ninelives.workers import run_in_worker

        made: Report = await run_in_worker(self._send, message, details, severity, error_type)
        return made if report else bool(made)

    async def asend_health_check_notification(self, is_healthy: bool, details: Mapping[str, Any] | None = None) -> bool:  # noqa: FBT001 - the pinned signature
        """`send_health_check_notification` for asynchronous code."""
        from ninelives.workers import run_in_worker

        return await run_in_worker(self.send_health_check_notification, is_healthy, details)

    def _send(self, message: Any, details: Any, severity: str, error_type: str | None) -> Report:
        with importing():
            from ninelives.notifications.words.content import of_message

        route = self._route
        return deliver_directly(of_message(message, details, severity, error_type, route.clock.now()), route)


def _for_all_concerned(route: Route, notification: Notification) -> Route:
    """Who is told that something is not healthy is told that it is so again, though that is not so bad."""
    if not notification.resolved:
        return route
    concerned = [replace(one, severity=ErrorSeverity.INFO) for one in route.destinations if one.takes(_UNHEALTHY)]
    return replace(route, destinations=tuple(concerned))


def _hold_back(notification: Notification, route: Route, *, is_first: bool) -> None:
    """Count it; the listeners are told once for each message that follows."""
    route.stats.suppressed(NOT_CHANGED)
    if is_first:
        tell_held_back(notification, route, NOT_CHANGED)
