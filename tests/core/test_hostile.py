"""What a program may do to a pipeline without meaning well: odd errors, odd functions, wraps of wraps."""

from __future__ import annotations

import abc
import asyncio
import copy
import functools
import pickle

import pytest

import ninelives
from ninelives import CircuitState, ConfigurationError, Pipeline
from ninelives.middleware import Around
from ninelives.testing import RecordingChannel


class Odd(Exception):
    """An error of the program."""


class Unprintable(Odd):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class Incomparable(Odd):
    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    def __bool__(self):
        raise RuntimeError("no truth")


class Unreadable(Odd):
    def __getattr__(self, name):
        raise RuntimeError(name)


class Demanding(Odd):
    def __init__(self, one, *, two):
        super().__init__(one)


_ERRORS = [
    *(Unprintable(), Incomparable(), Unreadable(), Demanding(1, two=2)),
    ExceptionGroup("several", [OSError(1), ExceptionGroup("more", [Unprintable()])]),
    StopIteration(5),
    StopAsyncIteration(5),
    MemoryError(),
    RecursionError(),
]


@pytest.mark.parametrize("error", _ERRORS, ids=lambda error: type(error).__name__)
def test_any_error_comes_out_itself_and_is_one_letter(shop, error):
    """Whatever an error does when it is asked, it comes out, the same object, and the call is one letter."""
    pipeline = shop.pipeline(backoff={"max_retries": 1})

    def fail():
        raise error

    assert pipeline.try_run(fail).error is error
    assert len(shop.letters(pipeline)) == 1
    assert shop.events.names[-1] == "call_failed"


@pytest.mark.parametrize(
    "error", [e for e in _ERRORS if not isinstance(e, StopIteration)], ids=lambda e: type(e).__name__
)
async def test_any_error_comes_out_of_an_asynchronous_call(shop, error):
    """So it does of an asynchronous call; StopIteration alone can't leave a coroutine, in Python itself."""
    pipeline = shop.pipeline(backoff={"max_retries": 1})

    async def fail():
        raise error

    assert (await pipeline.atry_run(fail)).error is error
    assert len(shop.letters(pipeline)) == 1


class _Stop(BaseException):
    """What is no `Exception`, of the program's own."""


@pytest.mark.parametrize("stop", [_Stop(), BaseExceptionGroup("both", [KeyboardInterrupt(), OSError()])], ids=repr)
def test_what_is_no_exception_passes_whatever_its_type(shop, stop):
    """An error of the program's own that is no `Exception`, and a group with one, pass untouched."""
    pipeline = shop.pipeline(fallback="no", breaker={"failure_threshold": 1})

    def fail():
        raise stop

    with pytest.raises(type(stop)) as caught:
        pipeline.run(fail)
    assert caught.value is stop
    assert (shop.letters(pipeline), shop.events.recorded) == ([], [])


def test_a_listener_that_ends_the_program_leaves_no_trace(shop):
    """What a listener raises to end the program goes out; the letter is kept, and no call is left behind."""

    def end(_event):
        raise SystemExit(3)

    pipeline = shop.pipeline(listeners=[end], backoff=False)
    with pytest.raises(SystemExit):
        pipeline.run(_fail)
    assert len(shop.letters(pipeline)) == 1
    assert ninelives.current_call() is None


def _fail(*_args):
    raise ConnectionError("no")


class OddFunction:
    """A callable that answers no question but its call."""

    __hash__ = None

    def __call__(self):
        raise ConnectionError

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    def __getattr__(self, name):
        raise RuntimeError(name)


def test_an_odd_function_hides_no_error(shop):
    """A callable that can't be compared, hashed or asked for its name fails with its own error, each time."""
    pipeline = shop.pipeline(backoff=False)
    functions = [OddFunction(), OddFunction()]
    errors = [pipeline.try_run(function).error for function in functions * 2]
    assert [type(error) for error in errors] == [ConnectionError] * 4
    assert len(shop.letters(pipeline)) == 4


@pytest.mark.parametrize("given", [5, None, "print", object()], ids=repr)
def test_what_is_no_function_is_refused(shop, given):
    """`run` with what can't be called: a TypeError that says what to pass; nothing is counted or stored."""
    pipeline = shop.pipeline(fallback="no", breaker={"failure_threshold": 1})
    with pytest.raises(TypeError, match="can't be called: pass a function, and its arguments after it"):
        pipeline.run(given)
    assert (shop.letters(pipeline), shop.events.recorded) == ([], [])
    assert pipeline["breaker"].state is CircuitState.CLOSED


