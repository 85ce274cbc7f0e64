"""Errors as text for logs: with their tracebacks, and masked."""

from __future__ import annotations

from ninelives.describing import safe_message, type_name
from ninelives.redaction.text import redact_text

__all__ = ["masked_traceback"]

_MOST_FRAMES = 20  # the innermost, which say where it happened


def masked_traceback(error: BaseException) -> str:
    """The error's traceback, its secrets masked: for a log, in place of ``exc_info=``, which shows what the error says.

    Of a long one the innermost 20 frames are there. Never raises an `Exception`.

    Example:
        >>> masked_traceback(ValueError("password=hunter2"))
        'ValueError: password=***'
    """
    import traceback

    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__, limit=-_MOST_FRAMES, chain=False)
        return redact_text("".join(lines).rstrip())
    except Exception:
        return redact_text(f"{type_name(error)}: {safe_message(error)}")
