"""What circuits did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ninelives.events.event import Event

__all__ = ["CircuitClosed", "CircuitEvent", "CircuitHalfOpened", "CircuitOpened"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class CircuitEvent(Event):
    """What the events of a circuit have.

    Attributes:
        circuit: The circuit's name; None for a private one.
        failures: Consecutive failures counted when it happened.
        reopens_in: Seconds until a trial call may be admitted; None where that has no meaning.
    """

    circuit: str | None
    failures: int
    reopens_in: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class CircuitOpened(CircuitEvent):
    """A circuit opened: calls are refused until `reopens_in` has passed."""

    name: ClassVar[str] = "circuit_opened"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class CircuitHalfOpened(CircuitEvent):
    """The first trial call after the recovery time was admitted."""

    name: ClassVar[str] = "circuit_half_opened"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class CircuitClosed(CircuitEvent):
    """A circuit closed: calls pass again."""

    name: ClassVar[str] = "circuit_closed"
