"""How long something is to take, as configuration says it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ninelives.durations import duration_of


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("45s", 45),
        ("90m", 5_400),
        ("12h", 43_200),
        ("30d", 2_592_000),
        ("2w", 1_209_600),
        ("1.5h", 5_400),
        (" 30 d ", 2_592_000),
        (90, 90),
        (0.5, 0.5),
        (timedelta(days=1), 86_400),
        ("36525d", 36_525 * 86_400),
        ("0.000001s", 0.000001),
    ],
)
def test_every_unit_is_understood(given, seconds):
    """Seconds, minutes, hours, days and weeks, as text; and bare seconds; and a timedelta."""
    assert duration_of(given).total_seconds() == seconds


@pytest.mark.parametrize(
    "given",
    [
        "",
        "30",
        "d",
        "30 days",
        "30D",
        "1h30m",
        "-1d",
        "1e3s",
        "٣d",
        "1.d",
        "1" * 400 + "d",
        "0d",
        "36526d",
        "999999999999w",
        0,
        -1,
        True,
        float("nan"),
        float("inf"),
        10**400,
        1e300,
        1e-9,
        timedelta(),
        timedelta(days=-1),
        timedelta.max,
        None,
        ["30d"],
    ],
    ids=lambda given: repr(given)[:20],
)
def test_anything_else_is_refused(given):
    """What is no time, not above 0, or more than a hundred years, is an error that says what was expected."""
    with pytest.raises(ValueError, match=r'a time above 0 and of at most 100 years.*"30d"'):
        duration_of(given)


@pytest.mark.parametrize("given", [0, "0s", 0.0, timedelta()])
def test_nothing_at_all_where_it_has_a_meaning(given):
    """0 is a time too where whoever asks says so."""
    assert duration_of(given, zero=True) == timedelta()


@pytest.mark.parametrize("given", [-1, "-1s", timedelta(-1), "30", None, True])
def test_less_than_nothing_is_refused(given):
    """Also where 0 has a meaning, what is less is an error."""
    with pytest.raises(ValueError, match=r"a time of at least 0 and of at most 100 years"):
        duration_of(given, zero=True)
