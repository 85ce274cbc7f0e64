"""Moments of letters: a message of others may have one that is no date in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["in_utc", "moment_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(seconds: float) -> datetime:
    """The moment that is so many seconds after 1970, to the microsecond; outside of the calendar, its nearest end.

    Example:
        >>> moment_of(0.5).isoformat()
        '1970-01-01T00:00:00.500000+00:00'
    """
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC) if seconds < 0 else datetime.max.replace(tzinfo=UTC)


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; outside of its calendar, the nearest end.

    Example:
        >>> in_utc(datetime.fromisoformat("0001-01-01T00:00:00+01:00")).isoformat()
        '0001-01-01T00:00:00+00:00'
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment_of(moment.timestamp())
