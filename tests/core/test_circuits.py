"""Circuits by their names."""

from __future__ import annotations

import warnings

import pytest

from ninelives.circuit import CircuitState
from ninelives.circuits import Circuits, default_circuits
from ninelives.errors import ConfigurationWarning


def test_one_name_is_one_circuit():
    """Who gives the same name gets the same circuit, and another name is another."""
    circuits = Circuits()
    assert circuits.join("a") is circuits.join("a")
    assert circuits.join("a") is not circuits.join("b")
    assert circuits.names() == {"a", "b"}


def test_a_new_circuit_takes_what_is_given_and_the_defaults():
    """A new circuit's rules are those given, over the defaults, over what is built in."""
    rules = Circuits().join("a", {"failure_threshold": 3}, {"failure_threshold": 9, "recovery_timeout": 7}).rules
    assert (rules.failure_threshold, rules.recovery_timeout, rules.success_threshold) == (3, 7, 1)


def test_the_first_explicit_value_holds():
    """The first value given holds, also over the defaults of whoever came before, and over the defaults of others."""
    circuits = Circuits()
    circuit = circuits.join("a", {}, {"failure_threshold": 5})
    circuits.join("a", {"failure_threshold": 3})
    circuits.join("a", {}, {"failure_threshold": 9})
    assert circuit.rules.failure_threshold == 3


def test_a_conflict_warns_once_and_names_both():
    """Where another value is given, one warning names both values and the circuit."""
    circuits = Circuits()
    circuits.join("a", {"failure_threshold": 3, "recovery_timeout": 30})
    with pytest.warns(ConfigurationWarning) as caught:
        circuits.join("a", {"failure_threshold": 4, "recovery_timeout": 40})
    told = (
        "circuit 'a' is shared, and {0} was given as {1} and as {2}: the first holds, {1}; give the same everywhere, "
    )
    assert [str(warning.message) for warning in caught] == [
        told.format("failure_threshold", 3, 4) + "or another name",
        told.format("recovery_timeout", 30, 40) + "or another name",
    ]
    assert caught[0].filename == __file__
    assert circuits.join("a", {"failure_threshold": 4}).rules.failure_threshold == 3


def test_what_is_equal_or_not_given_never_conflicts():
    """The same value again, values not given and other defaults give no warning."""
    circuits = Circuits()
    circuits.join("a", {"recovery_timeout": 30})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        circuits.join("a", {"recovery_timeout": 30.0})
        circuits.join("a", {}, {"recovery_timeout": 60})
        circuits.join("b", {"recovery_timeout": 60})


def test_joining_changes_no_state():
    """Joining resets nothing and extends nothing, also when it brings a rule."""
    circuits = Circuits()
    circuit = circuits.join("a", {"failure_threshold": 1})
    admitted = circuit.admit(0.0).ticket
    assert admitted is not None
    circuit.failed(admitted, 0.0)
    circuits.join("a", {"recovery_timeout": 1000.0})
    assert circuit.state is CircuitState.OPEN
    assert circuit.admit(59.0).retry_after == 1.0


def test_reset_closes_all_in_place():
    """After a reset every circuit is closed, and those who have one share it still."""
    circuits = Circuits()
    circuit = circuits.join("a")
    circuit.isolate()
    circuits.reset()
    assert circuit.state is CircuitState.CLOSED
    assert circuits.join("a") is circuit


def test_forgotten_circuits_are_new():
    """A forgotten name is a new circuit with rules of its own; the others stay, none named forgets none."""
    circuits = Circuits()
    old, other = circuits.join("a", {"failure_threshold": 3}), circuits.join("b")
    with pytest.warns(ConfigurationWarning):
        circuits.join("a", {"failure_threshold": 4})
    circuits.forget(["a", "never there"])
    circuits.forget([])
    assert circuits.join("a", {"failure_threshold": 4}) is not old
    assert circuits.join("a").rules.failure_threshold == 4
    assert circuits.join("b") is other
    circuits.forget()
    assert circuits.names() == set()


def test_a_process_has_one_set():
    """The default circuits are the same wherever one asks."""
    assert default_circuits() is default_circuits()


def test_a_circuit_is_found_by_its_name():
    """Who knows a circuit's name can look at it; asking makes none."""
    circuits = Circuits()
    assert circuits.find("api") is None
    assert circuits.join("api") is circuits.find("api")
    assert circuits.names() == {"api"}
