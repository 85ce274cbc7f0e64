"""A call that failed, as it is handed over: light, and without anything of the caller's."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from ninelives.dead_letters.fingerprints import Fingerprints
from ninelives.dead_letters.linking import is_refusal
from ninelives.describing import type_name
from ninelives.errors import CircuitBreakerOpenError
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.tracing import traceparent

if TYPE_CHECKING:
    from ninelives.call import Call

__all__ = ["Failure", "failure_of"]

_OUR_RULE = Fingerprints()


class Failure(Struct, frozen=True, kw_only=True):
    """One call that failed. Its texts are as the caller gave them: they are masked when they are sent.

    Attributes:
        pipeline: The pipeline's name.
        operation: The function's name, ``module:qualname``.
        error_type: The error's type.
        text: The error's message, the first 2,000 characters.
        severity: How bad it is.
        at: When it failed.
        attempts: How often the function was called.
        call_id: The call's id.
        fingerprint: Groups failures of one kind; None: none could be made.
        refused: Whether it was not run at all.
        circuit: The name of the circuit that refused it, or whose trial it was; None: there is none.
        letter_id: The dead letter that the call became or came from; None: there is none.
        letter_place: Where that letter is: the store's address, secrets masked.
        letter_lacks: What it can't be replayed without, and why; None: nothing.
        replay_count: On a replay, how often the letter has failed so far.
        trace: The W3C traceparent that the call ran under; None without one.
    """

    pipeline: str
    operation: str
    error_type: str
    text: str
    severity: ErrorSeverity
    at: datetime
    attempts: int = 1
    call_id: str | None = None
    fingerprint: str | None = None
    refused: bool = False
    circuit: str | None = None
    circuit_state: str | None = None
    letter_id: str | None = None
    letter_place: str | None = None
    letter_lacks: str | None = None
    replay_count: int | None = None
    trace: str | None = None

    @property
    def key(self) -> str:
        """What groups failures of one kind: pipeline, error type and fingerprint."""
        return f"{self.pipeline}:{self.error_type}:{self.fingerprint or ''}"

    def notification(self) -> Notification:
        """What is said of it, masked."""
        from ninelives.notifications.words.content import of_failure  # its patterns take a while to compile

        return of_failure(self)


def failure_of(
    call: Call, error: Exception, at: datetime, *, circuit: str | None = None, state: str | None = None
) -> Failure:
    """What is handed over of a call that failed with `error`.

    Args:
        call: The call.
        error: What it raised; nothing of it is held.
        at: The time.
        circuit: What the circuit is called that it is told with: that refused it, or whose trial it was. Then it needs
            no fingerprint.
        state: How the circuit of its chain stands.
    """
    refuser = error.name if isinstance(error, CircuitBreakerOpenError) else None
    letter = call.letter
    return Failure(
        pipeline=call.pipeline,
        operation=call.operation,
        error_type=type_name(error),
        text=call.said_by(error),
        severity=ErrorSeverity.WARNING if isinstance(error, CircuitBreakerOpenError) else ErrorSeverity.ERROR,
        at=at,
        attempts=call.attempt,
        call_id=call.id,
        fingerprint=call.fingerprint if circuit is not None else _fingerprint(call, error),
        refused=is_refusal(call, error),
        circuit=circuit or refuser,
        circuit_state=state,
        letter_id=call.letter_id,
        letter_place=call.letter_place,
        letter_lacks=call.letter_lacks,
        replay_count=None if letter is None else letter.replay_count,
        trace=traceparent(),
    )


def _fingerprint(call: Call, error: Exception) -> str | None:
    """The letter's; of a call that has none made, what it would have by our rule."""
    if call.fingerprint is not None:
        return call.fingerprint
    made: str | None = _OUR_RULE.of(error, call.func)["fingerprint"]
    return made
