"""The backoff, alone and as a link, synchronous and asynchronous: one table of laws, four runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from ninelives.call import current_call
from ninelives.errors import CircuitBreakerOpenError, RetryExhaustedError
from ninelives.events import RetryScheduled
from ninelives.middleware.backoff import BackoffStrategy
from ninelives.testing import FakeClock

START = datetime(2026, 1, 1, tzinfo=UTC)
ALONE = pytest.mark.parametrize("runner", ["alone", "alone, async"], indirect=True)
LINK = pytest.mark.parametrize("runner", ["link", "link, async"], indirect=True)


class Error(Exception):
    """An error with any attributes."""

    def __init__(self, message="", **attributes):
        super().__init__(message)
        self.__dict__.update(attributes)


async def test_a_success_waits_for_nothing(runner):
    """The function's own value comes out, after one call, without an event or a look at the clock."""
    value = object()
    func = runner.failing(value=value)
    assert await runner(func) is value
    assert (func.count, runner.waits, runner.events) == (1, [], [])


async def test_a_failure_is_tried_again(runner):
    """A call that fails twice and then succeeds gives its value."""
    assert await runner(runner.failing(ConnectionError(), TimeoutError())) == "reply"
    assert runner.waits == [1.0, 2.0]


@pytest.mark.parametrize("retries", [0, 1, 5])
async def test_n_retries_are_n_plus_one_calls(runner, retries):
    """max_retries=n is n+1 calls at most, and there is no sleep after the last."""
    func = runner.down()
    assert await runner.last_error(func, max_retries=retries, base_delay=1, max_delay=4) is func.errors[-1]
    assert len(func.errors) == retries + 1
    assert runner.waits == [1, 2, 4, 4, 4][:retries]


@pytest.mark.parametrize("retries", [0, 2])
@ALONE
async def test_alone_spent_retries_are_the_error(runner, retries):
    """Alone, RetryExhaustedError comes from the last error, with attempts and time, also with max_retries=0."""
    func = runner.down()
    with pytest.raises(RetryExhaustedError) as caught:
        await runner(func, max_retries=retries)
    assert caught.value.__cause__ is func.errors[-1]
    assert (caught.value.attempts, caught.value.elapsed) == (retries + 1, [0, 1, 3][retries])


async def test_an_error_that_is_not_to_be_tried_again_comes_out_itself(runner):
    """An error that retry_exceptions does not mean ends the call at once, unchanged."""
    error = KeyError("name")
    func = runner.failing(ConnectionError(), error)
    with pytest.raises(KeyError) as caught:
        await runner(func, retry_exceptions=[ConnectionError])
    assert caught.value is error
    assert (func.count, runner.waits) == (2, [1.0])


@pytest.mark.parametrize(
    ("runner", "calls"), [("alone", 4), ("alone, async", 4), ("link", 1), ("link, async", 1)], indirect=["runner"]
)
@pytest.mark.parametrize("error", [TypeError, KeyError, lambda text: Error(text, status_code=404)])
async def test_permanent_errors_are_tried_again_alone_only(runner, calls, error):
    """A TypeError or a 404 is not retried by a pipeline; alone every Exception is."""
    func = runner.down(error=error)
    assert await runner.last_error(func) is func.errors[-1]
    assert len(func.errors) == calls


@pytest.mark.parametrize(
    "retry_exceptions",
    [KeyError, (OSError, KeyError), [KeyError], lambda error: isinstance(error, KeyError), "builtins:KeyError"],
    ids=repr,
)
async def test_what_is_tried_again_can_be_said(runner, retry_exceptions):
    """retry_exceptions takes types, a tuple, a list, a predicate, or a name."""
    assert await runner(runner.failing(KeyError(), KeyError()), retry_exceptions=retry_exceptions) == "reply"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
async def test_what_is_no_exception_is_never_tried_again(runner, error):
    """Cancellations and interrupts pass through untouched, whatever retry_exceptions says."""
    func = runner.failing(error(), value=None)
    strategy = runner.strategy(retry_exceptions=(BaseException,))
    with pytest.raises(error):
        await runner.run(strategy, func)
    assert (func.count, runner.waits, runner.events) == (1, [], [])


@pytest.mark.parametrize("retry_exceptions", [None, [OSError, CircuitBreakerOpenError], lambda error: True])
async def test_an_open_circuit_inside_the_loop_stops_it_at_once(runner, retry_exceptions):
    """CircuitBreakerOpenError is never waited for, and comes out itself: the function did not run."""
    refusal = CircuitBreakerOpenError("openai-api", 30.0)
    func = runner.failing(ConnectionError(), refusal)
    with pytest.raises(CircuitBreakerOpenError) as caught:
        await runner(func, retry_exceptions=retry_exceptions)
    assert caught.value is refusal
    assert runner.waits == [1.0]
    if runner.is_link:
        assert len(runner.calls[0].attempts) == 1


async def test_each_retry_is_told(runner):
    """Before each wait the listeners are told retry_scheduled."""
    with pytest.raises((RetryExhaustedError, Error)):
        await runner(runner.down(error=lambda text: Error("xx " * 1_000)), max_retries=2)
    assert [(event.attempt, event.delay) for event in runner.events] == [(1, 1.0), (2, 2.0)]
    event = runner.events[0]
    assert isinstance(event, RetryScheduled)
    assert event.at == START
    assert (event.error_type, event.error_message) == (f"{__name__}.Error", "xx " * 666 + "… (3000 characters)")
    if runner.is_link:
        assert (event.pipeline, event.call_id, event.operation) == ("shop", runner.calls[0].id, "shop:order")
    else:
        assert (event.pipeline, event.call_id) == (None, None)
        assert event.operation.endswith(":Down" if not runner.is_async else ":awaited.<locals>.call")


