"""Moving letters that are claimed to another store, with a note and an event for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from ninelives.address import Address
from ninelives.dead_letters.audit import Audit
from ninelives.dead_letters.backends import place_of
from ninelives.dead_letters.carrying import LEASE, Carrier, TargetError, as_problem
from ninelives.dead_letters.desk.reads import DeskReads
from ninelives.dead_letters.desk.rewriting import because
from ninelives.dead_letters.desk.tally import Tally
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.store import DeadLetterStore, Lease
from ninelives.errors import ConfigurationError, Problem, StoreError

__all__ = ["LEASE", "Move", "other_places", "target_of"]


class Move(Struct, frozen=True):
    """Carries letters to one store.

    Attributes:
        target: Where they go.
        audit: Who does it.
        tally: Told what came of each.
        reason: Why.
    """

    target: Place
    audit: Audit
    tally: Tally
    reason: str | None

    def some(self, place: Place, leases: list[Lease]) -> None:
        """Carry these; what the target does not take is given back.

        Raises:
            StoreError: One of the stores can't go on; it says how many letters were moved by then.
        """
        left: list[tuple[DeadLetter, StoreError]] = []

        def written(letter: DeadLetter) -> DeadLetter:
            return self.audit.noted(letter, because(f"moved from {place.name} to {self.target.name}", self.reason))

        def stays(letter: DeadLetter, problem: StoreError) -> None:
            left.append((letter, problem))

        try:
            Carrier(place.store, self.target.store, self._moved, stays, stays, written).carry(leases)
        except TargetError as error:
            raise self.tally.ended(said_of(self.target, error.problem), error.problem) from error
        except Exception as error:
            problem = as_problem(error)
            raise self.tally.ended(said_of(place, problem), problem) from error
        finally:
            for letter, problem in left:
                self.tally.fail(self.target, letter.id, problem)

    def _moved(self, letter: DeadLetter) -> None:
        self.audit.changed(letter, "moved", because(f"to {self.target.name}", self.reason))
        self.tally.done()


def other_places(places: Sequence[Place], target: Place) -> list[Place]:
    """Those of these that are not the target.

    Raises:
        ConfigurationError: There is none.
    """
    others = [place for place in places if not place.is_same_as(target)]
    if not others:
        expected = "another store than the one that the letters are in"
        raise ConfigurationError(Problem("move(target=)", target.name, expected, "target"))
    return others


def target_of(target: DeskReads | Place | str | Address | DeadLetterStore) -> tuple[Place, Callable[[], None]]:
    """The store that is meant, and what closes it if it was opened for this.

    Raises:
        ConfigurationError: The address is wrong.
    """
    if isinstance(target, DeskReads):
        return target.places[0], _nothing
    if isinstance(target, Place):
        return target, _nothing
    from ninelives.plugins import default_plugins

    place = place_of(target, default_plugins().open_store)
    return place, place.own.close if place.address is not None else _nothing


def _nothing() -> None:
    """It was open before."""
