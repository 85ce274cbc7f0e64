"""The backoff's options, where they come from, what is refused, and its decorator."""

from __future__ import annotations

import inspect
import sys
from random import Random
from typing import Any, cast

import pytest

from ninelives import plugins
from ninelives.errors import ConfigurationError, RetryExhaustedError
from ninelives.middleware.backoff import BackoffOptions, BackoffStrategy, with_backoff
from ninelives.middleware.link import AsyncMiddleware
from ninelives.testing import FakeClock

VARIABLES = {"BACKOFF_BASE_DELAY": "2.5", "BACKOFF_MAX_DELAY": "40", "BACKOFF_MAX_RETRIES": "7"}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """An environment that says nothing."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def delays_and_retries(strategy):
    return strategy.options.base_delay, strategy.options.max_delay, strategy.options.max_retries


def test_the_defaults():
    """Without anything: one second, a minute, five retries, full jitter, no limit."""
    assert BackoffStrategy().options == BackoffOptions(
        base_delay=1.0, max_delay=60.0, max_retries=5, retry_exceptions=None, jitter="full", max_elapsed=None
    )


def test_arguments_go_over_the_environment_over_the_defaults(monkeypatch):
    """Each option comes from its argument, else its variable, else what is built in."""
    assert delays_and_retries(BackoffStrategy(0.5, 30, 3)) == (0.5, 30, 3)
    for variable, text in VARIABLES.items():
        monkeypatch.setenv(variable, text)
    assert delays_and_retries(BackoffStrategy()) == (2.5, 40.0, 7)
    assert delays_and_retries(BackoffStrategy(max_delay=50, max_retries=0)) == (2.5, 50, 0)


def test_a_link_is_made_of_its_options_alone(monkeypatch):
    """What a pipeline gives holds, what is missing or None is built in: the environment was asked before."""
    monkeypatch.setenv("BACKOFF_MAX_RETRIES", "7")
    monkeypatch.setenv("BACKOFF_BASE_DELAY", "garbage")
    link = BackoffStrategy.as_link(
        max_delay=30.0, base_delay=None, jitter="none", retry_exceptions=["builtins:OSError"]
    )
    assert link.options == BackoffOptions(max_delay=30.0, jitter="none", retry_exceptions=["builtins:OSError"])
    assert isinstance(link, AsyncMiddleware)


@pytest.mark.parametrize(
    ("options", "place", "expected"),
    [
        ({"base_delay": -1}, "base_delay", "a number of at least 0"),
        ({"base_delay": float("nan")}, "base_delay", "a number of at least 0"),
        ({"base_delay": "1"}, "base_delay", "a number of at least 0"),
        ({"max_delay": float("inf")}, "max_delay", "a number of at least 0"),
        ({"max_delay": 0.5}, "max_delay", "a number of at least base_delay, 1.0, and at most 1000000000"),
        ({"max_delay": 1e10}, "max_delay", "a number of at least base_delay, 1.0, and at most 1000000000"),
        ({"max_retries": -1}, "max_retries", "a whole number of at least 0"),
        ({"max_retries": 2.5}, "max_retries", "a whole number of at least 0"),
        ({"max_retries": True}, "max_retries", "a whole number of at least 0"),
        ({"jitter": "some"}, "jitter", "one of full, equal, decorrelated, none"),
        ({"jitter": []}, "jitter", "one of full, equal, decorrelated, none"),
        ({"max_elapsed": 0}, "max_elapsed", "a number above 0"),
        ({"retry_exceptions": 3}, "retry_exceptions", '"auto", an exception type'),
    ],
    ids=repr,
)
@pytest.mark.parametrize("make", [BackoffStrategy, BackoffStrategy.as_link, with_backoff])
def test_a_wrong_option_is_refused_when_built(make, options, place, expected):
    """A wrong value is a ConfigurationError with place, value and what was expected, before anything runs."""
    with pytest.raises(ConfigurationError) as caught:
        make(**options)
    (problem,) = caught.value.problems
    (value,) = options.values()
    assert (problem.place, problem.value) == (f"BackoffStrategy({place}=)", repr(value))
    assert problem.expected.startswith(expected)


def test_all_that_is_wrong_is_said_at_once_with_its_source(monkeypatch):
    """Arguments and variables are all checked, each named by where it stands."""
    monkeypatch.setenv("BACKOFF_MAX_RETRIES", "many")
    monkeypatch.setenv("BACKOFF_MAX_DELAY", "-1")
    monkeypatch.setenv("BACKOFF_BASE_DELAY", "not read")
    with pytest.raises(ConfigurationError) as caught:
        BackoffStrategy(base_delay=-2, retry_exceptions=[3, "x"], jitter=cast("Any", "some"))
    assert sorted(problem.place for problem in caught.value.problems) == [
        "BACKOFF_MAX_DELAY",
        "BACKOFF_MAX_RETRIES",
        "BackoffStrategy(base_delay=)",
        "BackoffStrategy(jitter=)",
        "BackoffStrategy(retry_exceptions=)",
        "BackoffStrategy(retry_exceptions=)",
    ]


def test_what_is_tried_again_is_checked_in_each_call():
    """A wrong retry_exceptions of one call names that call's argument."""
    with pytest.raises(ConfigurationError, match=r"BackoffStrategy.execute\(retry_exceptions=\) is 3"):
        BackoffStrategy().execute(len, "", retry_exceptions=3)


