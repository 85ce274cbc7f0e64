"""What became of calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ninelives.events.event import Event

__all__ = ["CallFailed", "CallRejected", "CallSucceeded", "RetryScheduled"]


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
