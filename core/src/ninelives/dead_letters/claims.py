"""Claim, run, confirm: a claimed letter's way back or out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct, structs

from ninelives.dead_letters.failures import Failure
from ninelives.dead_letters.holding import are_one, give_back, give_back_all
from ninelives.dead_letters.in_hand import Hand
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.making import LetterMaker
from ninelives.dead_letters.places import Place, looked_in, parks, said_of
from ninelives.dead_letters.store import Claimable, DeadLetterStore, Lease
from ninelives.dead_letters.telling import letter_event, warn
from ninelives.describing import safe_message, type_name
from ninelives.errors import LetterNotFoundError, LetterTooLargeError, StoreError
from ninelives.events import Event, LetterParked, LetterReplayed, LetterSpilled, ReplayEvent, ReplayFailed

__all__ = ["Claimed", "claim", "store_errors"]

LOOK_THROUGH = 100
"""How many letters of a store that can't be searched are looked at for one id."""


class Claimed(Struct, frozen=True):
    """A letter that is ours while its lease holds.

    Attributes:
        lease: The claim.
        place: The store that the letter is in.
        maker: Writes its new record.
        emit: Told what happened.
        max_replays: After this many failures it is parked.
        parking: Where it goes then; None: it stays.
        spare: Where it goes when its new record is too large for its store; None: it stays as it was.
    """

    lease: Lease
    place: Place
    maker: LetterMaker
    emit: Callable[[Event], None]
    max_replays: int
    parking: Place | None = None
    spare: Place | None = None

    @property
    def letter(self) -> DeadLetter:
        """The letter as it was claimed."""
        return self.lease.letter

    def hand(self, *given: object) -> Hand:
        """The letter as what runs it is to know it, with the arguments that it is given."""
        return Hand(self.letter, self.place.name, self.maker.encode, given)

    def confirm(self) -> None:
        """It was done: gone for good.

        Raises:
            StoreError: The store could not record it: the letter may be run once more.
        """
        with store_errors(self.place):
            self.place.store.ack(self.lease)
        self.replayed()

    def replayed(self) -> None:
        """Tell that it was done and is gone."""
        self._tell(LetterReplayed, self.letter)

    def drop(self) -> None:
        """It is one more copy of a letter that was done, from a store that may deliver twice: gone, without a word."""
        try:
            self.place.store.ack(self.lease)
        except Exception as error:
            warn("a second copy of letter %s is still there: %s", self.letter.id, said_of(self.place, error))

    def fail(self, failure: Failure, change: Callable[[DeadLetter], DeadLetter] | None = None) -> DeadLetter:
        """It failed again: back with the new error and count, parked after the last allowed replay.

        Args:
            failure: How.
            change: What else is to be changed in its record.

        Raises:
            StoreError: The store could not record it: the letter is there as it was before.
        """
        letter = self.maker.after_replay(self.letter, failure, self.max_replays)
        if change is not None:
            letter = change(letter)
        if letter.state == "parked":
            letter = self._park(letter)
        else:
            self._release(letter)
        self._tell(ReplayFailed, letter)
        if letter.state == "parked" and self.letter.state != "parked":
            self._tell(LetterParked, letter)
        return letter

    def _park(self, letter: DeadLetter) -> DeadLetter:
        """Put it where parked letters are kept; where there is no such place it goes on waiting."""
        problem = f"{self.place.name} keeps no parked letters, and there is no park= and no fallback"
        if self.parking is not None:
            try:
                if are_one(self.place.store, self.parking.store, letter.id):
                    self._release(letter)
                    return letter
                self.parking.store.put(letter)
            except Exception as error:
                problem = said_of(self.parking, error)
            else:
                self._leave()
                return letter
        if not parks(self.place.store):
            letter = structs.replace(letter, state="waiting")
        if letter.state == "waiting" or self.parking is not None:
            warn("letter %s stays where it is, though it has failed too often: %s", letter.id, problem)
        self._release(letter)
        return letter

    def _release(self, letter: DeadLetter) -> None:
        try:
            with store_errors(self.place):
                self.place.store.release(self.lease, letter)
        except LetterTooLargeError as error:  # each replay adds to the record
            if self.spare is None:
                raise
            with store_errors(self.spare):
                self.spare.store.put(letter)
            self._leave()
            reason = said_of(self.place, error)
            self.emit(letter_event(LetterSpilled, letter, self.maker.now(), self.spare.name, reason))

    def _leave(self) -> None:
        """It is somewhere else now; if it can't be removed here it stands in both, and is not lost."""
        with store_errors(self.place):
            self.place.store.ack(self.lease)

    def give_back(self) -> None:
        """It was not tried: back unchanged and uncounted; if the store can't, the lease's end brings it back."""
        give_back(self.place.store, self.lease)

    def _tell(self, kind: type[ReplayEvent], letter: DeadLetter) -> None:
        now, count = self.maker.now(), letter.replay_count
        self.emit(kind(at=now, pipeline=letter.pipeline, call_id=letter.id, letter_id=letter.id, replay_count=count))


def claim(places: Sequence[Place], letter_id: str, lease: float) -> tuple[Lease, Place]:
    """Claim one letter by its id, wherever it is.

    Raises:
        LetterNotFoundError: None of the stores has it.
        LetterBusyError: Someone else holds it.
        StoreError: A store can't be reached, and no other has it.
    """
    problem: StoreError | None = None
    looked: list[str] = []
    for place in places:
        try:
            with store_errors(place):
                return _claim(place.store, letter_id, lease), place
        except LetterNotFoundError as error:
            looked.append(looked_in(place, error))
        except StoreError as error:  # the letter may be in the fallback, just because of that
            problem = problem or error
    if problem is not None:
        raise problem
    raise LetterNotFoundError(f"there is no letter {letter_id} in {', '.join(looked)}")


def _claim(store: DeadLetterStore, letter_id: str, lease: float) -> Lease:
    if isinstance(store, Claimable):
        return store.claim([letter_id], lease=lease)[0]
    return _look_through(store, letter_id, lease)


def _look_through(store: DeadLetterStore, letter_id: str, lease: float) -> Lease:
    others: list[Lease] = []
    try:
        while len(others) < LOOK_THROUGH and (leases := store.receive(10, lease=lease)):
            found = [one for one in leases if one.letter.id == letter_id]
            others += [one for one in leases if one.letter.id != letter_id]
            if found:
                return found[0]
    finally:
        give_back_all(store, others)
    raise LetterNotFoundError(f"{len(others)} letters were looked at, and none is {letter_id}")


@contextmanager
def store_errors(place: Place) -> Iterator[None]:
    """What a store raises against its contract, as the `StoreError` that callers know."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        raise StoreError(f"{place.name}: {type_name(error)}: {safe_message(error, 500)}") from error
