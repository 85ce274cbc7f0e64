"""The breaker as a link of a chain, what it tells, and how it is used on functions."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from ninelives.call import Call
from ninelives.circuit import CircuitState
from ninelives.circuits import Circuits, default_circuits
from ninelives.errors import CircuitBreakerOpenError, ConfigurationWarning
from ninelives.events import CallRejected, CircuitClosed, CircuitHalfOpened, CircuitOpened, Event
from ninelives.middleware.breaker import CircuitBreaker, circuit_breaker
from ninelives.middleware.link import AsyncMiddleware, Context
from ninelives.testing import FakeClock

NOTHING: Any = None


@pytest.fixture(autouse=True)
def installed(monkeypatch) -> Iterator[list[Event]]:
    """What installed plugins are told."""
    told: list[Event] = []
    plugins = SimpleNamespace(listeners=(told.append,))
    monkeypatch.setattr("ninelives.plugins.default_plugins", lambda: plugins)
    before = default_circuits().names()
    yield told
    default_circuits().forget(default_circuits().names() - before)


class Chain:
    """What a pipeline gives its links."""

    def __init__(self, pipeline: str = "orders") -> None:
        self.pipeline = pipeline
        self.clock = FakeClock()
        self.circuits = Circuits()
        self.told: list[Event] = []

    def context(self, link: str = "breaker", *given: str) -> Context:
        return Context(
            pipeline=self.pipeline,
            link=link,
            given=frozenset(given),
            clock=self.clock,
            random=Random(0),
            settings=NOTHING,
            plugins=NOTHING,
            circuits=self.circuits,
            emit=self.told.append,
            open_store=NOTHING,
            open_channel=NOTHING,
        )


def send(request: str) -> str:
    if request == "down":
        raise OSError(request)
    if request == "wrong":
        raise TypeError(request)
    return request


def call_of(request: str) -> Call:
    return Call(send, (request,), {}, 0.0, "orders")


def run(call: Call) -> Any:
    return call.func(*call.args)


def fail(step: Any, request: str = "down") -> Call:
    call = call_of(request)
    with pytest.raises((OSError, TypeError), match=request):
        step(call)
    return call


def test_it_is_a_link_of_both_kinds():
    """A breaker can stand in a synchronous and in an asynchronous chain."""
    assert isinstance(CircuitBreaker(), AsyncMiddleware)


@pytest.mark.parametrize(
    ("link", "options", "name"),
    [
        ("breaker", {}, "orders"),
        ("breaker", {"name": "api"}, "api"),
        ("breaker", {"name": None}, "orders"),
        ("outer", {}, "orders.outer"),
        ("outer", {"name": "api"}, "api"),
    ],
)
def test_the_circuit_of_a_link(link, options, name):
    """A pipeline's breaker has the name that it was given, else the pipeline's, with the alias of a second one."""
    chain = Chain()
    breaker = CircuitBreaker.as_link(**options)
    breaker.wrap(run, chain.context(link))
    assert chain.circuits.names() == {name}
    assert breaker._circuit is chain.circuits.join(name)
    assert (breaker.name, repr(breaker)) == (name, f"<CircuitBreaker {name!r} CLOSED>")
    assert default_circuits().names().isdisjoint({name})


def test_a_link_reads_no_environment(monkeypatch):
    """What is missing among a link's options is what is built in: the pipeline has read the environment."""
    monkeypatch.setenv("CIRCUIT_BREAKER_FAILURE_THRESHOLD", "not a number")
    chain = Chain()
    breaker = CircuitBreaker.as_link(recovery_timeout=7.0, failure_threshold=None)
    breaker.wrap(run, chain.context())
    assert breaker._circuit.rules.failure_threshold == 5
    assert breaker._circuit.rules.recovery_timeout == 7.0


def test_an_unknown_option_of_a_link():
    """An option that there is none of is refused."""
    with pytest.raises(TypeError, match="recover"):
        CircuitBreaker.as_link(recover=7.0)


def test_only_explicit_options_of_a_link_conflict():
    """Of two pipelines with one circuit, what the environment gave never conflicts; what they say themselves does."""
    chain = Chain()
    first = CircuitBreaker.as_link(name="api", failure_threshold=9, recovery_timeout=9.0)
    first.wrap(run, chain.context("breaker"))
    second = CircuitBreaker.as_link(name="api", failure_threshold=2)
    second.wrap(run, chain.context("breaker", "failure_threshold", "name"))
    assert chain.circuits.join("api").rules.failure_threshold == 2
    third = CircuitBreaker.as_link(name="api", failure_threshold=3)
    with pytest.warns(ConfigurationWarning, match="failure_threshold was given as 2 and as 3"):
        third.wrap(run, chain.context("breaker", "failure_threshold"))


