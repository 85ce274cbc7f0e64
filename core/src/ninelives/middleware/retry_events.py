"""Telling that a call will be tried again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from ninelives.describing import safe_message, type_name
from ninelives.faults import never_raises
from ninelives.late_imports import ready

if TYPE_CHECKING:
    from ninelives.call import Call
    from ninelives.events import Event

__all__ = ["tell_retry"]


@never_raises("a retry could not be told of")
def tell_retry(
    emit: Callable[[Event], None], call: Call, error: Exception, now: datetime, delay: float, *, alone: bool
) -> None:
    """Tell the listeners that a call has failed, and is tried again.

    Args:
        emit: Tells them.
        call: Which call.
        error: What its last attempt raised.
        now: When that was.
        delay: Seconds until the next attempt.
        alone: Whether the call is in no pipeline.
    """
    ready()
    from ninelives.events import RetryScheduled
    from ninelives.redaction import redact_text  # late: its patterns take a while to compile

    emit(
        RetryScheduled(
            at=now,
            pipeline=None if alone else call.pipeline,
            call_id=None if alone else call.id,
            operation=call.operation,
            attempt=call.attempt,
            delay=delay,
            error_type=type_name(error),
            error_message=redact_text(safe_message(error)),
        )
    )
