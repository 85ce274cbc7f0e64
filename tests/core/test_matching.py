"""Which errors are meant by retry_exceptions, record and ignore."""

from __future__ import annotations

import asyncio
import logging
import sys
from types import ModuleType

import pytest

from ninelives.decorating import KindError
from ninelives.errors import CircuitBreakerOpenError, ConfigurationError
from ninelives.matching import matcher

PLACE = "BackoffStrategy(retry_exceptions=)"


def is_os_error(error):
    return isinstance(error, OSError)


@pytest.fixture
def module(monkeypatch):
    """A module of the program's, importable as ``program_errors``."""
    module = ModuleType("program_errors")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.mark.parametrize(
    "what",
    [
        ConnectionError,
        (ConnectionError, KeyError),
        [KeyError, ConnectionError],
        {ConnectionError},
        frozenset({ConnectionError}),
        is_os_error,
        [KeyError, is_os_error],
        "builtins:ConnectionError",
        ["builtins:KeyError", "builtins:ConnectionError"],
        "auto",
        ["auto", ValueError],
    ],
    ids=repr,
)
def test_errors_are_meant_by_type_list_predicate_name_or_auto(what):
    """retry_exceptions takes types, a tuple, a list, a predicate, names, and "auto"."""
    matches = matcher(what, place=PLACE)
    assert matches(ConnectionResetError())
    assert not matches(AttributeError())


@pytest.mark.parametrize("what", [(), []])
def test_an_empty_list_means_none(what):
    """Nothing is among nothing."""
    assert not matcher(what, place=PLACE)(ValueError())


@pytest.mark.parametrize(
    "what", [BaseException, (BaseException,), lambda error: True, "builtins:BaseException", "auto"]
)
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(), GeneratorExit(), asyncio.CancelledError()], ids=repr
)
def test_what_is_no_exception_is_never_meant(what, error):
    """CancelledError and its like are never among them, whatever the option says."""
    assert not matcher(what, place=PLACE)(error)


@pytest.mark.parametrize("what", [Exception, TypeError, lambda error: True, "auto"])
def test_a_function_of_the_wrong_kind_is_never_meant(what):
    """A coroutine function given where a plain one works is the program's mistake, not a failure."""
    assert not matcher(what, place=PLACE)(KindError("use aexecute"))


def test_auto_does_not_mean_the_refusal_of_an_open_circuit():
    """Where nothing ran there is nothing to try again, nor to count."""
    refused = CircuitBreakerOpenError("openai-api", 3.0)
    assert not matcher("auto", place=PLACE)(refused)
    assert matcher(CircuitBreakerOpenError, place=PLACE)(refused)


def test_a_name_may_lead_to_a_nested_class_or_to_a_function(module):
    """module:name follows dots, and may name a predicate."""
    module.Outer = type("Outer", (), {"Inner": type("Inner", (Exception,), {})})
    module.is_worth_it = lambda error: str(error) == "worth it"
    matches = matcher(["program_errors:Outer.Inner", "program_errors:is_worth_it"], place=PLACE)
    assert matches(module.Outer.Inner())
    assert matches(ValueError("worth it"))
    assert not matches(ValueError("not"))


@pytest.mark.parametrize("truth", [RuntimeError("broken"), None])
def test_a_predicate_that_raises_has_not_matched_and_is_logged_once(truth, caplog):
    """A broken predicate, or a result that has no truth, never hides the error that it is asked about."""

    class Truthless:
        def __bool__(self):
            raise RuntimeError("broken")

    def broken(error):
        if truth is not None:
            raise truth
        return Truthless()

    matches = matcher(broken, place=PLACE)
    with caplog.at_level(logging.WARNING, "ninelives"):
        assert [matches(ValueError()), matches(ValueError())] == [False, False]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{PLACE} raised")
    assert record.getMessage().endswith("RuntimeError: broken")


def test_an_interrupt_in_a_predicate_gets_through():
    """A KeyboardInterrupt is never swallowed."""

    def interrupted(error):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        matcher(interrupted, place=PLACE)(ValueError())


@pytest.mark.parametrize("what", [None, 3, "", "TimeoutError", "builtins:", ":x", int, b"auto", {"a": 1}], ids=repr)
def test_what_is_none_of_these_is_refused(what):
    """A value that can't be meant is a ConfigurationError with place, value and what was expected."""
    with pytest.raises(ConfigurationError) as caught:
        matcher(what, place=PLACE)
    (problem,) = caught.value.problems
    assert (problem.place, problem.value, problem.option) == (PLACE, repr(what), "retry_exceptions")
    assert problem.expected.startswith('"auto", an exception type')


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no_such_module_at_all:Error", "ModuleNotFoundError"),
        ("builtins:NoSuchError", "AttributeError"),
        ("builtins:__name__", "neither an exception type nor a function"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused_with_the_reason(name, why):
    """A module:name that can't be imported says why."""
    with pytest.raises(ConfigurationError, match=why):
        matcher([name], place=PLACE)


def test_a_module_that_raises_when_imported_is_refused_with_the_reason(tmp_path, monkeypatch):
    """Whatever a configured module raises is a ConfigurationError."""
    (tmp_path / "broken_errors.py").write_text("raise RuntimeError('on strike')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError, match="RuntimeError: on strike"):
        matcher("broken_errors:Error", place=PLACE)


def test_all_that_is_wrong_is_said_at_once():
    """Each wrong item of a list is a problem of its own."""
    with pytest.raises(ConfigurationError) as caught:
        matcher([int, ValueError, "x", None], place=PLACE)
    assert [problem.value for problem in caught.value.problems] == ["<class 'int'>", "'x'", "None"]
