"""A letter as `receive_from_dlq` shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC
from typing import Any

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.payload import decode
from ninelives.dead_letters.places import Place
from ninelives.dead_letters.store import Browsable
from ninelives.errors import UnsupportedError

__all__ = ["kept_in", "payload_of", "view_of"]

Decode = Callable[[Any], Any]


def view_of(letter: DeadLetter, custom: Decode | None) -> dict[str, Any]:
    """The letter as a dictionary; `DeadLetterQueue.receive_from_dlq` says what stands in it."""
    return {
        "message_id": letter.id,
        "message": _shown(letter.message, custom),
        "error_info": _shown(letter.error_info, custom),
        "timestamp": letter.created.astimezone(UTC).isoformat(),
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


def kept_in(places: Iterable[Place], limit: int) -> list[DeadLetter]:
    """The oldest letters of all these stores, parked ones too; nothing is claimed.

    Raises:
        UnsupportedError: One of them can't be looked through.
    """
    found: dict[str, DeadLetter] = {}
    for place in places if limit > 0 else ():
        for letter in _browsed(place, limit):
            # A letter may be in two: one that had it already before it failed to say so.
            found.setdefault(letter.id, letter)
    return sorted(found.values(), key=lambda letter: (letter.created, letter.id))[: max(limit, 0)]


def _browsed(place: Place, limit: int) -> tuple[DeadLetter, ...]:
    store = place.store
    if isinstance(store, Browsable):
        return store.browse(LetterFilter(), limit=limit).letters
    raise UnsupportedError(f"{place.name} can't be looked through; pipeline.replay() works without looking")


def _shown(encoded: Any, custom: Decode | None) -> Any:
    try:
        return decode(encoded, custom)
    except Exception:
        return encoded
