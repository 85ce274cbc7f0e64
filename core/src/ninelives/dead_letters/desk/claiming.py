"""Claiming the letters that something is to be done to, some at a time, wherever they are."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct

from ninelives.dead_letters.carrying import as_problem
from ninelives.dead_letters.claim_many import BATCH, Searchable, can_claim, claim_free
from ninelives.dead_letters.claims import claim
from ninelives.dead_letters.desk.tally import Tally
from ninelives.dead_letters.holding import give_back, give_back_all
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.looking import hidden_in, ids_in, refuse_newer, refuse_unsearchable
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.store import Claimable, Lease
from ninelives.errors import LetterBusyError, LetterNotFoundError, StoreError

__all__ = ["Claiming"]

Some = tuple[Place, list[Lease]]


class Claiming(Struct, frozen=True):
    """Claims letters.

    Attributes:
        places: Where they may be.
        lease: For how many seconds.
        now: The wall clock.
        tally: Told of those that can't be had, or need nothing.
    """

    places: Sequence[Place]
    lease: float
    now: Callable[[], datetime]
    tally: Tally

    def some(self, what: LetterFilter | list[str]) -> Generator[Some, None, None]:
        """These letters, claimed, some at a time; whoever takes them gives them back or removes them.

        Which they are is fixed when it begins.

        Raises:
            UnsupportedError: One of the stores has no search, and it takes one.
            StoreError: A store can't be reached; it says how many letters were done by then.
        """
        if not isinstance(what, LetterFilter):
            self.tally.total = len(what)
            return self._by_id(what)
        for place in self.places:
            if not what.empty:
                refuse_unsearchable(place)
        return self._by_filter(what)

    def _by_id(self, letter_ids: list[str]) -> Generator[Some, None, None]:
        for first in range(0, len(letter_ids), BATCH):
            some = letter_ids[first : first + BATCH]
            if self.tally.stops():
                return
            if leases := self._at_once(some):
                yield from self._fitting(self.places[0], leases, None)
            else:
                yield from self._one_by_one(some)

    def _at_once(self, letter_ids: list[str]) -> list[Lease]:
        """All of them, if all are in the first store and free: SQS would have to be looked through for each alone."""
        store = self.places[0].store
        if len(letter_ids) == 1 or not isinstance(store, Claimable):
            return []
        try:
            return store.claim(letter_ids, lease=self.lease)
        except Exception:  # one by one it is seen which is where, and what is wrong
            return []

    def _one_by_one(self, letter_ids: list[str]) -> Iterator[Some]:
        for letter_id in letter_ids:
            if self.tally.stops():
                return
            try:
                lease, place = claim(self.places, letter_id, self.lease)
            except (LetterBusyError, LetterNotFoundError) as error:
                self._passed(letter_id, error)
            except StoreError as error:
                raise self.tally.ended(str(error), error) from error
            else:
                yield from self._fitting(place, [lease], None)

    def _by_filter(self, chosen: LetterFilter) -> Generator[Some, None, None]:
        searched = [place for place in self.places if can_claim(place.store)]
        found = ids_in(searched, chosen)
        if len(searched) == len(self.places):
            self.tally.total = sum(len(ids) for _, ids in found)
        for place, ids in found:
            yield from self._searched(place, place.store, ids, chosen)  # type: ignore[arg-type]  # it can be, as was asked
        for place in self.places:
            if not can_claim(place.store):
                yield from self._received(place)

    def _searched(self, place: Place, store: Searchable, ids: list[str], chosen: LetterFilter) -> Iterator[Some]:
        for first in range(0, len(ids), BATCH):
            if self.tally.stops():
                return
            some = ids[first : first + BATCH]
            leases = self._asked(place, partial(claim_free, store, some, self.lease, self._gone))
            yield from self._fitting(place, leases, chosen)

    def _received(self, place: Place) -> Iterator[Some]:
        """All of a store without search: those that come again are held, so that it gives the others."""
        seen: set[str] = set()
        others: list[Lease] = []
        try:
            while not self.tally.stops():
                leases = self._asked(place, lambda: place.store.receive(BATCH, lease=self.lease))
                new = [lease for lease in leases if lease.letter.id not in seen]
                others += [lease for lease in leases if lease.letter.id in seen]
                seen.update(lease.letter.id for lease in new)
                yield from self._fitting(place, new, None)
                if not leases or (others and others[0].until <= self.now()):
                    return  # there is nothing but others: what is held comes back
        finally:
            give_back_all(place.store, others)

    def _asked(self, place: Place, ask: Callable[[], list[Lease]]) -> list[Lease]:
        try:
            return ask()
        except Exception as error:
            problem = as_problem(error)
            raise self.tally.ended(said_of(place, problem), problem) from error

    def _fitting(self, place: Place, leases: list[Lease], chosen: LetterFilter | None) -> Iterator[Some]:
        """Those that something may be done to; the others are given back."""
        fit: list[Lease] = []
        left = list(leases)
        try:
            while left:
                if self._fits(place, left[0], chosen):
                    fit.append(left[0])
                else:
                    give_back(place.store, left[0])
                left.pop(0)
        except BaseException:  # also where the program is being ended
            give_back_all(place.store, (*fit, *left))
            raise
        if fit:
            yield place, fit

    def _fits(self, place: Place, lease: Lease, chosen: LetterFilter | None) -> bool:
        letter = lease.letter
        try:
            refuse_newer(letter)
        except StoreError as error:
            self.tally.fail(place, letter.id, error)
            return False
        if chosen is not None and not chosen.matches(letter):
            self.tally.skip(letter.id, "it was changed meanwhile, and matches no more")
            return False
        return True

    def _gone(self, letter_id: str, why: StoreError) -> None:
        """What was there when it began: held now, or done by someone who was faster."""
        if isinstance(why, LetterNotFoundError):
            self.tally.skip(letter_id, "it went meanwhile")
        else:
            self._passed(letter_id, why)

    def _passed(self, letter_id: str, why: StoreError) -> None:
        self.tally.passed(letter_id, why, hidden_in(self.places, letter_id))
