"""What someone is told."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

__all__ = ["ErrorSeverity", "Notification", "NotificationChannel"]


class ErrorSeverity(StrEnum):
    """How bad it is."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class NotificationChannel(StrEnum):
    """The kinds of channel that `AdminNotifier` can be asked for by name."""

    LOG = "LOG"
    SNS = "SNS"
    EMAIL = "EMAIL"
    SMS = "SMS"


class Notification(Struct, frozen=True, kw_only=True):
    """What a channel delivers. The text and the details are masked before any channel sees them.

    Attributes:
        message: One sentence for a person.
        severity: How bad it is.
        error_type: What kind of failure.
        details: More, as JSON can hold it.
        pipeline: The pipeline's name.
        letter_id: The dead letter that it is about.
        key: Groups notifications of one kind.
        count: How many failures it stands for.
        first, last: When the first and the last of them happened.
        resolved: Whether it says that something is over.
        text: The program's own wording, of its template: what channels that carry text carry in the place of ours.
    """

    message: str
    severity: ErrorSeverity = ErrorSeverity.ERROR
    error_type: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    pipeline: str | None = None
    letter_id: str | None = None
    key: str | None = None
    count: int = 1
    first: datetime | None = None
    last: datetime | None = None
    resolved: bool = False
    text: str | None = None
