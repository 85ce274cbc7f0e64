"""Deleting letters that are claimed, with an event for each."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ninelives.dead_letters.audit import Audit
from ninelives.dead_letters.claim_many import can_claim, claim_free
from ninelives.dead_letters.desk.run import Run
from ninelives.dead_letters.holding import give_back_all
from ninelives.dead_letters.looking import there
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.store import Batched, Lease
from ninelives.dead_letters.telling import warn

__all__ = ["Purge"]


class Purge(Struct, frozen=True):
    """Deletes letters.

    Attributes:
        run: Told what came of each.
        audit: Who does it.
        places: Where letters may be; a letter is deleted from the first that has it, and then from the others.
        lease: Seconds that the others' are claimed for.
        reason: Why.
    """

    run: Run
    audit: Audit
    places: Sequence[Place]
    lease: float
    reason: str | None

    def some(self, place: Place, leases: list[Lease]) -> None:
        """Delete these, at once where the store can; where that fails, one by one: so it is seen which can't be."""
        if not _at_once(place, leases):
            self.run.each_of(place, leases, self._one)
            return
        self._gone(place, leases)
        for _ in leases:
            self.run.tally.done()

    def _one(self, place: Place, lease: Lease) -> None:
        place.store.ack(lease)
        self._gone(place, [lease])

    def _gone(self, place: Place, leases: list[Lease]) -> None:
        for lease in leases:
            self.audit.purged(lease.letter, self.reason)
        for other in self.places[self.places.index(place) + 1 :]:
            _forget_copies(other, [lease.letter.id for lease in leases], self.lease)


def _forget_copies(place: Place, letter_ids: list[str], lease: float) -> None:
    """A crash may have left a letter in two stores: it would come back from there, unless it goes from both."""

    def stays(letter_id: str, problem: Exception) -> None:
        warn(f"letter {letter_id} was purged, but another copy of it is still in %s: %s", place.name, str(problem))

    try:
        if can_claim(store := place.store):
            for copy in claim_free(store, sorted(there(place, letter_ids)), lease, stays):
                store.ack(copy)
    except Exception as error:
        warn("copies of letters that were purged may still be in %s: %s", place.name, said_of(place, error))


def _at_once(place: Place, leases: list[Lease]) -> bool:
    if len(leases) == 1 or not isinstance(store := place.store, Batched):
        return False
    try:
        store.ack_many(leases)
    except Exception:  # one by one it comes again, and is told
        return False
    except BaseException:  # the program is being ended
        give_back_all(place.store, leases)
        raise
    return True
