"""Making the letter of a failed call: bounded, and never failing itself."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from msgspec import Struct, structs

from ninelives.call import Call
from ninelives.dead_letters.letter import Attempt, DeadLetter, ErrorRecord, Reason
from ninelives.dead_letters.payload import encode
from ninelives.describing import clean_text, safe_message, safe_repr, type_name
from ninelives.errors import CircuitBreakerOpenError
from ninelives.fingerprint import FINGERPRINT_VERSION, fingerprint
from ninelives.ids import new_id
from ninelives.transient import Kind, classify

__all__ = ["Failure", "LetterMaker", "error_record", "reason_of"]

MAX_CAUSES = 10
MAX_FRAMES = 50
MAX_TRACEBACK = 32_768
"""Characters of a traceback that are kept; the middle of a longer one is left out."""


class Failure(Struct, frozen=True, kw_only=True):
    """How a replay failed, as its letter records it."""

    reason: Reason
    record: ErrorRecord
    attempts: tuple[Attempt, ...]
    error_info: dict[str, Any] | None = None


class LetterMaker(Struct, frozen=True):
    """Makes letters.

    Attributes:
        now: The wall clock.
        pipeline: The pipeline's name; None for a queue used alone.
        encode: Encodes what JSON can't hold; see `ninelives.dead_letters.payload`.
    """

    now: Callable[[], datetime]
    pipeline: str | None = None
    encode: Callable[[Any], Any] | None = None

    def of_call(self, call: Call, error: BaseException) -> DeadLetter:
        """The letter of a call that failed with `error`."""
        args, marked = encode(list(call.args), "args", self.encode)
        kwargs, more = encode(call.kwargs, "kwargs", self.encode)
        marked += more
        now = self.now()
        attempts = _attempts(call, error, now)
        return DeadLetter(
            id=call.id,
            key=clean_text(call.idempotency_key),
            caused_by=_cause_letter(call, error),
            pipeline=self.pipeline,
            operation=clean_text(call.operation),
            reason=reason_of(error),
            args=args,
            # A dictionary with odd keys comes back tagged: still a JSON object.
            kwargs=kwargs,
            replayable=not marked,
            unserialisable=tuple(marked),
            error=error_record(error),
            attempts=attempts,
            fingerprint=fingerprint(error),
            fingerprint_version=FINGERPRINT_VERSION,
            created=now,
            first_failed=attempts[0].at if attempts else now,
            last_failed=now,
            host=hostname(),
            pid=os.getpid(),
            tags={clean_text(name): clean_text(value) for name, value in call.tags.items()},
        )

    def of_wreck(self, call: Call, error: BaseException) -> DeadLetter:
        """The letter of a call that no whole letter could be made of: what it was, and that it can't be replayed."""
        now = self.now()
        why = {"path": "", "repr": f"the letter could not be made of {safe_repr(call.args)}, {safe_repr(call.kwargs)}"}
        return DeadLetter(
            id=call.id,
            key=call.id,
            pipeline=self.pipeline,
            args=[],
            kwargs={},
            replayable=False,
            unserialisable=(why,),
            error=ErrorRecord(type=type_name(error), message=safe_message(error)),
            created=now,
            first_failed=now,
            last_failed=now,
            host=hostname(),
            pid=os.getpid(),
        )

    def of_message(self, message: Any, error_info: Mapping[str, Any] | None) -> DeadLetter:
        """The letter of a message that was sent by hand."""
        body, marked = encode(message, "message", self.encode)
        info, _ = encode(error_info, "error_info", self.encode)
        now = self.now()
        letter_id = new_id()
        return DeadLetter(
            id=letter_id,
            key=letter_id,
            pipeline=self.pipeline,
            message=body,
            replayable=not marked,
            unserialisable=tuple(marked),
            error_info=info,
            created=now,
            first_failed=now,
            last_failed=now,
            host=hostname(),
            pid=os.getpid(),
        )

    @staticmethod
    def made_here(letter: DeadLetter) -> bool:
        """Whether this very process made the letter."""
        return letter.pid == os.getpid() and letter.host == hostname()

    def after_replay(self, letter: DeadLetter, failure: Failure, max_replays: int) -> DeadLetter:
        """The same letter after a replay that failed: one more counted, the new error last."""
        count = letter.replay_count + 1
        return structs.replace(
            letter,
            reason=failure.reason,
            error=failure.record,
            attempts=(*letter.attempts, *failure.attempts)[-10:],
            error_info=letter.error_info if failure.error_info is None else encode(failure.error_info, "error_info")[0],
            last_failed=self.now(),
            replay_count=count,
            state="parked" if count >= max_replays else letter.state,
        )

    def failure_of(self, call: Call, error: BaseException) -> Failure:
        """What a replay that failed with `error` leaves behind."""
        return Failure(reason=reason_of(error), record=error_record(error), attempts=_attempts(call, error, self.now()))

    def failure_said(self, error_info: Mapping[str, Any] | None) -> Failure:
        """The same where the reprocessor sent the message to the queue again instead of raising."""
        info = error_info or {}
        kind = clean_text(str(info.get("error_type", "sent again by its reprocessor")))
        record = ErrorRecord(type=kind, message=clean_text(str(info.get("error_message", ""))))
        attempt = Attempt(at=self.now(), type=record.type, message=record.message)
        return Failure(reason="manual", record=record, attempts=(attempt,), error_info=dict(info) or None)


def reason_of(error: BaseException) -> Reason:
    """Why a call that failed with this error is a letter."""
    if not isinstance(error, Exception):
        return "cancelled"
    if isinstance(error, CircuitBreakerOpenError):
        return "circuit_open"
    return "permanent" if classify(error).kind is Kind.PERMANENT else "exhausted"


def error_record(error: BaseException) -> ErrorRecord:
    """The error as a letter keeps it: bounded, whatever it is."""
    return ErrorRecord(
        type=type_name(error), message=safe_message(error), traceback=_traceback(error), causes=_causes(error)
    )


@cache
def hostname() -> str:
    """The machine's name."""
    return clean_text(os.uname().nodename) if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")


def _attempts(call: Call, error: BaseException, now: datetime) -> tuple[Attempt, ...]:
    made = [Attempt(at=at, type=kind, message=message) for at, kind, message in call.attempts or ()]
    # Without a backoff link nobody wrote the last one down; with one, the retries before the last are there.
    if call.attempt > 0 and len(made) < min(call.attempt, 10):
        made.append(Attempt(at=now, type=type_name(error), message=safe_message(error)))
    return tuple(made[-10:])


def _cause_letter(call: Call, error: BaseException) -> str | None:
    if call.nested is None:
        return None
    nested_error, letter_id = call.nested
    return letter_id if any(cause is nested_error for cause in (error, *_chain(error))) else None


def _chain(error: BaseException) -> list[BaseException]:
    """The errors that it came from, nearest first; a chain that bites its own tail ends there."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while len(chain) < MAX_CAUSES and following is not None:
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
        if following is None or following is error or any(following is known for known in chain):
            break
        chain.append(following)
    return chain


def _causes(error: BaseException) -> tuple[str, ...]:
    return tuple(f"{type_name(cause)}: {safe_message(cause)}" for cause in _chain(error))


def _traceback(error: BaseException) -> str:
    try:
        # Negative: the innermost frames, which say where it happened.
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=-MAX_FRAMES))
    except Exception as broken:
        text = f"<the traceback can't be formatted: {safe_repr(broken)}>"
    text = clean_text(text)
    if len(text) <= MAX_TRACEBACK:
        return text
    half = MAX_TRACEBACK // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
