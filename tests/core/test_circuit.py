"""The breaker's state machine, told the time."""

from __future__ import annotations

from ninelives.circuit import Admission, Circuit, CircuitRules, CircuitState, Ticket, Transition


def made(**rules) -> Circuit:
    return Circuit("api", CircuitRules(**{"failure_threshold": 2, "recovery_timeout": 10.0, **rules}))


def admitted(circuit: Circuit, now: float = 0.0) -> Ticket:
    ticket = circuit.admit(now).ticket
    assert ticket is not None
    return ticket


def opened(**rules) -> Circuit:
    """A circuit that opened at 0."""
    circuit = made(**rules)
    while circuit.state is CircuitState.CLOSED:
        circuit.failed(admitted(circuit), 0.0)
    return circuit


def test_it_starts_closed_with_the_documented_rules():
    """A new circuit is closed, opens after 5 failures and tries again after 60 seconds."""
    circuit = Circuit()
    assert (circuit.state, circuit.closed_generation, circuit.failures) == (CircuitState.CLOSED, 1, 0)
    assert circuit.rules == CircuitRules(failure_threshold=5, recovery_timeout=60.0)
    assert repr(circuit) == "<Circuit None CLOSED, 0 failures>"


def test_it_opens_at_exactly_the_threshold():
    """The failure that reaches the threshold opens it, and says so; the one before does not."""
    circuit = made(failure_threshold=3)
    tickets = [admitted(circuit) for _ in range(3)]
    assert [circuit.failed(ticket, 0.0) for ticket in tickets] == [None, None, Transition(CircuitState.OPEN, 3, 10.0)]
    assert circuit.closed_generation == 0


def test_a_success_sets_the_count_back():
    """Only failures in a row are counted together."""
    circuit = made()
    circuit.failed(admitted(circuit), 0.0)
    assert circuit.succeeded(admitted(circuit)) is None
    assert circuit.failures == 0
    circuit.failed(admitted(circuit), 0.0)
    assert circuit.state is CircuitState.CLOSED


def test_open_it_refuses_until_exactly_the_recovery_time():
    """A call before the recovery time is refused with what is left; one at it is admitted and half-opens."""
    circuit = opened()
    assert (circuit.admit(9.75), circuit.state) == (Admission(None, 0.25), CircuitState.OPEN)
    admission = circuit.admit(10.0)
    assert admission.ticket is not None
    assert admission.transition == Transition(CircuitState.HALF_OPEN, 2)
    assert circuit.state is CircuitState.HALF_OPEN


def test_half_open_slots_are_exact():
    """Half-open admits as many at once as it has slots, and a freed slot admits the next."""
    circuit = opened(half_open_max_calls=2, success_threshold=9)
    first = admitted(circuit, 10.0)
    admitted(circuit, 10.0)
    assert circuit.admit(10.0) == Admission(None, 0.0)
    circuit.released(first)
    admitted(circuit, 10.0)
    assert circuit.admit(10.0).ticket is None


def test_it_closes_at_exactly_the_success_threshold():
    """As many trial successes as asked for close it, with the failures counted until then in what it says."""
    circuit = opened(success_threshold=2)
    assert circuit.succeeded(admitted(circuit, 10.0)) is None
    assert circuit.state is CircuitState.HALF_OPEN
    assert circuit.succeeded(admitted(circuit, 10.0)) == Transition(CircuitState.CLOSED, 2)
    assert (circuit.failures, bool(circuit.closed_generation)) == (0, True)


def test_a_failed_trial_opens_it_anew():
    """One failed trial opens it for the whole recovery time from then, and earlier trial successes are forgotten."""
    circuit = opened(success_threshold=2)
    circuit.succeeded(admitted(circuit, 10.0))
    assert circuit.failed(admitted(circuit, 11.0), 12.0) == Transition(CircuitState.OPEN, 3, 10.0)
    assert circuit.admit(21.5).retry_after == 0.5
    circuit.succeeded(admitted(circuit, 22.0))
    assert circuit.state is CircuitState.HALF_OPEN


