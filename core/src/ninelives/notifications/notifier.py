"""The notifier: alone, with the methods that its users know, and as the link ``notify``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from ninelives.address import Address
from ninelives.checks import Checks
from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.emitter import Emitter
from ninelives.middleware.watching import Watcher, watch, watch_async
from ninelives.notifications.channel import Channel
from ninelives.notifications.delivery import Delivery, Outlet, is_delivering
from ninelives.notifications.health import HealthStates, component_of
from ninelives.notifications.linking import NotifyLink
from ninelives.notifications.notification import ErrorSeverity, Notification, NotificationChannel
from ninelives.notifications.outlets import LOG, channels_alone, check_channels, close_outlets, open_log, open_outlets
from ninelives.notifications.together import deliver_together
from ninelives.workers import FLUSH_SECONDS

if TYPE_CHECKING:
    from ninelives.events import Event, Listener
    from ninelives.middleware.link import AsyncNext, Context, Next
    from ninelives.plugins import Plugins

__all__ = ["AdminNotifier", "NotifyOptions"]


class NotifyOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of the link ``notify``; `AdminNotifier` describes each."""

    # Any: addresses, or channels that the program gives.
    channels: Any = field(default_factory=lambda: [LOG])
    timeout: float = 5.0


class AdminNotifier:
    """Tells someone that something went wrong.

    Without any argument that says where, the environment does: ``SNS_TOPIC_ARN``; with nothing there, the log. All
    channels get every notification. Phone numbers, mail addresses, tokens and passwords are masked in all of them.

    Args:
        sns_topic_arn: The ARN of an SNS topic; empty is as None.
        channel: Use this kind only, of what `sns_topic_arn`, `email` and `phone_number` give (and all of `channels`).
            Without its address: the log, and a `ConfigurationWarning`.
        email: The address of a mail server: ``smtp://user@host:587?to=ops@example.com``.
        phone_number: A phone number in E.164: ``+15551230000``.
        channels: More addresses, or ready channels, which stay their owner's to close.
        listeners: Told this notifier's events, besides those of the installed plugins.
        timeout: Seconds that a notification may take, retries included; as a link: that one attempt may take.
            Default 5.
        clock: Waits between attempts, and tells the time.
        plugins: Where addresses are looked up.

    Raises:
        ConfigurationError: An address is wrong, or a number out of its range.

    Example:
        >>> notifier = AdminNotifier(channels=["log:"])
        >>> notifier.send_notification("The disk is nearly full", {"free_mb": 120}, severity="WARNING")
        True
    """

    once_per_call = True
    """A link that must stand outside of ``backoff``: inside it would act on every attempt."""

    def __init__(
        self,
        sns_topic_arn: str | None = None,
        channel: NotificationChannel | str | None = None,
        *,
        email: str | None = None,
        phone_number: str | None = None,
        channels: Sequence[str | Address | Channel] | None = None,
        listeners: Iterable[Listener] = (),
        timeout: float = 5.0,
        clock: Clock | None = None,
        plugins: Plugins | None = None,
    ) -> None:
        checks = Checks("AdminNotifier")
        wanted = channels_alone(sns_topic_arn, channel, email, phone_number, channels, checks)
        self._prepare(wanted, timeout, checks)
        from ninelives.plugins import default_plugins

        known = plugins or default_plugins()
        self._clock = clock or SYSTEM_CLOCK
        self._open(known.open_channel, Emitter(listeners, lambda: known.listeners).emit)

    @classmethod
    def as_link(cls, *, channels: Any = (LOG,), timeout: float = 5.0) -> AdminNotifier:
        """The link ``notify`` of a pipeline, from its options: the environment is among them already."""
        notifier = cls.__new__(cls)
        checks = Checks("AdminNotifier")
        notifier._prepare(check_channels(channels, checks), timeout, checks)  # noqa: SLF001 - it is one of us
        return notifier

    def _prepare(self, channels: list[Any], timeout: float, checks: Checks) -> None:
        checks.number("timeout", timeout, above=0)
        checks.done()
        self._channels = channels
        self._timeout = timeout
        self._outlets: tuple[Outlet, ...] | None = None
        self._health = HealthStates()
        self._linked = False

    def _open(self, open_channel: Callable[[str | Address], Channel], emit: Callable[[Event], None]) -> None:
        self._outlets = open_outlets(self._channels, open_channel)
        self._log = open_log(open_channel)
        self._emit = emit

    def send_notification(
        self,
        message: str,
        details: Mapping[str, Any] | None = None,
        severity: ErrorSeverity | str = ErrorSeverity.ERROR,
        error_type: str | None = None,
    ) -> bool:
        """Tell someone, and wait until the channels have taken it: at most `timeout` seconds, retries included.

        Never raises for a delivery that failed: what no channel took is in the log. Nothing is sent from within a
        delivery: a notification about a failing notification would have no end.

        Args:
            message: One sentence for a person.
            details: More; anything that JSON can't hold becomes text.
            severity: How bad it is. Default ERROR, and so is one that is unknown.
            error_type: What kind of failure.

        Returns:
            Whether at least one channel took it.
        """
        from ninelives.notifications.content import of_message  # late: its patterns take a while to compile

        return self._send(of_message(message, details, severity, error_type, self._clock.now()))

    def send_health_check_notification(self, is_healthy: bool, details: Mapping[str, Any] | None = None) -> bool:  # noqa: FBT001 - the pinned signature
        """Tell someone when a component's health has changed; the first time, when it is not healthy.

        Args:
            is_healthy: The result of the check.
            details: More. Its ``component`` says what was checked; each is remembered for itself.

        Returns:
            Whether at least one channel took it; True also when nothing had changed and nothing was sent.
        """
        from ninelives.notifications.content import of_health

        component = component_of(details)
        if self._health.note(component, is_healthy):
            taken = self._send(of_health(component, is_healthy, details, self._clock.now()))
            if not taken:
                self._health.take_back(component, is_healthy)
            return taken
        if not is_healthy:
            for delivery in self._deliveries(of_health(component, is_healthy, details, self._clock.now())):
                delivery.suppress()
        return True

    async def asend_notification(
        self,
        message: str,
        details: Mapping[str, Any] | None = None,
        severity: ErrorSeverity | str = ErrorSeverity.ERROR,
        error_type: str | None = None,
    ) -> bool:
        """`send_notification` for asynchronous code: the loop is not held up."""
        from ninelives.workers import run_in_worker

        return await run_in_worker(self.send_notification, message, details, severity, error_type)

    async def asend_health_check_notification(self, is_healthy: bool, details: Mapping[str, Any] | None = None) -> bool:  # noqa: FBT001 - the pinned signature
        """`send_health_check_notification` for asynchronous code."""
        from ninelives.workers import run_in_worker

        return await run_in_worker(self.send_health_check_notification, is_healthy, details)

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Wait until what calls handed over is delivered; also done at the end of the program.

        Args:
            timeout: Seconds to wait at most. Default 5.

        Returns:
            Whether all of it was delivered, or has failed for good and is in the log.
        """
        if not self._linked:
            return True
        from ninelives.notifications.dispatcher import default_dispatcher

        return default_dispatcher().close(timeout)

    def close(self) -> None:
        """`flush`, and close the channels that were opened for this notifier."""
        self.flush()
        close_outlets(self.outlets)

    async def aclose(self) -> None:
        """`close` for asynchronous code."""
        from ninelives.workers import run_in_worker

        await run_in_worker(self.close)

    def wrap(self, call_next: Next, context: Context) -> Next:
        """As a link: the step that tells of a call that failed."""
        return watch((self.watcher(context),), call_next)

    def wrap_async(self, call_next: AsyncNext, context: Context) -> AsyncNext:
        """The same for asynchronous calls."""
        return watch_async((self.watcher(context),), call_next)

    def describe(self) -> dict[str, Any]:
        """Its options, secrets masked."""
        return {"channels": [outlet.label for outlet in self.outlets], "timeout": self._timeout}

    def watcher(self, context: Context) -> Watcher:
        """As a link, in a step that it shares with its neighbours: what it does when a call fails."""
        if self._outlets is None:
            self._clock = context.clock
            self._open(context.open_channel, context.emit)
        self._linked = True
        return NotifyLink(self.outlets, self._log, self._timeout, context).watcher()

    @property
    def outlets(self) -> tuple[Outlet, ...]:
        """The channels and what they are called; as a link, once the chain is built."""
        return self._outlets or ()

    def _send(self, notification: Notification) -> bool:
        return not is_delivering() and deliver_together(self._deliveries(notification), self._timeout)

    def _deliveries(self, notification: Notification) -> list[Delivery]:
        return [
            Delivery(notification, outlet, self._timeout, self._log, self._clock, self._emit) for outlet in self.outlets
        ]
