"""The SQS store, doing what it can in any order, against a plain model: at least once, and nothing is lost."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace

from ninelives.testing import FakeClock
from ninelives.testing.contracts.letters import letter
from ninelives_sqs import SqsStore

# Small: the server slows down with each message that it has seen.
EXAMPLES, STEPS = (40 if os.environ.get("NINELIVES_FULL_TESTS") else 12), 20
LEASES = st.sampled_from([30.0, 60.0])
numbers = st.integers(0, 1000)


class Model:
    """What is in the queue, and until when each letter is out."""

    def __init__(self, clock):
        self.clock = clock
        self.letters = {}
        self.until = {}

    def free(self):
        now = self.clock.now()
        return {name for name in self.letters if self.until.get(name, now) <= now}

    def hold(self, leases, seconds):
        for lease in leases:
            assert lease.letter == self.letters[lease.letter.id]
            self.until[lease.letter.id] = self.clock.now() + timedelta(seconds=seconds)


class Queue(RuleBasedStateMachine):
    """Two stores on one queue, and the model."""

    clock: FakeClock
    make_stores: Callable[[], list[SqsStore]]

    def __init__(self):
        super().__init__()
        self.stores = self.make_stores()
        self.model = Model(self.clock)
        self.numbers = itertools.count()
        self.hands = []

    @rule(which=st.integers(0, 1), size=st.integers(1, 50))
    def put(self, which, size):
        one = letter(next(self.numbers), message="Zürich" * size)
        self.stores[which].put(one)
        self.model.letters[one.id] = one

    @rule(which=st.integers(0, 1), number=st.integers(0, 4))
    def put_many(self, which, number):
        several = [letter(next(self.numbers)) for _ in range(number)]
        self.stores[which].put_many(several)
        self.model.letters.update((one.id, one) for one in several)

    @rule(which=st.integers(0, 1), most=st.integers(1, 4), lease=LEASES)
    def receive(self, which, most, lease):
        leases = self.stores[which].receive(most, lease=lease)
        names = [one.letter.id for one in leases]
        assert len(names) == len(set(names)) == min(most, len(self.model.free()))
        assert set(names) <= self.model.free()
        self.model.hold(leases, lease)
        self.hands = [one for one in self.hands if one.letter.id not in names] + leases

    @precondition(lambda self: self.hands)
    @rule(which=st.integers(0, 1), number=numbers, lease=LEASES)
    def renew(self, which, number, lease):
        place = number % len(self.hands)
        if self.hands[place].letter.id in self.model.free():
            return  # its lease has ended: others may have it at any moment
        self.hands[place] = self.stores[which].renew(self.hands[place], lease)
        self.model.hold([self.hands[place]], lease)

    @precondition(lambda self: self.hands)
    @rule(which=st.integers(0, 1), number=numbers)
    def ack(self, which, number):
        lease = self.hands.pop(number % len(self.hands))
        self.stores[which].ack(lease)
        del self.model.letters[lease.letter.id]

    @precondition(lambda self: self.hands)
    @rule(which=st.integers(0, 1), number=numbers, again=st.booleans())
    def release(self, which, number, again):
        lease = self.hands.pop(number % len(self.hands))
        newer = replace(lease.letter, replay_count=lease.letter.replay_count + 1)
        self.stores[which].release(lease, newer if again else None)
        self.model.until.pop(lease.letter.id, None)
        if again:
            self.model.letters[lease.letter.id] = newer

    @rule(seconds=st.sampled_from([1.0, 29.0, 60.0]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    def teardown(self):
        self.clock.advance(100)
        found = {}
        while leases := self.stores[0].receive(10, lease=60):
            found.update((one.letter.id, one.letter) for one in leases)
        assert found == self.model.letters


def test_any_order_of_what_sqs_can(clock, make_queue, make_store):
    """Letters that are put, received, prolonged, given back and acknowledged in any order are each there until done."""
    names = (f"model-{number}" for number in itertools.count())

    class OneQueue(Queue):
        def make_stores(self):
            url = make_queue(next(names))
            return [make_store(url), make_store(url)]

    OneQueue.clock = clock
    small = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(OneQueue, settings=small)
