"""The breaker under threads and tasks that meet at barriers."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest

from ninelives.circuit import CircuitState
from ninelives.errors import CircuitBreakerOpenError
from ninelives.events import CircuitOpened
from ninelives.middleware.breaker import CircuitBreaker
from ninelives.middleware.guards import step, step_async
from ninelives.testing import FakeClock

NO_CALL: Any = None
PATIENCE = 20  # seconds until a test that hangs fails


@pytest.fixture(autouse=True)
def no_plugins(monkeypatch):
    monkeypatch.setattr("ninelives.plugins.default_plugins", lambda: SimpleNamespace(listeners=()))


def made(**options) -> CircuitBreaker:
    return CircuitBreaker(**{"recovery_timeout": 10.0, "clock": FakeClock(), **options})


def half_open(**options) -> CircuitBreaker:
    """A breaker whose next call is a trial."""
    breaker = made(failure_threshold=1, **options)
    breaker.acquire().failure(OSError())
    clock: Any = breaker._clock
    clock.advance(10)
    return breaker


def state_of(breaker: CircuitBreaker) -> Any:
    """The state as mypy does not know it: it would hold it for unchanged between two looks."""
    return breaker.state


def by_execute(breaker, func):
    return lambda: breaker.execute(func)


def by_decorator(breaker, func):
    return breaker(func)


def by_block(breaker, func):
    def run():
        with breaker:
            return func()

    return run


def by_link(breaker, func):
    chained = step(breaker._gate, lambda call: func())
    return lambda: chained(NO_CALL)


def by_aexecute(breaker, func):
    return lambda: breaker.aexecute(func)


def by_async_block(breaker, func):
    async def run():
        async with breaker:
            return await func()

    return run


def by_async_link(breaker, func):
    chained = step_async(breaker._gate, lambda call: func())
    return lambda: chained(NO_CALL)


in_threads = pytest.mark.parametrize("form", [by_execute, by_decorator, by_block, by_link])
in_tasks = pytest.mark.parametrize("form", [by_aexecute, by_decorator, by_async_block, by_async_link])
slots = pytest.mark.parametrize("slots", [1, 3])


def together(count: int, work: Callable[[], Any]) -> list[Any]:
    """What `work` returned or raised in each of the threads, which begin together."""
    start = Barrier(count)

    def begin():
        start.wait(PATIENCE)
        return work()

    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(begin) for _ in range(count)]
        return [future.exception(PATIENCE) or future.result() for future in futures]


# Law 1
@in_threads
@slots
def test_half_open_admits_exactly_its_slots_of_threads(form, slots):
    """Of 20 threads that call a half-open circuit at once, as many run as it has slots, and the others are refused."""
    breaker = half_open(half_open_max_calls=slots, success_threshold=slots)
    meeting = Barrier(20)  # those that run stay until all the others have been refused

    def probe():
        meeting.wait(PATIENCE)
        return "ran"

    guarded = form(breaker, probe)

    def call():
        try:
            return guarded()
        except CircuitBreakerOpenError as error:
            meeting.wait(PATIENCE)
            return error.retry_after

    answers = together(20, call)
    assert sorted(answers, key=str) == [0.0] * (20 - slots) + ["ran"] * slots
    assert state_of(breaker) is CircuitState.CLOSED


# Law 1
@in_tasks
@slots
async def test_half_open_admits_exactly_its_slots_of_tasks(form, slots):
    """Of 20 tasks that call a half-open circuit at once, as many run as it has slots, and the others are refused."""
    breaker = half_open(half_open_max_calls=slots, success_threshold=slots)
    enough = asyncio.Event()

    async def probe():
        await enough.wait()
        return "ran"

    calls = [asyncio.ensure_future(form(breaker, probe)()) for _ in range(20)]
    await asyncio.wait(calls, return_when=asyncio.FIRST_EXCEPTION)
    enough.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert answers.count("ran") == slots
    assert sum(isinstance(answer, CircuitBreakerOpenError) for answer in answers) == 20 - slots
    assert state_of(breaker) is CircuitState.CLOSED


# Law 2
@in_tasks
async def test_a_cancelled_probe_gives_its_slot_back(form):
    """Cancelling a probe's task ends it as a cancellation, and the next probe is admitted."""
    breaker = half_open()
    probe = asyncio.ensure_future(form(breaker, asyncio.Event().wait)())
    await asyncio.sleep(0)
    assert state_of(breaker) is CircuitState.HALF_OPEN
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert await form(breaker, asyncio.sleep.__get__(0))() is None
    assert state_of(breaker) is CircuitState.CLOSED


# Law 7
@in_threads
@pytest.mark.parametrize("threshold", [1, 8])
def test_failing_together_opens_once(form, threshold):
    """8 threads that fail together at the threshold make exactly one `circuit_opened`."""
    opened: list[object] = []
    breaker = made(failure_threshold=threshold, listeners=[opened.append])
    meeting = Barrier(8)

    def fail():
        meeting.wait(PATIENCE)
        raise OSError

    assert all(isinstance(error, OSError) for error in together(8, form(breaker, fail)))
    assert [type(event) for event in opened] == [CircuitOpened]
    assert breaker._circuit.failures == threshold


