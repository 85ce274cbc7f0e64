"""The link ``notify``: of a call that failed someone is told, and the call does not wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ninelives.call import Call, is_misuse
from ninelives.dead_letters.linking import is_refusal
from ninelives.errors import CircuitBreakerOpenError
from ninelives.faults import log_fault
from ninelives.middleware.watching import Watcher
from ninelives.notifications.behalf import is_delivering
from ninelives.notifications.circuit_change import CircuitChange
from ninelives.notifications.dispatch.center import default_center
from ninelives.notifications.failure import cause_of, failure_of
from ninelives.notifications.occurrence import Ready
from ninelives.workers import run_in_worker, running_loop, submit

if TYPE_CHECKING:
    from ninelives.alerts import FollowedCircuit
    from ninelives.circuit import Circuit
    from ninelives.middleware.link import Context
    from ninelives.notifications.failure import Failure
    from ninelives.notifications.notification import Notification
    from ninelives.notifications.route import Route

__all__ = ["NotifyLink"]


class NotifyLink:
    """What the notifier does in one pipeline: who is told of which failures, and of which circuits.

    A replay that fails is told of too: someone waits for it. One that is refused is not: nothing was tried, and the
    letter was told of when it was made.

    Args:
        route: Where its alerts go.
        context: What the link was given.
        flush: Whether a call that has something to tell waits until it is delivered.
    """

    def __init__(self, route: Route, context: Context, *, flush: bool) -> None:
        self.route = route
        self.context = context
        self._flush = flush
        context.alerts.through(context.link, self)

    def watcher(self) -> Watcher:
        """What the link does on failure."""
        return Watcher(self._tell_and_flush, self._tell_and_aflush) if self._flush else Watcher(self._tell)

    def _tell(self, call: Call, error: Exception) -> None:
        if is_delivering() or is_misuse(call, error):
            return
        try:
            self._tell_of(call, error)
        except Exception as problem:
            log_fault("error", "the failure of a call could not be told of", fault=problem)

    def _tell_and_flush(self, call: Call, error: Exception) -> None:
        self._tell(call, error)
        default_center().flush()

    async def _tell_and_aflush(self, call: Call, error: Exception) -> None:
        self._tell(call, error)
        await run_in_worker(default_center().flush)

    def _tell_of(self, call: Call, error: Exception) -> None:
        if call.letter is not None and is_refusal(call, error):
            return
        circuit = self._circuit(call, error)
        failure = self._failure(call, error, circuit)
        if circuit is not None:
            self._tell_with(circuit, call, failure)
        if circuit is None or failure.is_letter_lost:
            default_center().happened(failure, self.route)
        if call.opened is not None:
            self._explain(call.opened, call, cause_of(call, error, failure))

    def _failure(self, call: Call, error: Exception, circuit: FollowedCircuit | None) -> Failure:
        alerts, now = self.context.alerts, self.route.clock.now()
        name, state = (None, alerts.circuit_state) if circuit is None else (circuit.name, str(circuit))
        registered = alerts.can_run(call.operation)
        return failure_of(call, error, now, circuit=name, state=state, registered=registered)

    def _tell_with(self, circuit: FollowedCircuit, call: Call, failure: Failure) -> None:
        """Tell of the call with its circuit, which another link of the chain may have done."""
        if call.counted:
            self.circuit_opened(circuit)  # whoever is told through this link is to be told too
        else:
            call.counted = True
            default_center().circuit_refused(circuit.name, failure, self.route)
        circuit.refused()

    def _explain(self, opened: Circuit, call: Call, cause: Failure) -> None:
        """Tell what opened a circuit: that it did was told before the call had its letter."""
        circuit = self.context.alerts.follow(opened, opened.name or call.pipeline)
        if not circuit.is_closed:
            default_center().circuit_opened(circuit.name, self._change(circuit, closed=False), self.route, cause)
            circuit.refused()

    def _circuit(self, call: Call, error: Exception) -> FollowedCircuit | None:
        """The circuit that it is told with: it refused the call, or the call was its trial, and failed.

        One that refuses may be no part of this chain; others share it by its name. Where it can't be found, the refusal
        is a failure like any other.
        """
        alerts = self.context.alerts
        if not isinstance(error, CircuitBreakerOpenError):
            return None if call.trial is None else alerts.follow(call.trial, call.trial.name or call.pipeline)
        known = alerts.followed(error.name)
        if known is not None or error.name is None:
            return known
        found = self.context.circuits.find(error.name)
        return None if found is None else alerts.follow(found, error.name)

    def hand_over(self, notification: Notification) -> None:
        """Tell of what is no call's failure; it is grouped as failures are."""
        default_center().happened(Ready(notification, self.route.clock.now()), self.route)

    def circuit_opened(self, circuit: FollowedCircuit) -> None:
        """A circuit refuses calls from now on."""
        default_center().circuit_opened(circuit.name, self._change(circuit, closed=False), self.route)

    def circuit_closed(self, circuit: FollowedCircuit) -> None:
        """It admits calls again."""
        default_center().circuit_closed(circuit.name, self._change(circuit, closed=True))
        if self._flush:
            _flush_outside_of_loops()

    def _change(self, circuit: FollowedCircuit, *, closed: bool) -> CircuitChange:
        context, now = self.context, self.route.clock.now()
        store = context.alerts.store
        return CircuitChange.of(circuit.circuit, circuit.name, context.pipeline, now, closed=closed, store=store)


def _flush_outside_of_loops() -> None:
    """The call that closes a circuit has not failed, and so has no later step to wait in; a loop is not held up."""
    if running_loop() is None:
        default_center().flush()
    else:
        submit(default_center().flush)
