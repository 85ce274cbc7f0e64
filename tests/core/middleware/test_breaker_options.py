"""What a breaker is given: its options, the environment's, and those of others that share its name."""

from __future__ import annotations

import functools
import inspect
import warnings
from types import SimpleNamespace

import pytest

from ninelives.circuits import Circuits, default_circuits
from ninelives.errors import CircuitBreakerOpenError, ConfigurationError, ConfigurationWarning
from ninelives.middleware.breaker import BreakerOptions, CircuitBreaker, circuit_breaker
from ninelives.testing import FakeClock

THRESHOLD, TIMEOUT = "CIRCUIT_BREAKER_FAILURE_THRESHOLD", "CIRCUIT_BREAKER_RECOVERY_TIMEOUT"


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    """No variable is set, no plugin is told anything, and no circuit is left to the next test."""
    monkeypatch.setattr("ninelives.plugins.default_plugins", lambda: SimpleNamespace(listeners=()))
    monkeypatch.delenv(THRESHOLD, raising=False)
    monkeypatch.delenv(TIMEOUT, raising=False)
    before = default_circuits().names()
    yield
    default_circuits().forget(default_circuits().names() - before)


def rules_of(breaker: CircuitBreaker) -> tuple[int, float]:
    rules = breaker._circuit.rules
    return rules.failure_threshold, rules.recovery_timeout


def test_the_signature_is_the_documented_one():
    """The breaker and its decorator take the same arguments, in the documented order with the documented defaults."""
    expected = {
        "failure_threshold": None,
        "recovery_timeout": None,
        "name": None,
        "half_open_max_calls": 1,
        "success_threshold": 1,
        "probe_timeout": None,
        "record": None,
        "ignore": (),
        "listeners": (),
        "clock": None,
        "circuits": None,
    }
    for what in (CircuitBreaker, circuit_breaker):
        parameters = inspect.signature(what).parameters.values()
        assert {parameter.name: parameter.default for parameter in parameters} == expected
        assert [parameter.name for parameter in parameters if parameter.kind is not parameter.KEYWORD_ONLY] == [
            "failure_threshold",
            "recovery_timeout",
            "name",
        ]


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        ({}, {}, (5, 60.0)),
        ({}, {THRESHOLD: "7", TIMEOUT: "9.5"}, (7, 9.5)),
        ({}, {THRESHOLD: "", TIMEOUT: "9"}, (5, 9.0)),
        ({"failure_threshold": 3}, {THRESHOLD: "7", TIMEOUT: "9"}, (3, 9.0)),
        ({"failure_threshold": 3, "recovery_timeout": 4}, {THRESHOLD: "bad", TIMEOUT: "bad"}, (3, 4)),
    ],
)
def test_arguments_over_the_environment_over_what_is_built_in(given, environment, expected, monkeypatch):
    """What is given holds, then what the environment says, then 5 and 60; the environment is read only where needed."""
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert rules_of(CircuitBreaker(**given)) == expected


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("failure_threshold", 0, "a whole number of at least 1"),
        ("failure_threshold", 2.5, "a whole number of at least 1"),
        ("failure_threshold", "3", "a whole number of at least 1"),
        ("recovery_timeout", -1, "a number of at least 0"),
        ("recovery_timeout", float("nan"), "a number of at least 0"),
        ("half_open_max_calls", 0, "a whole number of at least 1"),
        ("half_open_max_calls", True, "a whole number of at least 1"),
        ("success_threshold", 0, "a whole number of at least 1"),
        ("probe_timeout", 0, "a number above 0"),
        ("name", "", "a name, or None"),
        ("name", 3, "a name, or None"),
        ("record", 3, '"auto", an exception type'),
        ("ignore", "nonsense", '"auto", an exception type'),
        ("listeners", [3], "a list of functions that take an event"),
        ("listeners", print, "a list of functions that take an event"),
    ],
)
@pytest.mark.parametrize("make", [CircuitBreaker, circuit_breaker, CircuitBreaker.as_link])
def test_a_wrong_value_is_refused(make, option, value, expected):
    """A value that can't be is refused with the option's name and what was expected."""
    with pytest.raises(ConfigurationError) as caught:
        make(**{option: value})
    (problem,) = caught.value.problems
    assert (problem.place, problem.option) == (f"CircuitBreaker({option}=)", option)
    assert problem.expected.startswith(expected)


