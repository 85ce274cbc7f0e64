"""Letters in memory by an address: under a name, for the whole process."""

from __future__ import annotations

from ninelives.address import Address
from ninelives.dead_letters.memory import MemoryStore

__all__ = ["memory_store"]

_shared: dict[str, MemoryStore] = {}


def memory_store(address: Address) -> MemoryStore:
    """The store of an address: ``memory:`` is a new one of its own, ``memory:NAME`` is one for the whole process.

    Raises:
        ConfigurationError: The address has options; there are none.
    """
    address.refuse_unknown_options(())
    if not address.target:
        return MemoryStore()
    return _shared.get(address.target) or _shared.setdefault(address.target, MemoryStore())
