"""Doing something to letters that are claimed, and keeping count of what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime

from ninelives.dead_letters.carrying import as_problem
from ninelives.dead_letters.desk.claiming import Claiming
from ninelives.dead_letters.desk.report import Tended
from ninelives.dead_letters.desk.tally import Tally
from ninelives.dead_letters.holding import give_back, give_back_all
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.places import Place
from ninelives.dead_letters.store import Lease
from ninelives.errors import LeaseLostError

__all__ = ["Run", "UnneededError"]


class UnneededError(Exception):
    """The letter is as it should be already."""


class Run:
    """One run over letters.

    Args:
        places: Where they may be.
        lease: Seconds that they are claimed for.
        now: The wall clock.
        tally: Keeps count.

    Attributes:
        tally: The same.
    """

    def __init__(self, places: Sequence[Place], lease: float, now: Callable[[], datetime], tally: Tally) -> None:
        self._claiming = Claiming(places, lease, now, tally)
        self.tally = tally

    def some(self, what: LetterFilter | list[str], do: Callable[[Place, list[Lease]], None]) -> Tended:
        """Do something to each of these letters, several at once.

        Args:
            what: Which.
            do: Sees to all of those that it is given, also where it raises, and tells what came of each.

        Raises:
            UnsupportedError: One of the stores has no search, and it takes one.
            StoreError: A store can't be reached; it says how many were done by then.
        """
        with closing(self._claiming.some(what)) as batches:
            for place, leases in batches:
                do(place, leases)
        return self.tally.report

    def each_of(self, place: Place, leases: list[Lease], do: Callable[[Place, Lease], None]) -> None:
        """Do it to each of these that are claimed; what it is not done to is given back."""
        left = list(leases)
        try:
            while left and not self.tally.stops():
                self._one(place, left, do)
        finally:  # also where the program is being ended
            give_back_all(place.store, left)

    def _one(self, place: Place, left: list[Lease], do: Callable[[Place, Lease], None]) -> None:
        lease = left[0]
        try:
            do(place, lease)
        except UnneededError as why:
            give_back(place.store, lease)
            left.pop(0)
            self.tally.skip(lease.letter.id, str(why))
        except Exception as error:
            problem = as_problem(error)
            left.pop(0)
            if not isinstance(problem, LeaseLostError):
                give_back(place.store, lease)
            self.tally.fail(place, lease.letter.id, problem)
        else:
            left.pop(0)
            self.tally.done()
