"""Moments of letters, also those that UTC has no date for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ninelives.dead_letters.moments import in_utc, moment_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-24T22:00:00+01:00", "2026-11-24T21:00:00+00:00"),
        ("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59.999999+00:00"),
    ],
)
def test_a_moment_outside_of_the_calendar_is_shown_as_its_end(text, shown):
    """A moment is shown in UTC; one that UTC has no date for as the nearest that it has."""
    assert in_utc(datetime.fromisoformat(text)).isoformat() == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.000_001, "1970-01-01T00:00:00.000001"), (-1e12, "0001-"), (1e12, "9999-")]
)
def test_seconds_outside_of_the_calendar_are_its_end(seconds, shown):
    """Seconds since 1970 are a moment, to the microsecond; too many are the nearest end of the calendar."""
    assert moment_of(seconds).isoformat().startswith(shown)
    assert moment_of(seconds).tzinfo is UTC