def test_every_half_open_has_all_its_slots():
    """A probe of an earlier half-open takes no slot of a later one, however long its lease."""
    circuit = opened(half_open_max_calls=2, probe_timeout=1000.0)
    first, _hanging = admitted(circuit, 10.0), admitted(circuit, 10.0)
    circuit.failed(first, 10.0)
    admitted(circuit, 20.0)
    admitted(circuit, 20.0)
    assert circuit.admit(20.0).ticket is None


def test_a_lease_ends_exactly_then():
    """A trial call's slot is its own until its lease ends, and may be another's from that moment on."""
    circuit = opened(probe_timeout=3.0)
    admitted(circuit, 10.0)
    assert circuit.admit(12.99).ticket is None
    assert circuit.admit(13.0).ticket is not None


def test_a_lease_without_a_probe_timeout():
    """The lease is the recovery time; where that is 0, a slot can be held all the same."""
    assert CircuitRules(recovery_timeout=10.0).lease == 10.0
    assert CircuitRules(recovery_timeout=0.0).lease == 60.0
    assert CircuitRules(recovery_timeout=0.0, probe_timeout=3.0).lease == 3.0


def test_a_late_verdict_counts_while_no_newer_probe_was_admitted():
    """A trial call whose lease is over still decides, as long as nobody came after it."""
    circuit = opened(probe_timeout=3.0)
    assert circuit.succeeded(admitted(circuit, 10.0)) == Transition(CircuitState.CLOSED, 2)


def test_a_late_verdict_changes_nothing_once_a_newer_probe_was_admitted():
    """After a newer probe was admitted, neither success nor failure nor release of the old one changes anything."""
    circuit = opened(probe_timeout=3.0, half_open_max_calls=2)
    late = [admitted(circuit, 10.0), admitted(circuit, 10.0)]
    newer = admitted(circuit, 13.0)
    assert circuit.succeeded(late[0]) is None
    assert circuit.failed(late[1], 13.0) is None
    assert circuit.state is CircuitState.HALF_OPEN
    assert circuit.succeeded(newer) == Transition(CircuitState.CLOSED, 2)


def test_a_second_verdict_of_a_trial_is_ignored():
    """A trial call's ticket is taken with its first verdict."""
    circuit = opened(success_threshold=2)
    ticket = admitted(circuit, 10.0)
    circuit.succeeded(ticket)
    assert circuit.succeeded(ticket) is None
    assert circuit.state is CircuitState.HALF_OPEN


def test_isolated_it_refuses_for_good():
    """Isolated, no time and no verdict opens the way; a second isolation is none; reset closes."""
    circuit = made()
    ticket = admitted(circuit)
    assert circuit.isolate() == Transition(CircuitState.ISOLATED, 0)
    assert circuit.isolate() is None
    assert circuit.succeeded(ticket) is None
    assert circuit.admit(1e9) == Admission(None)
    assert circuit.reset() == Transition(CircuitState.CLOSED, 0)
    assert circuit.admit(0.0).ticket is not None


def test_a_reset_begins_a_new_generation():
    """After a reset, calls that were under way count no longer, also if it was closed already."""
    circuit = made(failure_threshold=1)
    before = admitted(circuit)
    assert circuit.reset() is None
    assert circuit.failed(before, 0.0) is None
    assert circuit.state is CircuitState.CLOSED


def test_tuning_changes_the_rules_only():
    """Other rules hold from now on; what is counted stays, and when an open circuit reopens."""
    circuit = opened()
    circuit.tune({"recovery_timeout": 100.0})
    assert circuit.admit(10.0).ticket is not None
    assert circuit.failures == 2
    assert circuit.rules == CircuitRules(failure_threshold=2, recovery_timeout=100.0)
