"""What stands between a store and its fallback, shared by all queues of the same addresses."""

from __future__ import annotations

from weakref import WeakValueDictionary

from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.dead_letters.places import Places
from ninelives.dead_letters.spill import Spill

__all__ = ["spill_of"]

_shared: WeakValueDictionary[tuple[tuple[str, str], tuple[str, str]], Spill] = WeakValueDictionary()


def spill_of(stores: Places, clock: Clock) -> Spill | None:
    """What stands between these stores; None without a fallback.

    Queues of the same addresses share it: handlers build one on every call, and what the first has found out of the
    store the others need not find out, each for itself.
    """
    home, refuge = stores.store, stores.fallback
    if refuge is None:
        return None
    if clock is not SYSTEM_CLOCK or not (home.is_known and refuge.is_known):
        return Spill(home, refuge, clock)
    addresses = (home.key, refuge.key)
    # Two threads at once may make two: then one of them has its own.
    return _shared.get(addresses) or _shared.setdefault(addresses, Spill(home, refuge, clock, shared=True))