def test_a_link_does_not_count_permanent_errors():
    """In a chain, what trying again can't help leaves the circuit alone, unless `record` says otherwise."""
    step = CircuitBreaker.as_link(failure_threshold=1).wrap(run, Chain().context())
    fail(step, "wrong")
    assert step(call_of("up")) == "up"
    strict = CircuitBreaker.as_link(failure_threshold=1, record=Exception)
    fail(strict.wrap(run, Chain().context()), "wrong")
    assert strict.state is CircuitState.OPEN


def test_a_ready_breaker_counts_permanent_errors_alone_only():
    """One breaker counts every `Exception` when used alone, and not what trying again can't help in its chain."""
    breaker = CircuitBreaker(failure_threshold=1)
    fail(breaker.wrap(run, Chain().context()), "wrong")
    assert breaker._circuit.failures == 0
    with pytest.raises(TypeError):
        breaker.execute(send, "wrong")
    assert breaker.state is CircuitState.OPEN


def test_a_breakers_own_clock_holds_in_a_chain():
    """A breaker that was given a clock goes by it in a pipeline too; without one it goes by the pipeline's."""
    own, chain = FakeClock(), Chain()
    step = CircuitBreaker.as_link(failure_threshold=1, recovery_timeout=10.0, clock=own).wrap(run, chain.context())
    fail(step)
    chain.clock.advance(10)
    with pytest.raises(CircuitBreakerOpenError):
        step(call_of("up"))
    own.advance(10)
    assert step(call_of("up")) == "up"


def test_a_ready_breaker_keeps_its_circuit():
    """A breaker that was made before the pipeline brings its circuit along."""
    chain = Chain()
    breaker = CircuitBreaker(failure_threshold=1)
    circuit = breaker._circuit
    fail(breaker.wrap(run, chain.context()))
    assert breaker._circuit is circuit
    assert circuit.state is CircuitState.OPEN
    assert chain.circuits.names() == set()


async def test_both_chains_share_the_circuit():
    """What opens in the synchronous chain is open in the asynchronous one."""

    async def arun(call):
        return run(call)

    chain = Chain()
    breaker = CircuitBreaker.as_link(failure_threshold=1)
    step, astep = breaker.wrap(run, chain.context()), breaker.wrap_async(arun, chain.context())
    assert await astep(call_of("up")) == "up"
    fail(step)
    with pytest.raises(CircuitBreakerOpenError):
        await astep(call_of("up"))


def test_a_link_tells_the_pipeline(installed):
    """Its events go to the pipeline, with its name, the call that made the change, and the circuit's numbers."""
    chain = Chain()
    breaker = CircuitBreaker.as_link(failure_threshold=2, recovery_timeout=10.0)
    step = breaker.wrap(run, chain.context())
    fail(step)
    opening = fail(step)
    chain.clock.advance(4)
    with pytest.raises(CircuitBreakerOpenError):
        step(refused := call_of("up"))
    chain.clock.advance(6)
    step(probe := call_of("up"))
    circuit: dict[str, Any] = {"pipeline": "orders", "circuit": "orders", "failures": 2}
    at = [FakeClock().now() + timedelta(seconds=passed) for passed in (0, 4, 10)]
    assert chain.told == [
        CircuitOpened(at=at[0], call_id=opening.id, reopens_in=10.0, **circuit),
        CallRejected(
            at=at[1],
            pipeline="orders",
            call_id=refused.id,
            operation=refused.operation,
            circuit="orders",
            retry_after=6.0,
        ),
        CircuitHalfOpened(at=at[2], call_id=probe.id, **circuit),
        CircuitClosed(at=at[2], call_id=probe.id, **circuit),
    ]
    assert installed == []


def test_what_is_done_by_hand_is_told_where_the_calls_are(installed):
    """Isolating and resetting a breaker that stands in a chain tells the chain's listeners, each change once."""
    chain = Chain()
    breaker = CircuitBreaker()
    breaker.wrap(run, chain.context())
    breaker.isolate()
    breaker.isolate()
    breaker.reset()
    breaker.reset()
    assert [(type(event), event.pipeline, event.call_id) for event in chain.told] == [
        (CircuitOpened, "orders", None),
        (CircuitClosed, "orders", None),
    ]
    assert installed == []


def test_a_links_own_listeners_are_told_too():
    """Listeners of the breaker itself hear of it besides the pipeline's; one that raises hurts nobody."""
    own: list[Event] = []
    chain = Chain()

    def broken(event):
        raise ValueError

    breaker = CircuitBreaker.as_link(failure_threshold=1, listeners=[broken, own.append])
    fail(breaker.wrap(run, chain.context()))
    assert own == chain.told
    assert [type(event) for event in own] == [CircuitOpened]


