"""Where a letter ends up: its store, else the fallback, else whole on stderr. It is never lost in silence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.missed import Missed
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.spill import Spill
from ninelives.dead_letters.telling import letter_event
from ninelives.errors import StoreError
from ninelives.events import Event, LetterLost, LetterSpilled, LetterStored
from ninelives.stand_ins import stand_ins

__all__ = ["Keeper", "Kept"]


class Kept(Struct, frozen=True):
    """What became of a letter.

    Attributes:
        place: The store that has it; ``stderr``, or ``the log`` (masked) where even that is closed.
        error: What the last store said when neither took it.
        missed: Why it is not in its store; None: it is there.
    """

    place: str
    error: Exception | None = None
    missed: Missed | None = None


class Keeper(Struct, frozen=True):
    """Puts letters where they are safe.

    Attributes:
        places: The store, then its fallback if there is one.
        emit: Told what happened.
        now: The wall clock.
        spill: What knows whether the store works, where there is a fallback.
        after: Told where a letter was put, and which store is known to be down; must not raise.
    """

    places: tuple[Place, ...]
    emit: Callable[[Event], None]
    now: Callable[[], datetime]
    spill: Spill | None = None
    after: Callable[[Place, Place | None], object] | None = None

    def keep(self, letter: DeadLetter, told: Callable[[Kept], object] = lambda _: None) -> Kept:
        """Put the letter into the first place that takes it; never raises an `Exception`.

        Args:
            letter: What is to be kept.
            told: Told what became of it as soon as that is known: what is done then may take a while.
        """
        problem: Exception = StoreError("there is no store")
        said: list[str] = []
        ways = list(zip((LetterStored, LetterSpilled), self.places, strict=False))
        # What stands in for the stores in a user's test says nothing of them.
        spill = self.spill if stand_ins.store is None else None
        if spill is not None and spill.is_down:
            ways.reverse()  # known not to work, it is tried only if the fallback fails
            said.append(spill.reason)
        for kind, place in ways:
            try:
                self._put(letter, place, spill)
            except Exception as error:
                problem = error
                said.append(said_of(place, error))
            except BaseException as error:  # the program is being ended: whether the store has it is not known
                self.give_up(letter, said_of(place, error))
                raise
            else:
                missed = None if kind is LetterStored else self._missed(said)
                why = letter.reason if missed is None else missed.why
                self.emit(letter_event(kind, letter, self.now(), place.name, why))
                told(kept := Kept(place.name, missed=missed))
                if self.after is not None:
                    self.after(place, self.places[0] if spill is not None and spill.is_down else None)
                return kept
        told(kept := self.give_up(letter, "; ".join(said) or letter.reason, problem))
        return kept

    def _put(self, letter: DeadLetter, place: Place, spill: Spill | None) -> None:
        if spill is None:
            place.store.put(letter)
        elif place is self.places[0]:
            spill.put(letter)
        else:
            place.store.put(letter)
            spill.wait()

    def must_keep(self, letter: DeadLetter) -> str:
        """`keep`, and the letter's id.

        Raises:
            StoreError: No place took it.
        """
        kept = self.keep(letter)
        if kept.error is not None:
            raise StoreError(
                f"letter {letter.id} was not stored, only printed to {kept.place}: {kept.error}"
            ) from kept.error
        return letter.id

    def give_up(self, letter: DeadLetter, reason: str, problem: Exception | None = None) -> Kept:
        """Print the letter whole, as its last resort."""
        from ninelives.dead_letters.printing import print_whole

        place, missed = print_whole(letter, reason), self._missed([reason], is_lost=True)
        self.emit(letter_event(LetterLost, letter, self.now(), missed.store, reason))
        return Kept(place, problem, missed)

    def _missed(self, said: list[str], *, is_lost: bool = False) -> Missed:
        return Missed(self.places[0].name if self.places else "", "; ".join(said), is_lost)
