"""Where parked letters are kept: in their store, in the place for it, or in the fallback of a store that can't."""

from __future__ import annotations

import pytest

from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.errors import ConfigurationError, LetterTooLargeError, PluginError, StoreError
from ninelives.events import LetterParked, LetterSpilled, ReplayFailed
from ninelives.plugins import Plugins
from ninelives.testing.clock import FakeClock


class Sqs(MemoryStore):
    """A store that can't keep parked letters."""

    parks = False
    name = "sqs"


def fails(message):
    raise ConnectionError(message)


class World:
    def __init__(self):
        self.clock = FakeClock()
        self.store, self.fallback, self.park = (kind(clock=self.clock) for kind in (Sqs, MemoryStore, MemoryStore))
        self.events = []

    def queue(self, **stores):
        return DeadLetterQueue(
            reprocessor=fails,
            clock=self.clock,
            plugins=Plugins(),
            listeners=[self.events.append],
            **{"store": self.store, "max_replays": 1} | stores,
        )

    def states(self):
        stores = (self.store, self.fallback, self.park)
        return [[one.state for one in store.browse(LetterFilter(), limit=9).letters] for store in stores]


@pytest.fixture
def world():
    return World()


def parked(world, **stores):
    queue = world.queue(**stores)
    name = queue.send_to_dlq("x")
    assert queue.reprocess_message(name) is False
    queue.close()
    return queue, name


def test_a_store_that_can_keeps_them(world):
    """Without a word a parked letter stays in its store."""
    world.store = MemoryStore(clock=world.clock)
    parked(world, fallback=world.fallback)
    assert world.states() == [["parked"], [], []]


def test_a_store_that_can_not_gives_them_to_the_fallback(world):
    """From a store that can't keep it, a parked letter goes to the fallback, with the new error and count."""
    queue, name = parked(world, fallback=world.fallback)
    assert world.states() == [[], ["parked"], []]
    assert world.fallback.get(name).replay_count == 1
    assert [type(event) for event in world.events[-2:]] == [ReplayFailed, LetterParked]
    assert queue.drain() == 0


def test_the_place_for_parked_letters(world):
    """`park=` is where parked letters go from every store; there they are shown, and run again by their ids."""
    queue, name = parked(world, fallback=world.fallback, park=world.park)
    assert world.states() == [[], [], ["parked"]]
    assert [item["state"] for item in queue.receive_from_dlq()] == ["parked"]
    assert queue.reprocess_message(name) is False
    assert world.park.get(name).replay_count == 2
    world.store = MemoryStore(clock=world.clock)
    parked(world, park=world.park)
    assert world.states() == [[], [], ["parked", "parked"]]
    assert queue.describe()["park"] == "MemoryStore"


def test_from_the_fallback_too(world):
    """A letter that failed too often in the fallback stays there; with a place for it, it goes there."""
    world.store.put_many = lambda letters: (_ for _ in ()).throw(StoreError("down"))
    parked(world, fallback=world.fallback)
    assert world.states() == [[], ["parked"], []]
    parked(world, fallback=world.fallback, park=world.park)
    assert world.states() == [[], ["parked"], ["parked"]]


def test_without_a_place_it_goes_on_waiting(world, caplog):
    """Where there is no place for it, a letter goes on waiting, counted, and the log says why."""
    _, name = parked(world)
    assert world.states() == [["waiting"], [], []]
    assert world.store.get(name).replay_count == 1
    assert "sqs keeps no parked letters, and there is no park= and no fallback" in caplog.text
    assert LetterParked not in map(type, world.events)


def test_a_place_that_fails_loses_nothing(world, caplog):
    """Where the place for parked letters fails, the letter stays in its store: waiting if that can't keep it parked."""
    world.park.put = lambda letter: (_ for _ in ()).throw(StoreError("full, token=hunter2"))
    parked(world, park=world.park)
    assert world.states() == [["waiting"], [], []]
    assert "MemoryStore: full" in caplog.text
    assert "hunter2" not in caplog.text
    world.store = MemoryStore(clock=world.clock)
    parked(world, park=world.park)
    assert world.states() == [["parked"], [], []]


def test_what_can_not_be_removed_after_parking_is_told(world):
    """A letter that is parked but still in its store is told as an error; it stands in both, and is not lost."""
    queue = world.queue(park=world.park)
    name = queue.send_to_dlq("x")
    world.store.ack_many = lambda leases: (_ for _ in ()).throw(StoreError("gone away"))
    with pytest.raises(StoreError, match="gone away"):
        queue.reprocess_message(name)
    assert world.states() == [["waiting"], [], ["parked"]]


def test_its_address_is_checked_with_the_others(world):
    """An address of `park=` that can't be right is told together with the others, each as its option's."""
    with pytest.raises(ConfigurationError) as caught:
        world.queue(store="nowhere:a", fallback="nowhere:b", park="nowhere:c")
    assert [problem.option for problem in caught.value.problems] == ["store", "fallback", "park"]
    with pytest.raises(PluginError, match="store nowhere:c"):
        world.queue(park="nowhere:c")


def test_a_record_that_outgrew_its_store_goes_to_the_fallback(world):
    """A letter whose record has become too large with its new error goes to the fallback whole, counted and told."""

    def refuses(lease, letter=None):
        raise LetterTooLargeError("2 MB")

    queue = world.queue(fallback=world.fallback, max_replays=5)
    name = queue.send_to_dlq("x")
    world.store.release = refuses
    assert queue.reprocess_message(name) is False
    assert world.states() == [[], ["waiting"], []]
    assert world.fallback.get(name).replay_count == 1
    (spilled,) = [event for event in world.events if type(event) is LetterSpilled]
    reason = "sqs: ninelives.errors.LetterTooLargeError: 2 MB"
    assert (spilled.letter_id, spilled.store, spilled.reason) == (name, "MemoryStore", reason)
    queue.close()


def test_a_record_that_outgrew_its_only_store_stays(world):
    """Without a fallback it stays as it was, and the error says so."""
    queue = world.queue(max_replays=5)
    name = queue.send_to_dlq("x")
    world.store.release = lambda lease, letter=None: (_ for _ in ()).throw(LetterTooLargeError("2 MB"))
    with pytest.raises(LetterTooLargeError):
        queue.reprocess_message(name)
    assert world.store.get(name).replay_count == 0
