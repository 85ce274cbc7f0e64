"""The moment after which a call is over."""

from __future__ import annotations

import asyncio

import pytest

from ninelives.deadline import AsyncDeadline, Deadline
from ninelives.testing import FakeClock


async def hang():
    await asyncio.Event().wait()


@pytest.mark.parametrize("kind", [Deadline, AsyncDeadline])
def test_what_remains_is_never_negative(kind):
    """What remains shrinks with the clock, down to nothing."""
    clock = FakeClock()
    deadline = kind(clock, 10)
    remaining = []
    for _ in range(3):
        remaining.append(deadline.remaining)
        clock.advance(6)
    assert remaining == [10, 4, 0]


async def test_work_that_hangs_is_cut_off():
    """When the moment comes the work is cancelled, and a TimeoutError comes out that shows where."""
    clock = FakeClock()
    cut_off = pytest.raises(TimeoutError, match=r"cut off: the time limit of 10 s has passed")
    with cut_off as caught, AsyncDeadline(clock, 10):
        await hang()
    assert clock.monotonic() == 10
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)
    assert (task := asyncio.current_task())
    assert task.cancelling() == 0


async def test_work_that_ends_in_time_is_left_alone():
    """What returns or raises before the moment comes out as it is, and no timer is left."""
    clock = FakeClock()
    deadline = AsyncDeadline(clock, 10)
    with deadline:
        await asyncio.sleep(0)
    with pytest.raises(KeyError), deadline:
        raise KeyError
    await asyncio.sleep(0)
    assert (clock.monotonic(), len(asyncio.all_tasks())) == (0, 1)


async def test_the_work_stays_in_the_callers_task():
    """Inside of the deadline the current task is the caller's, so that context variables set there last."""
    task = asyncio.current_task()
    with AsyncDeadline(FakeClock(), 10):
        assert asyncio.current_task() is task


async def test_a_cancellation_by_someone_else_comes_out():
    """A cancellation from outside is no time-out, also when both come at once."""

    async def work():
        with AsyncDeadline(FakeClock(), 10):
            await hang()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_at_the_very_moment_comes_out():
    """When the moment and a cancellation from outside meet, the cancellation comes out."""
    clock = FakeClock()
    deadline = AsyncDeadline(clock, 10)

    async def work():
        with deadline:
            await hang()

    task = asyncio.create_task(work())
    while deadline.remaining > 0:  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(0)
    # The timer has run, the task not yet.
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_that_outlives_its_cancellation_comes_out_as_it_is():
    """What swallows the cancellation gives its value, and the task is not left as one that is being cancelled."""
    deadline = AsyncDeadline(FakeClock(), 10)
    with deadline:
        try:
            await hang()
        except asyncio.CancelledError:
            value = 9
    assert (value, deadline.remaining) == (9, 0)
    assert (task := asyncio.current_task())
    assert task.cancelling() == 0


async def test_an_error_while_being_cut_off_comes_out():
    """What is raised in answer to the cancellation is what went wrong."""

    async def work():
        try:
            await hang()
        finally:
            raise KeyError

    with pytest.raises(KeyError), AsyncDeadline(FakeClock(), 10):
        await work()
