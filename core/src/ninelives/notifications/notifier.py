"""The notifier: alone, with the methods that its users know, and as the link ``notify``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ninelives import masked_keys
from ninelives.address import Address
from ninelives.checks import Checks
from ninelives.clock import Clock, clock_of
from ninelives.emitter import Emitter, listeners_of
from ninelives.errors import Problem
from ninelives.given import plugins_of
from ninelives.locks import new_lock
from ninelives.middleware.watching import Watcher, watch, watch_async
from ninelives.notifications.channel import Channel
from ninelives.notifications.configuration.alone import channels_alone
from ninelives.notifications.configuration.entries import channels_said
from ninelives.notifications.configuration.options import NotifyOptions
from ninelives.notifications.configuration.setup import Setup
from ninelives.notifications.dispatch.center import default_center
from ninelives.notifications.health import HealthStates
from ninelives.notifications.linking import NotifyLink
from ninelives.notifications.notification import NotificationChannel
from ninelives.notifications.outlet import Outlet
from ninelives.notifications.route import Route
from ninelives.notifications.sending import Sends
from ninelives.workers import FLUSH_SECONDS

if TYPE_CHECKING:
    from ninelives.events import Event, Listener
    from ninelives.middleware.link import AsyncNext, Context, Next
    from ninelives.plugins import Plugins

__all__ = ["AdminNotifier", "NotifyOptions"]

Duration = float | str | timedelta


class AdminNotifier(Sends):
    """Tells someone that something went wrong.

    Without any argument that says where, the environment does: ``SNS_TOPIC_ARN``; with nothing there, the log. All
    channels get every notification that is bad enough for them. Phone numbers, mail addresses, tokens and passwords are
    masked in all of them.

    As a link it groups: the first failure of a kind (pipeline, error type, fingerprint) is told at once, further ones
    are counted and told together. A circuit that opens and closes is one alert with a beginning and an end.

    Times are numbers of seconds, text with a unit (``"90s"``, ``"5m"``, ``"4h"``), or `timedelta`.

    Args:
        sns_topic_arn: The ARN of an SNS topic; empty is as None.
        channel: Use this kind only, of what `sns_topic_arn`, `email` and `phone_number` give (and all of `channels`).
            Without its address: the log, and a `ConfigurationWarning`.
        email: The address of a mail server: ``smtp://user@host:587?to=ops@example.com``.
        phone_number: A phone number in E.164: ``+15551230000``.
        channels: More addresses, or ready channels, which stay their owner's to close. One that is to get only what is
            bad enough: ``{"to": "sms:+15551230000", "severity": "CRITICAL"}``; else it gets all, from INFO on.
        failover: Groups of addresses or channels: when one fails the next is tried, at last the log. A group whose
            first is not in `channels` gets every alert; otherwise it says who is tried after that. Default: none.
        listeners: Told this notifier's events, besides those of the installed plugins.
        timeout: Seconds that a notification may take, retries included; as a link: that one attempt may take.
            Default 5.
        group_interval: Seconds from the first message of a kind to the second, which counts what came meanwhile; 0:
            every failure is told. Default 300 (5 minutes).
        repeat_interval: Seconds from each further message to the next, as long as there is something to count; also of
            a circuit that stays open, and of a health check that stays bad. Default 14,400 (4 hours).
        over_after: Seconds without a failure after which a kind is over, and its next failure is the first again.
            Default 3,600 (1 hour).
        wait: Seconds that a circuit must stay open to be told of; 0: it is told at once. Default 30.
        flush: As a link: whether a call that fails waits, 5 seconds at most, until what is due is delivered. None: if
            ``AWS_LAMBDA_FUNCTION_NAME`` is set, as the process may be frozen when the call returns.
        template: How an alert is worded: a function of the `Notification` that returns text, ``"module:name"`` of one,
            or a format string. None: as we do it.
        clock: Waits between attempts, and tells the time.
        plugins: Where addresses are looked up.

    Raises:
        ConfigurationError: What is wrong with the addresses, severities, groups, times and the template; all of it.

    Example:
        >>> notifier = AdminNotifier(channels=["log:"])
        >>> notifier.send_notification("The disk is nearly full", {"free_mb": 120}, severity="WARNING")
        True
    """

    once_per_call = True
    """A link that must stand outside of ``backoff``: inside it would act on every attempt."""

    def __init__(  # noqa: PLR0913 - two that may be positional, then options by name
        self,
        sns_topic_arn: str | None = None,
        channel: NotificationChannel | str | None = None,
        *,
        email: str | None = None,
        phone_number: str | None = None,
        channels: Sequence[str | Address | Channel | Mapping[str, Any]] | None = None,
        failover: Sequence[Sequence[str | Address | Channel]] = (),
        listeners: Iterable[Listener] = (),
        timeout: Duration = 5.0,
        group_interval: Duration = 300.0,
        repeat_interval: Duration = 14_400.0,
        over_after: Duration = 3_600.0,
        wait: Duration = 30.0,
        flush: bool | None = None,
        template: Callable[..., str] | str | None = None,
        clock: Clock | None = None,
        plugins: Plugins | None = None,
    ) -> None:
        masked_keys.learn()
        checks = Checks("AdminNotifier")
        told, timed_by, known = listeners_of(checks, listeners), clock_of(checks, clock), plugins_of(checks, plugins)
        options = NotifyOptions(
            failover=failover,
            timeout=timeout,
            group_interval=group_interval,
            repeat_interval=repeat_interval,
            over_after=over_after,
            wait=wait,
            flush=flush,
            template=template,
        )
        entries = channels_alone(sns_topic_arn, channel, email, phone_number, channels, checks)
        self._prepare(Setup(entries, options, checks))
        self._open("", timed_by, known.open_channel, Emitter(told, lambda: known.listeners).emit)

    @classmethod
    def as_link(cls, **options: Any) -> AdminNotifier:
        """The link ``notify`` of a pipeline, from its `NotifyOptions`: the environment is among them already.

        What is wrong with them is said when the chain is built, together with the addresses that can't be opened.

        Raises:
            TypeError: There is no such option.
        """
        given, checks = NotifyOptions(**options), Checks("AdminNotifier")
        setup = Setup(channels_said(given.channels, checks), given, checks)
        notifier = cls.__new__(cls)
        notifier._prepare(setup)  # noqa: SLF001 - it is one of us
        return notifier

    def _prepare(self, setup: Setup) -> None:
        self._setup = setup
        self._health = HealthStates(setup.settled.rules.repeat_interval)
        self._own_route: Route | None = None
        self._links: WeakSet[NotifyLink] = WeakSet()  # handlers build a pipeline on every call
        self._lock = new_lock()
        self._was_linked = False

    def _open(
        self, name: str, clock: Clock, open_channel: Callable[[str | Address], Channel], emit: Callable[[Event], None]
    ) -> None:
        self._setup.open(open_channel)
        self._own_route = self._setup.route(name, clock, emit)

    @property
    def _route(self) -> Route:
        if self._own_route is None:
            raise RuntimeError("a notifier made as a link sends nothing before its chain is built")
        return self._own_route

    def stats(self) -> dict[str, dict[str, int]]:
        """What became of the notifications since it was made: ``sent``, ``failed``, ``suppressed``.

        The first two count by channel, the third by the reason for which they were held back.

        Example:
            ``pipeline["notify"].stats()["suppressed"]``
        """
        return self._setup.stats.as_dict()

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Send what is due by now, and wait until what calls handed over is delivered; also done as the program ends.

        Args:
            timeout: Seconds to wait at most. Default 5.

        Returns:
            Whether all of it was delivered, or has failed for good and is in the log.
        """
        return default_center().flush(timeout) if self._was_linked else True

    def close(self) -> None:
        """`flush`, tell what was only counted, as far as the rules allow, and close the channels opened for it."""
        end = time.monotonic() + FLUSH_SECONDS  # real time: it is real threads that are waited for
        for link in self._linked():
            default_center().retire(link.route, max(end - time.monotonic(), 0.0))
        self.flush(max(end - time.monotonic(), 0.0))
        self._setup.close()

    def leave(self, context: Context) -> None:
        """As a link that was given ready: its pipeline is closed. The same, for this chain, but that nothing is closed.

        Args:
            context: What the link was given in that chain.
        """
        for link in self._linked():
            if link.context is context:
                default_center().retire(link.route)

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
        """Its options as they hold, times in seconds, secrets masked."""
        return self._setup.describe()

    def watcher(self, context: Context) -> Watcher:
        """As a link, in a step that it shares with its neighbours: what it does when a call fails."""
        name = f"{context.pipeline}:{context.link}"
        if self._own_route is None:
            self._open(name, context.clock, context.open_channel, context.emit)
        link = next((link for link in self._linked() if link.context is context), None)
        if link is None:
            route = self._setup.route(name, context.clock, context.emit)
            link = NotifyLink(route, context, flush=self._setup.settled.flush)
            with self._lock:
                self._links.add(link)
            self._was_linked = True
        return link.watcher()

    def _linked(self) -> tuple[NotifyLink, ...]:
        with self._lock:
            return tuple(self._links)

    @property
    def problems(self) -> list[Problem]:
        """As a link: what is wrong with its options, as far as that is known before the chain is built."""
        return self._setup.problems

    @property
    def outlets(self) -> tuple[Outlet, ...]:
        """The channels and what they are called, each once, also those of `failover`; as a link, in a built chain."""
        return self._setup.outlets
