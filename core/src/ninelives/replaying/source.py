"""Where a replay's letters come from: which there are is fixed when it begins; they are claimed some at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ninelives.dead_letters.batches import claim_many
from ninelives.dead_letters.claims import Claimed, claim, store_errors
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.store import Claimable, DeadLetterStore, Lease, is_searchable
from ninelives.errors import LetterBusyError, LetterNotFoundError, StoreError
from ninelives.replaying.ids import Ids, ids_in
from ninelives.replaying.received import Received
from ninelives.replaying.seen import Seen

if TYPE_CHECKING:
    from ninelives.clock import Clock
    from ninelives.dead_letters.queue import DeadLetterQueue
    from ninelives.replaying.choice import Asked, Chosen
    from ninelives.replaying.tally import Tally

__all__ = ["Source"]

_List = tuple[Place, Ids | StoreError | None]


class Source:
    """Claims letters, oldest first, and says of each that it can't claim why.

    Args:
        queue: Where they are.
        clock: Tells the time.
        chosen: Which letters.
        asked: Which of these.
        tally: Told what can't be claimed.
        size: How many to claim at once, in that place.

    Attributes:
        seen: Which letters were run, where one may be met twice.
    """

    def __init__(
        self,
        queue: DeadLetterQueue,
        clock: Clock,
        chosen: Chosen,
        asked: Asked,
        tally: Tally,
        size: Callable[[DeadLetterStore], int],
    ) -> None:
        self.seen = Seen()
        self._queue = queue
        self._clock = clock
        self._asked = asked
        self._tally = tally
        self._size = size
        self._chosen = chosen if isinstance(chosen, LetterFilter) else None
        self._named = [] if isinstance(chosen, LetterFilter) else chosen
        self._lists: list[_List] = []
        self._looked = 0
        self._received: Received | None = None
        self._over = False

    @property
    def more(self) -> bool:
        """Whether there may be letters that were not looked at."""
        listed = self._tally.listed
        return not self._over if listed is None else self._looked < listed

    def begin(self) -> None:
        """Fix which letters it is about: what fails again, or arrives, from now on is not run."""
        if self._chosen is None:
            self._tally.listed = len(self._named)
            return
        # The fallback first: a letter that is on its way home is seen in the one or the other.
        places = tuple(reversed(self._queue.places))
        self._lists = [(place, self._listed(place, self._chosen)) for place in places][::-1]
        self.seen.needed = len(self._lists) > 1 or self._lists[0][1] is None
        known = [ids.count for _, ids in self._lists if isinstance(ids, Ids) and ids.whole]
        if len(known) == len(self._lists):
            self._tally.listed = sum(known)

    def batches(self) -> Generator[list[Claimed], None, None]:
        """The letters, claimed, some at a time; an empty batch: those that were begun are to end first.

        Raises:
            StoreError: None of the stores can be read.
        """
        if self._chosen is None:
            yield from self._by_id(iter(self._named), self._queue.places)
        else:
            yield from self._of_all_places(self._chosen)
        self._over = True

    def finish(self) -> None:
        """Nothing is run any more: give back what was only looked at."""
        if self._received is not None:
            self._received.finish()
        for letter_id, places in self.seen.copies:
            if self.seen.is_done(letter_id):
                self._drop(letter_id, places)
        for _, ids in self._lists:
            if isinstance(ids, Ids):
                ids.close()

    def _listed(self, place: Place, chosen: LetterFilter) -> Ids | StoreError | None:
        """What is there; None if the store can't be searched. An error is raised when its turn comes."""
        store = place.store
        if not is_searchable(store) or not isinstance(store, Claimable):
            return None
        try:
            with store_errors(place):
                return ids_in(place, chosen, self._asked)
        except StoreError as error:
            return error

    def _of_all_places(self, chosen: LetterFilter) -> Iterator[list[Claimed]]:
        problems: list[StoreError] = []
        for number, (place, ids) in enumerate(self._lists):
            if number:
                yield []  # a copy of one that is still being run must not be taken for one that failed
            # It may have come home meanwhile.
            others = tuple(other for other, theirs in self._lists if theirs is not None and other is not place)
            try:
                if isinstance(ids, StoreError):
                    raise ids
                if ids is None:
                    yield from self._from_receiving(place, chosen)
                else:
                    yield from self._by_id(iter(ids), (place, *others))
            except StoreError as error:  # the letters that can be reached are not to wait for the others
                problems.append(error)
                self._tally.report.problems.append(said_of(place, error))
        if len(problems) == len(self._lists):
            raise problems[0]

    def _from_receiving(self, place: Place, chosen: LetterFilter) -> Iterator[list[Claimed]]:
        began = self._clock.now()
        wanted = self._asked.wanted
        self._received = Received(self._queue, place, self.seen, self._clock)
        for leases in self._received.leases(
            lambda letter: letter.created <= began and chosen.matches(letter) and (wanted is None or wanted(letter)),
            lambda: self._size(place.store),
        ):
            yield self._ours(leases, place)

    def _by_id(self, ids: Iterator[str], places: tuple[Place, ...]) -> Iterator[list[Claimed]]:
        while some := list(islice(ids, self._size(places[0].store))):
            new = [one for one in some if not self._is_copy(one, places)]
            for leases, place in self._claim(new, places):
                if claimed := self._ours(leases, place):
                    yield claimed

    def _claim(self, ids: list[str], places: tuple[Place, ...]) -> Iterator[tuple[list[Lease], Place]]:
        """Claim these, all at once; where that is not possible, in halves: it has to be seen which of them can't be."""
        if len(ids) > 1:
            try:
                leases = claim_many(places[0], ids, self._queue.options.lease)
            except StoreError as error:
                # Where it does not answer, or can't, the first one shows whether another place has it.
                at = len(ids) // 2 if isinstance(error, (LetterBusyError, LetterNotFoundError)) else 1
                yield from self._claim(ids[:at], places)
                yield from self._claim(ids[at:], places)
            else:
                self._looked += len(ids)
                yield leases, places[0]
        elif ids:
            self._looked += 1
            try:
                lease, place = claim(places, ids[0], self._queue.options.lease)
                yield [lease], place
            except LetterBusyError as error:
                self._tally.count("busy", ids[0], str(error))
            except LetterNotFoundError as error:
                self._tally.count("skipped", ids[0], str(error))

    def _ours(self, leases: list[Lease], place: Place) -> list[Claimed]:
        """Those that are to be run; of one that is done, another copy is dropped."""
        ours: list[Claimed] = []
        for lease in leases:
            claimed = self._queue.claimed(lease, place)
            if self.seen.is_done(claimed.letter.id):
                claimed.drop()
            elif self._chosen is not None and not self._chosen.matches(claimed.letter):
                claimed.give_back()
                parked = claimed.letter.state == "parked"
                self._tally.count(
                    "skipped", claimed.letter.id, "it is parked now" if parked else "it changed meanwhile"
                )
            else:
                self.seen.begin(claimed.letter.id)
                ours.append(claimed)
        return ours

    def _is_copy(self, letter_id: str, places: tuple[Place, ...]) -> bool:
        if not self.seen.has_begun(letter_id):
            return False
        self.seen.copies.append((letter_id, places))
        self._tally.unlist()
        return True

    def _drop(self, letter_id: str, places: tuple[Place, ...]) -> None:
        try:
            lease, place = claim(places, letter_id, self._queue.options.lease)
        except StoreError:  # it is gone, or someone else has it
            return
        self._queue.claimed(lease, place).drop()
