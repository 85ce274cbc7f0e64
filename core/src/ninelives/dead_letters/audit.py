"""Who did what to a letter: in its notes, and as an event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct, structs

from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.telling import purged_event
from ninelives.dead_letters.who import Who
from ninelives.describing import clean_text
from ninelives.events import Event, LetterChanged
from ninelives.redaction import one_line

__all__ = ["MAX_NOTE", "MAX_NOTES", "Audit", "with_note"]

MAX_NOTES = 100
"""How many notes a letter keeps: the first, and the newest."""

MAX_NOTE = 1_000
"""The most characters of a note."""


def with_note(letter: DeadLetter, note: str) -> DeadLetter:
    """The letter with one note more, without control characters and bounded."""
    notes = (*letter.notes, _fit(note))
    if len(notes) > MAX_NOTES:
        notes = (notes[0], *notes[-MAX_NOTES + 1 :])
    return structs.replace(letter, notes=notes)


class Audit(Struct, frozen=True):
    """Records what one person does.

    Attributes:
        by: Who.
        now: The wall clock.
        emit: Told each change.
    """

    by: Who
    now: Callable[[], datetime]
    emit: Callable[[Event], None]

    def noted(self, letter: DeadLetter, text: str) -> DeadLetter:
        """The letter with a note that says when, who, with what, and the text."""
        moment = self.now().astimezone(UTC).isoformat(timespec="seconds")
        return with_note(letter, f"{moment} {self.by}: {text}")

    def changed(self, letter: DeadLetter, action: str, note: str | None = None) -> None:
        """Tell that something was done to the letter; the note is what was said of it."""
        self.emit(
            LetterChanged(
                at=self.now(),
                pipeline=letter.pipeline,
                call_id=letter.id if letter.operation else None,
                letter_id=letter.id,
                action=action,
                user=_fit(self.by.user),
                host=_fit(self.by.host),
                command=_fit(self.by.command),
                note=None if note is None else _fit(note),
            )
        )

    def purged(self, letter: DeadLetter, note: str | None = None) -> None:
        """Tell that the letter was deleted, and who did it."""
        self.emit(purged_event(letter, self.now()))
        self.changed(letter, "purged", note)


def _fit(text: str) -> str:
    line = one_line(clean_text(text[: MAX_NOTE + 1]))
    return line if len(line) <= MAX_NOTE else f"{line[: MAX_NOTE - 1]}…"
