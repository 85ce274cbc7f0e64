"""The pipeline as its users meet it."""

from __future__ import annotations

import asyncio
import functools
import inspect

import pytest

import ninelives
from ninelives import CircuitBreaker, CircuitBreakerOpenError, CircuitState, ConfigurationError, Pipeline
from ninelives.middleware import Around


class Flaky:
    """Fails a number of times, then answers with what it was given."""

    def __init__(self, failures, error=None):
        self.failures = failures
        self.error = error or ConnectionError("no answer")
        self.calls = 0

    def __call__(self, value=None):
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return value

    async def later(self, value=None):
        await asyncio.sleep(0)
        return self(value)


def test_success_is_the_functions_own_value(shop):
    """A call that succeeds returns the function's own value, the same object, and leaves nothing behind."""
    value = object()
    pipeline = shop.pipeline()
    assert pipeline.run(lambda: value) is value
    assert shop.letters(pipeline) == []
    assert shop.events.recorded == []


async def test_async_success_is_the_functions_own_value(shop):
    """So does an asynchronous one."""
    value = object()
    pipeline = shop.pipeline()

    async def call():
        return value

    assert await pipeline.arun(call) is value
    assert shop.letters(pipeline) == []


def test_failure_is_the_functions_own_error(shop):
    """What comes out of a call that failed for good is the function's last error, the same object, with one note."""
    flaky = Flaky(99)
    pipeline = shop.pipeline(backoff={"max_retries": 2})
    with pytest.raises(ConnectionError) as caught:
        pipeline.run(flaky, 1)
    (letter,) = shop.letters(pipeline)
    assert caught.value is flaky.error
    assert flaky.calls == 3
    assert caught.value.__notes__ == [
        f"ninelives: 3 attempts in {shop.clock.monotonic():.3g} s; dead letter {letter['message_id']} in memory:"
    ]
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_failed_call_is_one_letter_with_its_arguments(shop):
    """One letter per failed call, complete enough to be replayed."""
    pipeline = shop.pipeline(backoff={"max_retries": 1})
    flaky = Flaky(99)
    with pytest.raises(ConnectionError):
        pipeline.run(flaky, ("a", b"b"))
    (letter,) = shop.letters(pipeline)
    assert letter["args"] == [("a", b"b")]
    assert letter["kwargs"] == {}
    assert letter["reason"] == "exhausted"
    assert letter["pipeline"] == "shop"
    assert letter["operation"].endswith(":Flaky")
    assert letter["error"] == "builtins.ConnectionError: no answer"


def test_permanent_errors_become_a_letter_at_once(shop):
    """A TypeError is neither retried nor counted by the breaker, and becomes a letter at once."""
    pipeline = shop.pipeline(breaker={"failure_threshold": 1})
    flaky = Flaky(99, TypeError("no such argument"))
    with pytest.raises(TypeError):
        pipeline.run(flaky)
    assert flaky.calls == 1
    assert shop.letters(pipeline)[0]["reason"] == "permanent"
    assert pipeline["breaker"].state is CircuitState.CLOSED


def test_spent_retries_are_one_failure_for_the_breaker(shop):
    """The breaker outside of backoff counts calls, not attempts."""
    pipeline = shop.pipeline(breaker={"failure_threshold": 2}, backoff={"max_retries": 3})
    for _ in range(2):
        assert pipeline["breaker"].state is CircuitState.CLOSED
        assert not pipeline.try_run(Flaky(99)).ok
    assert pipeline["breaker"].state is CircuitState.OPEN


def test_a_breaker_inside_backoff_counts_attempts(shop):
    """With the breaker inside, an open circuit stops the retries at once."""
    pipeline = shop.pipeline(
        chain=["dead_letter", "backoff", "breaker"],
        dead_letter={"store": "memory:"},
        breaker={"failure_threshold": 2},
        backoff={"max_retries": 9},
    )
    flaky = Flaky(99)
    with pytest.raises(CircuitBreakerOpenError):
        pipeline.run(flaky)
    assert flaky.calls == 2
    assert len(shop.letters(pipeline)) == 1