@LINK
async def test_a_link_tells_its_own_listeners_too(runner):
    """A strategy with listeners of its own tells them, beside the pipeline's."""
    own: list[Any] = []
    strategy = runner.strategy(listeners=[own.append])
    await runner.run(strategy, runner.failing(ConnectionError()))
    assert own == runner.events
    assert len(own) == 1


@LINK
async def test_failed_attempts_are_written_down(runner):
    """The call has when, type and message of its last ten failed attempts, the last one included."""
    errors = [Error(f"attempt {number}") for number in range(1, 13)]
    with pytest.raises(Error):
        await runner(runner.failing(*errors), max_retries=11, base_delay=0)
    (call,) = runner.calls
    assert call.attempt == 12
    assert call.attempts == [(START, f"{__name__}.Error", f"attempt {number}") for number in range(3, 13)]


@ALONE
async def test_alone_there_is_no_current_call(runner):
    """A function run by a strategy alone is in no pipeline's call."""
    assert await runner(current_call) is None


@pytest.mark.parametrize(
    ("told", "waits"),
    [
        *[("7", [7.0, 7.0]), ("1.5", [1.5, 2.0]), ("0", [1.0, 2.0]), ("3600", [60.0, 60.0])],
        *[(garbage, [1.0, 2.0]) for garbage in ("-1", "1e300", "9" * 99, "soon")],
    ],
)
async def test_retry_after_is_honoured_and_capped(runner, told, waits):
    """A service is not asked sooner than it says, up to max_delay; negative, huge or garbage is ignored."""
    error = Error(status_code=503, headers={"Retry-After": told})
    await runner(runner.failing(error, error))
    assert runner.waits == waits


async def test_a_date_is_counted_from_the_clocks_now(runner):
    """Retry-After as an HTTP date is understood."""
    await runner(runner.failing(Error(status_code=429, headers={"retry-after": "Thu, 01 Jan 2026 00:00:42 GMT"})))
    assert runner.waits == [42.0]


async def test_a_thousand_retries_do_not_grow_the_stack(runner):
    """The loop is a loop: neither the stack nor the last traceback grows with the attempts."""
    func = runner.down()
    error = await runner.last_error(func, max_retries=1_000, base_delay=0)
    assert len(func.errors) == 1_001
    assert len(entries(error)) < 10


def entries(error):
    found, traceback = [], error.__traceback__
    while traceback is not None:
        found.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    return found


async def test_the_last_error_comes_out_as_it_was_raised(runner):
    """The last exception is the same object, with its own context and cause, and no earlier attempt behind it."""
    func = runner.down()
    error = await runner.last_error(func)
    assert error is func.errors[-1]
    assert (error.__context__, error.__cause__) == (None, None)
    assert entries(error).count("__call__") == 1 + runner.is_link  # the runner's own is in it too


async def test_an_error_that_is_raised_each_time_does_not_grow(runner):
    """A function that keeps its exception and raises it each time gets a traceback of one attempt."""
    error = ConnectionError()
    length = len(entries(await runner.last_error(runner.failing(error), max_retries=0)))
    again = ConnectionError()
    assert await runner.last_error(runner.failing(*[again] * 50), max_retries=49, base_delay=0) is again
    assert len(entries(again)) in (length, length + 1)  # the loop has a frame of its own


async def test_an_error_without_a_traceback_of_ours_is_survived(runner):
    """A function that takes the traceback off the error that it keeps does no harm."""
    error = ConnectionError()

    def func():
        error.__traceback__ = None
        raise error

    assert await runner.last_error(func) is error


async def test_a_cyclic_cause_hangs_nothing(runner):
    """An error that causes itself is retried and comes out like any other."""
    error = ConnectionError()
    error.__cause__ = error
    assert await runner.last_error(runner.failing(*[error] * 4)) is error


async def test_an_error_whose_str_raises_is_survived(runner):
    """Whatever the error does when it is described, it is the error that comes out."""

    class Unprintable(Exception):
        def __str__(self):
            raise RuntimeError

    func = runner.down(error=Unprintable)
    assert await runner.last_error(func) is func.errors[-1]


async def test_a_clock_and_a_chance_that_were_given_go_before_the_pipelines(runner):
    """A strategy's own clock and random are used wherever it runs."""
    clock = FakeClock()
    strategy = BackoffStrategy(jitter="full", clock=clock, random=Random(1), listeners=[runner.events.append])
    await runner.run(strategy, runner.failing(ConnectionError(), ConnectionError()))
    same = Random(1)
    assert clock.sleeps == [same.uniform(0, 1.0), same.uniform(0, 2.0)]
    assert runner.waits == []


@LINK
async def test_in_a_pipeline_jitter_is_full_and_by_its_random(runner):
    """Delays spread without being told to, by the pipeline's random."""
    await runner.run(BackoffStrategy(), runner.failing(ConnectionError(), ConnectionError()))
    same = Random(9)
    assert runner.waits == [same.uniform(0, 1.0), same.uniform(0, 2.0)]


@ALONE
async def test_alone_jitter_is_full_and_by_the_systems_random(runner):
    """Delays spread without being told to, in each process otherwise."""
    await runner(runner.failing(*[ConnectionError()] * 5), jitter="full", max_retries=5)
    assert len(set(runner.waits)) == 5
    assert all(0 < wait < 2**retry for retry, wait in enumerate(runner.waits))
