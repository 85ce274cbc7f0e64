"""Letters stay ours while they are run or wait for their turn, and what is done is confirmed soon."""

from __future__ import annotations

import contextvars
import threading
from datetime import timedelta

import pytest

from ninelives import LetterFilter, LetterReplayed
from ninelives.dead_letters.memory import MemoryStore
from ninelives.errors import LeaseLostError, StoreError

LIMIT = 20.0
"""Seconds after which a thread that waits gives up, and its test fails."""


class Watched(MemoryStore):
    """Says of each lease that it was prolonged, and of each letter that it is gone."""

    def __init__(self, clock):
        super().__init__(clock=clock)
        self.renewed = threading.Semaphore(0)
        self.gone = threading.Semaphore(0)
        self.acks = []
        self.problem = None

    def renew(self, lease, seconds):
        try:
            if self.problem is not None:
                raise self.problem
            return super().renew(lease, seconds)
        finally:
            self.renewed.release()

    def ack(self, lease):
        self.ack_many([lease])

    def ack_many(self, leases):
        leases = list(leases)
        super().ack_many(leases)
        self.acks.append(len(leases))
        self.gone.release(len(leases))


@pytest.fixture
def store(shop):
    return Watched(shop.clock)


@pytest.fixture
def pipeline(shop, store):
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": store, "lease": 30})
    for value in range(10):
        pipeline.using(operation="serve").try_run(_refuse, value)
    return pipeline


def _refuse(_value):
    raise ConnectionError


def _renewals(store, count):
    for _ in range(count):
        assert store.renewed.acquire(timeout=LIMIT)


def test_a_lease_is_prolonged_while_the_call_runs(shop, pipeline, store):
    """While a call takes longer than its lease, nobody else gets the letter, nor those that wait for their turn."""
    seen = []

    def slow(value):
        if value != 1:
            return
        for _ in range(4):  # two letters are held: the one in hand, and one that waits
            shop.clock.advance(15)
            _renewals(store, 2)
        seen.extend(store.receive(100, lease=1))

    pipeline.register(slow, "serve")
    report = pipeline.replay(limit=3)
    assert (report.replayed, report.lost, report.ok) == (3, 0, True)
    assert len(seen) == 7


def test_a_lease_that_was_lost_is_told_and_not_raised(shop, pipeline, store):
    """Where the store says that a letter is ours no longer while it runs, the report says that it may run twice."""

    def slow(value):
        if value == 0:
            store.problem = LeaseLostError("someone else has it")
            shop.clock.advance(15)
            _renewals(store, 1)
            store.problem = None

    pipeline.register(slow, "serve")
    report = pipeline.replay()
    assert (report.replayed, report.lost, report.ok) == (10, 1, False)
    (why,) = report.reasons.values()
    assert why == "its lease was lost while it ran: someone else may have run it too"


def test_a_letter_that_was_lost_before_its_turn_is_not_run(shop, pipeline, store):
    """A letter that waits for its turn, and that the store gave to someone else meanwhile, is left to them."""
    done = []

    def slow(value):
        done.append(value)
        if value == 1:
            inner = store.renew
            store.renew = lambda lease, seconds: _lost(store) if lease.letter.args == [2] else inner(lease, seconds)
            shop.clock.advance(15)
            _renewals(store, 2)

    pipeline.register(slow, "serve")
    report = pipeline.replay(limit=9)
    assert (report.replayed, report.busy) == (9, 1)
    assert done == [0, 1, 3, 4, 5, 6, 7, 8, 9]


def _lost(store):
    store.renewed.release()
    raise LeaseLostError("someone else has it")


def test_a_lease_that_can_not_be_prolonged_at_the_moment_is_tried_again(shop, pipeline, store):
    """A store that does not answer when a lease is to be prolonged is asked again, while the lease holds."""

    def slow(value):
        if value == 0:
            store.problem = StoreError("no answer")
            shop.clock.advance(11)
            _renewals(store, 1)
            store.problem = None
            shop.clock.advance(4)
            _renewals(store, 1)
            shop.clock.advance(20)

    pipeline.register(slow, "serve")
    report = pipeline.replay(limit=1)
    assert (report.replayed, report.lost) == (1, 0)
    assert store.receive(100, lease=1)[0].letter.args != [0]


def test_a_letter_that_is_confirmed_at_that_moment_is_not_lost(shop, pipeline, store):
    """A lease that can't be prolonged because its letter has just been confirmed is not lost."""
    from ninelives.replaying.held import Held
    from ninelives.replaying.keeping import Keeping

    (lease,) = store.receive(1, lease=30)
    held = Held(pipeline["dead_letter"].claimed(lease, pipeline["dead_letter"].places[0]), 0.0)

    def renew(_lease, _seconds):
        held.is_ours = False
        raise LeaseLostError("it is gone")

    store.renew = renew
    keeping = Keeping(shop.clock, 30, None)
    keeping._renew(held)
    assert not held.lost
    keeping._renew(held)
    assert not held.lost


def test_what_is_done_is_confirmed_although_the_next_call_is_slow(pipeline, store):
    """Quick letters are confirmed together, and do not wait for a slow one that comes after them."""

    def call(value):
        if value == 2:
            for _ in range(2):
                assert store.gone.acquire(timeout=LIMIT)
            assert store.count() == 8

    pipeline.register(call, "serve")
    assert pipeline.replay().replayed == 10


def test_quick_letters_are_confirmed_together(shop, pipeline, store):
    """Letters that take no time are confirmed many at once, and each is told."""
    pipeline.register(lambda _value: None, "serve")
    assert pipeline.replay().replayed == 10
    assert sum(store.acks) == 10
    assert len(store.acks) < 10
    assert len(shop.events.of(LetterReplayed)) == 10


