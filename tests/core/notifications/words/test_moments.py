"""Times as words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ninelives.notifications.words.moments import duration_text, moment_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (0.4, "0 s"),
        (1, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3_600, "1 h"),
        (3_601, "1 h"),
        (4_800, "1 h 20 min"),
        (4_859, "1 h 20 min"),
        (86_399.9, "1 d"),
        (86_400 + 60, "1 d"),
        (2 * 86_400 + 3 * 3_600, "2 d 3 h"),
        (400 * 86_400, "400 d"),
    ],
)
def test_durations(seconds, text):
    """A duration is told in its largest unit and the next, rounded to the second."""
    assert duration_text(seconds) == text


def test_moments():
    """A moment is told to the second, with where it holds; one that knows no zone claims none."""
    moment = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    assert moment_text(moment) == "2026-01-02 03:04:05 UTC"
    assert moment_text(moment.astimezone(timezone(timedelta(hours=2)))) == "2026-01-02 05:04:05+02:00"
    assert moment_text(moment.replace(tzinfo=None)) == "2026-01-02 03:04:05"
