"""Facts that happened, past tense and frozen: what structured logs and metrics are made of.

Every event has `at` (aware, UTC), `pipeline` (None for a part used alone) and, where there is a call, `call_id`. Its
`name` is what structured logs carry as ``event``. A listener is any callable that takes one event; it is told all but
`call_succeeded`, unless it has an attribute ``events``: a tuple of the types that it wants.
"""

from __future__ import annotations

from ninelives.events.calls import CallFailed, CallRejected, CallSucceeded, RetryScheduled
from ninelives.events.circuits import CircuitClosed, CircuitEvent, CircuitHalfOpened, CircuitOpened
from ninelives.events.event import Event, Listener
from ninelives.events.letters import LetterChanged, LetterEvent, LetterLost, LetterSpilled, LetterStored, StoreOverLimit
from ninelives.events.notifications import (
    NotificationEvent,
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
)
from ninelives.events.replays import (
    LetterParked,
    LetterPurged,
    LetterReplayed,
    ReplayEnded,
    ReplayEvent,
    ReplayFailed,
    ReplayProgressed,
    ReplayStarted,
    RunEvent,
)

__all__ = [
    "EVENTS",
    "CallFailed",
    "CallRejected",
    "CallSucceeded",
    "CircuitClosed",
    "CircuitEvent",
    "CircuitHalfOpened",
    "CircuitOpened",
    "Event",
    "LetterChanged",
    "LetterEvent",
    "LetterLost",
    "LetterParked",
    "LetterPurged",
    "LetterReplayed",
    "LetterSpilled",
    "LetterStored",
    "Listener",
    "NotificationEvent",
    "NotificationFailed",
    "NotificationSent",
    "NotificationSuppressed",
    "ReplayEnded",
    "ReplayEvent",
    "ReplayFailed",
    "ReplayProgressed",
    "ReplayStarted",
    "RetryScheduled",
    "RunEvent",
    "StoreOverLimit",
]

EVENTS: tuple[type[Event], ...] = (
    RetryScheduled,
    CallFailed,
    CallRejected,
    CallSucceeded,
    CircuitOpened,
    CircuitHalfOpened,
    CircuitClosed,
    LetterStored,
    LetterSpilled,
    LetterLost,
    LetterReplayed,
    ReplayFailed,
    LetterParked,
    LetterPurged,
    LetterChanged,
    StoreOverLimit,
    ReplayStarted,
    ReplayProgressed,
    ReplayEnded,
    NotificationSent,
    NotificationFailed,
    NotificationSuppressed,
)
