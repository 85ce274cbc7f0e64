"""The way into a circuit and out of it, once something has failed: what all forms of a breaker share.

Events are made here, when no lock is held.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, Token
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ninelives.call import Call, current_call
from ninelives.circuit import Circuit, CircuitState, Follower, Ticket, Transition
from ninelives.clock import Clock
from ninelives.errors import CircuitBreakerOpenError
from ninelives.faults import never_raises
from ninelives.middleware.judge import Judge

if TYPE_CHECKING:
    from ninelives.events import CircuitEvent, Event

__all__ = ["Gate", "Permit"]

# The trial calls of pipelines that this code is part of, innermost last. What such a call itself runs through the same
# circuit belongs to it: refused, the trial would fail by its own hand, and the circuit would never close.
_trials: ContextVar[tuple[tuple[Circuit, Ticket], ...]] = ContextVar("ninelives_trials", default=())


class Gate:
    """A circuit as one breaker sees it: with its own judgement, clock and listeners.

    In its methods `what` is what asks to run, for the events: a `Call`, a function, or None for a block of code.

    Args:
        circuit: The circuit.
        judge: Says what is a failure.
        clock: Tells the time.
        emit: Tells the listeners an event; never raises an `Exception`.
        pipeline: The pipeline's name; None for a breaker used alone.
    """

    def __init__(
        self, circuit: Circuit, judge: Judge, clock: Clock, emit: Callable[[Event], None], pipeline: str | None = None
    ) -> None:
        self.circuit = circuit
        self._judge = judge
        self._clock = clock
        self._emit = emit
        self._pipeline = pipeline

    def admit(self, what: Any) -> Permit:
        """Let a call in.

        Raises:
            CircuitBreakerOpenError: The circuit refuses it.
        """
        now = self._clock.monotonic()
        if _runs_in_pipeline(what) and (around := self._trial_around(now)) is not None:
            return Permit(self, what, Ticket(around.generation))  # the trial's own end decides, this one's says nothing
        admission = self.circuit.admit(now)
        if admission.ticket is None:
            raise self._refusal(what, admission.retry_after)
        permit = Permit(self, what, admission.ticket)
        try:
            self.tell(admission.transition, what)
        except BaseException:  # a listener was interrupted: the call won't run, and must not keep its slot
            permit.release()
            raise
        return permit

    def _trial_around(self, now: float) -> Ticket | None:
        around = (ticket for circuit, ticket in _trials.get() if circuit is self.circuit)
        return next((ticket for ticket in around if self.circuit.tries(ticket, now)), None)

    def _refusal(self, what: Any, retry_after: float | None) -> CircuitBreakerOpenError:
        self._tell_refusal(what, retry_after)
        return CircuitBreakerOpenError(self.circuit.name, retry_after)

    @never_raises("that a circuit refused a call could not be told of")
    def _tell_refusal(self, what: Any, retry_after: float | None) -> None:
        from ninelives.events import CallRejected

        call_id, operation = _origin(what)
        self._emit(
            CallRejected(
                at=self._clock.now(),
                pipeline=self._pipeline,
                call_id=call_id,
                operation=operation,
                circuit=self.circuit.name,
                retry_after=retry_after,
            )
        )

    def succeeded(self, what: Any, ticket: Ticket) -> None:
        """A call that was let in returned."""
        self.tell(self.circuit.succeeded(ticket), what)

    def failed(self, what: Any, error: BaseException, ticket: Ticket) -> None:
        """A call that was let in raised: a failure, or nothing, as the judge says."""
        try:
            failure = self._judge.is_failure(error)
        except BaseException:  # the program's own predicate was interrupted
            self.circuit.released(ticket)
            raise
        if failure:
            opened = self.circuit.failed(ticket, self._clock.monotonic())
            if isinstance(what, Call):
                what.trial = self.circuit if ticket.slot else what.trial
                what.opened = self.circuit if opened else what.opened
            self.tell(opened, what)
        else:
            self.circuit.released(ticket)

    def released(self, ticket: Ticket) -> None:
        """A call that was let in says nothing."""
        self.circuit.released(ticket)

    def tell(self, transition: Transition | None, what: Any) -> None:
        """Tell the listeners of a change of state, if there was one."""
        if transition is None:
            return
        self._tell_listeners(transition, what)
        if transition.state is not CircuitState.HALF_OPEN:
            for follower in self.circuit.followers:
                _tell_follower(follower, transition.state)

    @never_raises("that a circuit has changed could not be told of")
    def _tell_listeners(self, transition: Transition, what: Any) -> None:
        self._emit(
            _event_of(transition.state)(
                at=self._clock.now(),
                pipeline=self._pipeline,
                call_id=_origin(what)[0],
                circuit=self.circuit.name,
                failures=transition.failures,
                reopens_in=transition.reopens_in,
            )
        )


class Permit:
    """That a call may run, to be given back with how it ended: once, whatever is said later is ignored.

    As a context manager it does so by itself: an exception is judged as the breaker's `record` and `ignore` say, the
    end without one is a success. A permit never given back keeps its slot, in a half-open circuit, for `probe_timeout`.

    Example:
        >>> from ninelives.middleware.breaker import CircuitBreaker
        >>> with CircuitBreaker().acquire():
        ...     answer = 42
    """

    __slots__ = ("_entered", "_gate", "_once", "_ticket", "_what")

    def __init__(self, gate: Gate, what: Any, ticket: Ticket) -> None:
        self._gate = gate
        self._what = what
        self._ticket = ticket
        self._once = Lock()
        self._entered: Token[tuple[tuple[Circuit, Ticket], ...]] | None = None

    def success(self) -> None:
        """It succeeded."""
        if self._once.acquire(blocking=False):
            self._gate.succeeded(self._what, self._ticket)

    def failure(self, error: BaseException) -> None:
        """It raised `error`, which counts if the breaker records it; a cancellation never does."""
        if self._once.acquire(blocking=False):
            self._gate.failed(self._what, error, self._ticket)

    def release(self) -> None:
        """It ended, and says nothing about the service."""
        if self._once.acquire(blocking=False):
            self._gate.released(self._ticket)

    def __enter__(self) -> Self:
        if self._ticket.slot and _runs_in_pipeline(self._what):
            self._entered = _trials.set((*_trials.get(), (self._gate.circuit, self._ticket)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._entered is not None:
            with suppress(ValueError):  # left in another task or thread: what was entered there ends with it
                _trials.reset(self._entered)
        if error is None:
            self.success()
        else:
            self.failure(error)


def _runs_in_pipeline(what: Any) -> bool:
    return what is not None and what is current_call()


def _origin(what: Any) -> tuple[str | None, str]:
    """The call's id, and the name of what it runs."""
    from ninelives.registry import operation_of

    if what is None:
        return None, "<block>"
    if isinstance(what, Call):
        return what.id, what.operation
    return None, operation_of(what)


def _tell_follower(follower: Follower, state: CircuitState) -> None:
    if state is CircuitState.CLOSED:
        follower.circuit_closed()
    else:
        follower.circuit_opened()


def _event_of(state: CircuitState) -> type[CircuitEvent]:
    from ninelives.events import CircuitClosed, CircuitHalfOpened, CircuitOpened

    opened = {CircuitState.OPEN: CircuitOpened, CircuitState.ISOLATED: CircuitOpened}
    return {**opened, CircuitState.HALF_OPEN: CircuitHalfOpened, CircuitState.CLOSED: CircuitClosed}[state]