def test_alone_it_tells_its_listeners_and_the_installed(installed):
    """A breaker used alone tells its own listeners and those of installed plugins, with no pipeline and no call."""
    own: list[Event] = []
    clock = FakeClock()
    breaker = CircuitBreaker(1, 10.0, "api", clock=clock, circuits=Circuits(), listeners=[own.append])
    with pytest.raises(OSError, match="down"):
        breaker.execute(send, "down")
    with pytest.raises(CircuitBreakerOpenError):
        breaker.execute(send, "up")
    with pytest.raises(CircuitBreakerOpenError), breaker:
        pytest.fail("it ran")
    refused: dict[str, Any] = {"at": clock.now(), "circuit": "api", "retry_after": 10.0}
    assert own == [
        CircuitOpened(at=clock.now(), circuit="api", failures=1, reopens_in=10.0),
        CallRejected(operation=f"{__name__}:send", **refused),
        CallRejected(operation="<block>", **refused),
    ]
    assert installed == own


def test_a_success_asks_nobody(monkeypatch):
    """While nothing fails, no clock is read, no lock taken, no event made and no plugin looked for."""

    def touched(*args):
        pytest.fail("a success touched this")

    untouchable: Any = SimpleNamespace(monotonic=touched, now=touched, sleep=touched, asleep=touched)
    breaker = CircuitBreaker(clock=untouchable)
    monkeypatch.setattr("ninelives.plugins.default_plugins", touched)
    step = breaker.wrap(run, Chain().context())
    monkeypatch.setattr(breaker._circuit, "_lock", SimpleNamespace(__enter__=touched))
    assert breaker.execute(send, "up") == breaker(send)("up") == step(call_of("up")) == "up"


def test_the_decorator_keeps_the_function():
    """A decorated function keeps its name, signature and kind, and what one decorator decorates shares a circuit."""
    guard = circuit_breaker(failure_threshold=1)
    guarded, other = guard(send), guard(run)
    assert (guarded.__name__, inspect.signature(guarded)) == ("send", inspect.signature(send))
    with pytest.raises(OSError, match="down"):
        guarded("down")
    with pytest.raises(CircuitBreakerOpenError):
        other(call_of("up"))


async def test_the_decorator_on_methods():
    """Methods, class methods, static methods and coroutine methods are guarded alike."""
    guard = circuit_breaker(failure_threshold=1)

    class Service:
        @guard
        def method(self, request: str) -> str:
            return send(request)

        @guard
        async def later(self, request: str) -> str:
            return send(request)

        @guard
        @classmethod
        def of_class(cls, request: str) -> str:
            return send(request)

        @guard
        @staticmethod
        def static(request: str) -> str:
            return send(request)

    service = Service()
    assert inspect.iscoroutinefunction(service.later)
    assert service.method("a") + await service.later("b") + Service.of_class("c") + service.static("d") == "abcd"
    with pytest.raises(OSError, match="down"):
        await service.later("down")
    with pytest.raises(CircuitBreakerOpenError):
        service.method("up")


def test_a_generator_function_is_refused():
    """Decorating a generator function is refused at once, with what to do."""

    def numbers():
        yield 1

    with pytest.raises(TypeError, match="numbers is a generator function"):
        circuit_breaker()(numbers)


@pytest.mark.parametrize("half_open", [False, True])
async def test_the_wrong_kind_is_refused_and_not_counted(half_open):
    """A coroutine function under `execute`, a plain one under `aexecute`: a TypeError that says which, uncounted."""

    async def later() -> str:
        return "later"

    def returns_a_coroutine() -> Any:
        return later()

    async def use_wrongly(breaker: CircuitBreaker) -> None:
        with pytest.raises(TypeError, match="later is a coroutine function, and nothing awaits it here: use aexecute"):
            breaker.execute(returns_a_coroutine)
        with pytest.raises(TypeError, match="use aexecute, or decorate the coroutine function itself"):
            breaker(returns_a_coroutine)()
        with pytest.raises(TypeError, match="send returned no awaitable, but str: use execute"):
            await breaker.aexecute(send, "up")  # type: ignore[arg-type]

    clock = FakeClock()
    breaker = CircuitBreaker(1, 10.0, clock=clock)
    if half_open:
        breaker.acquire().failure(OSError())
        clock.advance(10)
    state = breaker.state
    await use_wrongly(breaker)
    assert breaker.state is (CircuitState.HALF_OPEN if half_open else state)
    assert breaker._circuit.failures == int(half_open)


async def test_what_is_awaitable_need_be_no_coroutine():
    """A function that returns a future or another awaitable goes through `aexecute`."""

    class Answer:
        def __await__(self):
            yield from ()
            return "answer"

    assert await CircuitBreaker().aexecute(Answer) == "answer"
