"""When a service said to come back: ``Retry-After``, and what libraries make of it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from ninelives.shapes import attribute, header

__all__ = ["LONGEST", "retry_after", "seconds_until"]

LONGEST = 86_400.0
"""Seconds; what asks for more than a day is taken for a mistake and ignored."""

_LONGEST_TEXT = 64


def retry_after(error: BaseException, now: datetime) -> float | None:
    """Seconds after which the service that failed wants to be tried again; None if it did not say, or nothing sensible.

    Read are the response's header ``Retry-After``, then the error's attribute ``retry_after``.

    Args:
        error: What was raised.
        now: The wall clock's time, aware: a date is counted from it.
    """
    told = seconds_until(header(error, "retry-after"), now)
    return told if told is not None else seconds_until(attribute(error, "retry_after"), now)


def seconds_until(value: Any, now: datetime) -> float | None:
    """Seconds that a value of ``Retry-After`` means: a number of seconds or an HTTP date (RFC 9110, section 10.2.3).

    Fractions of a second, `timedelta` and aware `datetime` objects are understood too, as libraries give them. A date
    that has just passed is 0.0.

    Returns:
        0.0 to `LONGEST`; None if it is negative, longer, or nothing of these.

    Example:
        >>> seconds_until("120", datetime.now(UTC))
        120.0
        >>> seconds_until("soon", datetime.now(UTC)) is None
        True
    """
    seconds = _seconds(value, now)
    return seconds if seconds is not None and 0 <= seconds <= LONGEST else None


def _seconds(value: Any, now: datetime) -> float | None:
    """The value as seconds, whatever their size; nan and infinity are for the caller's comparison to refuse."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        value = _parsed(value.strip())
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return _until(value, now)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) <= LONGEST else math.inf
    return None


def _parsed(text: str) -> float | datetime | None:
    if len(text) > _LONGEST_TEXT:
        return None
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError):
        return None


def _until(moment: datetime, now: datetime) -> float | None:
    # A date without a zone is in UTC: HTTP knows no other.
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    seconds = (aware - now).total_seconds()
    # The clocks of two machines differ: a moment that has just passed means "now", one long past means nothing.
    return 0.0 if -_CLOCK_SKEW <= seconds < 0 else seconds


_CLOCK_SKEW = 60.0
