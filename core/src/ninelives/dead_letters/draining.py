"""Draining the fallback: its letters go home to the store, put there, then gone here; a crash leaves them in both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from ninelives.dead_letters.carrying import LEASE, Carrier, TargetError
from ninelives.dead_letters.claim_many import BATCH, Searchable, can_claim, claim_free
from ninelives.dead_letters.holding import give_back_all
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.store import Browsable, DeadLetterStore, Lease, Page
from ninelives.errors import StoreError

__all__ = ["Drain", "TargetError"]


class Drain(Struct):
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
