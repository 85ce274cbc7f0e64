"""Facts that happened, past tense and frozen: what structured logs and metrics are made of.

Every event has `at` (aware, UTC), `pipeline` (None for a part used alone) and, where there is a call, `call_id`. Its
`name` is what structured logs carry as ``event``. A listener is any callable that takes one event; it is told all but
`call_succeeded`, unless it has an attribute ``events``: a tuple of the types that it wants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar

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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Event:
    """What every event has.

    Attributes:
        at: When it happened; aware, in UTC.
        pipeline: The pipeline's name; None for a part used alone.
        call_id: The call's id, where there is one.
    """

    name: ClassVar[str] = "event"

    at: datetime
    pipeline: str | None = None
    call_id: str | None = None

    # Once here rather than generated for each class: generating them takes a third of the package's import.
    def fields(self) -> dict[str, Any]:
        """The event's fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Event) and self.fields() == other.fields()

    def __hash__(self) -> int:
        return hash((type(self), *self.fields().values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.fields().items())})"


Listener = Callable[[Event], object]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class RetryScheduled(Event):
    """An attempt failed and another follows after `delay` seconds.

    Attributes:
        attempt: The number of the attempt that failed, from 1.
        delay: Seconds until the next.
    """

    name: ClassVar[str] = "retry_scheduled"

    operation: str
    attempt: int
    delay: float
    error_type: str
    error_message: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class CallFailed(Event):
    """A call failed for good, whether or not a fallback then answered.

    Attributes:
        attempts: How often the function was called.
        elapsed: Seconds from the call's begin to its end.
        letter_id: The dead letter that holds it; None without one.
    """

    name: ClassVar[str] = "call_failed"

    operation: str
    attempts: int
    elapsed: float
    error_type: str
    error_message: str
    letter_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class CallRejected(Event):
    """A call was refused by an open circuit; the function did not run.

    Attributes:
        circuit: The circuit's name.
        retry_after: Seconds until a call may be admitted; None when isolated.
    """

    name: ClassVar[str] = "call_rejected"

    operation: str
    circuit: str | None
    retry_after: float | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class CallSucceeded(Event):
    """A call succeeded. Made only if a listener asks for it: ``events = (CallSucceeded,)``."""

    name: ClassVar[str] = "call_succeeded"

    operation: str
    attempts: int
    elapsed: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class CircuitEvent(Event):
    """What the events of a circuit have.

    Attributes:
        circuit: The circuit's name; None for a private one.
        failures: Consecutive failures counted when it happened.
        reopens_in: Seconds until a trial call may be admitted; None where that has no meaning.
    """

    circuit: str | None
    failures: int
    reopens_in: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class CircuitOpened(CircuitEvent):
    """A circuit opened: calls are refused until `reopens_in` has passed."""

    name: ClassVar[str] = "circuit_opened"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class CircuitHalfOpened(CircuitEvent):
    """The first trial call after the recovery time was admitted."""

    name: ClassVar[str] = "circuit_half_opened"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class CircuitClosed(CircuitEvent):
    """A circuit closed: calls pass again."""

    name: ClassVar[str] = "circuit_closed"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterEvent(Event):
    """What the events of a letter's way into a store have.

    Attributes:
        store: The store's address, secrets masked.
        reason: Why the call became a letter, or why the store did not take it.
        fingerprint: Groups letters of one kind.
    """

    letter_id: str
    store: str
    reason: str
    fingerprint: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterStored(LetterEvent):
    """A dead letter is in its store."""

    name: ClassVar[str] = "letter_stored"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterSpilled(LetterEvent):
    """The store did not take the letter; its fallback, named here, did."""

    name: ClassVar[str] = "letter_spilled"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterLost(LetterEvent):
    """Neither the store nor its fallback took the letter: it stands whole on stderr, and nowhere else."""

    name: ClassVar[str] = "letter_lost"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReplayEvent(Event):
    """What the events of a letter's replay have.

    Attributes:
        replay_count: How many replays of the letter have failed so far.
    """

    letter_id: str
    replay_count: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterReplayed(ReplayEvent):
    """A replay succeeded and the letter is gone from its store."""

    name: ClassVar[str] = "letter_replayed"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReplayFailed(ReplayEvent):
    """A replay failed; the letter is back in its store with the new error."""

    name: ClassVar[str] = "replay_failed"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterParked(ReplayEvent):
    """A letter failed its last allowed replay: from now on only naming it replays it."""

    name: ClassVar[str] = "letter_parked"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterPurged(ReplayEvent):
    """A letter was deleted without a replay."""

    name: ClassVar[str] = "letter_purged"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterChanged(Event):
    """Someone did something to a letter by hand; the letter's notes say it too.

    Attributes:
        action: What was done: ``noted``, ``edited``, ``parked``, ``unparked``, ``moved``, ``imported``, ``purged`` or
            ``replayed``.
        user: Who did it, by the name that the operating system has.
        host: On which machine.
        command: With what, without its arguments: ``ninelives dlq edit``.
        note: What was said of it; None: nothing.
    """

    name: ClassVar[str] = "letter_changed"

    letter_id: str
    action: str
    user: str
    host: str
    command: str
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class StoreOverLimit(Event):
    """A store holds more letters than `max_letters`; nothing was refused or dropped.

    Attributes:
        store: The store's address, secrets masked.
        letters: How many it holds.
        limit: How many it is meant to hold at most.
    """

    name: ClassVar[str] = "store_over_limit"

    store: str
    letters: int
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class RunEvent(Event):
    """What the events of a run of replays have.

    Attributes:
        total: How many letters the run is about; None where the store can't say.
    """

    total: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReplayStarted(RunEvent):
    """A replay began."""

    name: ClassVar[str] = "replay_started"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReplayProgressed(RunEvent):
    """A replay goes on; at most one a second.

    Attributes:
        done: How many letters it is through with, whatever came of them.
        replayed: How many of them succeeded.
        failed: How many failed again.
    """

    name: ClassVar[str] = "replay_progressed"

    done: int
    replayed: int
    failed: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReplayEnded(RunEvent):
    """A replay is over.

    Attributes:
        done: How many letters it is through with, whatever came of them.
        replayed: How many of them succeeded.
        failed: How many failed again.
        elapsed: Seconds from begin to end.
        stopped: Why it ended before all were run; None: it did not.
    """

    name: ClassVar[str] = "replay_ended"

    done: int
    replayed: int
    failed: int
    elapsed: float
    stopped: str | None = None


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