# Law 8
@in_threads
def test_closed_calls_are_not_serialised(form):
    """8 threads all meet inside the protected function, also while failures are counted."""
    breaker = made()
    breaker.acquire().failure(OSError())
    meeting = Barrier(8)
    assert sorted(together(8, form(breaker, lambda: meeting.wait(PATIENCE)))) == list(range(8))
    assert breaker._circuit.failures == 0


# Law 8
@in_tasks
async def test_closed_tasks_are_not_serialised(form):
    """8 tasks are all inside the protected function at once."""
    breaker = made()
    inside = 0
    all_in = asyncio.Event()

    async def meet():
        nonlocal inside
        inside += 1
        if inside == 8:
            all_in.set()
        await asyncio.wait_for(all_in.wait(), PATIENCE)

    await asyncio.gather(*(form(breaker, meet)() for _ in range(8)))


async def test_blocks_of_several_tasks_keep_their_own_permits():
    """Blocks that tasks enter and leave out of order give each its own verdict."""
    breaker = half_open(half_open_max_calls=2)
    entered, leave = asyncio.Event(), asyncio.Event()

    async def neutral() -> None:
        async with breaker:
            entered.set()
            await leave.wait()
            raise asyncio.CancelledError

    async def good() -> None:
        async with breaker:
            pass

    first = asyncio.ensure_future(neutral())
    await entered.wait()
    await good()
    assert state_of(breaker) is CircuitState.CLOSED
    leave.set()
    with pytest.raises(asyncio.CancelledError):
        await first


def test_nested_blocks_of_two_breakers():
    """Blocks of different breakers may be left in any order; each breaker gets the verdict of its own."""
    outer, inner = half_open(), half_open()
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert (outer.state, inner.state) == (CircuitState.CLOSED, CircuitState.HALF_OPEN)
    inner.__exit__(OSError, OSError(), None)
    assert inner.state is CircuitState.OPEN


def test_a_block_left_elsewhere_says_nothing():
    """A block that is left in another thread than it was entered in raises nothing and counts nothing."""
    breaker = half_open()
    breaker.__enter__()
    together(1, lambda: breaker.__exit__(None, None, None))
    assert state_of(breaker) is CircuitState.HALF_OPEN
    breaker.__exit__(None, None, None)
    assert state_of(breaker) is CircuitState.CLOSED


def test_a_permit_is_given_back_once():
    """Of several verdicts on one permit, also by several threads, the first counts."""
    breaker = made(failure_threshold=8)
    permit = breaker.acquire()
    together(8, lambda: permit.failure(OSError()))
    permit.success()
    permit.release()
    assert breaker._circuit.failures == 1


def test_a_released_permit_says_nothing():
    """A released permit frees its slot, and neither closes nor opens; a later verdict is ignored."""
    breaker = half_open()
    permit = breaker.acquire()
    permit.release()
    permit.failure(OSError())
    with breaker.acquire():
        assert state_of(breaker) is CircuitState.HALF_OPEN
    assert state_of(breaker) is CircuitState.CLOSED


@pytest.mark.parametrize("interrupted", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_listener_keeps_no_slot(interrupted):
    """A listener that is interrupted while it is told of the trial call does not cost the slot."""
    interruptions = [interrupted()]

    def listener(event):
        if interruptions and not isinstance(event, CircuitOpened):
            raise interruptions.pop()

    breaker = half_open(listeners=[listener])
    with pytest.raises(interrupted):
        breaker.acquire()
    breaker.acquire().success()
    assert state_of(breaker) is CircuitState.CLOSED


def test_an_interrupted_predicate_keeps_no_slot():
    """A predicate that is interrupted while it judges a trial call's error does not cost the slot."""

    def predicate(error):
        if str(error) == "interrupt":
            raise KeyboardInterrupt
        return True

    breaker = half_open(record=predicate)
    with pytest.raises(KeyboardInterrupt):
        breaker.acquire().failure(OSError("interrupt"))
    breaker.acquire().success()
    assert state_of(breaker) is CircuitState.CLOSED


def test_no_lock_is_held_while_others_run():
    """Listeners and predicates may use the very circuit that they are told of."""
    seen = []

    def predicate(error):
        seen.append(breaker.execute(lambda: "judged"))
        return True

    breaker: CircuitBreaker = made(failure_threshold=1, record=predicate, listeners=[lambda event: breaker.reset()])
    with pytest.raises(OSError, match="down"):
        breaker.execute(open_fails)
    assert (seen, state_of(breaker)) == (["judged"], CircuitState.CLOSED)


def open_fails():
    raise OSError("down")


def test_blocks_keep_nothing_alive():
    """A breaker that was used in blocks is freed with its last reference."""
    breaker = made()
    with breaker:
        pass
    reference = weakref.ref(breaker)
    del breaker
    gc.collect()
    assert reference() is None
