"""Moments on the command line: ISO 8601, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from ninelives.dead_letters.moments import in_utc

__all__ = ["ago", "iso", "moment", "since"]

_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhdw])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LENGTHS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def moment(text: str) -> datetime:
    """The type of an option: ISO 8601, in local time where no zone is said; or an age: ``90s``, ``2h``, ``7d``.

    Raises:
        click.BadParameter: It is neither.
    """
    try:
        if age := _AGE.match(text):
            return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: float(age[1])})
        # Without a time zone it is the machine's.
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        expected = "a date or a time, as in 2026-11-24 or 2026-11-24T22:00+01:00, or an age: 90s, 30m, 2h, 7d, 1w"
        raise click.BadParameter(f"{text!r} is no moment: expected {expected}") from error


def since(when: datetime, now: datetime) -> str:
    """How long ago, in its largest whole unit: ``3d``, ``2h``; what is to come, by a clock that is behind, is ``0s``.

    Example:
        >>> since(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 2, 59, tzinfo=UTC))
        '2h'
    """
    seconds = max((now - when).total_seconds(), 0)
    unit, length = next((pair for pair in _LENGTHS if seconds >= pair[1]), _LENGTHS[-1])
    return f"{seconds // length:.0f}{unit}"


def ago(when: datetime, now: datetime) -> str:
    """The moment, and how long ago it is: ``2026-11-24 22:04:07 UTC, 2h ago``."""
    return f"{in_utc(when):%Y-%m-%d %H:%M:%S} UTC, {since(when, now)} ago"


def iso(when: datetime | None) -> str | None:
    """The moment in ISO 8601, in UTC."""
    return None if when is None else in_utc(when).isoformat()