def test_slow_letters_are_confirmed_each_at_once(pipeline, store):
    """A letter that took its time is confirmed before the next one begins."""
    left = []

    def call(_value):
        left.append(store.count())
        threading.Event().wait(0.02)

    pipeline.register(call, "serve")
    assert pipeline.replay().replayed == 10
    assert left == list(range(10, 0, -1))


def test_where_they_can_not_be_confirmed_together_each_gets_its_own_verdict(pipeline, store):
    """One letter that can't be confirmed keeps no other from it."""
    inner = store.ack_many

    def ack_many(leases):
        leases = list(leases)
        if any(lease.letter.args == [3] for lease in leases):
            raise StoreError("not this one")
        inner(leases)

    store.ack_many = ack_many
    pipeline.register(lambda _value: None, "serve")
    report = pipeline.replay()
    assert (report.replayed, report.unconfirmed) == (9, 1)
    assert list(report.reasons.values()) == ["done, but not confirmed: not this one"]
    assert [one.args for one in store.browse(LetterFilter(), limit=10).letters] == [[3]]


def test_there_is_no_thread_where_leases_can_not_be_prolonged(shop, pipeline, store):
    """With a store that can't prolong leases a replay starts no thread, and claims letters one by one."""

    class Claims:
        def __init__(self):
            for name in ("put", "receive", "ack", "ack_many", "put_many", "release", "close", "browse", "get", "count"):
                setattr(self, name, getattr(store, name))

        def claim(self, letter_ids, *, lease):
            assert len(letter_ids) == 1
            return store.claim(letter_ids, lease=lease)

    other = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": Claims()})
    before = set(threading.enumerate())
    during = []
    other.register(lambda _value: during.append(set(threading.enumerate()) <= before), "serve")
    assert other.replay().replayed == 10
    assert during == [True] * 10
    assert store.acks == [1] * 10


class Waits(MemoryStore):
    """Waits before it lets a letter go."""

    def __init__(self, clock):
        super().__init__(clock=clock)
        self.inside, self.go, self.order = threading.Event(), threading.Event(), []

    def ack(self, lease):
        self.inside.set()
        assert self.go.wait(LIMIT)
        super().ack(lease)
        self.order.append("written")


def _ending(shop, store):
    """What writes down what came of letters, and a letter of that store."""
    from ninelives.replaying.choice import Asked
    from ninelives.replaying.ending import Ending
    from ninelives.replaying.held import Held
    from ninelives.replaying.seen import Seen
    from ninelives.replaying.tally import Tally

    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": store})
    pipeline.try_run(_refuse, 1)
    queue = pipeline["dead_letter"]
    (lease,) = store.receive(1, lease=30)
    tally = Tally("shop", Asked(), shop.clock, shop.events)
    return Ending(tally, Seen(), None), Held(queue.claimed(lease, queue.places[0]), 0.0), tally.report


def test_what_others_write_down_is_waited_for(shop):
    """Before it is said whether a canary failed, all that came of letters is written down, whoever does it."""
    store = Waits(shop.clock)
    ending, held, report = _ending(shop, store)
    ending.done(held, 0.0)
    other = threading.Thread(target=ending.flush)
    other.start()
    assert store.inside.wait(LIMIT)
    waits = threading.Thread(target=lambda: (ending.settle(), store.order.append("settled")))
    waits.start()
    store.go.set()
    for thread in (other, waits):
        thread.join(LIMIT)
    assert store.order == ["written", "settled"]
    assert report.replayed == 1


def test_what_an_interruption_left_is_written_down_later(shop):
    """An interruption while results are written down loses none of them."""
    store = MemoryStore(clock=shop.clock)
    ending, held, report = _ending(shop, store)
    ending.done(held, 0.0)
    inner = store.ack

    def ack(_lease):
        raise KeyboardInterrupt

    store.ack = ack
    with pytest.raises(KeyboardInterrupt):
        ending.flush()
    assert ending.is_pending
    store.ack = inner
    ending.settle()
    assert (report.replayed, store.count()) == (1, 0)


def test_a_letter_that_an_interruption_hit_before_its_call_is_back(pipeline, store, monkeypatch):
    """An interruption between claiming a letter and running it leaves nothing claimed."""
    from ninelives.replaying import threads

    def attempt(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(threads, "attempt", attempt)
    with pytest.raises(KeyboardInterrupt):
        pipeline.replay()
    assert len(store.receive(100, lease=1)) == 10


def test_after_the_machine_was_suspended_leases_are_prolonged_at_once(shop, pipeline, store):
    """Where the wall clock went on and the monotonic one did not, what is held is kept at once."""

    def slow(value):
        if value == 1:  # two letters are held: the one in hand, and one that waits
            shop.clock.set_wall(shop.clock.now() + timedelta(minutes=10))
            _renewals(store, 2)

    pipeline.register(slow, "serve")
    report = pipeline.replay(limit=3)
    assert (report.replayed, report.busy, report.lost) == (3, 0, 0)


def test_whoever_writes_down_what_is_done_has_the_callers_context(shop, store):
    """Listeners find the caller's context variables, also when a thread of ours tells them that a letter is done."""
    request = contextvars.ContextVar("request", default="nobody's")
    told = []

    def listener(event):
        if isinstance(event, LetterReplayed):
            told.append(request.get())

    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": store}, listeners=[listener])
    for value in range(2):
        pipeline.using(operation="serve").try_run(_refuse, value)
    pipeline.register(lambda value: value == 0 or store.gone.acquire(timeout=LIMIT), "serve")
    request.set("mine")
    assert pipeline.replay().ok
    assert told == ["mine", "mine"]
