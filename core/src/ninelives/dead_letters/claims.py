"""Claim, run, confirm: a letter in hand, and its way back or out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from msgspec import Struct

from ninelives.dead_letters.keeping import Place
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.making import Failure, LetterMaker
from ninelives.dead_letters.payload import encode
from ninelives.dead_letters.store import Claimable, DeadLetterStore, Lease
from ninelives.errors import LetterNotFoundError, StoreError
from ninelives.events import Event, LetterParked, LetterReplayed, ReplayEvent, ReplayFailed

__all__ = ["Claimed", "Hand", "claim", "in_hand"]

LOOK_THROUGH = 100
"""How many letters of a store that can't be searched are looked at for one id."""


class Hand:
    """The letter that is being run, so that sending its message to the queue again is known for what it is."""

    def __init__(self, letter: DeadLetter) -> None:
        self.letter = letter
        self.sent_again = False
        self.error_info: dict[str, Any] | None = None

    def holds(self, message: object) -> bool:
        """Whether this message is the one in hand."""
        body, _ = encode(message, "message")
        if self.letter.args is None:
            return bool(body == self.letter.message)
        return body in self.letter.args


in_hand: ContextVar[Hand | None] = ContextVar("ninelives_letter_in_hand", default=None)


class Claimed(Struct, frozen=True):
    """A letter that is ours while its lease holds.

    Attributes:
        lease: The claim.
        place: The store that the letter is in.
        maker: Writes its new record.
        emit: Told what happened.
        max_replays: After this many failures it is parked.
    """

    lease: Lease
    place: Place
    maker: LetterMaker
    emit: Callable[[Event], None]
    max_replays: int

    @property
    def letter(self) -> DeadLetter:
        """The letter as it was claimed."""
        return self.lease.letter

    def confirm(self) -> None:
        """It was done: gone for good.

        Raises:
            StoreError: The store could not record it: the letter may be run once more.
        """
        self.place.store.ack(self.lease)
        self._tell(LetterReplayed, self.letter)

    def fail(self, failure: Failure) -> DeadLetter:
        """It failed again: back with the new error and count, parked after the last allowed replay.

        Raises:
            StoreError: The store could not record it: the letter is there as it was before.
        """
        letter = self.maker.after_replay(self.letter, failure, self.max_replays)
        self.place.store.release(self.lease, letter)
        self._tell(ReplayFailed, letter)
        if letter.state == "parked" and self.letter.state != "parked":
            self._tell(LetterParked, letter)
        return letter

    def give_back(self) -> None:
        """It was not tried: back unchanged and uncounted; if the store can't, the lease's end brings it back."""
        try:
            self.place.store.release(self.lease)
        except StoreError as error:
            import logging

            logging.getLogger("ninelives").warning(
                "letter %s comes back when its lease ends: %s", self.letter.id, error
            )

    def _tell(self, kind: type[ReplayEvent], letter: DeadLetter) -> None:
        now, count = self.maker.now(), letter.replay_count
        self.emit(kind(at=now, pipeline=letter.pipeline, call_id=letter.id, letter_id=letter.id, replay_count=count))


def claim(places: Sequence[Place], letter_id: str, lease: float) -> tuple[Lease, Place]:
    """Claim one letter by its id, wherever it is.

    Raises:
        LetterNotFoundError: None of the stores has it.
        LetterBusyError: Someone else holds it.
    """
    for place in places:
        try:
            return _claim(place.store, letter_id, lease), place
        except LetterNotFoundError:
            continue
    looked = ", ".join(place.name for place in places)
    raise LetterNotFoundError(f"there is no letter {letter_id} in {looked}; receive_from_dlq() shows what there is")


def _claim(store: DeadLetterStore, letter_id: str, lease: float) -> Lease:
    if isinstance(store, Claimable):
        return store.claim([letter_id], lease=lease)[0]
    return _look_through(store, letter_id, lease)


def _look_through(store: DeadLetterStore, letter_id: str, lease: float) -> Lease:
    others: list[Lease] = []
    try:
        while len(others) < LOOK_THROUGH:
            leases = store.receive(10, lease=lease)
            found = [one for one in leases if one.letter.id == letter_id]
            others += [one for one in leases if one.letter.id != letter_id]
            if found:
                return found[0]
            if not leases:
                break
    finally:
        for other in others:
            store.release(other)
    raise LetterNotFoundError(f"{len(others)} letters were looked at, and none is {letter_id}")
