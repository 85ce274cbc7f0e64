"""The breaker against a model of what is written about it, over any order of events (law 15)."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from ninelives.circuit import CircuitState
from ninelives.emitter import Emitter
from ninelives.errors import CircuitBreakerOpenError
from ninelives.events import CircuitClosed, CircuitEvent, CircuitHalfOpened, CircuitOpened, Event
from ninelives.middleware.breaker import CircuitBreaker
from ninelives.testing import FakeClock

CLOSED, OPEN, HALF_OPEN, ISOLATED = CircuitState


class Model:
    """The laws in their plainest form: every call is remembered, nothing is computed ahead."""

    def __init__(self, rules: dict[str, int]) -> None:
        self.rules = rules
        self.now = 0
        self.state = CLOSED
        self.period = 0
        self.failures = 0
        self.successes = 0
        self.opened_at = 0
        self.calls: list[SimpleNamespace] = []
        self.told: list[type[Event]] = []

    def become(self, state: CircuitState, event: type[Event]) -> None:
        self.state = state
        self.period += 1
        self.successes = 0
        self.told.append(event)

    def holding(self) -> list[SimpleNamespace]:
        """The trial calls that hold a slot."""
        return [call for call in self.calls if self.counts(call) and self.now < call.until]

    def counts(self, call: SimpleNamespace) -> bool:
        return bool(call.period == self.period and not call.ended and not call.superseded)

    def admit(self) -> SimpleNamespace | float | None:
        """The call; or the time to wait."""
        if self.state is OPEN and self.now - self.opened_at >= self.rules["recovery_timeout"]:
            self.become(HALF_OPEN, CircuitHalfOpened)
        if self.state is ISOLATED:
            return None
        if self.state is OPEN:
            return self.opened_at + self.rules["recovery_timeout"] - self.now
        if self.state is HALF_OPEN:
            if len(self.holding()) >= self.rules["half_open_max_calls"]:
                return 0
            for call in self.calls:
                call.superseded = call.superseded or self.now >= call.until
        until = self.now + self.rules["probe_timeout"] if self.state is HALF_OPEN else 10**9
        self.calls.append(SimpleNamespace(period=self.period, until=until, ended=False, superseded=False))
        return self.calls[-1]

    def end(self, call: SimpleNamespace, how: str) -> None:
        counted, call.ended = self.counts(call), True
        if not counted or how == "neutral":
            return
        if how == "failure":
            self.failures += 1
            if self.state is HALF_OPEN or self.failures >= self.rules["failure_threshold"]:
                self.opened_at = self.now
                self.become(OPEN, CircuitOpened)
        elif self.state is CLOSED:
            self.failures = 0
        else:
            self.successes += 1
            if self.successes >= self.rules["success_threshold"]:
                self.failures = 0
                self.become(CLOSED, CircuitClosed)

    def reset(self) -> None:
        was = self.state
        self.become(CLOSED, CircuitClosed)
        if was is CLOSED:
            self.told.pop()
        self.failures = 0

    def isolate(self) -> None:
        if self.state is not ISOLATED:
            self.become(ISOLATED, CircuitOpened)


class BreakerMachine(RuleBasedStateMachine):
    """Calls that overlap in any way, and time that passes in between."""

    running = Bundle("running")

    @initialize(
        rules=st.fixed_dictionaries(
            {
                "failure_threshold": st.integers(1, 3),
                "recovery_timeout": st.integers(1, 6),
                "half_open_max_calls": st.integers(1, 3),
                "success_threshold": st.integers(1, 3),
                "probe_timeout": st.integers(1, 6),
            }
        )
    )
    def begin(self, rules):
        self.clock = FakeClock()
        self.told: list[type[Event]] = []
        self.model = Model(rules)
        self.breaker = CircuitBreaker(**rules, ignore=KeyError, clock=self.clock)
        self.breaker._gate._emit = self.breaker._voice._emit = Emitter([self.listen]).emit

    def listen(self, event: Event) -> None:
        if isinstance(event, CircuitEvent):
            self.told.append(type(event))

    @rule(target=running)
    def admit(self) -> Any:
        """A call is admitted exactly when the model says so, else refused with the model's time to wait."""
        expected = self.model.admit()
        if isinstance(expected, SimpleNamespace):
            return expected, self.breaker.acquire()
        with pytest.raises(CircuitBreakerOpenError) as refusal:
            self.breaker.acquire()
        assert refusal.value.retry_after == expected
        return multiple()

    @rule(call=running)
    def succeed(self, call):
        model, permit = call
        permit.success()
        self.model.end(model, "success")

    @rule(call=running)
    def fail(self, call):
        model, permit = call
        permit.failure(OSError())
        self.model.end(model, "failure")

    @rule(call=running, error=st.sampled_from([KeyError(), asyncio.CancelledError(), KeyboardInterrupt()]))
    def end_neutrally(self, call, error):
        model, permit = call
        permit.failure(error)
        self.model.end(model, "neutral")

    @rule(seconds=st.integers(1, 7))
    def advance(self, seconds):
        self.clock.advance(seconds)
        self.model.now += seconds

    @rule()
    def succeed_at_once(self):
        """The quick way through, which reads two numbers only, does what the permits do."""
        call = self.model.admit()
        if isinstance(call, SimpleNamespace):
            assert self.breaker.execute(lambda: "value") == "value"
            self.model.end(call, "success")
        else:
            with pytest.raises(CircuitBreakerOpenError):
                self.breaker.execute(lambda: "value")

    @rule()
    def fail_at_once(self):
        call = self.model.admit()
        error = OSError() if isinstance(call, SimpleNamespace) else CircuitBreakerOpenError()
        with pytest.raises(type(error)):
            self.breaker.execute(self.raise_it)
        if isinstance(call, SimpleNamespace):
            self.model.end(call, "failure")

    @staticmethod
    def raise_it():
        raise OSError

    @rule()
    def reset(self):
        self.breaker.reset()
        self.model.reset()

    @rule()
    def isolate(self):
        self.breaker.isolate()
        self.model.isolate()

    @invariant()
    def the_state_is_the_models(self):
        assert self.breaker.state is self.model.state
        assert self.breaker._circuit.failures == self.model.failures
        assert bool(self.breaker._circuit.closed_generation) is (self.model.state is CLOSED)

    @invariant()
    def the_changes_told_are_the_models(self):
        assert self.told == self.model.told

    @invariant()
    def slots_are_never_exceeded(self):
        if self.model.state is HALF_OPEN:
            assert len(self.model.holding()) <= self.model.rules["half_open_max_calls"]


BreakerMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestBreaker = BreakerMachine.TestCase
