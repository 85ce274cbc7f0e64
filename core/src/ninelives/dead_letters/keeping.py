"""Where a letter ends up: its store, else the fallback, else whole on stderr. It is never lost in silence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from ninelives.dead_letters.letter import DeadLetter, encode_letter
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
        place: The store that has it, or ``stderr``.
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
        """Put the letter into the first place that takes it; never raises."""
        problem: Exception = StoreError("there is no store")
        reason: str = letter.reason
        for kind, place in zip((LetterStored, LetterSpilled), self.places, strict=False):
            try:
                place.store.put(letter)
            except Exception as error:
                problem, reason = error, _said(place, error)
            else:
                self.emit(self._event(kind, letter, place.name, reason))
                return Kept(place.name)
        return self._print(letter, problem, reason)

    def _print(self, letter: DeadLetter, problem: Exception, reason: str) -> Kept:
        # Unmasked, because this line is all that is left of it; the log, which others read, gets a masked one.
        _write_stderr(encode_letter(letter) + b"\n")
        import logging

        logging.getLogger("ninelives").critical(
            "dead letter %s of pipeline %s could not be stored (%s): it stands whole on stderr; save that line and "
            "import it when the store works again",
            letter.id,
            letter.pipeline,
            reason,
        )
        self.emit(self._event(LetterLost, letter, self.places[0].name if self.places else "", reason))
        return Kept("stderr", problem)

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


def _said(place: Place, error: Exception) -> str:
    return f"{place.name}: {type_name(error)}: {safe_message(error, 500)}"


def _write_stderr(line: bytes) -> None:
    stream: Any = sys.stderr
    try:
        stream.write(line.decode())
        stream.flush()
    except Exception:
        import os

        try:
            os.write(2, line)
        except OSError:
            return
