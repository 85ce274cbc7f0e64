"""What every dead letter store promises, as tests that its own test class inherits."""

from __future__ import annotations

from ninelives.testing.contracts.store_browsing import StoreBrowsing
from ninelives.testing.contracts.store_claims import StoreClaims
from ninelives.testing.contracts.store_listing import StoreListing

__all__ = ["StoreContract"]


class StoreContract(StoreBrowsing, StoreClaims, StoreListing):
    """Inherit this, and override the fixture `store`.

    What a store may be able to do is tested if it can, as `isinstance` says by the protocols of
    `ninelives.dead_letters.store`, and skipped if it can't. The other fixtures have defaults:

    - ``clock``: a `FakeClock`, for making the store with.
    - ``other``: a second store on the same letters, as another process would have it; by default the store itself.
    - ``wait``: a function that lets so many seconds pass for the store; by default it moves ``clock``.

    What a store says of itself is believed: with ``searchable = False`` it need not find all letters by looking, with
    ``parks = False`` it has to refuse parked ones.

    Set `keeps_order` or `replaces` to False where the service promises neither: a queue that hands out in any order, or
    keeps a second letter with the same id beside the first.

    Example:
        ``class TestRedis(StoreContract):`` with a fixture ``store(self, clock)`` that returns ``RedisStore(clock)``.
    """
