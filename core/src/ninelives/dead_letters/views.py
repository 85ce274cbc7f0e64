"""A letter as `receive_from_dlq` shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.moments import in_utc
from ninelives.dead_letters.payload import decode
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.store import Browsable
from ninelives.dead_letters.telling import warn
from ninelives.errors import StoreError, UnsupportedError

__all__ = ["kept_in", "lack_of", "lacking_in", "payload_of", "put_back_advice", "view_of"]

Decode = Callable[[Any], Any]

_SHOWN = 10  # paths in a sentence


def view_of(letter: DeadLetter, custom: Decode | None) -> dict[str, Any]:
    """The letter as a dictionary; `DeadLetterQueue.receive_from_dlq` says what stands in it."""
    return {
        "message_id": letter.id,
        "message": _shown(letter.message, custom),
        "error_info": _shown(letter.error_info, custom),
        "timestamp": in_utc(letter.created).isoformat(),
        "replay_count": letter.replay_count,
        "pipeline": letter.pipeline,
        "operation": letter.operation,
        "args": _shown(letter.args, custom),
        "kwargs": _shown(letter.kwargs, custom),
        "reason": letter.reason,
        "state": letter.state,
        "error": None if letter.error is None else f"{letter.error.type}: {letter.error.message}",
        "replayable": letter.replayable,
        "redacted": list(letter.redacted),
    }


def payload_of(letter: DeadLetter, custom: Decode | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What the letter's call was given: positional and keyword arguments; of a message: the message."""
    if letter.args is None:
        return (decode(letter.message, custom),), {}
    return tuple(decode(letter.args, custom)), decode(letter.kwargs or {}, custom)


def lacking_in(letter: DeadLetter) -> str | None:
    """What has to be put in by an edit before the letter can be replayed, and why; None: its payload is whole."""
    if letter.redacted:
        return f"{_some(letter.redacted)}, masked when it was written"
    if letter.replayable:
        return None
    paths = [path for part in letter.unserialisable if (path := part.get("path"))]
    return f"{_some(paths) or 'a part'}, which could not be kept"


def lack_of(letter: DeadLetter) -> str | None:
    """Why the letter can't be run as it is, and what to do; None: its payload is whole."""
    lacking = lacking_in(letter)
    # No path in the command: this is masked before it is shown, and `--set kwargs.phone=***` asks to be pasted.
    return lacking and f"lacks {lacking}: put it back with ninelives dlq edit {letter.id} --set PATH=VALUE"


def put_back_advice(letter: DeadLetter) -> str:
    """How to put back what was masked in it: the first of it."""
    return f"put it back with ninelives dlq edit {letter.id} --set {letter.redacted[0]}=..."


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"{', '.join(paths[:_SHOWN])}{more}"


def kept_in(places: Sequence[Place], limit: int) -> list[DeadLetter]:
    """The oldest letters of all these stores, parked ones too; nothing is claimed.

    Raises:
        UnsupportedError: One of them can't be looked through.
        StoreError: None can be read. Where only some can, the log says which can't.
    """
    found: dict[str, DeadLetter] = {}
    problems: list[tuple[Place, StoreError]] = []
    for place in places if limit > 0 else ():
        try:
            for letter in _browsed(place, limit):
                # A letter may be in two: one that had it already before it failed to say so.
                found.setdefault(letter.id, letter)
        except UnsupportedError:
            raise
        except StoreError as error:
            problems.append((place, error))
    if len(problems) == len(places):
        raise problems[0][1]
    for place, problem in problems:
        warn("letters in %s are not shown: %s", place.name, said_of(place, problem))
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
