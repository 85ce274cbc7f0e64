"""What was masked in a letter and has been put back by an edit: it is there for the replay, and not to be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from msgspec import structs

from ninelives.address import MASK
from ninelives.dead_letters.hiding import EVERYTHING, Hiding
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.nodes import kind_of_node, parts_of
from ninelives.dead_letters.paths import differences, get_path, set_path
from ninelives.dead_letters.payload import MAX_DEPTH, path_text, step_text
from ninelives.describing import safe_message, type_name

__all__ = ["hiding_again", "masked_again", "masked_in", "undecodable"]

_DEEPEST = 2 * MAX_DEPTH  # levels: what `encode` makes of an object is one more


def masked_in(value: Any, way: Sequence[str] = ()) -> Iterator[str]:
    """The paths of what is masked in an encoded payload."""
    kind = kind_of_node(value)
    if value == MASK or (kind == "unserialisable" and value["value"] == MASK):
        yield path_text(way)
        return
    for piece, part in (len(way) <= _DEEPEST and parts_of(value)) or ():
        yield from masked_in(part, (*way, step_text(piece)))


def hiding_again(letter: DeadLetter) -> Hiding | None:
    """What hides the values that an edit has put back; None: there was none. Never raises an `Exception`."""
    try:
        return None if letter.original is None else Hiding.of(_put_back(letter))
    except Exception:  # nobody knows what is where
        return EVERYTHING


def undecodable(letter: DeadLetter, error: Exception) -> str:
    """That the letter's payload can't be decoded, and why: `decode` may have said what was put back."""
    hiding, said = hiding_again(letter), safe_message(error)
    return f"can't be decoded: {type_name(error)}: {said if hiding is None else hiding.text(said)}"


def masked_again(letter: DeadLetter) -> DeadLetter:
    """The letter as it may be shown: what an edit has put back is masked in it again."""
    payload = _payload_of(letter)
    for path in _places(letter):
        with suppress(ValueError):  # it is there no more
            payload = set_path(payload, path, MASK)
    return structs.replace(letter, **payload)


def _put_back(letter: DeadLetter) -> Iterator[Any]:
    payload = _payload_of(letter)
    for path in _places(letter):
        with suppress(ValueError):  # likewise
            yield get_path(payload, path)


def _places(letter: DeadLetter) -> list[str]:
    """Where what was masked may stand by now: in its place; where an edit has moved that, in all that was changed."""
    masked, payload = [*masked_in(letter.original)], _payload_of(letter)
    if not masked:
        return masked
    try:
        changed = [*differences(letter.original, payload)]
    except RecursionError:  # someone else wrote it
        return [*payload]
    around = tuple(f"{path}{mark}" for path in changed for mark in ".[")
    moved = any(path.startswith(around) or not _is_there(payload, path) for path in masked)
    return masked + changed if moved else masked


def _is_there(payload: dict[str, Any], path: str) -> bool:
    try:
        get_path(payload, path)
    except ValueError:
        return False
    return True


def _payload_of(letter: DeadLetter) -> dict[str, Any]:
    return {"message": letter.message} if letter.args is None else {"args": letter.args, "kwargs": letter.kwargs}
