"""Carrying letters that are claimed to another store: put there, then gone here. A crash leaves them in both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from ninelives.dead_letters.holding import claim_copy, give_back_all
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.store import Batched, DeadLetterStore, Lease
from ninelives.describing import safe_message, type_name
from ninelives.errors import LetterBusyError, LetterTooLargeError, StoreError
from ninelives.transient import Kind, classify

__all__ = ["LEASE", "MOST_REFUSED", "Carrier", "Putting", "TargetError", "as_problem"]

LEASE = 300.0
"""Seconds that letters are ours: more than a batch takes, even where each request takes nearly its whole time-out."""

MOST_REFUSED = 10
"""So many refused for good, one after the other, and none taken: it is the store that refuses, not the letters."""

Told = Callable[[DeadLetter, StoreError], None]


class TargetError(Exception):
    """It is the target that can't go on; `problem` is what it said."""

    def __init__(self, problem: StoreError) -> None:
        super().__init__(problem)
        self.problem = problem


class Putting(Struct):
    """Puts letters into a store, as many as it takes.

    Attributes:
        target: The store.
        refused: Told of each letter that the store refuses for good, and what it said.
        failed: Told of a letter that failed alone, and may be taken later.
        stored: The ids of those that are stored.
    """

    target: DeadLetterStore
    refused: Told
    failed: Told
    stored: set[str]

    def put(self, letters: Sequence[DeadLetter]) -> StoreError | None:
        """Put them; why the store can't go on, if it can't."""
        if isinstance(self.target, Batched):
            problem = _problem(self.target.put_many, letters)
            if problem is None:
                self.stored.update(letter.id for letter in letters)
                return None
            self.stored.update(problem.stored)
            if problem.transient:
                return problem
        # One by one: some are refused for good, and it has to be seen which.
        return self._put_each([letter for letter in letters if letter.id not in self.stored])

    def _put_each(self, letters: Sequence[DeadLetter]) -> StoreError | None:
        refusals = 0
        failed: tuple[DeadLetter, StoreError] | None = None
        for letter in letters:
            problem = _problem(self.target.put, letter)
            if problem is None:
                self.stored.add(letter.id)
                if failed is not None:
                    self.failed(*failed)
                failed = None
            elif not problem.transient:
                self.refused(letter, problem)
                refusals += not isinstance(problem, LetterTooLargeError)
                if refusals >= MOST_REFUSED and not self.stored:
                    return problem
            elif failed is not None:
                return problem
            else:  # it may be the letter's fault, whatever the store says: the next one shows it
                failed = letter, problem
        return None if failed is None else failed[1]


class Carrier(Struct):
    """Carries claimed letters from their store to another.

    Attributes:
        source: The store that they are claimed in.
        target: Where they go.
        moved: Told of each letter that has arrived.
        refused: Told of each letter that the target refuses for good, and what it said: the letter stays.
        failed: Told of a letter that failed alone, and may be carried later: it stays.
        written: Makes of a letter what is to stand in the target.
    """

    source: DeadLetterStore
    target: DeadLetterStore
    moved: Callable[[DeadLetter], None]
    refused: Told
    failed: Told
    written: Callable[[DeadLetter], DeadLetter] = lambda letter: letter

    def carry(self, leases: Sequence[Lease]) -> None:
        """Carry these.

        Raises:
            TargetError: The target fails. What had not arrived is back; what had is gone from the source.
            Exception: What the source raises. What had arrived may stand in both, free to be carried again.
        """
        copies: list[Lease] = []
        try:
            self._carry(leases, copies)
        finally:  # also where the program is being ended
            give_back_all(self.target, copies)

    def _carry(self, leases: Sequence[Lease], copies: list[Lease]) -> None:
        putting = Putting(self.target, self.refused, self.failed, set())
        try:
            problem = self._put(putting, leases, copies)
        except BaseException:  # the program is being ended
            give_back_all(self.source, leases)
            raise
        give_back_all(self.source, [lease for lease in leases if lease.letter.id not in putting.stored])
        self._forget([lease for lease in leases if lease.letter.id in putting.stored])
        if problem is not None:
            raise TargetError(problem) from problem

    def _put(self, putting: Putting, leases: Sequence[Lease], copies: list[Lease]) -> StoreError | None:
        """Put those that nobody holds in the target; what is there already is ours in `copies` until it is replaced."""
        free: list[DeadLetter] = []
        held: list[tuple[DeadLetter, StoreError]] = []
        for letter in (lease.letter for lease in leases):
            try:
                copy = claim_copy(self.source, self.target, letter.id, LEASE)
            except LetterBusyError as error:
                held.append((letter, error))
            except Exception as error:
                return as_problem(error)
            else:
                copies += [] if copy is None else [copy]
                if copy is not None and _age(copy.letter) > _age(letter):
                    putting.stored.add(letter.id)  # an older copy must not replace it
                else:
                    free.append(letter)
        if held and not free and not putting.stored:
            said = f"letter {held[0][0].id} is held here and there"
            return StoreError(f"{said}: are both one store, or is it moved the other way?", transient=False)
        for letter, problem in held:
            self.failed(letter, problem)
        return putting.put([self.written(letter) for letter in free]) if free else None

    def _forget(self, arrived: list[Lease]) -> None:
        """They are gone from the source, and told; those that can't be are given back."""
        left = arrived
        try:
            while left:
                gone = self._gone(left)
                left = left[len(gone) :]
                for lease in gone:
                    self.moved(lease.letter)
        finally:  # also where the program is being ended
            give_back_all(self.source, left)

    def _gone(self, leases: list[Lease]) -> list[Lease]:
        """As many of these as the source can forget at once, forgotten."""
        if isinstance(self.source, Batched):
            self.source.ack_many(leases)
            return leases
        self.source.ack(leases[0])
        return leases[:1]


def _age(letter: DeadLetter) -> tuple[int, int, datetime]:
    """What only grows while a letter is replayed and tended."""
    return letter.replay_count, len(letter.notes), letter.last_failed


def as_problem(error: Exception) -> StoreError:
    """What a store raised, also against its contract, as the `StoreError` that callers know."""
    if isinstance(error, StoreError):
        return error
    may_pass = classify(error).kind is not Kind.PERMANENT
    problem = StoreError(f"{type_name(error)}: {safe_message(error, 500)}", transient=may_pass)
    problem.__cause__ = error
    return problem


def _problem(put: Callable[..., None], what: object) -> StoreError | None:
    """What came of putting: None if all is well."""
    try:
        put(what)
    except Exception as error:
        return as_problem(error)
    return None
