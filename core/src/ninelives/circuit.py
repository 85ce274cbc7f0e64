"""The breaker's state machine: a pure policy that knows no clock, thread or loop, only what it is told.

                 failure_threshold failures in a row
        CLOSED ────────────────────────────────────────> OPEN
          ^                                             │    ^
          │ success_threshold successes   recovery_timeout   │ a failure
          │                              passed, and a call  │
          └─────────────────────── HALF_OPEN <──────────┘    │
                                       └─────────────────────┘

        isolate() leads from every state to ISOLATED, which only reset() leaves; reset() leads to CLOSED.

Every change of state begins a new generation. A verdict names the generation that its call was admitted in, and changes
nothing if that is over. Who made a change is given it as a `Transition`, to tell the listeners when no lock is held.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple, Protocol

from msgspec import Struct
from msgspec.structs import replace

from ninelives.locks import new_lock

__all__ = ["Admission", "Circuit", "CircuitRules", "CircuitState", "Follower", "Ticket", "Transition"]

_FALLBACK_LEASE = 60.0  # seconds


class CircuitState(Enum):
    """What a circuit does with a call.

    Attributes:
        CLOSED: Admits it, and counts.
        OPEN: Refuses it; once the recovery time has passed, the next call is admitted as a trial.
        HALF_OPEN: Admits trial calls only, so many at once; how they end decides.
        ISOLATED: Refuses it until somebody resets the circuit.
    """

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    ISOLATED = "isolated"


class CircuitRules(Struct, frozen=True, kw_only=True):
    """When a circuit opens and closes. `CircuitBreaker` describes each; they are checked there."""

    failure_threshold: int = 5
    recovery_timeout: float = 60.0
    half_open_max_calls: int = 1
    success_threshold: int = 1
    probe_timeout: float | None = None

    @property
    def lease(self) -> float:
        """Seconds that a trial call keeps its slot."""
        # A recovery time of 0 (useful in tests) must not give slots that nobody can hold.
        return self.probe_timeout or self.recovery_timeout or _FALLBACK_LEASE


class Ticket(NamedTuple):
    """What admitted a call: its verdict counts while the generation lasts and, for a trial call, while it has its slot.

    Attributes:
        generation: The circuit's generation when the call was admitted.
        slot: The trial call's own number; 0 when the circuit was closed.
    """

    generation: int
    slot: int = 0


class Transition(NamedTuple):
    """A change of state that has been made.

    Attributes:
        state: The new state.
        failures: Consecutive failures counted up to then.
        reopens_in: Seconds until a trial call may be admitted, when the circuit opened.
    """

    state: CircuitState
    failures: int
    reopens_in: float | None = None


class Admission(NamedTuple):
    """The answer to a call that asks to be admitted.

    Attributes:
        ticket: What its verdict has to show; None when it is refused.
        retry_after: When refused, seconds until asking again may help: 0.0 while half-open, None while isolated.
        transition: The change of state that admitting it made.
    """

    ticket: Ticket | None
    retry_after: float | None = None
    transition: Transition | None = None


class Follower(Protocol):
    """Who wants to know when a circuit has opened or closed, whoever's call it was. It may have changed again since."""

    def circuit_opened(self) -> None:
        """It has opened, again after a trial that failed too, or was isolated. Never raises an `Exception`."""

    def circuit_closed(self) -> None:
        """It has closed. Likewise."""


