"""What became of notifications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ninelives.events.event import Event

__all__ = ["NotificationEvent", "NotificationFailed", "NotificationSent", "NotificationSuppressed"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class NotificationEvent(Event):
    """What the events of a notification have; none is made for the channel ``log:`` itself.

    Attributes:
        channel: The channel's address, secrets masked.
        key: What groups notifications of one kind.
        reason: Why it was not sent, masked; None: it was.
        count: How many failures it stands for.
    """

    channel: str
    severity: str
    error_type: str | None = None
    key: str | None = None
    reason: str | None = None
    count: int = 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class NotificationSent(NotificationEvent):
    """A channel accepted a notification."""

    name: ClassVar[str] = "notification_sent"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class NotificationFailed(NotificationEvent):
    """A channel did not accept a notification, its retries included."""

    name: ClassVar[str] = "notification_failed"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class NotificationSuppressed(NotificationEvent):
    """A notification was held back: counted for the next of its kind, or with nothing to say; see `reason`."""

    name: ClassVar[str] = "notification_suppressed"