def test_a_refused_call_is_a_letter_too(shop):
    """An open circuit refuses the call, and the refused message is kept."""
    pipeline = shop.pipeline(breaker={"failure_threshold": 1}, backoff=False)
    pipeline.try_run(Flaky(1))
    flaky = Flaky(0)
    with pytest.raises(CircuitBreakerOpenError) as caught:
        pipeline.run(flaky, "kept")
    assert flaky.calls == 0
    assert caught.value.retry_after == 60
    assert [letter["reason"] for letter in shop.letters(pipeline)] == ["exhausted", "circuit_open"]


def test_refused_calls_are_not_kept_where_failing_fast_matters_more(shop):
    """`on_open=False` keeps no letters of refused calls."""
    options = {"store": "memory:", "on_open": False}
    pipeline = shop.pipeline(breaker={"failure_threshold": 1}, backoff=False, dead_letter=options)
    pipeline.try_run(Flaky(1))
    outcome = pipeline.try_run(Flaky(0))
    assert isinstance(outcome.error, CircuitBreakerOpenError)
    assert outcome.letter_id is None
    assert len(shop.letters(pipeline)) == 1


def test_outcome_of_success(shop):
    """`try_run` tells value, attempts and time."""
    outcome = shop.pipeline(backoff={"jitter": "none", "base_delay": 2}).try_run(Flaky(1), 5)
    assert (outcome.ok, outcome.value, outcome.error, outcome.attempts) == (True, 5, None, 2)
    assert (outcome.letter_id, outcome.fell_back, outcome.elapsed) == (None, False, 2.0)
    assert outcome.unwrap() == 5


def test_outcome_of_failure(shop):
    """`try_run` raises nothing that the call raised; `unwrap` does."""
    pipeline = shop.pipeline(backoff=False)
    flaky = Flaky(9)
    outcome = pipeline.try_run(flaky)
    assert (outcome.ok, outcome.value, outcome.error, outcome.attempts) == (False, None, flaky.error, 1)
    assert outcome.letter_id == shop.letters(pipeline)[0]["message_id"]
    with pytest.raises(ConnectionError) as caught:
        outcome.unwrap()
    assert caught.value is flaky.error


async def test_outcomes_of_async_calls(shop):
    """`atry_run` does the same."""
    pipeline = shop.pipeline(backoff=False)
    good = await pipeline.atry_run(Flaky(0).later, 3)
    bad = await pipeline.atry_run(Flaky(1).later, 3)
    assert (good.ok, good.value, bad.ok, type(bad.error)) == (True, 3, False, ConnectionError)
    assert bad.letter_id == shop.letters(pipeline)[0]["message_id"]


def test_outcome_of_a_fallback(shop):
    """With a fallback taken: ok, with the error beside it; the letter is stored all the same."""
    pipeline = shop.pipeline(backoff=False, fallback="Meow?")
    outcome = pipeline.try_run(Flaky(1))
    assert (outcome.ok, outcome.value, outcome.fell_back) == (True, "Meow?", True)
    assert isinstance(outcome.error, ConnectionError)
    assert outcome.letter_id == shop.letters(pipeline)[0]["message_id"]
    assert "call_failed" in shop.events.names


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_what_is_no_exception_passes(shop, kind):
    """Cancellation and its like pass untouched: not counted, not retried, no letter, no event, not answered."""
    error = kind()
    flaky = Flaky(9, error)
    pipeline = shop.pipeline(fallback="no", breaker={"failure_threshold": 1})
    with pytest.raises(kind) as caught:
        pipeline.run(flaky)
    assert caught.value is error
    assert flaky.calls == 1
    assert pipeline["breaker"].state is CircuitState.CLOSED
    assert shop.letters(pipeline) == []
    assert shop.events.recorded == []
    assert not hasattr(error, "__notes__")


