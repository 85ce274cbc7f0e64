"""A letter as `receive_from_dlq` shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ninelives.dead_letters.keeping import Place
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.payload import decode
from ninelives.dead_letters.store import Browsable
from ninelives.errors import UnsupportedError

__all__ = ["payload_of", "view_of", "waiting_in"]

Decode = Callable[[Any], Any]


def view_of(letter: DeadLetter, custom: Decode | None) -> dict[str, Any]:
    """The letter as a dictionary; `DeadLetterQueue.receive_from_dlq` says what stands in it."""
    return {
        "message_id": letter.id,
        "message": _shown(letter.message, custom),
        "error_info": _shown(letter.error_info, custom),
        "timestamp": letter.created.isoformat(),
        "replay_count": letter.replay_count,
        "pipeline": letter.pipeline,
        "operation": letter.operation,
        "args": _shown(letter.args, custom),
        "kwargs": _shown(letter.kwargs, custom),
        "reason": letter.reason,
        "state": letter.state,
        "error": None if letter.error is None else f"{letter.error.type}: {letter.error.message}",
        "replayable": letter.replayable,
    }


def payload_of(letter: DeadLetter, custom: Decode | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What the letter's call was given: positional and keyword arguments; of a message: the message."""
    if letter.args is None:
        return (decode(letter.message, custom),), {}
    return tuple(decode(letter.args, custom)), decode(letter.kwargs or {}, custom)


def waiting_in(place: Place, limit: int) -> tuple[DeadLetter, ...]:
    """The oldest letters of a store, nothing claimed.

    Raises:
        UnsupportedError: It can't be looked through.
    """
    if isinstance(place.store, Browsable):
        return place.store.browse(LetterFilter(), limit=limit).letters
    raise UnsupportedError(f"{place.name} can't be looked through; pipeline.replay() works without looking")


def _shown(encoded: Any, custom: Decode | None) -> Any:
    try:
        return decode(encoded, custom)
    except Exception:
        return encoded
