"""Moving letters from one store to another: put there, then gone here. A crash leaves them in both, never in none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeGuard

from msgspec import Struct

from ninelives.dead_letters.carrying import LEASE, Carrier, TargetError
from ninelives.dead_letters.holding import give_back_all
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.store import Browsable, Claimable, DeadLetterStore, Lease, Page, is_searchable
from ninelives.errors import LetterBusyError, LetterNotFoundError, StoreError

__all__ = ["BATCH", "LEASE", "Move", "Searchable", "TargetError", "can_claim", "claim_free"]

BATCH = 100
"""How many letters are in hand at once."""


class Move(Struct):
    """Letters on their way from one store to another.

    Attributes:
        source: Where they are.
        target: Where they go.
        wanted: Which of the source's letters; parked ones stay.
        moved: Told of each letter that has arrived.
        refused: Told of each letter that the target refuses for good, and what it said: the letter stays.
        go_on: Asked before each batch; what is in hand is finished.
        filters: Where the source can be searched: the letters that are looked at.
        complete: Whether nothing was left that may be moved later.
    """

    source: DeadLetterStore
    target: DeadLetterStore
    wanted: Callable[[DeadLetter], bool]
    moved: Callable[[DeadLetter], None]
    refused: Callable[[DeadLetter, StoreError], None]
    go_on: Callable[[], bool] = lambda: True
    filters: Sequence[LetterFilter] = (LetterFilter(state="waiting"),)
    complete: bool = True

    def run(self) -> bool:
        """Move them.

        Returns:
            Whether all is done: False where some are held by others, failed alone, or `go_on` said so.

        Raises:
            TargetError: The target fails. What had not arrived is back; what had is gone from the source.
            Exception: What the source raises. What had arrived may stand in both.
        """
        if self.source is not self.target:
            carrier = Carrier(self.source, self.target, self.moved, self.refused, self._failed)
            for leases in self._searched(self.source) if can_claim(self.source) else self._received():
                carrier.carry(leases)
        return self.complete

    def _failed(self, _letter: DeadLetter, _problem: StoreError) -> None:
        self.complete = False

    def _searched(self, source: Searchable) -> Iterator[list[Lease]]:
        for page in self._pages(source):
            ids = [letter.id for letter in page.letters if self.wanted(letter)]
            leases = claim_free(source, ids)
            if len(leases) < len(ids):  # who holds them may have been killed
                self.complete = False
            if leases:
                yield leases

    def _pages(self, source: Browsable) -> Iterator[Page]:
        for chosen in self.filters:
            cursor: str | None = None
            while self._goes_on():
                page = source.browse(chosen, limit=BATCH, cursor=cursor)
                yield page
                if (cursor := page.cursor) is None:
                    break

    def _goes_on(self) -> bool:
        self.complete = (goes_on := self.go_on()) and self.complete
        return goes_on

    def _received(self) -> Iterator[list[Lease]]:
        """From a store that can't be searched: the others are held until the end, so that it gives the next ones."""
        others: list[Lease] = []
        seen: set[str] = set()
        try:
            while self._goes_on() and (leases := self.source.receive(BATCH, lease=LEASE)):
                chosen: list[Lease] = []
                for lease in leases:
                    new = lease.letter.id not in seen and self.wanted(lease.letter)
                    (chosen if new else others).append(lease)
                    seen.add(lease.letter.id)
                if chosen:
                    yield chosen
        finally:
            give_back_all(self.source, others)


class ClaimableStore(DeadLetterStore, Claimable, Protocol):
    """What letters can be claimed in by their ids, and given back to."""


class Searchable(Browsable, ClaimableStore, Protocol):
    """What letters can be looked for in, and claimed from."""


def can_claim(store: object) -> TypeGuard[Searchable]:
    """Whether letters can be looked for in the store, and claimed."""
    return is_searchable(store) and isinstance(store, Claimable)


def claim_free(
    source: ClaimableStore,
    letter_ids: Sequence[str],
    lease: float = LEASE,
    passed: Callable[[str, StoreError], None] = lambda _id, _why: None,
) -> list[Lease]:
    """Claim those of these letters that nobody else holds.

    Args:
        source: Where they are.
        letter_ids: Which.
        lease: For how many seconds.
        passed: Told of each that can't be had: it is held, or not there.
    """
    taken: list[Lease] = []
    try:
        _claim_into(taken, source, letter_ids, lease, passed)
    except BaseException:  # also where the program is being ended
        give_back_all(source, taken)
        raise
    return taken


def _claim_into(
    taken: list[Lease],
    source: Claimable,
    letter_ids: Sequence[str],
    lease: float,
    passed: Callable[[str, StoreError], None],
) -> None:
    if not letter_ids:
        return
    try:
        taken += source.claim(letter_ids, lease=lease)
    except (LetterBusyError, LetterNotFoundError) as error:
        if len(letter_ids) == 1:
            passed(letter_ids[0], error)
        else:
            for letter_id in letter_ids:
                _claim_into(taken, source, [letter_id], lease, passed)