async def test_a_coroutine_in_place_of_its_function_is_refused(shop):
    """`arun(fetch())` in place of `arun(fetch)`: a TypeError that says so; the coroutine is closed, nothing stored."""
    pipeline = shop.pipeline(fallback="no")

    async def fetch():
        raise AssertionError("never runs")

    for run in (pipeline.arun, pipeline.atry_run):
        with pytest.raises(TypeError, match=r"fetch\(\.\.\.\) was called already: pass the function") as caught:
            await run(fetch())
        assert caught.value.__suppress_context__
    assert (shop.letters(pipeline), shop.events.recorded) == ([], [])


def test_keyword_arguments_of_any_name_reach_the_function(shop):
    """No name of ours takes one of the function's own keyword arguments."""
    pipeline = shop.pipeline()
    names = dict.fromkeys(("func", "self", "args", "kwargs", "key", "call", "name", "pipeline", "tags", "error"), 1)
    assert pipeline.run(dict, **names) == pipeline(dict.fromkeys)(names, 1) == names
    assert pipeline.using(key="k").try_run(lambda **given: given, **names).value == names


def _decorated(pipeline, calls):
    @pipeline
    def fetch(order):
        calls.append(order)
        raise ConnectionError

    return fetch


_FORMS = {
    "decorated twice": lambda pipeline, fetch: pipeline(fetch)(7),
    "run": lambda pipeline, fetch: pipeline.run(fetch, 7),
    "run of a partial": lambda pipeline, fetch: pipeline.run(functools.partial(fetch, 7)),
    "using": lambda pipeline, fetch: pipeline.using(key="order-7").run(fetch, 7),
}


@pytest.mark.parametrize("form", _FORMS.values(), ids=_FORMS)
def test_a_function_decorated_by_the_same_pipeline_is_one_call(shop, form):
    """Run through the pipeline that decorated it, a function is one call: one letter, one alert, its retries once."""
    calls, channel = [], RecordingChannel()
    pipeline = shop.pipeline(backoff={"max_retries": 2}, notify={"channels": [channel]})
    with pytest.raises(ConnectionError) as caught:
        form(pipeline, _decorated(pipeline, calls))
    (letter,) = shop.letters(pipeline)
    assert calls == [7, 7, 7]
    assert "3 attempts" in caught.value.__notes__[0]
    assert letter["message_id"] in caught.value.__notes__[0]
    assert len(channel.notifications) == 1
    assert shop.events.names.count("call_failed") == 1


def test_the_key_of_a_decorated_function_is_the_one_given(shop):
    """`using(key=)` reaches a function that the pipeline decorated: inside, and in the letter."""
    pipeline = shop.pipeline(backoff=False)
    seen = []

    @pipeline
    def charge():
        seen.append(ninelives.current_call().idempotency_key)
        raise ConnectionError

    outcome = pipeline.using(key="order-7").try_run(charge)
    letter = pipeline["dead_letter"].places[0].store.get(outcome.letter_id)
    assert (seen, letter.key, outcome.attempts) == (["order-7"], "order-7", 1)


async def test_an_asynchronous_function_decorated_by_the_same_pipeline_is_one_call(shop):
    """The same holds for coroutine functions and for methods."""
    pipeline = shop.pipeline(backoff={"max_retries": 2})

    class Service:
        calls = 0

        @pipeline
        async def fetch(self):
            self.calls += 1
            raise ConnectionError

    service = Service()
    outcome = await pipeline.atry_run(service.fetch)
    assert (service.calls, outcome.attempts, len(shop.letters(pipeline))) == (3, 3, 1)


