"""The options of a breaker: which there are, of what type, and what is wrong with those that were given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from ninelives.checks import Checks
from ninelives.circuit import CircuitRules
from ninelives.clock import clock_of
from ninelives.emitter import check_listeners
from ninelives.environment import Setting, defaults
from ninelives.errors import ConfigurationError, Problem
from ninelives.given import check_circuits
from ninelives.middleware.judge import Judge

__all__ = ["BreakerOptions", "settled"]

_FROM_ENVIRONMENT = frozenset({"failure_threshold", "recovery_timeout"})


class BreakerOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a pipeline's ``breaker=`` may hold; `CircuitBreaker` describes each.

    `record`, `ignore` and `listeners` take from code whatever the class takes; in a file, `record` and `ignore` are
    ``"auto"`` or lists of ``"module:name"``. A `record` of None is ``"auto"`` in a pipeline.
    """

    failure_threshold: int = 5
    recovery_timeout: float = 60.0
    name: str | None = None
    half_open_max_calls: int = 1
    success_threshold: int = 1
    probe_timeout: float | None = None
    record: Any = None
    ignore: Any = ()
    listeners: Any = ()


def settled(
    given: Mapping[str, Any], *, name: Any, record: Any, ignore: Any, listeners: Any, clock: Any, circuits: Any
) -> tuple[CircuitRules, Judge]:
    """The rules and the judge of a breaker, what was given over the environment over what is built in.

    Args:
        given: The rules that were given, by the names of `CircuitRules`. The environment is read only if they lack what
            it may say.
        name: The circuit's name, or None.
        record: What is a failure.
        ignore: What is none.
        listeners: What is told events.
        clock: Where time comes from; None: the machine.
        circuits: Where the circuit is held, if it has a name; None: one place for the process.

    Raises:
        ConfigurationError: Something is wrong; every problem is named, those of a variable with the variable.
    """
    problems: list[str | Problem] = []
    environment: Mapping[str, Setting] = {}
    with _collected(problems):
        environment = {} if given.keys() >= _FROM_ENVIRONMENT else defaults("breaker")
    values = {**asdict(CircuitRules()), **{option: each.value for option, each in environment.items()}, **given}
    for problem in _wrong(values, name, listeners, clock, circuits):
        from_environment = problem.option in environment and problem.option not in given
        problems.append(problem._replace(place=environment[problem.option].source) if from_environment else problem)
    with _collected(problems):
        judge = Judge(record, ignore)
    if problems:
        raise ConfigurationError(*problems)
    return CircuitRules(**values), judge


def _wrong(values: Mapping[str, Any], name: Any, listeners: Any, clock: Any, circuits: Any) -> list[Problem]:
    checks = Checks("CircuitBreaker")
    checks.number("failure_threshold", values["failure_threshold"], at_least=1, whole=True)
    checks.number("recovery_timeout", values["recovery_timeout"], at_least=0)
    checks.number("half_open_max_calls", values["half_open_max_calls"], at_least=1, whole=True)
    checks.number("success_threshold", values["success_threshold"], at_least=1, whole=True)
    if values["probe_timeout"] is not None:
        checks.number("probe_timeout", values["probe_timeout"], above=0)
    checks.that(name is None or (isinstance(name, str) and bool(name)), "name", name, "a name, or None")
    check_listeners(checks, listeners)
    clock_of(checks, clock)
    check_circuits(checks, circuits)
    return checks.problems


@contextmanager
def _collected(problems: list[str | Problem]) -> Iterator[None]:
    """Note what is wrong, and go on to find the rest."""
    try:
        yield
    except ConfigurationError as error:
        problems.extend(error.args)
