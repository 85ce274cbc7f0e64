"""A store with its name: what it says is told with the name, once."""

from __future__ import annotations

from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.places import Place, said_of
from ninelives.errors import StoreError


def test_a_store_is_named_once(tmp_path):
    """What a store says of itself with its path is told as it is; what names no store, with the store's name."""
    store = MemoryStore()
    place = Place(store, f"file:{tmp_path}/dlq.json")
    assert said_of(place, StoreError("no room")) == f"file:{tmp_path}/dlq.json: no room"
    assert said_of(place, StoreError(f"file:{tmp_path}/dlq.json: no room")) == f"file:{tmp_path}/dlq.json: no room"
    store.path = f"{tmp_path}/dlq.json"
    said = f"dead letter file {tmp_path}/dlq.json: no room"
    assert said_of(place, StoreError(said)) == said
    assert said_of(place, OSError(f"no room: {tmp_path}/dlq.json")).startswith(
        f"{place.name}: builtins.OSError: no room"
    )
