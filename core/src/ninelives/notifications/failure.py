"""A call that failed, as it is handed over: light, and without anything of the caller's."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from ninelives.dead_letters.fingerprints import Fingerprints
from ninelives.dead_letters.linking import is_refusal
from ninelives.dead_letters.missed import Missed, is_lost
from ninelives.describing import type_name
from ninelives.errors import CircuitBreakerOpenError
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.origins import origins_of
from ninelives.tracing import traceparent

if TYPE_CHECKING:
    from ninelives.call import Call

__all__ = ["Failure", "cause_of", "failure_of"]

_OUR_RULE = Fingerprints()


class Failure(Struct, frozen=True, kw_only=True):
    """One call that failed. Its texts are as the caller gave them: they are masked when they are sent.

    Attributes:
        pipeline: The pipeline's name.
        operation: The function's name, ``module:qualname``.
        error_type: The error's type.
        text: The error's message, the first 2,000 characters.
        origins: What it came from, nearest first; see `ninelives.origins.origins_of`.
        severity: How bad it is.
        at: When it failed.
        attempts: How often the function was called.
        call_id: The call's id.
        fingerprint: Groups failures of one kind; None: none could be made.
        refused: Whether it was not run at all.
        circuit: The name of the circuit that refused it, or whose trial it was; None: there is none.
        letter_id: The dead letter that the call became or came from; None: there is none.
        letter_place: Where that letter is: the store's address, secrets masked.
        letter_missed: Why it is not in its store; None: it is there.
        letter_lacks: What it can't be replayed without, and why; None: nothing.
        registered: Whether a function is known that runs the letter again.
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
    origins: tuple[str, ...] = ()
    refused: bool = False
    circuit: str | None = None
    circuit_state: str | None = None
    letter_id: str | None = None
    letter_place: str | None = None
    letter_missed: Missed | None = None
    letter_lacks: str | None = None
    registered: bool = True
    replay_count: int | None = None
    trace: str | None = None

    @property
    def is_letter_lost(self) -> bool:
        """Whether the call became a letter that no store took."""
        return is_lost(self.letter_missed)

    @property
    def key(self) -> str:
        """What groups failures of one kind: pipeline, error type and fingerprint."""
        return f"{self.pipeline}:{self.error_type}:{self.fingerprint or ''}"

    def notification(self) -> Notification:
        """What is said of it, masked."""
        from ninelives.notifications.words.content import of_failure  # its patterns take a while to compile

        return of_failure(self)


def failure_of(
    call: Call,
    error: Exception,
    at: datetime,
    *,
    circuit: str | None = None,
    state: str | None = None,
    registered: bool = True,
) -> Failure:
    """What is handed over of a call that failed with `error`.

    Args:
        call: The call.
        error: What it raised; nothing of it is held.
        at: The time.
        circuit: What the circuit is called that it is told with: that refused it, or whose trial it was. Then it needs
            no fingerprint.
        state: How the circuit of its chain stands.
        registered: Whether a function is known that runs its letter again.
    """
    refuser = error.name if isinstance(error, CircuitBreakerOpenError) else None
    letter = call.letter
    return Failure(
        pipeline=call.pipeline,
        operation=call.operation,
        error_type=type_name(error),
        text=call.said_by(error),
        origins=origins_of(error, call.without_masked),
        severity=_severity(call, error),
        at=at,
        attempts=call.attempt,
        call_id=call.id,
        fingerprint=call.fingerprint if circuit is not None else _fingerprint(call, error),
        refused=is_refusal(call, error),
        circuit=circuit or refuser,
        circuit_state=state,
        letter_id=call.letter_id,
        letter_place=call.letter_place,
        letter_missed=call.letter_missed,
        letter_lacks=call.letter_lacks,
        registered=registered,
        replay_count=None if letter is None else letter.replay_count,
        trace=traceparent(),
    )


def cause_of(call: Call, error: Exception, failure: Failure) -> Failure:
    """What opened a circuit, of a call that failed then.

    A call that the circuit then refused in its retries fails with that; the attempt before opened it.

    Args:
        call: The call.
        error: What it raised.
        failure: What is handed over of it.
    """
    if not (isinstance(error, CircuitBreakerOpenError) and call.attempts):
        return failure
    _, kind, text = call.attempts[-1]
    return replace(failure, error_type=kind, text=call.without_masked(text), origins=())


def _severity(call: Call, error: Exception) -> ErrorSeverity:
    """A letter that no store has can still be lost: someone is to see to that at once."""
    if is_lost(call.letter_missed):
        return ErrorSeverity.CRITICAL
    return ErrorSeverity.WARNING if isinstance(error, CircuitBreakerOpenError) else ErrorSeverity.ERROR


def _fingerprint(call: Call, error: Exception) -> str | None:
    """The letter's; of a call that has none made, what it would have by our rule."""
    if call.fingerprint is not None:
        return call.fingerprint
    made: str | None = _OUR_RULE.of(error, call.func)["fingerprint"]
    return made
