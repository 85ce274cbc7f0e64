"""The breaker's laws, each in every form in which a call can go through it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from random import Random
from traceback import walk_tb
from types import SimpleNamespace
from typing import Any

import pytest

from ninelives.call import Call
from ninelives.circuit import CircuitState
from ninelives.circuits import Circuits
from ninelives.errors import CircuitBreakerOpenError
from ninelives.events import CallRejected, CircuitClosed, CircuitEvent, CircuitHalfOpened, CircuitOpened, Event
from ninelives.middleware.breaker import CircuitBreaker
from ninelives.middleware.link import Context
from ninelives.testing import FakeClock

Work = Callable[[], Any]


def finish(coroutine: Any) -> Any:
    """Run a coroutine that never waits, also where a loop runs already."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits")


def later(work: Work) -> Callable[[], Any]:
    async def awaited():
        return work()

    return awaited


def context(breaker: CircuitBreaker, clock: FakeClock) -> Context:
    nothing: Any = None
    return Context(
        pipeline="orders",
        link="breaker",
        given=frozenset(),
        clock=clock,
        random=Random(0),
        settings=nothing,
        plugins=nothing,
        circuits=Circuits(),
        emit=lambda event: None,
        open_store=nothing,
        open_channel=nothing,
    )


def call_of(func: Any) -> Call:
    return Call(func, (), {}, 0.0, "orders")


def by_execute(breaker, clock, work):
    return breaker.execute(work)


def by_decorator(breaker, clock, work):
    return breaker(work)()


def by_block(breaker, clock, work):
    with breaker:
        return work()


def by_permit(breaker, clock, work):
    permit = breaker.acquire()
    try:
        value = work()
    except BaseException as error:
        permit.failure(error)
        raise
    permit.success()
    return value


def by_link(breaker, clock, work):
    return breaker.wrap(lambda call: call.func(), context(breaker, clock))(call_of(work))


def by_aexecute(breaker, clock, work):
    return finish(breaker.aexecute(later(work)))


def by_async_decorator(breaker, clock, work):
    return finish(breaker(later(work))())


def by_async_block(breaker, clock, work):
    async def block() -> Any:
        async with breaker:
            return work()

    return finish(block())


def by_async_link(breaker, clock, work):
    async def call_next(call):
        return await call.func()

    return finish(breaker.wrap_async(call_next, context(breaker, clock))(call_of(later(work))))


FORMS = [
    by_execute,
    by_decorator,
    by_block,
    by_permit,
    by_link,
    by_aexecute,
    by_async_decorator,
    by_async_block,
    by_async_link,
]


class Bench:
    """A breaker in one form, with a clock that stands still and what it told."""

    def __init__(self, form: Callable[[CircuitBreaker, FakeClock, Work], Any]) -> None:
        self.form = form
        self.clock = FakeClock()
        self.events: list[Event] = []
        self.make()

    def make(self, **options: Any) -> None:
        chosen = {"failure_threshold": 2, "recovery_timeout": 10.0, "ignore": KeyError, **options}
        self.events.clear()
        self.breaker = CircuitBreaker(**chosen, clock=self.clock, listeners=[self.events.append])

    def run(self, work: Work) -> Any:
        return self.form(self.breaker, self.clock, work)

    def succeed(self) -> None:
        value = object()
        assert self.run(lambda: value) is value

    def fail(self, error: BaseException | None = None) -> None:
        error = error or OSError("down")
        with pytest.raises(type(error)) as caught:
            self.run(raiser(error))
        assert caught.value is error

    def refused(self) -> float | None:
        """That a call is refused without running; its `retry_after`."""
        with pytest.raises(CircuitBreakerOpenError) as caught:
            self.run(lambda: pytest.fail("it ran"))
        return caught.value.retry_after

    def open(self, **options: Any) -> None:
        self.make(**options)
        while self.state is CircuitState.CLOSED:
            self.fail()

    @property
    def state(self) -> CircuitState:
        return self.breaker.state

    def must_be(self, state: CircuitState) -> None:
        assert self.breaker.state is state

    def told(self, kind: type[Event] = CircuitEvent) -> list[type[Event]]:
        return [type(event) for event in self.events if isinstance(event, kind)]