def test_all_problems_are_named_at_once(monkeypatch):
    """Arguments, variables and error types that are wrong are all named in one error, each with its place."""
    monkeypatch.setenv(THRESHOLD, "0")
    with pytest.raises(ConfigurationError) as caught:
        CircuitBreaker(success_threshold=0, probe_timeout=-1, record=3)
    assert [problem.place for problem in caught.value.problems] == [
        THRESHOLD,
        "CircuitBreaker(success_threshold=)",
        "CircuitBreaker(probe_timeout=)",
        "CircuitBreaker(record=)",
    ]
    monkeypatch.setenv(TIMEOUT, "soon")
    with pytest.raises(ConfigurationError, match=f"{TIMEOUT} is 'soon'(.|\n)*success_threshold"):
        CircuitBreaker(success_threshold=0)


# Law 12
def test_a_second_breaker_joins_the_circuit_as_it_is():
    """A breaker of the same name finds the circuit as it is: open stays open, and no time is added."""
    clock = FakeClock()
    make = functools.partial(CircuitBreaker, 2, 10.0, "api", clock=clock)
    for _ in range(2):
        with pytest.raises(OSError, match="down"):
            make().execute(fails)
    clock.advance(9)
    with pytest.raises(CircuitBreakerOpenError) as refusal:
        make().execute(fails)
    assert (refusal.value.name, refusal.value.retry_after) == ("api", 1.0)


def fails():
    raise OSError("down")


# Law 12
def test_the_first_explicit_value_holds_and_one_warning_names_the_other():
    """A second value for the same circuit is not taken, and is warned of once, where it was given."""
    CircuitBreaker(name="api")
    first = CircuitBreaker(failure_threshold=3, name="api")
    with pytest.warns(ConfigurationWarning, match="'api' is shared, and failure_threshold .* 3 and as 4") as caught:
        second = CircuitBreaker(failure_threshold=4, name="api")
    assert caught[0].filename == __file__
    assert rules_of(first) == rules_of(second) == (3, 60.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CircuitBreaker(failure_threshold=4, name="api")


# Law 12
def test_what_is_not_given_never_conflicts(monkeypatch):
    """Neither the environment nor a default is a value given."""
    CircuitBreaker(3, 30, "api", half_open_max_calls=2, success_threshold=2, probe_timeout=5)
    monkeypatch.setenv(THRESHOLD, "7")
    assert rules_of(CircuitBreaker(name="api")) == (3, 30)


def test_without_a_name_it_is_private():
    """Breakers without a name share nothing, and none of their circuits is held by the process."""
    before = default_circuits().names()
    assert CircuitBreaker()._circuit is not CircuitBreaker()._circuit
    assert default_circuits().names() == before


def test_circuits_of_its_own():
    """A breaker that is given circuits shares with those only."""
    circuits = Circuits()
    breaker = CircuitBreaker(name="api", circuits=circuits)
    assert breaker._circuit is circuits.join("api")
    assert "api" not in default_circuits().names()


def test_it_can_be_told_apart():
    """Its repr has the name and the state."""
    assert repr(CircuitBreaker(name="api", circuits=Circuits())) == "<CircuitBreaker 'api' CLOSED>"


def test_options_are_those_of_the_class():
    """What a pipeline's section may hold is what the class takes, but for what only code can give."""
    code_only = {"clock", "circuits"}
    assert set(BreakerOptions.__struct_fields__) | code_only == set(inspect.signature(CircuitBreaker).parameters)