def test_cancelled_calls_are_kept_when_asked_for(shop):
    """With `on_cancel` a cancelled call becomes a letter, and the cancellation goes on."""
    pipeline = shop.pipeline(dead_letter={"store": "memory:", "on_cancel": True})
    with pytest.raises(SystemExit):
        pipeline.run(Flaky(9, SystemExit()), 4)
    assert [(letter["reason"], letter["args"]) for letter in shop.letters(pipeline)] == [("cancelled", [4])]


async def test_a_cancelled_task_is_kept_when_asked_for(shop):
    """The letter of a cancelled task is written, then the cancellation is delivered."""
    pipeline = shop.pipeline(dead_letter={"store": "memory:", "on_cancel": True})
    begun = asyncio.Event()

    async def hang(_value):
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(pipeline.arun(hang, 4))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [letter["args"] for letter in shop.letters(pipeline)] == [[4]]


async def _coroutine():
    raise AssertionError("never runs")


def _plain():
    return 5


def test_run_with_a_coroutine_function_says_so(shop):
    """`run` with a coroutine function: a TypeError that says `arun`; nothing is counted, retried or stored."""
    pipeline = shop.pipeline(fallback="no", breaker={"failure_threshold": 1})
    with pytest.raises(TypeError, match="arun"):
        pipeline.run(_coroutine)
    with pytest.raises(TypeError, match="arun"):
        pipeline.try_run(_coroutine)
    assert shop.letters(pipeline) == []
    assert shop.events.recorded == []
    assert pipeline["breaker"].state is CircuitState.CLOSED


async def test_arun_with_a_plain_function_says_so(shop):
    """`arun` with a function that returns nothing to await: a TypeError that says `run`; nothing is stored."""
    pipeline = shop.pipeline(fallback="no")
    with pytest.raises(TypeError, match="use run"):
        await pipeline.arun(_plain)
    with pytest.raises(TypeError, match="use run"):
        await pipeline.atry_run(_plain)
    assert shop.letters(pipeline) == []
    assert shop.events.recorded == []


async def test_arun_takes_any_awaitable(shop):
    """A function that returns a future is as good as a coroutine function."""
    future = asyncio.get_running_loop().create_future()
    future.set_result(5)
    assert await shop.pipeline().arun(lambda: future) == 5


def test_a_mistake_inside_is_an_error_like_any_other(shop):
    """The wrong use of an inner pipeline is a failure of the outer call: its message is kept."""
    inner = shop.pipeline("inner")
    outer = shop.pipeline("outer")
    with pytest.raises(TypeError):
        outer.run(lambda _message: inner.run(_coroutine), "precious")
    assert shop.letters(inner) == []
    assert [letter["args"] for letter in shop.letters(outer)] == [["precious"]]


def test_decorated_functions_keep_what_they_are(shop):
    """Name, docs, signature and kind stay those of the function."""
    pipeline = shop.pipeline()

    @pipeline
    def add(a: int, b: int = 2) -> int:
        """Add."""
        return a + b

    @pipeline
    async def later(a: int) -> int:
        return a

    assert add(1) == 3
    assert (add.__name__, add.__doc__) == ("add", "Add.")
    assert str(inspect.signature(add)) == "(a: 'int', b: 'int' = 2) -> 'int'"
    assert inspect.iscoroutinefunction(later)
    assert asyncio.run(later(7)) == 7


def test_decorated_methods_work(shop):
    """Methods, class methods, static methods, partials and callable objects can be decorated."""
    pipeline = shop.pipeline()

    class Service:
        factor = 3

        @pipeline
        def method(self, x):
            return self.factor * x

        @classmethod
        @pipeline
        def inner(cls, x):
            return cls.factor + x

        @pipeline
        @classmethod
        def outer(cls, x):
            return cls.factor - x

        @pipeline
        @staticmethod
        def static(x):
            return x

    service = Service()
    assert (service.method(2), service.inner(2), Service.outer(2), service.static(2)) == (6, 5, 1, 2)
    assert pipeline(functools.partial(pow, 2))(5) == 32
    assert pipeline(Flaky(0))(4) == 4


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_generator_functions_are_refused(shop, kind):
    """A generator function is refused when it is decorated."""

    def numbers():
        yield 1

    async def later():
        yield 1

    with pytest.raises(TypeError, match="generator"):
        shop.pipeline()(numbers if kind == "sync" else later)