class Circuit:
    """One circuit: counts, opens, lets trial calls through, closes. Shared by all breakers of its name; thread-safe.

    No method runs anybody else's code, and none holds its lock longer than a few assignments take.

    Args:
        name: Its name; None for a private one.
        rules: When it opens and closes.

    Attributes:
        closed_generation: The generation while closed, otherwise 0. Who reads a number here may call at once with the
            ticket ``Ticket(number)``: no lock and no clock are needed where calls succeed.
        failures: The consecutive failures counted. While 0, a success has nothing to tell.
    """

    def __init__(self, name: str | None = None, rules: CircuitRules | None = None) -> None:
        self.name = name
        self.rules = rules or CircuitRules()
        self.state = CircuitState.CLOSED
        self.closed_generation = 1
        self.failures = 0
        self._generation = 1
        self._reopens_at = 0.0
        self._successes = 0
        self._slots: dict[int, float] = {}  # a trial call's number, and when its lease ends
        self._last_slot = 0
        self._followers: tuple[weakref.ref[Follower], ...] = ()
        self._lock = new_lock()

    def __repr__(self) -> str:
        return f"<Circuit {self.name!r} {self.state.name}, {self.failures} failures>"

    def admit(self, now: float) -> Admission:
        """Ask whether a call may run at this time, in seconds on the monotonic clock."""
        with self._lock:
            if self.state is CircuitState.CLOSED:
                return Admission(Ticket(self._generation))
            if self.state is CircuitState.ISOLATED:
                return Admission(None)
            if self.state is CircuitState.HALF_OPEN:
                return self._admit_trial(now)
            if now < self._reopens_at:
                return Admission(None, self._reopens_at - now)
            transition = self._become(CircuitState.HALF_OPEN)
            return self._admit_trial(now)._replace(transition=transition)

    def _admit_trial(self, now: float) -> Admission:
        running = {slot: until for slot, until in self._slots.items() if now < until}
        if len(running) >= self.rules.half_open_max_calls:
            return Admission(None, 0.0)
        # Those whose lease is over have made room; what they still may say no longer counts.
        self._slots = running
        self._last_slot += 1
        self._slots[self._last_slot] = now + self.rules.lease
        return Admission(Ticket(self._generation, self._last_slot))

    def succeeded(self, ticket: Ticket) -> Transition | None:
        """The call with this ticket succeeded."""
        with self._lock:
            if not self._redeem(ticket):
                return None
            if self.state is CircuitState.CLOSED:
                self.failures = 0
                return None
            self._successes += 1
            return self._close() if self._successes >= self.rules.success_threshold else None

    def failed(self, ticket: Ticket, now: float) -> Transition | None:
        """The call with this ticket failed at this time."""
        with self._lock:
            if not self._redeem(ticket):
                return None
            self.failures += 1
            if self.state is CircuitState.CLOSED and self.failures < self.rules.failure_threshold:
                return None
            self._reopens_at = now + self.rules.recovery_timeout
            return self._become(CircuitState.OPEN, self.rules.recovery_timeout)

    def released(self, ticket: Ticket) -> None:
        """The call with this ticket ended and says nothing about the service."""
        with self._lock:
            self._redeem(ticket)

    def tries(self, ticket: Ticket, now: float) -> bool:
        """Whether the ticket is that of a trial call that is under way at this time, and has its slot."""
        with self._lock:
            return ticket.generation == self._generation and now < self._slots.get(ticket.slot, now)

    def reset(self) -> Transition | None:
        """Close the circuit and forget what was counted; calls under way count no longer."""
        with self._lock:
            was_closed = self.state is CircuitState.CLOSED
            transition = self._close()
            return None if was_closed else transition

    def isolate(self) -> Transition | None:
        """Refuse every call until `reset`."""
        with self._lock:
            return None if self.state is CircuitState.ISOLATED else self._become(CircuitState.ISOLATED)

    def follow(self, follower: Follower) -> None:
        """From now on whoever opens or closes the circuit tells this one, which is not held."""
        with self._lock:
            alive = [known for known in self._followers if known() is not None]
            self._followers = (*alive, weakref.ref(follower))

    @property
    def followers(self) -> list[Follower]:
        """Those that are to be told when the circuit has opened or closed."""
        return [follower for known in self._followers if (follower := known()) is not None]

    def tune(self, values: Mapping[str, Any]) -> None:
        """Change some of the rules from now on; what is counted and how long it is open stays as it is."""
        with self._lock:
            self.rules = replace(self.rules, **values)

    def _redeem(self, ticket: Ticket) -> bool:
        """Take the ticket; whether it still counted."""
        if ticket.generation != self._generation:
            return False
        return self.state is CircuitState.CLOSED or self._slots.pop(ticket.slot, None) is not None

    def _close(self) -> Transition:
        transition = self._become(CircuitState.CLOSED)
        self.failures = 0
        return transition

    def _become(self, state: CircuitState, reopens_in: float | None = None) -> Transition:
        self.state = state
        self._generation += 1
        self._slots = {}
        self._successes = 0
        self.closed_generation = self._generation if state is CircuitState.CLOSED else 0
        return Transition(state, self.failures, reopens_in)