def raiser(error: BaseException) -> Work:
    def work() -> Any:
        raise error

    return work


@pytest.fixture(autouse=True)
def no_plugins(monkeypatch):
    """Nothing but the tests' own listeners is told."""
    monkeypatch.setattr("ninelives.plugins.default_plugins", lambda: SimpleNamespace(listeners=()))


@pytest.fixture(params=FORMS)
def bench(request):
    return Bench(request.param)


PASSING = [asyncio.CancelledError(), KeyboardInterrupt(), SystemExit(1), GeneratorExit()]
OUTCOMES = [None, OSError(), KeyError(), *PASSING]


def named(value: object) -> str:
    return type(value).__name__


# Law 2
@pytest.mark.parametrize("outcome", OUTCOMES, ids=named)
def test_a_probe_gives_its_slot_back(bench, outcome):
    """A probe's slot comes free however the probe ends, so that the next can be admitted."""
    bench.open(success_threshold=2)
    bench.clock.advance(10)
    if outcome is None:
        bench.succeed()
    else:
        bench.fail(outcome)
    bench.clock.advance(10 if bench.state is CircuitState.OPEN else 0)
    bench.succeed()


def hang(bench: Bench, meanwhile: Work, then: BaseException | None) -> None:
    """A probe that does not return before `meanwhile` is done, and then ends with the error or in success."""

    def work():
        meanwhile()
        if then is not None:
            raise then

    with nullcontext() if then is None else pytest.raises(type(then)):
        bench.run(work)


# Law 3
@pytest.mark.parametrize("then", [None, OSError()], ids=named)
def test_a_hanging_probe_does_not_wedge_the_circuit(bench, then):
    """When a probe's lease is over, another is admitted and decides; the first one's late verdict changes nothing."""
    bench.open(probe_timeout=3.0)
    bench.clock.advance(10)

    def meanwhile():
        bench.clock.advance(2.5)
        assert bench.refused() == 0.0
        bench.clock.advance(0.5)
        bench.succeed()
        bench.must_be(CircuitState.CLOSED)

    hang(bench, meanwhile, then)
    bench.must_be(CircuitState.CLOSED)
    assert bench.breaker._circuit.failures == 0


# Law 3
@pytest.mark.parametrize(("then", "state"), [(None, CircuitState.CLOSED), (OSError(), CircuitState.OPEN)], ids=named)
def test_a_late_verdict_counts_if_nobody_came_after(bench, then, state):
    """A probe whose lease is over still decides while no newer probe was admitted."""
    bench.open(probe_timeout=3.0)
    bench.clock.advance(10)
    hang(bench, lambda: bench.clock.advance(100), then)
    bench.must_be(state)


# Law 4
@pytest.mark.parametrize("then", [None, OSError()], ids=named)
def test_a_verdict_from_before_the_trip_changes_nothing(bench, then):
    """A call that was admitted before the trip and ends in a later half-open is not counted there."""
    bench.make(failure_threshold=2, success_threshold=2)

    def meanwhile():
        bench.fail()
        bench.fail()
        bench.clock.advance(10)
        bench.succeed()
        bench.must_be(CircuitState.HALF_OPEN)

    hang(bench, meanwhile, then)
    bench.must_be(CircuitState.HALF_OPEN)
    bench.succeed()
    bench.must_be(CircuitState.CLOSED)


# Law 4
@pytest.mark.parametrize("then", [None, OSError()], ids=named)
def test_a_verdict_from_before_the_trip_changes_nothing_after_the_recovery(bench, then):
    """A call that was admitted before the trip and ends when all is closed again neither counts nor sets back."""
    bench.make(failure_threshold=2)

    def meanwhile():
        bench.fail()
        bench.fail()
        bench.clock.advance(10)
        bench.succeed()
        bench.fail()

    hang(bench, meanwhile, then)
    assert bench.breaker._circuit.failures == 1
    bench.must_be(CircuitState.CLOSED)


# Law 4
@pytest.mark.parametrize("then", [None, OSError()], ids=named)
def test_a_verdict_from_an_earlier_half_open_changes_nothing(bench, then):
    """A probe of an earlier half-open that ends in a later one neither closes nor opens it, nor frees a slot."""
    bench.open(half_open_max_calls=2)
    bench.clock.advance(10)

    def meanwhile():
        bench.fail()
        bench.clock.advance(10)
        bench.fail(KeyError())
        bench.must_be(CircuitState.HALF_OPEN)

    hang(bench, meanwhile, then)
    bench.must_be(CircuitState.HALF_OPEN)


