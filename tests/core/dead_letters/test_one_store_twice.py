"""One store in two parts of a queue: nothing is put there and then deleted as if it were elsewhere."""

from __future__ import annotations

import os

import pytest

from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.errors import ConfigurationError, StoreError
from ninelives.plugins import default_plugins
from ninelives.testing import instant


def fails(message):
    raise ConnectionError(message)


def queue(**options):
    return DeadLetterQueue(**options, reprocessor=fails, max_replays=1, plugins=default_plugins())


def states(store):
    return [letter.state for letter in store.browse(LetterFilter(), limit=9).letters]


@pytest.mark.parametrize(
    ("store", "fallback"), [("memory:twice", "memory:twice"), ("file:twice.json", "file:./twice.json?fsync=off")]
)
def test_a_fallback_is_another_store(store, fallback, tmp_path, monkeypatch):
    """A fallback that is the store itself would take no letter that the store does not: it is refused."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigurationError, match=r"^fallback is .*twice.*: expected another place than the store"
    ) as caught:
        queue(store=store, fallback=fallback)
    assert [problem.option for problem in caught.value.problems] == ["fallback"]


def test_so_is_one_that_someone_made():
    """The same object as store and as fallback is refused too."""
    store = MemoryStore()
    with pytest.raises(ConfigurationError, match="fallback is MemoryStore: expected another place"):
        queue(store=store, fallback=store)


def test_two_of_one_kind_are_two():
    """Stores that have no name of their own are told apart, though they are called alike."""
    assert queue(store="memory:", fallback="memory:", park="memory:").drain() == 0
    assert queue(store=MemoryStore(), fallback=MemoryStore()).drain() == 0


def test_a_file_under_two_names_keeps_its_letters(tmp_path):
    """Where only the letters show that both are one store, they stay, and `drain` says what is wrong."""
    home, fallback = tmp_path / "home.json", tmp_path / "fallback.json"
    os.symlink(home, fallback)
    both = queue(store=f"file:{home}", fallback=f"file:{fallback}")
    names = [both.send_to_dlq(number) for number in range(3)]
    both.close()  # what is in hand in the background is not in the hands of the test
    with pytest.raises(StoreError, match=r"^0 letters came home, then file:.*home.json: .*held here and there"):
        both.drain()
    assert [item["message_id"] for item in both.receive_from_dlq()] == names


@pytest.mark.parametrize("options", [{"store": "memory:p1"}, {"store": "memory:", "fallback": "memory:p1"}])
def test_parked_letters_may_stay(options):
    """`park=` may name the store or the fallback: what is parked there stays there, once."""
    both = queue(**options, park="memory:p1")
    store = both.stores.park.store
    store.purge(LetterFilter(state="parked"))
    name = both.send_to_dlq("x")
    if "fallback" in options:
        store.put(both.stores.store.store.get(name))
        both.stores.store.store.purge(LetterFilter(state="waiting"))
    assert both.reprocess_message(name) is False
    assert states(store) == ["parked"]
    assert [item["message_id"] for item in both.receive_from_dlq()] == [name]
    both.close()


def test_parked_in_a_file_under_two_names(tmp_path):
    """The same where only the letter shows it."""
    home, park = tmp_path / "home.json", tmp_path / "park.json"
    os.symlink(home, park)
    both = queue(store=f"file:{home}", park=f"file:{park}")
    assert both.reprocess_message(both.send_to_dlq("x")) is False
    assert states(both.stores.store.store) == ["parked"]


def test_under_instant_two_of_one_name_are_one():
    """In a user's test stores that are called alike are one: no letter is lost when they are drained or parked."""
    with instant() as world:
        both = queue(store="memory:", fallback="memory:", park="memory:")
        name = both.send_to_dlq("x")
        assert both.drain() == 0
        assert both.reprocess_message(name) is False
        assert [letter.state for letter in world.letters] == ["parked"]
