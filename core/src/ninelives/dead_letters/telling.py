"""Telling where a letter is: as an event, and in the log where there is no event for it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from ninelives.dead_letters.letter import DeadLetter
from ninelives.events import LetterEvent, LetterPurged

__all__ = ["letter_event", "purged_event", "warn"]


def letter_event(kind: type[LetterEvent], letter: DeadLetter, now: datetime, store: str, reason: str) -> LetterEvent:
    """The event that tells where a letter is now."""
    return kind(
        at=now,
        pipeline=letter.pipeline,
        call_id=letter.id if letter.operation else None,
        letter_id=letter.id,
        store=store,
        reason=reason,
        fingerprint=letter.fingerprint,
    )


def purged_event(letter: DeadLetter, now: datetime) -> LetterPurged:
    """The event that tells that a letter was deleted without a replay."""
    count = letter.replay_count
    return LetterPurged(at=now, pipeline=letter.pipeline, call_id=letter.id, letter_id=letter.id, replay_count=count)


def warn(text: str, about: str, problem: str) -> None:
    """Log a warning; the problem is masked. What the program's log raises goes no further."""
    import logging

    from ninelives.redaction import redact_text

    with suppress(Exception):
        logging.getLogger("ninelives").warning(text, about, redact_text(problem))