# Law 5
def test_a_success_that_began_before_the_trip_does_not_close(bench):
    """An open circuit stays open when a call that was admitted before it opened succeeds."""
    bench.make()

    def meanwhile():
        bench.fail()
        bench.fail()

    hang(bench, meanwhile, None)
    bench.must_be(CircuitState.OPEN)
    assert bench.refused() == 10.0


# Law 6
def test_failures_while_open_extend_nothing(bench):
    """A failure that arrives while open neither extends the open time nor makes a second `circuit_opened`."""
    bench.make()

    def meanwhile():
        bench.fail()
        bench.fail()
        bench.clock.advance(9)

    hang(bench, meanwhile, OSError())
    assert bench.refused() == 1.0
    assert bench.told() == [CircuitOpened]


# Law 9
def test_an_ignored_error_is_neutral(bench):
    """An ignored error neither counts nor sets the count back, and neither closes nor opens a half-open circuit."""
    bench.make()
    bench.fail()
    bench.fail(KeyError())
    bench.must_be(CircuitState.CLOSED)
    bench.fail()
    bench.must_be(CircuitState.OPEN)
    bench.clock.advance(10)
    bench.fail(KeyError())
    bench.must_be(CircuitState.HALF_OPEN)


# Law 10
@pytest.mark.parametrize("passing", PASSING, ids=named)
@pytest.mark.parametrize("record", [None, BaseException, (type(None), KeyboardInterrupt), lambda error: True])
def test_what_is_no_exception_changes_nothing(bench, passing, record):
    """Cancellation and its like come out unchanged, and change no count and no state, whatever `record` says."""
    record = (OSError, KeyboardInterrupt, asyncio.CancelledError) if isinstance(record, tuple) else record
    bench.make(record=record)
    bench.fail()
    for _ in range(3):
        bench.fail(passing)
    assert (bench.state, bench.breaker._circuit.failures) == (CircuitState.CLOSED, 1)
    bench.fail()
    bench.clock.advance(10)
    bench.fail(passing)
    bench.must_be(CircuitState.HALF_OPEN)


# Law 11
def test_the_threshold_and_the_recovery_time_are_exact(bench):
    """It opens at the n-th failure in a row, not before, and admits a call at the recovery time, not before."""
    bench.make(failure_threshold=3)
    bench.fail()
    bench.fail()
    bench.succeed()
    bench.fail()
    bench.fail()
    bench.must_be(CircuitState.CLOSED)
    bench.fail()
    bench.must_be(CircuitState.OPEN)
    bench.clock.advance(9.875)
    assert bench.refused() == 0.125
    bench.clock.advance(0.125)
    bench.succeed()
    bench.must_be(CircuitState.CLOSED)


# Law 11
def test_the_success_threshold_is_exact(bench):
    """It closes at the n-th trial success; a failure among them opens it and they begin anew."""
    bench.open(success_threshold=2)
    bench.clock.advance(10)
    bench.succeed()
    bench.fail()
    bench.clock.advance(10)
    bench.succeed()
    bench.must_be(CircuitState.HALF_OPEN)
    bench.succeed()
    bench.must_be(CircuitState.CLOSED)


# Law 13
def test_an_open_inner_circuit_is_no_failure_of_an_outer(bench):
    """The refusal of an inner circuit does not count for an outer one, unless its type is named."""
    bench.make(failure_threshold=1)
    bench.fail(CircuitBreakerOpenError("inner", 1.0))
    bench.must_be(CircuitState.CLOSED)
    bench.make(failure_threshold=1, record=[OSError, CircuitBreakerOpenError])
    bench.fail(CircuitBreakerOpenError("inner", 1.0))
    bench.must_be(CircuitState.OPEN)