def test_it_describes_itself():
    """The description is plain values, and the repr is made of it."""
    strategy = BackoffStrategy(max_retries=2, retry_exceptions=[OSError], jitter="none")
    assert strategy.describe() == {
        "base_delay": 1.0,
        "max_delay": 60.0,
        "max_retries": 2,
        "retry_exceptions": "[<class 'OSError'>]",
        "jitter": "none",
        "max_elapsed": None,
    }
    assert BackoffStrategy().describe()["retry_exceptions"] is None
    assert repr(strategy).startswith("BackoffStrategy(base_delay=1.0, max_delay=60.0, max_retries=2, ")


def unsteady(failures):
    """A plain and a coroutine function that fail so often before they give back their arguments."""
    left = {"sync": failures, "async": failures}

    def give(kind, args, kwargs):
        if left[kind]:
            left[kind] -= 1
            raise ConnectionError
        return args, kwargs

    def plain(*args, **kwargs):
        return give("sync", args, kwargs)

    async def coroutine(*args, **kwargs):
        return give("async", args, kwargs)

    return plain, coroutine


def test_arguments_are_passed_on_but_for_retry_exceptions():
    """execute gives the function its arguments, and takes retry_exceptions for this call."""
    plain, _ = unsteady(2)
    strategy = BackoffStrategy(clock=FakeClock(), retry_exceptions=KeyError)
    assert strategy.execute(plain, 1, a=2, retry_exceptions=(OSError,)) == ((1,), {"a": 2})
    with pytest.raises(ConnectionError):
        strategy.execute(unsteady(1)[0])


async def test_arguments_are_passed_on_but_for_retry_exceptions_async():
    """aexecute does the same."""
    _, coroutine = unsteady(2)
    strategy = BackoffStrategy(clock=FakeClock(), retry_exceptions=KeyError)
    assert await strategy.aexecute(coroutine, 1, a=2, retry_exceptions=(OSError,)) == ((1,), {"a": 2})
    with pytest.raises(ConnectionError):
        await strategy.aexecute(unsteady(1)[1])


def test_execute_refuses_a_coroutine_function():
    """A coroutine function given to execute is a TypeError that says aexecute; it is called once, and closed."""
    called = []

    async def coroutine():
        """Never runs."""

    def call():
        called.append(coroutine())
        return called[-1]

    clock = FakeClock()
    with pytest.raises(TypeError, match="use aexecute"):
        BackoffStrategy(clock=clock).execute(call)
    assert [inspect.getcoroutinestate(each) for each in called] == [inspect.CORO_CLOSED]
    assert clock.sleeps == []


async def test_aexecute_refuses_a_plain_function():
    """A function that returns nothing to await is a TypeError that says execute; it is not called again."""
    clock = FakeClock()
    with pytest.raises(TypeError, match="use execute"):
        await BackoffStrategy(clock=clock).aexecute(cast("Any", len), "")
    assert clock.sleeps == []


async def test_the_decorator_keeps_the_kind_and_the_name():
    """with_backoff makes a plain function of a plain one and a coroutine function of a coroutine function."""
    plain, coroutine = unsteady(2)
    clock = FakeClock()
    decorator = with_backoff(1, 60, 2, jitter="none", clock=clock)
    decorated, decorated_coroutine = decorator(plain), decorator(coroutine)
    assert decorated(1, a=2) == ((1,), {"a": 2})
    assert await decorated_coroutine(1, a=2) == ((1,), {"a": 2})
    assert (decorated.__name__, decorated_coroutine.__name__) == ("plain", "coroutine")
    assert inspect.iscoroutinefunction(decorated_coroutine)
    assert clock.sleeps == [1, 2, 1, 2]


def test_the_decorator_takes_no_argument_from_the_function():
    """A decorated function's own parameter retry_exceptions is its own."""

    @with_backoff()
    def function(retry_exceptions):
        return retry_exceptions

    assert function(retry_exceptions=3) == 3


def test_the_decorator_works_on_methods():
    """A decorated method has its self."""

    class Client:
        @with_backoff(max_retries=1, retry_exceptions=[OSError], clock=FakeClock())
        def fetch(self, number):
            return self, number

    client = Client()
    assert client.fetch(9) == (client, 9)


def test_the_decorator_raises_when_the_retries_are_spent():
    """A decorated function raises RetryExhaustedError from the last error."""
    told: list[Any] = []

    @with_backoff(max_retries=1, clock=FakeClock(), random=Random(1), listeners=[told.append], max_elapsed=100)
    def fetch():
        raise ConnectionError

    with pytest.raises(RetryExhaustedError) as caught:
        fetch()
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert len(told) == 1


def test_installed_listeners_are_told_too(monkeypatch):
    """A strategy alone tells the listeners of the installed plugins."""
    told: list[Any] = []
    installed = type("Installed", (), {"listeners": (told.append,)})()
    monkeypatch.setattr(plugins, "default_plugins", lambda: installed)
    BackoffStrategy(clock=FakeClock()).execute(unsteady(1)[0])
    assert [event.attempt for event in told] == [1]


def test_broken_plugins_do_not_hide_the_error(monkeypatch):
    """Where finding the plugins raises, the call goes on, and its own listeners are told."""
    told: list[Any] = []
    monkeypatch.setattr(plugins, "default_plugins", lambda: 1 / 0)
    assert BackoffStrategy(clock=FakeClock(), listeners=[told.append]).execute(unsteady(1)[0]) == ((), {})
    assert len(told) == 1


def test_importing_the_backoff_imports_no_event_loop():
    """Neither asyncio nor logging nor email is imported before someone needs it."""
    import subprocess

    program = (
        "import sys, ninelives.middleware.backoff, ninelives.fingerprint; "
        "print({'asyncio', 'logging', 'email', 'http'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
