"""Where a letter ends up: its store, else the fallback, else whole on stderr. It is never lost in silence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.store import DeadLetterStore
from ninelives.describing import safe_message, type_name
from ninelives.errors import StoreError
from ninelives.events import Event, LetterEvent, LetterLost, LetterSpilled, LetterStored
from ninelives.stand_ins import stand_ins

__all__ = ["Keeper", "Kept", "Place"]


class Place(Struct, frozen=True):
    """A store and what it is called.

    Attributes:
        own: The store.
        name: Its address, secrets masked.
    """

    own: DeadLetterStore
    name: str

    @property
    def store(self) -> DeadLetterStore:
        """The store; under `ninelives.testing.instant` the one that stands in for it."""
        stand_in = stand_ins.store
        return self.own if stand_in is None else stand_in(self.name)


class Kept(Struct, frozen=True):
    """What became of a letter.

    Attributes:
        place: The store that has it; ``stderr``, or ``the log`` (masked) where even that is closed.
        error: What the last store said when neither took it.
    """

    place: str
    error: Exception | None = None


class Keeper(Struct, frozen=True):
    """Puts letters where they are safe.

    Attributes:
        places: The store, then its fallback if there is one.
        emit: Told what happened.
        now: The wall clock.
    """

    places: tuple[Place, ...]
    emit: Callable[[Event], None]
    now: Callable[[], datetime]

    def keep(self, letter: DeadLetter) -> Kept:
        """Put the letter into the first place that takes it; never raises an `Exception`."""
        problem: Exception = StoreError("there is no store")
        reason: str = letter.reason
        for kind, place in zip((LetterStored, LetterSpilled), self.places, strict=False):
            try:
                place.store.put(letter)
            except Exception as error:
                problem, reason = error, _said(place, error)
            except BaseException as error:  # the program is being ended: whether the store has it is not known
                self.give_up(letter, _said(place, error))
                raise
            else:
                self.emit(self._event(kind, letter, place.name, reason))
                return Kept(place.name)
        return Kept(self.give_up(letter, reason), problem)

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

    def give_up(self, letter: DeadLetter, reason: str) -> str:
        """Print the letter whole, as its last resort; where it was printed to."""
        from ninelives.dead_letters.printing import print_whole

        place = print_whole(letter, reason)
        self.emit(self._event(LetterLost, letter, self.places[0].name if self.places else "", reason))
        return place

    def _event(self, kind: type[LetterEvent], letter: DeadLetter, store: str, reason: str) -> LetterEvent:
        return kind(
            at=self.now(),
            pipeline=letter.pipeline,
            call_id=letter.id if letter.operation else None,
            letter_id=letter.id,
            store=store,
            reason=reason,
            fingerprint=letter.fingerprint,
        )


def _said(place: Place, error: BaseException) -> str:
    from ninelives.redaction import redact_text

    # Masked: events and logs are read by others, and an address in an error may hold a password.
    return redact_text(f"{place.name}: {type_name(error)}: {safe_message(error, 500)}")
