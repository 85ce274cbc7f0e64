"""The backoff's time limit, cancellation, and calls that share a strategy."""

from __future__ import annotations

import asyncio
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest

from ninelives.middleware.backoff import BackoffStrategy
from ninelives.testing import FakeClock

ASYNC = pytest.mark.parametrize("runner", ["alone, async", "link, async"], indirect=True)


async def test_no_sleep_would_pass_the_limit(runner):
    """When the next delay would reach the limit there is none: the last error comes out at once."""
    func = runner.down()
    assert await runner.last_error(func, max_retries=9, max_elapsed=8) is func.errors[-1]
    assert runner.delays == [1.0, 2.0, 4.0]
    assert runner.clock.monotonic() == 7


@pytest.mark.parametrize(("limit", "delays"), [(3.0, [1.0]), (3.01, [1.0, 2.0])])
async def test_the_exact_edge_of_the_limit(runner, limit, delays):
    """A delay that would end exactly at the limit is one too many."""
    await runner.last_error(runner.down(), max_retries=9, max_elapsed=limit)
    assert runner.delays == delays


async def test_the_time_of_the_attempts_counts(runner):
    """The limit is for attempts and delays together."""

    def slow():
        runner.clock.advance(5)
        raise ConnectionError

    await runner.last_error(slow, max_retries=9, max_elapsed=10)
    # Two attempts of five seconds and the delay between them.
    assert runner.delays == [1.0]


async def test_the_limit_does_not_touch_a_success(runner):
    """A call that succeeds within the limit gives its value, and nothing of the limit is left."""
    assert await runner(runner.failing(ConnectionError()), max_elapsed=10) == "reply"
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1


async def test_a_delay_told_by_the_service_does_not_pass_the_limit(runner):
    """Retry-After beyond the limit ends the call at once."""

    class Busy(Exception):
        retry_after = 30

    error = Busy()
    assert await runner.last_error(runner.failing(error), max_elapsed=20) is error
    assert runner.delays == []


async def test_no_attempt_starts_after_the_limit_when_a_wait_took_too_long(runner):
    """A wait that the system made longer than asked for is no reason to start late: the last error comes out."""
    runner.clock = Oversleeping()
    func = runner.down()
    error = await runner.last_error(func, max_elapsed=5)
    assert func.errors == [error]
    assert (error.__context__, error.__cause__) == (None, None)


class Oversleeping(FakeClock):
    """A clock whose waits take ten seconds longer than asked for."""

    def sleep(self, seconds):
        super().sleep(seconds)
        self.advance(10)

    async def asleep(self, seconds):
        await super().asleep(seconds)
        self.advance(10)


async def test_an_error_let_out_late_has_its_own_context(runner):
    """The error that comes out after a wait that took too long has the context that it was raised with."""
    runner.clock = Oversleeping()
    context = KeyError()

    def func():
        try:
            raise context
        except KeyError:
            raise ConnectionError  # noqa: B904 - its context is what is tested

    try:
        raise OSError
    except OSError:
        error = await runner.last_error(func, max_elapsed=5)
    assert error.__context__ is context


@ASYNC
async def test_an_attempt_that_hangs_is_cut_off_at_the_limit(runner):
    """In asynchronous calls the attempt in hand is cancelled at the limit, and counts as a TimeoutError."""
    cancelled = []

    async def hang():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(runner.clock.monotonic())
            raise

    func = runner.failing(ConnectionError(), value=None)
    error = await runner.last_error(lambda: func() or hang(), max_elapsed=10)
    assert isinstance(error, TimeoutError)
    assert isinstance(error.__cause__, asyncio.CancelledError)
    assert (func.count, cancelled, runner.delays) == (2, [10], [1.0])
    assert (task := asyncio.current_task())
    assert task.cancelling() == 0


@ASYNC
async def test_an_attempt_cut_off_ends_the_call_whatever_is_tried_again(runner):
    """The time is spent: alone that is RetryExhaustedError, also where a TimeoutError is not to be tried again."""

    async def hang():
        await asyncio.Event().wait()

    assert isinstance(await runner.last_error(hang, max_elapsed=10, retry_exceptions=KeyError), TimeoutError)


@ASYNC
async def test_cancelling_during_a_sleep_ends_it_at_once(runner):
    """The outcome is the cancellation, no further attempt is made, and the time does not pass."""
    asleep = asyncio.Event()

    class Sleepy(FakeClock):
        async def asleep(self, seconds):
            asleep.set()
            await asyncio.Event().wait()

    runner.clock = Sleepy()
    func = runner.down()
    task = asyncio.create_task(runner(func))
    await asleep.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(func.errors) == 1


@ASYNC
async def test_cancelling_an_attempt_under_a_limit_is_a_cancellation(runner):
    """A cancellation by the program is told from the limit's own."""

    async def hang():
        await asyncio.Event().wait()

    task = asyncio.create_task(runner(hang, max_elapsed=10))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert runner.clock.monotonic() == 0


def fails_thrice(number):
    errors = iter([ConnectionError()] * 3)

    def func():
        for error in errors:
            raise error
        return number

    return func


def test_a_hundred_calls_in_threads_have_a_sequence_each():
    """One strategy shared by threads gives each call its own delays."""
    clock, together = FakeClock(), Barrier(100)
    strategy = BackoffStrategy(jitter="none", max_retries=4, clock=clock)

    def call(number):
        together.wait()
        return strategy.execute(fails_thrice(number))

    with ThreadPoolExecutor(100) as threads:
        assert list(threads.map(call, range(100))) == list(range(100))
    assert sorted(clock.sleeps) == [1.0] * 100 + [2.0] * 100 + [4.0] * 100


async def test_a_hundred_calls_in_tasks_have_a_sequence_each():
    """One strategy shared by tasks gives each call its own delays."""
    clock = FakeClock()
    strategy = BackoffStrategy(jitter="none", max_retries=4, clock=clock)

    async def call(number):
        func = fails_thrice(number)

        async def awaited():
            return func()

        return await strategy.aexecute(awaited)

    assert await asyncio.gather(*map(call, range(100))) == list(range(100))
    assert sorted(clock.sleeps) == [1.0] * 100 + [2.0] * 100 + [4.0] * 100
    assert clock.monotonic() == 7


@pytest.mark.parametrize("limit", [None, 1_000])
@pytest.mark.parametrize("failures", [1, 2, 9])
async def test_nothing_of_a_call_outlives_it(runner, failures, limit):
    """Neither a call that succeeded in the end nor one that failed leaves a cycle that holds its errors."""

    class Weak(Exception):
        pass

    errors = [Weak() for _ in range(failures)]
    references = [weakref.ref(error) for error in errors]

    def func():
        if errors:
            raise errors.pop()

    gc.disable()
    try:
        with suppress(Exception):
            await runner(func, max_retries=3, max_elapsed=limit)
        errors.clear()
        runner.calls.clear()
        assert [reference() for reference in references] == [None] * failures
    finally:
        gc.enable()
