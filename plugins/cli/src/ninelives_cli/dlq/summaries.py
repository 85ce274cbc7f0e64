"""A letter in one row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ninelives.dead_letters.letter import DeadLetter
from ninelives_cli.dlq.masking import clean, clean_function, hidden
from ninelives_cli.dlq.moments import iso, since
from ninelives_cli.tables import show_stacked

__all__ = ["error_said", "show", "summary_of"]

_HEADINGS = ("id", "age", "state", "replays", "pipeline", "operation", "error")
_MESSAGE = 80  # characters of an error's message


def summary_of(letter: DeadLetter) -> dict[str, Any]:
    """What `ninelives dlq list --json` says of a letter: all but the payload and the traceback; it is masked."""
    error = letter.error
    record = {
        "id": letter.id,
        "created": iso(letter.created),
        "first_failed": iso(letter.first_failed),
        "last_failed": iso(letter.last_failed),
        "expires": iso(letter.expires),
        "state": letter.state,
        "reason": letter.reason,
        "pipeline": letter.pipeline,
        "operation": letter.operation,
        "error_type": None if error is None else error.type,
        "error_message": None if error is None else error.message,
        "fingerprint": letter.fingerprint,
        "replay_count": letter.replay_count,
        "replayable": letter.replayable,
        "redacted": list(letter.redacted),
        "tags": letter.tags,
    }
    return hidden(record)


def show(letters: Sequence[DeadLetter]) -> None:
    """Print a table of them."""
    now = datetime.now(UTC)
    rows = [_row(letter, now) for letter in letters]
    together = (_HEADINGS[0], *_HEADINGS[4:])
    show_stacked(_HEADINGS, rows, together=together, numbers=("age", "replays"))


def error_said(kind: str, message: str) -> str:
    """The error's type without its module, and the begin of its message, on one line and masked."""
    said = clean(message)
    short = said if len(said) <= _MESSAGE else f"{said[:_MESSAGE]}…"
    return ": ".join(filter(None, (clean(kind).rpartition(".")[2], short)))


def _row(letter: DeadLetter, now: datetime) -> tuple[str, ...]:
    error = letter.error
    return (
        clean(letter.id),
        since(letter.last_failed, now),
        letter.state,
        str(letter.replay_count),
        clean(letter.pipeline),
        clean_function(letter.operation),
        "" if error is None else error_said(error.type, error.message),
    )