# Law 14
def test_the_wall_clock_changes_nothing(bench):
    """Setting the wall clock back or forth neither keeps a circuit open nor opens the way."""
    bench.open()
    bench.clock.set_wall(datetime(1999, 1, 1, tzinfo=UTC))
    bench.clock.advance(9)
    bench.clock.set_wall(datetime(2099, 1, 1, tzinfo=UTC))
    assert bench.refused() == 1.0
    bench.clock.advance(1)
    bench.succeed()


def test_looking_moves_nothing(bench):
    """However late one looks, an open circuit is OPEN until a call is admitted."""
    bench.open()
    bench.clock.advance(1000)
    bench.must_be(CircuitState.OPEN)
    assert bench.told() == [CircuitOpened]


def test_isolated_until_reset(bench):
    """An isolated circuit refuses for good, with no time to wait for; a reset closes it."""
    bench.make()
    bench.breaker.isolate()
    bench.clock.advance(1000)
    assert bench.refused() is None
    bench.breaker.reset()
    bench.succeed()
    assert bench.told() == [CircuitOpened, CircuitClosed]


def test_every_change_of_state_is_told_once(bench):
    """Opening, half-opening, opening again and closing are told in order, and each refusal is."""
    bench.open()
    bench.refused()
    bench.clock.advance(10)
    bench.fail()
    bench.refused()
    bench.clock.advance(10)
    bench.succeed()
    assert bench.told(Event) == [
        CircuitOpened,
        CallRejected,
        CircuitHalfOpened,
        CircuitOpened,
        CallRejected,
        CircuitHalfOpened,
        CircuitClosed,
    ]


def test_a_call_within_a_call(bench):
    """A function that calls itself through its own breaker is counted for each call, innermost first."""
    bench.make()
    depth = 0

    def work():
        nonlocal depth
        depth += 1
        if depth < 3:
            bench.run(work)
        raise OSError(depth)

    with pytest.raises(OSError, match="3"):
        bench.run(work)
    assert (bench.state, bench.told()) == (CircuitState.OPEN, [CircuitOpened])


def test_the_error_comes_out_as_it_is(bench):
    """The error has no context of ours, and no frame stands twice in its traceback, be it closed or half-open."""
    bench.make(failure_threshold=1)
    for seconds in (0, 10):
        bench.clock.advance(seconds)
        error = OSError("down")
        bench.fail(error)
        frames = [frame for frame, _ in walk_tb(error.__traceback__)]
        assert len(set(frames)) == len(frames)
        assert error.__context__ is None


# One table for the synchronous and the asynchronous forms: each step, and what is then told by the circuit.
PARITY: list[tuple[dict[str, Any], list[Any], str]] = [
    ({}, ["ok", "ok"], "CLOSED"),
    ({}, ["fail", "ok", "fail"], "CLOSED"),
    ({}, ["fail", "fail", "refused"], "OPEN"),
    ({"failure_threshold": 1}, ["fail", 10.0, "ok"], "CLOSED"),
    ({"failure_threshold": 1}, ["fail", 10.0, "fail", "refused"], "OPEN"),
    ({"failure_threshold": 1}, ["fail", 10.0, "ignored", "ok"], "CLOSED"),
    ({"failure_threshold": 1}, ["fail", 10.0, "cancelled", "ok"], "CLOSED"),
    ({"failure_threshold": 1, "success_threshold": 2}, ["fail", 10.0, "ok"], "HALF_OPEN"),
    ({"failure_threshold": 1, "recovery_timeout": 0.0}, ["fail", "fail", "ok"], "CLOSED"),
    ({"record": TimeoutError}, ["fail", "fail", "fail"], "CLOSED"),
]


@pytest.mark.parametrize(("options", "steps", "state"), PARITY, ids=str)
def test_all_forms_do_the_same(bench, options, steps, state):
    """Whatever the form, the same steps lead to the same state and the same events."""
    plain = Bench(by_execute)
    for each in (bench, plain):
        each.make(**options)
        for step in steps:
            take(each, step)
    assert bench.state.name == state
    assert bench.told(Event) == plain.told(Event)


def take(bench: Bench, step: Any) -> None:
    match step:
        case float():
            bench.clock.advance(step)
        case "ok":
            bench.succeed()
        case "fail":
            bench.fail()
        case "ignored":
            bench.fail(KeyError())
        case "cancelled":
            bench.fail(asyncio.CancelledError())
        case "refused":
            bench.refused()