def test_decorated_functions_fail_like_run(shop):
    """A call of a decorated function that fails is a letter under the function's name."""
    pipeline = shop.pipeline(backoff=False)

    @pipeline
    def lookup(key):
        raise TimeoutError(key)

    with pytest.raises(TimeoutError):
        lookup(key="a")
    (letter,) = shop.letters(pipeline)
    assert letter["operation"] == f"{__name__}:{lookup.__qualname__}"
    assert letter["kwargs"] == {"key": "a"}


def test_using_carries_key_tags_and_name(shop):
    """`using` gives a call its idempotency key, tags and the operation's name."""
    pipeline = shop.pipeline(backoff=False)
    seen = []

    def charge(order):
        seen.append(ninelives.current_call().idempotency_key)
        raise TimeoutError(order)

    bound = pipeline.using(key="order-7", tags={"tenant": "acme"}, operation="charge")
    with pytest.raises(TimeoutError):
        bound.run(charge, 7)
    letter = pipeline["dead_letter"].places[0].store.get(shop.letters(pipeline)[0]["message_id"])
    assert seen == ["order-7"]
    assert (letter.key, letter.tags, letter.operation) == ("order-7", {"tenant": "acme"}, "charge")


async def test_using_has_the_same_run_methods(shop):
    """A bound view runs synchronously and asynchronously, raising or not."""
    bound = shop.pipeline().using(tags={"a": "b"})
    assert bound.run(_plain) == bound.try_run(_plain).value == 5
    assert await bound.arun(Flaky(0).later, 2) == (await bound.atry_run(Flaky(0).later, 2)).value == 2


def test_current_call_is_the_call(shop):
    """Inside the function `current_call` is its call, outside there is none."""
    pipeline = shop.pipeline()
    seen = []

    def look():
        call = ninelives.current_call()
        seen.append((call.pipeline, call.attempt, call.letter, call.idempotency_key == call.id))
        if len(seen) < 2:
            raise ConnectionError

    pipeline.run(look)
    assert seen == [("shop", 1, None, True), ("shop", 2, None, True)]
    assert ninelives.current_call() is None


def test_a_nested_failure_names_the_inner_letter(shop):
    """A letter whose error came from a nested pipeline says which letter that one made."""
    inner, outer = shop.pipeline("inner", backoff=False), shop.pipeline("outer", backoff=False)
    with pytest.raises(ConnectionError) as caught:
        outer.run(lambda: inner.run(Flaky(9)))
    (inside,) = shop.letters(inner)
    (outside,) = shop.letters(outer)
    letter = outer["dead_letter"].places[0].store.get(outside["message_id"])
    assert letter.caused_by == inside["message_id"]
    assert len(caught.value.__notes__) == 1
    assert outside["message_id"] in caught.value.__notes__[0]


def test_a_function_may_call_itself_through_its_own_pipeline(shop):
    """Recursion through the pipeline works, and each level has its own call."""
    pipeline = shop.pipeline()
    ids = []

    @pipeline
    def down(n):
        ids.append(ninelives.current_call().id)
        return n if n == 0 else down(n - 1)

    assert down(5) == 0
    assert len(set(ids)) == 6


def test_links_can_be_had_by_their_alias(shop):
    """`pipeline[...]` gives the part itself; an unknown name names those that there are."""
    breaker = CircuitBreaker(failure_threshold=3)
    pipeline = shop.pipeline(breaker=breaker)
    assert pipeline["breaker"] is breaker
    with pytest.raises(KeyError, match="dead_letter, breaker, backoff"):
        pipeline["fallback"]


def test_describe_shows_the_chain_and_no_secret(shop):
    """The chain as built, in order, with options; secrets are masked."""
    described = shop.pipeline(backoff={"max_retries": 2}).describe()
    assert described["name"] == "shop"
    assert [link["link"] for link in described["chain"]] == ["dead_letter", "breaker", "backoff"]
    options = {link["link"]: link["options"] for link in described["chain"]}
    assert options["dead_letter"]["store"] == "memory:"
    assert options["breaker"]["failure_threshold"] == 5
    assert options["backoff"]["max_retries"] == 2


