"""Every event as a structured log."""

from __future__ import annotations

from ninelives.events import (
    CallFailed,
    CallRejected,
    CallSucceeded,
    CircuitOpened,
    Event,
    LetterLost,
    LetterParked,
    LetterSpilled,
    NotificationFailed,
    NotificationSuppressed,
    ReplayFailed,
    RetryScheduled,
)
from ninelives.late_imports import importing

__all__ = ["LEVELS", "log_event"]

LEVELS: dict[type[Event], str] = {
    CallSucceeded: "debug",
    RetryScheduled: "warning",
    CallRejected: "warning",
    CircuitOpened: "warning",
    ReplayFailed: "warning",
    NotificationSuppressed: "warning",
    CallFailed: "error",
    LetterSpilled: "error",
    LetterParked: "error",
    NotificationFailed: "error",
    LetterLost: "critical",
}
"""The level of each kind of event; of all others it is ``info``."""


def log_event(event: Event) -> None:
    """Log it: its name as ``event``, and its fields, masked."""
    with importing():
        from ninelives_log.output import write  # imports structlog: at the first event

    write(LEVELS.get(type(event), "info"), event.name, event.fields())
