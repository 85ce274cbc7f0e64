"""What is said of a circuit that refuses calls: when that begins, while it lasts, and when it is over."""

from __future__ import annotations

import os
from typing import Any

from msgspec.structs import replace

from ninelives.circuit import CircuitState
from ninelives.machine import hostname
from ninelives.notifications.alert import Alert, Flaps, Phase
from ninelives.notifications.circuit_change import CircuitChange
from ninelives.notifications.failure import Failure
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.notifications.wording import CIRCUIT
from ninelives.notifications.words.letter_content import all_in, all_of_pipeline
from ninelives.notifications.words.moments import duration_text, moment_text
from ninelives.redaction import redact_function, redact_text

__all__ = ["is_of_outage", "of_circuit", "of_outage"]

_ERROR_TYPE = "circuit_open"
_STATES = {
    CircuitState.OPEN: "is open: calls are refused",
    CircuitState.ISOLATED: "is isolated: calls are refused until it is reset",
    CircuitState.CLOSED: "has closed: calls are admitted again",
}


def is_of_outage(alert: Alert) -> bool:
    """Whether it is of a circuit's outage, and not of one kind of failures."""
    return alert.phase is Phase.OPENED or alert.after is not None


def of_circuit(change: CircuitChange) -> Notification:
    """What is to be said of a circuit that has just opened, was isolated, or has closed."""
    name, closed = redact_text(change.circuit), change.state is CircuitState.CLOSED
    details: dict[str, Any] = {"circuit": name, "state": change.state.value}
    if not closed:
        details["failures"] = change.failures
    if change.recovers_after is not None:
        details["trial_after"] = duration_text(change.recovers_after)
    details |= {"host": redact_text(hostname()), "process": os.getpid()}
    return Notification(
        message=f"Circuit {name} {_STATES.get(change.state, change.state.value)}",
        severity=change.severity,
        error_type=change.error_type,
        details=details,
        pipeline=redact_text(change.pipeline),
        key=f"{CIRCUIT}{name}",
        first=change.at,
        last=change.at,
        resolved=closed,
    )


def of_outage(alert: Alert) -> Notification:
    """What is to be said of an outage: by that the circuit opened or closed, or by a call that it refused."""
    given, flaps = alert.occurrence.notification(), alert.flaps
    closed = alert.phase is Phase.RECOVERED or (flaps is not None and flaps.over)
    name = redact_text(str(getattr(alert.occurrence, "circuit", None)))
    known = {"circuit": name, "state": "open", **_beginning(alert), **given.details, **_why(alert), **_flapping(alert)}
    lasted = {} if alert.after is None else {"duration": duration_text(_seconds(alert))}
    return replace(
        given,
        message=f"Circuit {name} {_sentence(alert, known['state'])}{'' if closed else _last_failure(known)}",
        severity=ErrorSeverity.INFO if closed else ErrorSeverity.ERROR,
        error_type=_ERROR_TYPE,
        details={
            "phase": str(alert.phase),
            **_letters(alert),
            **known,
            "total": alert.total,
            "began": moment_text(alert.began),
            **lasted,
        },
        key=f"{CIRCUIT}{name}",
        count=alert.count,
        first=alert.first,
        last=alert.last,
        resolved=closed,
    )


def _beginning(alert: Alert) -> dict[str, Any]:
    """How many failures in a row had opened it, of one that has closed."""
    began = None if alert.after is None else alert.after.occurrence
    return {"failures": began.failures} if isinstance(began, CircuitChange) else {}


def _why(alert: Alert) -> dict[str, Any]:
    """The failure that opened it, as far as that is known."""
    cause = alert.cause
    if not isinstance(cause, Failure):
        return {}
    error: dict[str, Any] = {"type": redact_text(cause.error_type), "message": redact_text(cause.text)}
    if cause.origins:
        error["caused_by"] = [redact_text(each) for each in cause.origins]
    return {"operation": redact_function(cause.operation), "error": error}


def _last_failure(known: dict[str, Any]) -> str:
    """What the sentence of an open circuit ends with."""
    if "error" not in known or "failures" not in known:
        return ""
    error, failures = known["error"], known["failures"]
    often = f"{failures:,} failures in a row, the last " if failures != 1 else "1 failure: "
    return f"; {often}{error['type']}: {error['message']}"


def _letters(alert: Alert) -> dict[str, str]:
    """What to run to see the letters of the pipeline."""
    for about in (alert.cause, alert.occurrence):
        if isinstance(about, Failure) and about.letter_id is not None:
            return all_of_pipeline(about)
    change = alert.occurrence
    return all_in(change.store, change.pipeline) if isinstance(change, CircuitChange) and change.store else {}


def _flapping(alert: Alert) -> dict[str, Any]:
    """What is known of a circuit that flaps."""
    if alert.flaps is None:
        return {}
    state = {} if alert.phase is Phase.OPENED else {"state": "closed" if alert.flaps.over else "flapping"}
    return {**state, "opened_and_closed": alert.flaps.times, "flaps_since": moment_text(alert.flaps.since)}


def _sentence(alert: Alert, state: str) -> str:
    if alert.flaps is None:
        return _outage(alert, state)
    if alert.phase is Phase.OPENED:
        return f"{_outage(alert, state)}. It flaps: {_times(alert.flaps)}; {_calls(alert.count)} in all"
    told = f": {_times(alert.flaps)}; {_calls(alert.count)}" if alert.flaps.times else ""
    if alert.flaps.over:
        return f"flaps no more, and has been closed since {moment_text(alert.last)}{told}"
    return f"flaps{told}"


def _outage(alert: Alert, state: str) -> str:
    since, duration = moment_text(alert.began), duration_text(_seconds(alert))
    if alert.phase is Phase.RECOVERED:
        return f"has closed after {duration}: {_calls(alert.total)}"
    if alert.after is None:
        return f"is {state} since {since}: {_calls(alert.total)}"
    more = f"{alert.count:,} more, in all " if alert.count != alert.total else ""
    return f"is still {state} after {duration}, since {since}: {more}{_calls(alert.total)}"


def _seconds(alert: Alert) -> float:
    """How long it has lasted: until the latest that is known of it, in the end until it was over."""
    return (alert.last - alert.began).total_seconds()


def _times(flaps: Flaps) -> str:
    """How often it opened and closed, and since when."""
    often = "once more" if flaps.times == 1 else f"{flaps.times:,} more times"
    return f"it opened and closed {often} since {moment_text(flaps.since)}"


def _calls(count: int) -> str:
    """How many calls an outage has cost; refused ones, and trials that failed."""
    return f"{count:,} {'call was' if count == 1 else 'calls were'} refused or failed"
