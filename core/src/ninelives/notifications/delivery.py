"""Handing one notification to one channel: tried again a little, bounded in time, never hidden when it fails."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from ninelives.address import Address
from ninelives.clock import Clock
from ninelives.events import Event, NotificationEvent, NotificationFailed, NotificationSent, NotificationSuppressed
from ninelives.notifications.channel import Channel
from ninelives.notifications.notification import Notification
from ninelives.stand_ins import stand_ins

__all__ = [
    "RETRY_DELAYS",
    "Delivery",
    "Outlet",
    "attempt",
    "attempt_in_thread",
    "conclude",
    "deliver",
    "deliver_in_thread",
    "is_delivering",
]

P = ParamSpec("P")
R = TypeVar("R")

RETRY_DELAYS = (0.5, 1.0, 2.0)
"""Seconds before each further attempt at a channel that failed in a way that may pass."""

# Seconds: a wait between attempts may end a little late, and a time-out of nothing means something else to a socket.
_LEAST = 0.05

_delivering: ContextVar[bool] = ContextVar("ninelives_delivering", default=False)


class Outlet(Struct, frozen=True, eq=False):
    """A channel and how it is called.

    Attributes:
        own: The channel.
        label: What it calls itself (its `name`), else its address, else its class; secrets masked.
        is_log: Whether it is ``log:``, of which no events are made.
        ours: Whether we opened it, and close it.
        address: What it was opened by; None for a ready object.
    """

    own: Channel
    label: str
    is_log: bool = False
    ours: bool = False
    address: Address | None = None

    @property
    def channel(self) -> Channel:
        """The channel; under `ninelives.testing.instant` what stands in for it."""
        return self.own if stand_ins.channel is None else stand_ins.channel(self.label)

    @property
    def inline(self) -> bool:
        """Whether the channel never waits, so that no thread is needed."""
        return bool(getattr(self.channel, "inline", False))


class Delivery(Struct, frozen=True, eq=False):
    """One notification on its way to one channel.

    Attributes:
        notification: What to deliver, masked.
        outlet: Where to.
        timeout: Seconds that one attempt may take.
        log: The channel that takes what `outlet` did not.
        clock: Waits between attempts, and tells the time.
        emit: Told what became of it.
    """

    notification: Notification
    outlet: Outlet
    timeout: float
    log: Channel
    clock: Clock
    emit: Callable[[Event], None]

    def tell(self, kind: type[NotificationEvent]) -> None:
        """Tell the listeners; of ``log:`` there is nothing to tell."""
        if self.outlet.is_log:
            return
        self.emit(
            kind(
                at=self.clock.now(),
                pipeline=self.notification.pipeline,
                channel=self.outlet.label,
                severity=str(self.notification.severity),
                error_type=self.notification.error_type,
                key=self.notification.key,
            )
        )

    def suppress(self) -> None:
        """Say that it is held back."""
        self.tell(NotificationSuppressed)


def is_delivering() -> bool:
    """Whether this code runs on behalf of a delivery: what fails here must not become a notification."""
    return _delivering.get()


def _on_behalf(func: Callable[P, R]) -> Callable[P, R]:
    @wraps(func)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        token = _delivering.set(True)
        try:
            return func(*args, **kwargs)
        finally:
            _delivering.reset(token)

    return guarded


@_on_behalf
def attempt(delivery: Delivery, within: float = math.inf) -> Exception | None:
    """Send it, again after each of `RETRY_DELAYS` while that may help; a channel that never waits is tried once.

    Args:
        delivery: What to send.
        within: Seconds for all attempts together.

    Returns:
        None when the channel has accepted it, else its last error.
    """
    clock, outlet = delivery.clock, delivery.outlet
    delays = iter(() if outlet.inline else RETRY_DELAYS)
    end = clock.monotonic() + within
    while True:
        left = max(end - clock.monotonic(), _LEAST)
        try:
            outlet.channel.send(delivery.notification, timeout=min(delivery.timeout, left))
        except Exception as error:
            delay = next(delays, math.inf)
            if not _may_pass(error) or clock.monotonic() + delay >= end:
                return error
            clock.sleep(delay)
        else:
            return None


def _may_pass(error: Exception) -> bool:
    from ninelives.transient import Kind, classify

    return classify(error).kind is Kind.TRANSIENT


@_on_behalf
def conclude(delivery: Delivery, error: BaseException | None) -> bool:
    """Tell what became of it, and write what was not accepted to the log; whether it was accepted.

    All of it on behalf of the delivery: a listener that sends a notification about this failure sends nothing.
    """
    if error is None:
        delivery.tell(NotificationSent)
        return True
    delivery.tell(NotificationFailed)
    undelivered = _undelivered(delivery, error)
    if not delivery.outlet.is_log:
        try:
            delivery.log.send(undelivered, timeout=delivery.timeout)
        except Exception:  # noqa: S110 - the standard log comes next
            pass
        else:
            return False
    from ninelives.notifications.standard_log import StandardLog

    StandardLog().send(undelivered, timeout=delivery.timeout)
    return False


def _undelivered(delivery: Delivery, error: BaseException) -> Notification:
    from ninelives.describing import safe_message, type_name
    from ninelives.missing import install_advice
    from ninelives.redaction import redact_text

    reason = redact_text(f"{type_name(error)}: {safe_message(error)}{install_advice(error)}")
    details = {**delivery.notification.details, "not_delivered_to": delivery.outlet.label, "because": reason}
    return replace(delivery.notification, details=details)


def deliver(delivery: Delivery) -> bool:
    """Send it and tell what became of it; whether it was accepted."""
    return conclude(delivery, attempt(delivery))


def deliver_in_thread(delivery: Delivery) -> None:
    """`deliver` for a thread of ours, which outlives whatever the channel raises."""
    conclude(delivery, attempt_in_thread(delivery, math.inf))


def attempt_in_thread(delivery: Delivery, within: float) -> BaseException | None:
    """`attempt` for a thread of ours: also `SystemExit` and the like are errors of the channel."""
    try:
        return attempt(delivery, within)
    except BaseException as error:
        return error
