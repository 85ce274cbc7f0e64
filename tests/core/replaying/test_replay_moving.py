"""Replaying letters that are on their way from the fallback to the store, or stand in both."""

from __future__ import annotations

import pytest

from ninelives.dead_letters.draining import Drain
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.errors import StoreError


class NotSearched(MemoryStore):
    """Says that it can't be searched."""

    searchable = False


class Service:
    up = False
    calls = 0

    def __call__(self, value):
        self.calls += 1
        if not self.up:
            raise ConnectionError("down")


class World:
    def __init__(self, shop, kind):
        self.store, self.fallback = kind(clock=shop.clock), MemoryStore(clock=shop.clock)
        self.service = Service()
        self.pipeline = shop.pipeline(
            backoff=False, breaker=False, dead_letter={"store": self.store, "fallback": self.fallback}
        )
        self.fail()

    def fail(self):
        name = self.pipeline.try_run(self.service, 1).letter_id
        self.pipeline.close()
        self.service.calls = 0
        return name

    def copy(self):
        self.fallback.put_many(self.letters(self.store))

    def move(self):
        Drain(self.fallback, self.store, lambda _: True, lambda _: None, lambda *_: None).run()

    @staticmethod
    def letters(store):
        return store.browse(LetterFilter(), limit=9).letters


@pytest.fixture(params=[MemoryStore, NotSearched])
def world(shop, request):
    return World(shop, request.param)


def test_a_letter_in_both_is_run_once(world):
    """A letter that a send left in both stores, having timed out, runs once; done, it is gone from both."""
    world.copy()
    world.service.up = True
    report = world.pipeline.replay()
    assert (report.replayed, world.service.calls) == (1, 1)
    assert world.letters(world.store) == world.letters(world.fallback) == ()


def test_a_letter_in_both_that_fails_is_run_once(world):
    """When it fails it is run and counted once, and both copies stay."""
    world.copy()
    report = world.pipeline.replay()
    assert (report.failed, world.service.calls) == (1, 1)
    assert [one.replay_count for one in world.letters(world.store)] == [1]
    assert len(world.letters(world.fallback)) == 1


def test_by_its_id_it_is_run_once(world):
    """Named twice, a letter that fails is run once."""
    (one,) = world.letters(world.store)
    report = world.pipeline.replay([one.id, one.id])
    assert (report.failed, world.service.calls) == (1, 1)


def test_a_letter_that_comes_home_meanwhile_is_run(world):
    """A letter that waits in the fallback when the replay begins, and comes home meanwhile, is run, and once."""
    world.copy()
    (spilled,) = world.letters(world.fallback)
    world.store.purge(LetterFilter(state="waiting"))
    world.fail()
    moved = []

    def moves(value):
        if not moved:
            world.move()
            moved.append(value)

    world.pipeline.register(moves, spilled.operation)
    report = world.pipeline.replay()
    assert (report.replayed, report.skipped) == (2, 0)
    assert world.letters(world.store) == world.letters(world.fallback) == ()


def test_a_letter_that_comes_home_while_they_are_listed_is_run(shop):
    """The fallback is looked through first, so that a letter on its way home is seen in one of the two."""
    world = World(shop, MemoryStore)
    world.copy()
    world.store.purge(LetterFilter(state="waiting"))
    world.service.up = True
    inner = world.fallback.browse

    def browse(*args, **kwargs):
        world.fallback.browse = inner
        page = inner(*args, **kwargs)
        world.move()
        return page

    world.fallback.browse = browse
    report = world.pipeline.replay()
    assert (report.replayed, world.service.calls) == (1, 1)


def test_a_fallback_that_can_not_be_read_keeps_nobody_waiting(shop):
    """The letters of the store are run although the fallback can't be read, and the report says that it can't."""
    world = World(shop, MemoryStore)
    world.service.up = True
    world.fallback.browse = lambda *args, **kwargs: (_ for _ in ()).throw(StoreError("no disk"))
    report = world.pipeline.replay()
    assert (report.replayed, report.ok, world.service.calls) == (1, False, 1)
    assert report.problems == ["MemoryStore: no disk"]
    assert world.letters(world.store) == ()


@pytest.mark.parametrize("searchable", [True, False])
def test_a_store_that_is_down_keeps_the_fallback_from_nothing(shop, searchable):
    """What spilled is replayed while the store itself is down; with both down, the error comes out."""
    world = World(shop, MemoryStore)
    world.copy()
    for lease in world.store.receive(9, lease=1):
        world.store.ack(lease)
    world.service.up = True
    world.store.searchable = searchable
    down = lambda *args, **kwargs: (_ for _ in ()).throw(StoreError("no answer"))  # noqa: E731 - a store that fails
    world.store.browse = world.store.receive = down
    report = world.pipeline.replay()
    assert (report.replayed, world.service.calls, len(report.problems)) == (1, 1, 1)
    world.fallback.browse = down
    with pytest.raises(StoreError, match="no answer"):
        world.pipeline.replay()


class Down(MemoryStore):
    """Can't be reached once it is said to be down."""

    down = False

    def claim(self, letter_ids, *, lease):
        if self.down:
            raise StoreError("down")
        return super().claim(letter_ids, lease=lease)


def test_by_their_ids_letters_in_the_fallback_do_not_wait_for_the_store(shop):
    """Several letters that are named are run from the fallback, also while the store does not answer."""
    store, fallback, service = Down(clock=shop.clock), MemoryStore(clock=shop.clock), Service()
    failing = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": fallback})
    ids = [failing.try_run(service, value).letter_id for value in range(10)]
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": store, "fallback": fallback})
    pipeline.register(service)
    store.down, service.up = True, True
    report = pipeline.replay(ids)
    assert (report.replayed, report.total, report.ok) == (10, 10, True)
