"""One thing that happened and that someone may have to be told of."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from ninelives.notifications.notification import ErrorSeverity, Notification

__all__ = ["Occurrence", "Ready"]


class Occurrence(Protocol):
    """What a call that fails hands over: light, since nearly all of them are only counted.

    It holds nothing of the caller's that would be kept alive with it: no error, no traceback, no argument.
    """

    @property
    def key(self) -> str:
        """Which kind it is: those of one key are told together."""
        ...

    @property
    def pipeline(self) -> str | None:
        """The pipeline's name; None for a part used alone."""
        ...

    @property
    def error_type(self) -> str | None:
        """What kind of failure."""
        ...

    @property
    def severity(self) -> ErrorSeverity:
        """How bad it is."""
        ...

    @property
    def at(self) -> datetime:
        """When it happened."""
        ...

    def notification(self) -> Notification:
        """What is said of it, masked; made when it is sent, on another thread than the call's."""
        ...


class Ready(Struct, frozen=True):
    """What comes as a notification already: of a store that holds too much, and the like.

    Attributes:
        given: The notification, masked.
        at: When it happened.
    """

    given: Notification
    at: datetime

    @property
    def key(self) -> str:
        """The notification's own key, else what it is about."""
        given = self.given
        return given.key or f"{given.pipeline}:{given.error_type or given.message}"

    @property
    def pipeline(self) -> str | None:
        """The notification's own."""
        return self.given.pipeline

    @property
    def error_type(self) -> str | None:
        """The notification's own."""
        return self.given.error_type

    @property
    def severity(self) -> ErrorSeverity:
        """The notification's own."""
        return self.given.severity

    def notification(self) -> Notification:
        """The notification as it came."""
        return self.given
