"""How long something is to take, as configuration says it: ``"30d"``, a number of seconds, or a `timedelta`."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Any

__all__ = ["EXPECTED", "EXPECTED_OR_ZERO", "MAX_DAYS", "duration_of"]

MAX_DAYS = 36_525
"""A hundred years: the calendar of Python ends with the year 9999, and nobody means more."""

_FORMS = 'a number with its unit (s, m, h, d, w), as in "30d" or "12h", a number of seconds, or a timedelta'

EXPECTED = f"a time above 0 and of at most 100 years: {_FORMS}"
EXPECTED_OR_ZERO = f"a time of at least 0 and of at most 100 years: {_FORMS}"

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TEXT = re.compile(r"\s*(\d{1,12}(?:\.\d{1,12})?)\s*([smhdw])\s*", re.ASCII)


def duration_of(given: Any, *, zero: bool = False) -> timedelta:
    """The time that is meant.

    Args:
        given: Text with a unit: s(econds), m(inutes), h(ours), d(ays), w(eeks); a number of seconds; or a timedelta.
        zero: Whether it may be 0 too.

    Raises:
        ValueError: It is none of these, not above 0, or more than `MAX_DAYS`.

    Example:
        >>> duration_of("1.5h"), duration_of(90)
        (datetime.timedelta(seconds=5400), datetime.timedelta(seconds=90))
    """
    try:
        found = _read(given)
    except OverflowError:
        found = None
    least = timedelta() if zero else timedelta.resolution
    if found is None or not least <= found <= timedelta(days=MAX_DAYS):
        raise ValueError(f"{given!r}: expected {EXPECTED_OR_ZERO if zero else EXPECTED}")
    return found


def _read(given: Any) -> timedelta | None:
    if isinstance(given, timedelta):
        return given
    if isinstance(given, str):
        text = _TEXT.fullmatch(given)
        return timedelta(**{_UNITS[text[2]]: float(text[1])}) if text else None
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not math.isfinite(given):
        return None
    return timedelta(seconds=given)
