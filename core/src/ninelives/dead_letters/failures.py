"""What went wrong, as a letter records it: bounded, whatever the error is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any

from msgspec import Struct

from ninelives.call import Call
from ninelives.dead_letters.fingerprints import kind_said
from ninelives.dead_letters.letter import Attempt, ErrorRecord, Reason
from ninelives.dead_letters.reprs import as_text, short_repr
from ninelives.describing import bounded, clean_text, safe_message, type_name
from ninelives.errors import CircuitBreakerOpenError
from ninelives.fingerprint import FINGERPRINT_VERSION, is_ours
from ninelives.origins import chain_of
from ninelives.transient import Kind, classify

__all__ = [
    "Failure",
    "attempts_of",
    "cause_letter",
    "error_record",
    "failure_of",
    "failure_said",
    "reason_of",
    "record_said",
]

MAX_ATTEMPTS = 10
MAX_CAUSES = 10
MAX_FRAMES = 50
MAX_TRACEBACK = 32_768
"""Characters of a traceback that are kept; the middle of a longer one is left out."""

_BECAUSE = "\nThe above exception is what the following one came from:\n\n"


class Failure(Struct, frozen=True, kw_only=True):
    """How a call or a replay failed, as its letter records it; without a fingerprint it is of the kind that it was."""

    reason: Reason
    record: ErrorRecord
    attempts: tuple[Attempt, ...]
    error_info: Any = None
    fingerprint: str | None = None
    fingerprint_version: int = FINGERPRINT_VERSION


def failure_of(call: Call, error: BaseException, now: datetime) -> Failure:
    """What a call that failed with `error` leaves behind."""
    return Failure(reason=reason_of(error), record=error_record(error), attempts=attempts_of(call, error, now))


def failure_said(error_info: Any, now: datetime) -> Failure:
    """The same where the reprocessor sent the message to the queue again instead of raising."""
    told = error_info if isinstance(error_info, Mapping) else {"error_message": error_info or ""}
    record = record_said(told, "sent again by its reprocessor")
    attempt = Attempt(at=now, type=record.type, message=record.message)
    kind = kind_said(error_info)
    return Failure(reason="manual", record=record, attempts=(attempt,), error_info=error_info or None, **kind)


def record_said(told: Mapping[str, Any], otherwise: str = "") -> ErrorRecord:
    """An error of which only words are known, as `send_to_dlq` is told them; `otherwise` stands for its type."""
    kind, message = told.get("error_type", otherwise), told.get("error_message", "")
    return ErrorRecord(type=bounded(as_text(kind)), message=bounded(as_text(message)))


def reason_of(error: BaseException) -> Reason:
    """Why a call that failed with this error is a letter."""
    if not isinstance(error, Exception):
        return "cancelled"
    if isinstance(error, CircuitBreakerOpenError):
        return "circuit_open"
    return "permanent" if classify(error).kind is Kind.PERMANENT else "exhausted"


def error_record(error: BaseException) -> ErrorRecord:
    """The error as a letter keeps it."""
    return ErrorRecord(
        type=type_name(error),
        message=safe_message(error),
        traceback=_traceback(error),
        causes=tuple(f"{type_name(cause)}: {safe_message(cause)}" for cause in chain_of(error, MAX_CAUSES)),
    )


def attempts_of(call: Call, error: BaseException, now: datetime) -> tuple[Attempt, ...]:
    """The call's last failed attempts, the one with `error` among them."""
    made = [Attempt(at=at, type=kind, message=message) for at, kind, message in call.attempts or ()]
    # Without a backoff link nobody wrote the last one down; with one, the retries before the last are there.
    if call.attempt > 0 and len(made) < min(call.attempt, MAX_ATTEMPTS):
        made.append(Attempt(at=now, type=type_name(error), message=safe_message(error)))
    return tuple(made[-MAX_ATTEMPTS:])


def cause_letter(call: Call, error: BaseException) -> str | None:
    """The letter of the nested pipeline's call whose error this is, or came from."""
    if call.nested is None:
        return None
    nested_error, letter_id = call.nested
    return letter_id if any(cause is nested_error for cause in (error, *chain_of(error, MAX_CAUSES))) else None


def _traceback(error: BaseException) -> str:
    # One by one, oldest first: a chain that a loop made of its errors can be of any length.
    return _bounded(_BECAUSE.join(_formatted(one) for one in (*reversed(chain_of(error, MAX_CAUSES)), error)))


def _formatted(error: BaseException) -> str:
    try:
        import traceback  # in here: while the interpreter ends, nothing can be imported any more

        begin = _behind_ours(error.__traceback__)
        # Negative: the innermost frames, which say where it happened.
        lines = traceback.format_exception(type(error), error, begin, limit=-MAX_FRAMES, chain=False)
        return clean_text(_bounded("".join(lines)))
    except Exception as broken:
        return f"<the traceback can't be formatted: {short_repr(broken)}>\n"


def _behind_ours(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback from where the chain called what failed; all of it where there is nothing but ours."""
    begin = traceback
    while begin is not None and is_ours(begin.tb_frame):
        begin = begin.tb_next
    return begin if begin is not None else traceback


def _bounded(text: str) -> str:
    if len(text) <= MAX_TRACEBACK:
        return text
    half = MAX_TRACEBACK // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
