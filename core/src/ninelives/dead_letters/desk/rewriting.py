"""What can be written into letters that are claimed: a note, that they are parked, and that they wait again."""

from __future__ import annotations

from msgspec import Struct, structs

from ninelives.dead_letters.audit import Audit
from ninelives.dead_letters.desk.run import Run, UnneededError
from ninelives.dead_letters.holding import are_one, give_back_all
from ninelives.dead_letters.letter import DeadLetter, State
from ninelives.dead_letters.places import Place, Places, parks
from ninelives.dead_letters.store import DeadLetterStore, Lease, Releasing
from ninelives.errors import LeaseLostError, UnsupportedError

__all__ = ["Park", "Rewrite", "because", "refuse_unparkable"]


def because(done: str, reason: str | None) -> str:
    """What was done, and why, if that was said."""
    return done if reason is None else f"{done}: {reason}"


class Rewrite(Struct, frozen=True):
    """Writes a note into letters, and their state, and says who did it.

    Attributes:
        run: Told what came of each.
        audit: Who does it.
        did: What is done, as the events have it: ``parked``.
        text: What is said of it.
        state: What they are to be; None: as they are.
    """

    run: Run
    audit: Audit
    did: str
    text: str | None
    state: State | None = None

    def some(self, place: Place, leases: list[Lease]) -> None:
        """Rewrite these, at once where the store can; where that fails, one by one: so it is seen which can't be."""
        if not self._at_once(place.store, leases):
            self.run.each_of(place, leases, self._one)

    def written(self, letter: DeadLetter) -> DeadLetter:
        """The letter as it is to be.

        Raises:
            UnneededError: It is so already.
        """
        if self.state is None:
            return self.audit.noted(letter, self.text or "")
        if letter.state == self.state:
            raise UnneededError("it is parked already" if self.state == "parked" else "it is not parked")
        return structs.replace(self.audit.noted(letter, because(self.did, self.text)), state=self.state)

    def tell(self, letter: DeadLetter) -> None:
        """Tell that it was done."""
        self.audit.changed(letter, self.did, self.text)

    def _one(self, place: Place, lease: Lease) -> None:
        place.store.release(lease, self.written(lease.letter))
        self.tell(lease.letter)

    def _at_once(self, store: DeadLetterStore, leases: list[Lease]) -> bool:
        """Whether that worked; the letters that need nothing are given back with the others."""
        if len(leases) == 1 or not isinstance(store, Releasing):
            return False
        try:
            rewritten = [(lease, *self._written(lease.letter)) for lease in leases]
            store.release_many([(lease, letter) for lease, letter, _ in rewritten])
        except Exception:  # one by one it comes again, and is told
            return False
        except BaseException:  # the program is being ended
            give_back_all(store, leases)
            raise
        for lease, letter, _ in rewritten:
            if letter is not None:
                self.tell(lease.letter)
        for lease, _, unneeded in rewritten:
            self._count(lease.letter.id, unneeded)
        return True

    def _written(self, letter: DeadLetter) -> tuple[DeadLetter | None, UnneededError | None]:
        try:
            return self.written(letter), None
        except UnneededError as why:
            return None, why

    def _count(self, letter_id: str, unneeded: UnneededError | None) -> None:
        tally = self.run.tally
        if unneeded is None:
            tally.done()
        else:
            tally.skip(letter_id, str(unneeded))


class Park(Struct, frozen=True):
    """Parks letters, where parked letters are kept.

    Attributes:
        rewrite: Says in them that they are parked.
        places: Where letters are, and where parked ones go.
    """

    rewrite: Rewrite
    places: Places

    def some(self, place: Place, leases: list[Lease]) -> None:
        """Park these where they are, or elsewhere: then one by one."""
        parking = self.places.parking(place)
        if parking is None and parks(place.store):
            self.rewrite.some(place, leases)
        else:
            self.rewrite.run.each_of(place, leases, self._one)

    def _one(self, place: Place, lease: Lease) -> None:
        """Park one.

        Raises:
            UnneededError: It is parked already.
            UnsupportedError: Its store can't keep it then, and there is no other.
            LeaseLostError: The lease has ended: someone else may have run it meanwhile, and it must not come back.
        """
        parked = self.rewrite.written(lease.letter)
        parking = self.places.parking(place)
        if parking is not None and not are_one(place.store, parking.store, parked.id):
            if lease.until <= self.rewrite.audit.now():
                raise LeaseLostError(f"the lease of letter {parked.id} had ended before its turn came")
            parking.store.put(parked)
            place.store.ack(lease)  # if it fails, it stands in both
        else:
            if parking is None:
                refuse_unparkable(place)
            place.store.release(lease, parked)
        self.rewrite.tell(parked)


def refuse_unparkable(place: Place) -> None:
    """Refuse a store that can't keep parked letters.

    Raises:
        UnsupportedError: It is one.
    """
    if not parks(place.store):
        raise UnsupportedError(
            f"{place.name} keeps no parked letters, and there is no park= and no fallback: move them to a store that "
            "does (file:, sqlite:)"
        )