def test_recursion_within_such_a_call_is_calls_of_their_own(shop):
    """What the function calls itself is not taken for that one call: each level has its own id."""
    pipeline = shop.pipeline(backoff=False)
    ids = []

    @pipeline
    def down(n):
        ids.append(ninelives.current_call().id)
        return n if n == 0 else down(n - 1)

    assert pipeline.run(down, 3) == 0
    assert len(set(ids)) == 4


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_trial_may_call_through_its_own_circuit(shop, kind):
    """A half-open circuit admits what its trial itself runs through it, and the trial's end closes it."""
    outer, inner = (shop.pipeline("shop", backoff=False, breaker={"failure_threshold": 1}) for _ in range(2))
    assert not outer.try_run(_fail).ok
    shop.clock.advance(60)

    async def later():
        return await inner.arun(_five)

    if kind == "sync":
        assert outer.run(lambda: inner.run(str, 5)) == "5"
    else:
        assert asyncio.run(outer.arun(later)) == 5
    assert outer["breaker"].state is inner["breaker"].state is CircuitState.CLOSED


async def _five():
    return 5


def test_what_a_trial_calls_does_not_decide(shop):
    """A failure inside of the trial that the trial gets over does not open the circuit again; its own end counts."""
    pipeline = shop.pipeline(backoff=False, breaker={"failure_threshold": 1})
    pipeline.try_run(_fail)
    shop.clock.advance(60)
    assert pipeline.run(lambda: pipeline.try_run(_fail).ok) is False
    assert pipeline["breaker"].state is CircuitState.CLOSED


def test_only_the_trial_itself_is_admitted_so(shop):
    """Another call beside the trial is refused as ever, also in the context that the trial was begun in."""
    pipeline = shop.pipeline(backoff=False, breaker={"failure_threshold": 1})
    pipeline.try_run(_fail)
    shop.clock.advance(60)
    permit = pipeline["breaker"].acquire()
    assert isinstance(pipeline.try_run(str).error, ninelives.CircuitBreakerOpenError)
    permit.success()
    assert pipeline.try_run(str).ok


def test_a_trial_whose_slot_is_over_admits_nothing(shop):
    """Once the trial's lease has ended, what it runs is asked like any other call: it is the next trial."""
    pipeline = shop.pipeline(backoff=False, breaker={"failure_threshold": 1, "probe_timeout": 5})
    pipeline.try_run(_fail)
    shop.clock.advance(60)

    def late():
        shop.clock.advance(6)
        assert pipeline.run(str, 5) == "5"
        return pipeline["breaker"].state

    assert pipeline.run(late) is CircuitState.CLOSED


def test_recursion_to_the_limit_comes_out_and_is_a_letter(shop):
    """A function that recurses to the limit raises its RecursionError, is not tried again, and is one letter."""
    pipeline = shop.pipeline()
    calls = []

    def forever():
        forever()

    def begin():
        calls.append(1)
        forever()

    outcome = pipeline.try_run(begin)
    assert isinstance(outcome.error, RecursionError)
    assert len(calls) == 1
    assert [letter["message_id"] for letter in shop.letters(pipeline)] == [outcome.letter_id]
    assert pipeline.run(str, 5) == "5"


def test_recursion_through_the_pipeline_ends(shop):
    """Where each level goes through the pipeline, the limit is met once: no level tries the ones below again."""
    pipeline = shop.pipeline(dead_letter=False)
    calls = []

    @pipeline
    def forever():
        calls.append(1)
        forever()

    with pytest.raises(RecursionError):
        forever()
    assert len(calls) < 1_000
    assert ninelives.current_call() is None


class _Closing(Around):
    def __init__(self, error=None):
        self.error = error
        self.closed = 0

    def close(self):
        self.closed += 1
        if self.error is not None:
            raise self.error


class _Plugin:
    def __init__(self, **parts):
        self.parts = parts

    @ninelives.hookimpl
    def register_middleware(self, register):
        for name, part in self.parts.items():
            register(name, functools.partial(_given, part))


def _given(part):
    return part


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_close_closes_every_link(shop, kind):
    """A link that can't be closed keeps no other from being closed; its error comes out."""
    broken, whole = _Closing(OSError("disk")), _Closing()
    for order in ("ab", "ba"):
        plugins = ninelives.Plugins(_Plugin(a=broken, b=whole))
        pipeline = shop.pipeline(chain=list(order), plugins=plugins)
        with pytest.raises(OSError, match="disk"):
            pipeline.close() if kind == "sync" else asyncio.run(pipeline.aclose())
    assert (broken.closed, whole.closed) == (2, 2)


def _raise(kind):
    raise kind


