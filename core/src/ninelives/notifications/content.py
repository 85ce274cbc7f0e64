"""What a notification says, masked: of a call that failed, and of what a program wants told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ninelives.dead_letters.linking import is_refusal
from ninelives.describing import safe_message, safe_repr, type_name
from ninelives.errors import CircuitBreakerOpenError
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.redaction import redact, redact_text

if TYPE_CHECKING:
    from ninelives.call import Call

__all__ = ["of_failure", "of_health", "of_message"]


def of_failure(call: Call, error: Exception, now: datetime) -> Notification:
    """What is to be said of a call that failed with `error`."""
    kind, text, operation = type_name(error), redact_text(safe_message(error)), redact_text(call.operation)
    times = "attempt" if call.attempt == 1 else "attempts"
    outcome = "was refused" if is_refusal(call, error) else f"failed after {call.attempt} {times}"
    details: dict[str, Any] = {
        "operation": operation,
        "attempts": call.attempt,
        "error": {"type": kind, "message": text},
        "call_id": call.id,
    }
    if call.letter_id is not None:
        details["letter"] = {"id": call.letter_id, "place": redact_text(call.letter_place or "")}
    if call.letter is not None:
        details["replay_count"] = call.letter.replay_count
    return Notification(
        message=f"{operation} {outcome}: {kind}: {text}",
        severity=ErrorSeverity.WARNING if isinstance(error, CircuitBreakerOpenError) else ErrorSeverity.ERROR,
        error_type=kind,
        details=details,
        pipeline=call.pipeline,
        letter_id=call.letter_id,
        key=f"{call.pipeline}:{kind}",
        first=now,
        last=now,
    )


def of_message(message: Any, details: Any, severity: str, error_type: str | None, now: datetime) -> Notification:
    """What a program wants told, whatever it gave."""
    known = _severity(severity)
    shown: dict[str, Any] = redact(details if isinstance(details, Mapping) else {"details": details}) if details else {}
    if known is None:
        shown["severity"] = redact_text(safe_repr(severity))
    return Notification(
        message=redact_text(message if isinstance(message, str) else safe_repr(message)),
        severity=known or ErrorSeverity.ERROR,
        error_type=None if error_type is None else redact_text(str(error_type)),
        details=shown,
        key=None if error_type is None else redact_text(str(error_type)),
        first=now,
        last=now,
    )


def of_health(component: str | None, is_healthy: bool, details: Any, now: datetime) -> Notification:  # noqa: FBT001 - as in the public method
    """That something is not healthy, or is so again."""
    what = "Health check" if component is None else f"Health check of {redact_text(component)}"
    return Notification(
        message=f"{what}: healthy again" if is_healthy else f"{what}: not healthy",
        severity=ErrorSeverity.INFO if is_healthy else ErrorSeverity.ERROR,
        error_type="health_check",
        details=of_message("", details, "INFO", None, now).details,
        key=f"health_check:{redact_text(component or '')}",
        first=now,
        last=now,
        resolved=is_healthy,
    )


def _severity(given: str) -> ErrorSeverity | None:
    try:
        return ErrorSeverity(given.upper())
    except (ValueError, AttributeError):
        return None
