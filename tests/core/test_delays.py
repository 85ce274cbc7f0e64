"""How long to wait before the next attempt."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninelives.delays import JITTERS, delays

seconds = st.floats(min_value=0, max_value=1e9, allow_nan=False)


def first(count, base, cap, jitter, seed=9):
    return list(islice(delays(base, cap, jitter, Random(seed)), count))


def test_without_jitter_delays_double_up_to_the_cap():
    """The ceiling doubles from the base, and stays at the cap."""
    assert first(6, 0.5, 5.0, "none") == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


@given(seconds, seconds, st.sampled_from(JITTERS), st.integers())
def test_a_delay_is_never_negative_and_never_above_the_cap(base, extra, jitter, seed):
    """Delays are from 0 to the cap, whatever the numbers."""
    cap = base + extra
    assert all(0 <= delay <= cap for delay in first(50, base, cap, jitter, seed))


@given(seconds, st.integers())
def test_equal_and_decorrelated_delays_have_a_floor(base, seed):
    """Equal jitter waits at least half the ceiling, decorrelated jitter at least the base."""
    assert all(delay >= base / 2 for delay in first(20, base, base * 100, "equal", seed))
    assert all(delay >= base for delay in first(20, base, base * 100, "decorrelated", seed))


@pytest.mark.parametrize("jitter", JITTERS)
@pytest.mark.parametrize(("base", "cap"), [(1.0, 60.0), (1e-300, 1e300), (0.0, 0.0)])
def test_attempt_ten_thousand_overflows_nothing(jitter, base, cap):
    """The ten-thousandth delay is a number like the others."""
    assert 0 <= first(10_000, base, cap, jitter)[-1] <= cap


@pytest.mark.parametrize(("jitter", "least", "width"), [("full", 0, 60), ("equal", 30, 30), ("decorrelated", 1, 59)])
def test_jitter_survives_the_cap(jitter, least, width):
    """Delays at the cap still spread over all of their range."""
    # The first hundred reach the cap.
    at_cap = first(1_100, 1.0, 60.0, jitter)[100:]
    assert len(set(at_cap)) == 1_000
    assert min(at_cap) < least + width * 0.1
    assert max(at_cap) > least + width * 0.9


@pytest.mark.parametrize("jitter", JITTERS)
def test_each_call_has_a_sequence_of_its_own(jitter):
    """Two calls that take turns see what each would see alone."""
    one, other = delays(1.0, 60.0, jitter, Random(1)), delays(1.0, 60.0, jitter, Random(2))
    together = [(next(one), next(other)) for _ in range(20)]
    assert [a for a, _ in together] == first(20, 1.0, 60.0, jitter, 1)
    assert [b for _, b in together] == first(20, 1.0, 60.0, jitter, 2)