def test_a_closed_pipeline_can_be_used_again(shop):
    """`with` may be nested, and a call after `close` is kept and told like any other."""
    channel = RecordingChannel(inline=False)
    pipeline = shop.pipeline(backoff=False, notify={"channels": [channel]})
    with pipeline:
        with pipeline:
            pipeline.try_run(_raise, KeyError)
        pipeline.try_run(_raise, TypeError)
    pipeline.try_run(_raise, ValueError)
    pipeline.close()
    assert (len(channel.notifications), len(shop.letters(pipeline))) == (3, 3)


@pytest.mark.parametrize("make", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_pipeline_is_not_copied(shop, make):
    """Pickling or copying a pipeline is refused with what to do instead."""
    with pytest.raises(TypeError, match=r"Pipeline\('shop', .*can't be pickled or copied: share it, or build it again"):
        make(shop.pipeline())


def test_a_subclass_is_a_pipeline(shop):
    """A class of the program's own that inherits `Pipeline` runs, decorates and describes like one."""

    class Mine(Pipeline):
        """One with a default of its own."""

        def __init__(self, **options):
            super().__init__("mine", dead_letter=False, notify=False, clock=shop.clock, **options)

    mine = Mine(backoff={"max_retries": 1})
    assert mine(abs)(-5) == mine.run(abs, -5) == 5
    assert mine.describe()["name"] == "mine"


def test_all_that_is_wrong_is_said_at_once(shop):
    """Wrong arguments, wrong options and wrong addresses are one error, a line for each."""
    with pytest.raises(ConfigurationError) as caught:
        shop.pipeline(
            breaker={"failure_threshold": 0},
            backoff={"max_retries": -1},
            dead_letter={"store": "nowhere:x"},
            notify={"channels": ["noone:y"]},
        )
    said = str(caught.value)
    assert all(part in said for part in ("failure_threshold", "max_retries", "nowhere", "noone"))
    with pytest.raises(ConfigurationError) as caught:
        Pipeline("", listeners=[None])
    assert [problem.option for problem in caught.value.problems] == ["name", "listeners"]


def test_a_refused_pipeline_joins_no_circuit(shop):
    """The rules of a pipeline that was refused hold for nobody."""
    with pytest.raises(ConfigurationError):
        shop.pipeline(breaker={"failure_threshold": 1}, dead_letter={"store": "nowhere:x"})
    assert shop.pipeline(breaker={"failure_threshold": 2})["breaker"].describe()["failure_threshold"] == 2


class _Leaky(Around):
    def describe(self):
        return {"url": "https://ops:hunter2@host", "token": "abc", "retries": 3}


def test_describe_masks_what_a_strangers_link_says(shop):
    """The options of a link that masks nothing itself are masked by the pipeline."""
    (link,) = shop.pipeline(chain=[_Leaky()]).describe()["chain"]
    assert link["options"] == {"url": "https://ops:***@host", "token": "***", "retries": 3}


def test_events_hold_no_secret(shop):
    """An error's message in an event is masked: listeners pass it on to others."""
    pipeline = shop.pipeline(backoff={"max_retries": 1})

    def fail():
        raise ConnectionError("https://ops:hunter2@host is down, password=hunter2")

    assert not pipeline.try_run(fail).ok
    messages = [getattr(event, "error_message", "") for event in shop.events.recorded]
    assert messages.count("https://ops:***@host is down, password=***") == 2


def test_abstract_methods_partial_methods_and_properties_work(shop):
    """What is decorated below `abstractmethod`, `property` and `partialmethod` stays what they need."""
    pipeline = shop.pipeline()

    class Base(abc.ABC):
        @pipeline
        @abc.abstractmethod
        def fetch(self, left, right):
            """Fetch."""

    class Service(Base):
        @pipeline
        def fetch(self, left, right):
            return left, right

        one = functools.partialmethod(fetch, 1)

        @property
        @pipeline
        def size(self):
            return 9

    with pytest.raises(TypeError, match="abstract"):
        Base()
    assert (Service().one(2), Service().size) == ((1, 2), 9)


def test_a_fallback_of_the_wrong_kind_is_told_where_the_call_stands(shop):
    """The warning about a fallback that `run` can't await names the line of the user's call."""

    async def answer(_error):
        return "never"

    pipeline = shop.pipeline(backoff=False, fallback=answer)
    with pytest.warns(ninelives.ConfigurationWarning, match="answers arun") as warned, pytest.raises(ConnectionError):
        pipeline.run(_fail)
    assert warned[0].filename == __file__
