"""Which trace a call belongs to, where the program traces with OpenTelemetry."""

from __future__ import annotations

import sys

__all__ = ["traceparent"]


def traceparent() -> str | None:
    """The W3C ``traceparent`` of the current OpenTelemetry span; None without one.

    OpenTelemetry is only looked at where the program has imported it: this imports nothing. Never raises an
    `Exception`. The form is that of https://www.w3.org/TR/trace-context/#traceparent-header, version 00.

    Example:
        >>> traceparent() is None  # no span is current here
        True
    """
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    try:
        span = trace.get_current_span().get_span_context()
        if not span.is_valid:
            return None
        # Of the flags the two that have a meaning, sampled and random: the others must be 0 when they are sent on.
        return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags & 0x03:02x}"
    except Exception:
        return None
