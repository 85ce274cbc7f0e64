"""A circuit that has opened or closed, as it is handed over: what an alert of it begins and ends with."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ninelives.circuit import Circuit, CircuitState
from ninelives.notifications.notification import ErrorSeverity, Notification

__all__ = ["CircuitChange"]


class CircuitChange(Struct, frozen=True, kw_only=True):
    """A circuit has opened, was isolated, or has closed.

    Attributes:
        circuit: Its name; of a private one, what its pipeline calls it.
        pipeline: The pipeline that tells of it.
        at: When it was noticed.
        state: What it is now: OPEN, ISOLATED or CLOSED.
        failures: Consecutive failures that were counted up to then.
        recovers_after: Seconds from opening until a trial call is admitted; None: none will be.
        store: Where the pipeline's letters go: the store's address, secrets masked; None: it keeps none.
    """

    circuit: str
    pipeline: str
    at: datetime
    state: CircuitState
    failures: int = 0
    recovers_after: float | None = None
    store: str | None = None

    @classmethod
    def of(
        cls, circuit: Circuit, name: str, pipeline: str, at: datetime, *, closed: bool, store: str | None = None
    ) -> CircuitChange:
        """What has just happened to the circuit: it has closed, or it refuses calls."""
        if closed:
            return cls(circuit=name, pipeline=pipeline, at=at, state=CircuitState.CLOSED, store=store)
        is_isolated = circuit.state is CircuitState.ISOLATED
        return cls(
            circuit=name,
            pipeline=pipeline,
            at=at,
            state=CircuitState.ISOLATED if is_isolated else CircuitState.OPEN,
            failures=circuit.failures,
            recovers_after=None if is_isolated else circuit.rules.recovery_timeout,
            store=store,
        )

    @property
    def key(self) -> str:
        """The same for whatever happens to this circuit."""
        return f"circuit:{self.circuit}"

    @property
    def severity(self) -> ErrorSeverity:
        """An ERROR while it refuses calls."""
        return ErrorSeverity.INFO if self.state is CircuitState.CLOSED else ErrorSeverity.ERROR

    @property
    def error_type(self) -> str:
        """The same for the beginning and the end."""
        return "circuit_open"

    def notification(self) -> Notification:
        """What is said of it, masked."""
        from ninelives.notifications.words.content import of_circuit  # its patterns take a while to compile

        return of_circuit(self)