class _Closing(Around):
    def __init__(self):
        self.closed = []

    def close(self):
        self.closed.append("close")


class _ClosingLater(_Closing):
    async def aclose(self):
        self.closed.append("aclose")


class _Plugin:
    def __init__(self, part):
        self.part = part

    @ninelives.hookimpl
    def register_middleware(self, register):
        register("mine", lambda: self.part)


def _with(part, shop, **options):
    return shop.pipeline(chain=["mine", "backoff"], plugins=ninelives.Plugins(_Plugin(part)), **options)


def test_close_closes_what_the_pipeline_built(shop):
    """`close`, and the end of a `with`, close what the pipeline built; not what it was given."""
    built, given = _Closing(), _Closing()
    with _with(built, shop) as pipeline:
        assert pipeline.run(_plain) == 5
    pipeline.close()
    with shop.pipeline(chain=[given]):
        pass
    assert built.closed == ["close", "close"]
    assert given.closed == []


async def test_aclose_prefers_the_asynchronous_close(shop):
    """`aclose`, and the end of an `async with`, await a link's `aclose`, or call its `close`."""
    later, plain, given = _ClosingLater(), _Closing(), _ClosingLater()
    async with _with(later, shop):
        pass
    await _with(plain, shop).aclose()
    async with shop.pipeline(chain=[given]):
        pass
    assert (later.closed, plain.closed, given.closed) == (["aclose"], ["close"], [])


def test_a_name_is_needed():
    """A pipeline has a name."""
    with pytest.raises(ConfigurationError, match="expected a name"):
        Pipeline("")


def test_repr_names_the_chain(shop):
    """A pipeline prints its name and chain."""
    assert repr(shop.pipeline()) == "Pipeline('shop', chain=['dead_letter', 'breaker', 'backoff'])"


def test_the_configured_pipeline_is_built_once(shop, tmp_path, monkeypatch):
    """`ninelives.pipeline(name)` is the one from the configuration, built once a process."""
    (tmp_path / "ninelives.toml").write_text('[pipelines.api]\nnotify = false\ndead_letter = { store = "memory:" }\n')
    monkeypatch.delenv("NINELIVES_CONFIG", raising=False)
    from ninelives.configured import forget_pipelines

    forget_pipelines()
    try:
        api = ninelives.pipeline("api")
        assert api is ninelives.pipeline("api")
        assert api.run(_plain) == 5
        with pytest.raises(ConfigurationError, match=r"it has api; add \[pipelines.web\]"):
            ninelives.pipeline("web")
    finally:
        forget_pipelines()


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"key": 17}, "key"),
        ({"key": ""}, "key"),
        ({"tags": ["a"]}, "tags"),
        ({"tags": {"a": 1}}, "tags"),
        ({"operation": 5}, "operation"),
    ],
)
def test_what_a_call_can_not_carry_is_refused(shop, given, option):
    """A key, tags or a name that a letter could not bring back as they were are refused at once."""
    with pytest.raises(ConfigurationError, match=rf"Pipeline\.using\({option}=\)") as caught:
        shop.pipeline().using(**given)
    assert [problem.option for problem in caught.value.problems] == [option]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_elapsed_ends_when_the_call_fails(shop, kind):
    """The time that keeping the letter and telling of it take is not the call's."""

    class Slow(ninelives.dead_letters.memory.MemoryStore):
        def put(self, letter):
            shop.clock.advance(60)
            super().put(letter)

    pipeline = shop.pipeline(backoff=False, dead_letter={"store": Slow(clock=shop.clock)})
    flaky = Flaky(1)
    outcome = pipeline.try_run(flaky) if kind == "sync" else asyncio.run(pipeline.atry_run(flaky.later))
    assert outcome.elapsed == 0
    assert "1 attempt in 0 s" in outcome.error.__notes__[0]
