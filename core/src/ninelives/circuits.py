"""The circuits that have a name: who gives the same name shares the same circuit. Shared state fits here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ninelives.cautions import caution
from ninelives.circuit import Circuit, CircuitRules
from ninelives.locks import new_lock

__all__ = ["Circuits", "default_circuits"]


class Circuits:
    """Circuits by their names. A process has one set, `default_circuits`; a pipeline may be given its own.

    Example:
        >>> circuits = Circuits()
        >>> first = circuits.join("openai-api", {"failure_threshold": 3})
        >>> first is circuits.join("openai-api")
        True
    """

    def __init__(self) -> None:
        self._circuits: dict[str, Circuit] = {}
        self._given: dict[str, dict[str, Any]] = {}
        self._warned: set[tuple[str, str]] = set()
        self._lock = new_lock()

    def join(
        self,
        name: str,
        given: Mapping[str, Any] | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> Circuit:
        """The circuit of that name as it is, or a new one.

        Args:
            name: The circuit's name.
            given: The rules that were given explicitly, fields of `CircuitRules`. The first value given for each holds
                for all; where another differs, one `ConfigurationWarning` names both.
            defaults: Values for the others, which only a new circuit takes.
        """
        with self._lock:
            circuit = self._circuits.get(name)
            if circuit is None:
                circuit = self._circuits[name] = Circuit(name, CircuitRules(**{**(defaults or {}), **(given or {})}))
            conflicts = self._settle(circuit, name, given or {})
        for conflict in conflicts:
            caution(conflict)
        return circuit

    def _settle(self, circuit: Circuit, name: str, given: Mapping[str, Any]) -> list[str]:
        held = self._given.setdefault(name, {})
        new = {option: value for option, value in given.items() if option not in held}
        held.update(new)
        if new:
            circuit.tune(new)
        conflicts = []
        for option, value in given.items():
            if held[option] != value and (name, option) not in self._warned:
                self._warned.add((name, option))
                conflicts.append(
                    f"circuit {name!r} is shared, and {option} was given as {held[option]!r} and as {value!r}: "
                    f"the first holds, {held[option]!r}; give the same everywhere, or another name"
                )
        return conflicts

    def find(self, name: str) -> Circuit | None:
        """The circuit of that name, if there is one."""
        return self._circuits.get(name)

    def names(self) -> frozenset[str]:
        """The names of those that are held now."""
        return frozenset(self._circuits)

    def reset(self) -> None:
        """Close every circuit and forget what it counted; for tests. Breakers keep the circuits that they have."""
        for circuit in tuple(self._circuits.values()):
            circuit.reset()

    def forget(self, names: Iterable[str] | None = None) -> None:
        """Drop these circuits; None: all. The next of the name is new; breakers keep the circuits that they have."""
        with self._lock:
            for name in tuple(self._circuits if names is None else names):
                self._circuits.pop(name, None)
                self._given.pop(name, None)
                self._warned = {warned for warned in self._warned if warned[0] != name}


_DEFAULT = Circuits()


def default_circuits() -> Circuits:
    """The circuits of this process: those of every breaker and pipeline that was given no others."""
    return _DEFAULT
