"""Moving letters from one store to another: put there, then gone here. A crash leaves them in both, never in none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeGuard

from msgspec import Struct

from ninelives.dead_letters.claims import are_one, give_back
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.store import Batched, Browsable, Claimable, DeadLetterStore, Lease, Page, is_searchable
from ninelives.describing import safe_message, type_name
from ninelives.errors import LetterBusyError, LetterNotFoundError, LetterTooLargeError, StoreError
from ninelives.transient import Kind, classify

__all__ = ["BATCH", "Move", "TargetError"]

BATCH = 100
"""How many letters are in hand at once."""

LEASE = 300.0
"""Seconds that they are ours: more than a batch takes, even where each request takes nearly its whole time-out."""

MOST_REFUSED = 10
"""So many refused for good, one after the other, and none taken: it is the store that refuses, not the letters."""


class TargetError(Exception):
    """It is the target that can't go on; `problem` is what it said."""

    def __init__(self, problem: StoreError) -> None:
        super().__init__(problem)
        self.problem = problem


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
            for leases in self._searched(self.source) if _can_claim(self.source) else self._received():
                self._carry(leases)
        return self.complete

    def _carry(self, leases: Sequence[Lease]) -> None:
        stored: set[str] = set()
        try:
            problem = self._one_store(leases[0].letter) or self._put([lease.letter for lease in leases], stored)
        finally:  # also where the program is being ended
            for lease in leases:
                if lease.letter.id not in stored:
                    give_back(self.source, lease)
        arrived = [lease for lease in leases if lease.letter.id in stored]
        self._forget(arrived)
        for lease in arrived:
            self.moved(lease.letter)
        if problem is not None:
            raise TargetError(problem) from problem

    def _one_store(self, letter: DeadLetter) -> StoreError | None:
        """What is wrong if both stores seem to be one: what is put there and deleted here would be gone."""
        try:
            if are_one(self.source, self.target, letter.id):
                said = f"letter {letter.id} is held here and there: are both one store, under two names?"
                return StoreError(said, transient=False)
        except Exception as error:
            return _as_problem(error)
        return None

    def _put(self, letters: Sequence[DeadLetter], stored: set[str]) -> StoreError | None:
        """Add the ids of those that are stored; why the store can't go on, if it can't."""
        if isinstance(self.target, Batched):
            problem = _problem(self.target.put_many, letters)
            if problem is None:
                stored.update(letter.id for letter in letters)
                return None
            stored.update(problem.stored)
            if problem.transient:
                return problem
        # One by one: some are refused for good, and it has to be seen which.
        return self._put_each([letter for letter in letters if letter.id not in stored], stored)

    def _put_each(self, letters: Sequence[DeadLetter], stored: set[str]) -> StoreError | None:
        refusals = 0
        failed: StoreError | None = None
        for letter in letters:
            problem = _problem(self.target.put, letter)
            if problem is None:
                stored.add(letter.id)
                failed = None
            elif not problem.transient:
                self.refused(letter, problem)
                refusals += not isinstance(problem, LetterTooLargeError)
                if refusals >= MOST_REFUSED and not stored:
                    return problem
            elif failed is not None:
                return problem
            else:  # it may be the letter's fault, whatever the store says: the next one shows it
                failed = problem
                self.complete = False
        return failed

    def _forget(self, arrived: Sequence[Lease]) -> None:
        if isinstance(self.source, Batched):
            if arrived:
                self.source.ack_many(arrived)
            return
        for lease in arrived:
            self.source.ack(lease)

    def _searched(self, source: _Searchable) -> Iterator[list[Lease]]:
        for page in self._pages(source):
            ids = [letter.id for letter in page.letters if self.wanted(letter)]
            leases = _claim(source, ids)
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
            for lease in others:
                give_back(self.source, lease)


class _Searchable(Browsable, Claimable, Protocol):
    """What letters can be looked for in, and claimed from."""


def _can_claim(store: object) -> TypeGuard[_Searchable]:
    return is_searchable(store) and isinstance(store, Claimable)


def _claim(source: _Searchable, letter_ids: list[str]) -> list[Lease]:
    """Those of these letters that nobody else holds."""
    if not letter_ids:
        return []
    try:
        return source.claim(letter_ids, lease=LEASE)
    except (LetterBusyError, LetterNotFoundError):
        if len(letter_ids) == 1:
            return []
        return [lease for letter_id in letter_ids for lease in _claim(source, [letter_id])]


def _problem(put: Callable[..., None], what: object) -> StoreError | None:
    """What came of putting: None if all is well."""
    try:
        put(what)
    except Exception as error:
        return _as_problem(error)
    return None


def _as_problem(error: Exception) -> StoreError:
    if isinstance(error, StoreError):
        return error
    may_pass = classify(error).kind is not Kind.PERMANENT
    problem = StoreError(f"{type_name(error)}: {safe_message(error, 500)}", transient=may_pass)
    problem.__cause__ = error
    return problem
