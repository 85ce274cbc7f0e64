"""What a notification says, masked: of calls that failed, of a circuit, and of what a program wants told."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ninelives.describing import safe_repr
from ninelives.machine import hostname
from ninelives.notifications.failure import Failure
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.notifications.occurrence import Ready
from ninelives.notifications.words.letter_content import of_its_kind, of_letter, where_lost
from ninelives.notifications.words.moments import moment_text
from ninelives.notifications.words.outage_content import is_of_outage, of_circuit, of_outage
from ninelives.notifications.words.templates import reworded
from ninelives.redaction import redact, redact_function, redact_text

if TYPE_CHECKING:
    from ninelives.notifications.alert import Alert

__all__ = ["of_alert", "of_circuit", "of_failure", "of_health", "of_message"]


def of_failure(failure: Failure) -> Notification:
    """What is to be said of a call that failed."""
    text, pipeline = redact_text(failure.text), redact_text(failure.pipeline)
    operation, kind = redact_function(failure.operation), redact_text(failure.error_type)
    times = "attempt" if failure.attempts == 1 else "attempts"
    origins = [redact_text(each) for each in failure.origins]
    outcome = "was refused" if failure.refused else f"failed after {failure.attempts} {times}"
    details = {
        "operation": operation,
        "attempts": failure.attempts,
        "error": {"type": kind, "message": text, **({"caused_by": origins} if origins else {})},
        "circuit": None if failure.circuit is None else redact_text(failure.circuit),
        "circuit_state": None if failure.circuit_state is None else redact_text(failure.circuit_state),
        "call_id": failure.call_id,
        **of_letter(failure),
        "host": redact_text(hostname()),
        "process": os.getpid(),
        "trace": failure.trace,
    }
    return Notification(
        message=f"{operation} {outcome}{where_lost(failure)}: {kind}: {text}{_caused_by(origins)}",
        severity=failure.severity,
        error_type=kind,
        details={name: value for name, value in details.items() if value is not None},
        pipeline=pipeline,
        letter_id=failure.letter_id,
        key=f"{pipeline}:{kind}:{redact_text(failure.fingerprint or '')}",
        first=failure.at,
        last=failure.at,
    )


def _caused_by(origins: list[str]) -> str:
    return f" (caused by {'; '.join(origins)})" if origins else ""


def of_alert(alert: Alert) -> Notification:
    """What is to be said of all that an alert stands for, by the route's template where it has one."""
    notification = of_outage(alert) if is_of_outage(alert) else _of_kind(alert)
    return reworded(notification, alert.route.template)


def of_message(message: Any, details: Any, severity: str, error_type: str | None, now: datetime) -> Notification:
    """What a program wants told, whatever it gave."""
    known, shown = _severity(severity), _details(details)
    kind = None if error_type is None else _text(error_type)
    if known is None:
        shown["severity"] = redact_text(safe_repr(severity))
    return Notification(
        message=_text(message),
        severity=known or ErrorSeverity.ERROR,
        error_type=kind,
        details=shown,
        key=kind,
        first=now,
        last=now,
    )


def of_health(component: str | None, is_healthy: bool, details: Any, now: datetime) -> Notification:  # noqa: FBT001 - as in the public method
    """That something is not healthy, or is so again."""
    # In brackets: "token-service: not healthy" would look like a token.
    what = "Health check" if component is None else f"Health check ({redact_text(component)})"
    return Notification(
        message=f"{what}: healthy again" if is_healthy else f"{what}: not healthy",
        severity=ErrorSeverity.INFO if is_healthy else ErrorSeverity.ERROR,
        error_type="health_check",
        details=_details(details),
        key=f"health_check:{redact_text(component or '')}",
        first=now,
        last=now,
        resolved=is_healthy,
    )


def _of_kind(alert: Alert) -> Notification:
    given = alert.occurrence.notification()
    if isinstance(alert.occurrence, Ready) and alert.total == 1:
        return given  # whoever made it said all that there is to say
    told = replace(
        given,
        message=f"{_often(alert)}{given.message}",
        details={"phase": str(alert.phase), **_many(alert), **given.details},
        count=alert.count,
        first=alert.first,
        last=alert.last,
    )
    if not alert.others:
        return told
    name = redact_text(alert.route.name)
    return replace(
        told, message=f"Of more kinds than are told apart: {told.message}", error_type="others", key=f"{name}:others"
    )


def _many(alert: Alert) -> dict[str, Any]:
    if alert.total == 1:
        return {}
    about = alert.occurrence
    letters = of_its_kind(about) if isinstance(about, Failure) and not alert.others else {}
    return {"total": alert.total, "began": moment_text(alert.began), **letters}


def _often(alert: Alert) -> str:
    """How often, where it was more than once; it stands before the sentence."""
    if alert.total == 1:
        return ""
    since = f"since {moment_text(alert.began)}: "
    if alert.count == alert.total:
        return f"{alert.total:,} times {since}"
    return f"{alert.count:,} more, {alert.total:,} in all {since}"


def _text(given: Any) -> str:
    # By its type: asked for its class, an object may answer with an error.
    return redact_text(given if issubclass(type(given), str) else safe_repr(given))


def _details(given: Any) -> dict[str, Any]:
    masked = redact(given)
    if isinstance(masked, dict):
        return masked
    return {"details": masked} if masked else {}


def _severity(given: str) -> ErrorSeverity | None:
    try:
        return ErrorSeverity(given.upper())
    except Exception:  # whatever the program gave
        return None
