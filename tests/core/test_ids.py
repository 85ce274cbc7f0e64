"""Ids that sort by time."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninelives.ids import new_id

TIMES = st.integers(0, (1 << 48) * 1_000_000 - 1)


@given(TIMES)
def test_they_are_uuids_of_version_7(moment):
    """Every id is a valid UUIDv7 that has its time to the millisecond in its first 48 bits."""
    made = UUID(new_id(moment))
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == moment // 1_000_000
    assert str(made) == new_id(moment)[:18] + str(made)[18:]


@given(TIMES, st.integers(1_000, 10**15))
def test_they_sort_by_time(moment, later):
    """An id sorts before one that is made a microsecond later."""
    assert new_id(moment) < new_id(moment + later) or moment + later >= (1 << 48) * 1_000_000


def test_no_two_are_the_same():
    """Ids that are made at the same time differ."""
    assert len({new_id(0) for _ in range(10_000)}) == 10_000


def test_they_are_made_of_the_time_now():
    """Without a time it is now."""
    before = time.time_ns() // 1_000_000
    assert before <= UUID(new_id()).int >> 80 <= time.time_ns() // 1_000_000


@pytest.mark.parametrize("moment", [-1, -(10**18), 1 << 100])
def test_an_odd_clock_makes_valid_ids(moment):
    """A clock before 1970, or far beyond, makes valid ids all the same."""
    assert UUID(new_id(moment)).version == 7
