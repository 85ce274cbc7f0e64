"""A store as one that can do more than every store can; a test that needs it is left out if it can't."""

from __future__ import annotations

from typing import NoReturn

import pytest

from ninelives.dead_letters.letter import State
from ninelives.dead_letters.places import parks
from ninelives.dead_letters.store import (
    Batched,
    Browsable,
    Claimable,
    DeadLetterStore,
    Expiring,
    Grouped,
    Listable,
    Purgeable,
    Releasing,
    Renewable,
    is_searchable,
)

__all__ = [
    "batched",
    "browsable",
    "claimable",
    "expiring",
    "grouped",
    "listable",
    "parked_if_it_can",
    "purgeable",
    "releasing",
    "renewable",
    "searchable",
]


def browsable(store: object) -> Browsable:
    """The store, to be looked through."""
    return store if isinstance(store, Browsable) else _leave_out(store, "be looked through")


def searchable(store: object) -> Browsable:
    """The store, to find all of its letters in."""
    return store if is_searchable(store) else _leave_out(store, "be searched")


def claimable(store: object) -> Claimable:
    """The store, to claim from by ids."""
    return store if isinstance(store, Claimable) else _leave_out(store, "claim letters by their ids")


def renewable(store: object) -> Renewable:
    """The store, to prolong leases of."""
    return store if isinstance(store, Renewable) else _leave_out(store, "prolong a lease")


def batched(store: object) -> Batched:
    """The store, to do several at once with."""
    return store if isinstance(store, Batched) else _leave_out(store, "do several at once")


def releasing(store: object) -> Releasing:
    """The store, to give several back to at once."""
    return store if isinstance(store, Releasing) else _leave_out(store, "give several back at once")


def purgeable(store: object) -> Purgeable:
    """The store, to delete from."""
    return store if isinstance(store, Purgeable) else _leave_out(store, "delete without claiming")


def listable(store: object) -> Listable:
    """The store, to list ids of."""
    return store if isinstance(store, Listable) else _leave_out(store, "list ids")


def grouped(store: object) -> Grouped:
    """The store, to ask for its groups."""
    return store if isinstance(store, Grouped) else _leave_out(store, "tell its groups")


def expiring(store: object) -> Expiring:
    """The store, to have what has expired deleted."""
    return store if isinstance(store, Expiring) else _leave_out(store, "delete what has expired")


def parked_if_it_can(store: DeadLetterStore) -> State:
    """The state of a letter that is to be kept without being handed out; ``waiting`` if the store can't do that."""
    return "parked" if parks(store) else "waiting"


def _leave_out(store: object, what: str) -> NoReturn:
    pytest.skip(f"{type(store).__name__} can't {what}")
