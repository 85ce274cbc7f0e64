"""Replaying from a store that can't be searched, and may deliver twice."""

from __future__ import annotations

import pytest
from msgspec import structs

from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.errors import LetterNotFoundError, StoreError


class Twice(MemoryStore):
    """A store that holds some letters twice, under ids of its own, and shows only some of them."""

    searchable = False

    def __init__(self, clock):
        super().__init__(clock=clock)
        self.acks = 0

    def double(self):
        one = self.browse(LetterFilter(), limit=100).letters[-1]
        self.put_many([structs.replace(one, id=f"{one.id}-again")])

    def receive(self, max_letters, *, lease):
        leases = super().receive(max_letters, lease=lease)
        self.real = {}
        for number, one in enumerate(leases):
            plain = structs.replace(one.letter, id=one.letter.id.removesuffix("-again"))
            leases[number] = structs.replace(one, letter=plain, token=f"{one.token} {one.letter.id}")
        return leases

    def ack(self, lease):
        self.acks += 1
        super().ack(self._own(lease))

    def release(self, lease, letter=None):
        own = self._own(lease)
        super().release(own, letter and structs.replace(letter, id=own.letter.id))

    def _own(self, lease):
        token, name = lease.token.split()
        return structs.replace(lease, token=token, letter=structs.replace(lease.letter, id=name))


class Service:
    up = False
    calls = 0

    def __call__(self, value):
        self.calls += 1
        if not self.up:
            raise ConnectionError("down")


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def store(shop):
    return Twice(shop.clock)


@pytest.fixture
def pipeline(shop, store, service):
    pipeline = shop.pipeline(backoff=False, dead_letter={"store": store})
    pipeline.try_run(service, 1)
    store.double()
    service.calls = 0
    return pipeline


def test_a_second_copy_of_what_is_done_is_dropped(pipeline, store, service):
    """A letter that was delivered twice runs once: when it is done, its other copy is deleted without running."""
    service.up = True
    report = pipeline.replay()
    assert (report.replayed, service.calls, store.count()) == (1, 1, 0)


def test_a_second_copy_of_what_failed_stays(pipeline, store, service):
    """When it has failed, no copy is run again in the same replay, and none is deleted."""
    report = pipeline.replay()
    assert (report.failed, service.calls, store.count()) == (1, 1, 2)


@pytest.mark.parametrize("up", [True, False])
def test_a_copy_that_comes_at_the_same_time_is_not_run(shop, store, service, up):
    """Of two copies that are received together one is run; the other is dropped if it is done, and else given back."""
    pipeline = shop.pipeline(backoff=False, dead_letter={"store": store})
    pipeline.try_run(service, 1)
    pipeline.try_run(service, 2)
    store.double()
    service.calls = 0
    service.up = up
    report = pipeline.replay()
    assert (report.replayed, report.failed, service.calls) == ((2, 0, 2) if up else (0, 2, 2))
    assert (store.count(), len(store.receive(9, lease=1))) == ((0, 0) if up else (3, 3))


def test_a_copy_that_can_not_be_dropped_is_told_and_left(pipeline, store, service, caplog):
    """A copy that the store can't delete ends no replay; the log says that it is still there."""
    service.up = True
    inner = store.ack

    def ack(lease):
        if store.acks == 1:
            raise StoreError("gone away")
        inner(lease)

    store.ack = ack
    report = pipeline.replay()
    assert (report.replayed, store.count()) == (1, 1)
    assert "a second copy of letter" in caplog.text


def test_not_found_says_how_far_it_looked(pipeline, store):
    """A letter that is not found names the store, and what a store that can't be searched says of its look-through."""
    store.claim = lambda ids, lease: (_ for _ in ()).throw(LetterNotFoundError("100 letters were looked at"))
    with pytest.raises(LetterNotFoundError, match=r"no letter x in Twice \(100 letters were looked at\)$"):
        pipeline["dead_letter"]._claim("x")


class Many(MemoryStore):
    """A store that can't be searched, and takes so long for each letter that its leases end meanwhile."""

    searchable = False
    asked = 0

    def receive(self, max_letters, *, lease):
        self.asked += 1
        assert self.asked < 50, "it goes round and round"
        self._clock.advance(120)
        return super().receive(max_letters, lease=lease)


class OneByOne(Many):
    """The same, of which several can't be held at once, as their leases can't be prolonged."""

    renew = None


@pytest.mark.parametrize("kind", [Many, OneByOne])
def test_a_store_full_of_other_letters_is_gone_through_once(shop, service, kind):
    """Where the letters of others outlive their leases while it looks for its own, a replay ends all the same."""
    store = kind(clock=shop.clock)
    for number in range(10):
        shop.pipeline("others", backoff=False, breaker=False, dead_letter={"store": store}).try_run(service, number)
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": store})
    assert pipeline.replay().replayed == 0


def test_leases_that_end_while_there_is_work_end_nothing(shop, service):
    """As long as there are letters of its own among them, a replay goes on, however long it takes."""
    store = Many(clock=shop.clock)
    others = shop.pipeline("others", backoff=False, breaker=False, dead_letter={"store": store})
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": store})
    for one in (others, pipeline, pipeline, pipeline):
        one.try_run(service, 1)
    service.up = True
    assert pipeline.replay().replayed == 3
