"""Changing what a letter's call is given: checked, and kept with the original."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from ninelives.checks import shown
from ninelives.dead_letters.audit import Audit
from ninelives.dead_letters.claims import claim
from ninelives.dead_letters.desk.rewriting import because
from ninelives.dead_letters.holding import give_back
from ninelives.dead_letters.leaves import LEAVES, is_plain_text
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.looking import hidden_in, refuse_newer
from ninelives.dead_letters.paths import differences, marked_in
from ninelives.dead_letters.payload import MAX_DEPTH, MAX_MARKED, decode, path_text, step_text
from ninelives.dead_letters.places import Place
from ninelives.dead_letters.put_back import masked_in
from ninelives.dead_letters.store import Lease
from ninelives.describing import safe_message, type_name
from ninelives.errors import LeaseLostError, LetterNotFoundError, StoreError
from ninelives.redaction import redact_text

__all__ = ["Editing", "Payload", "edited", "plain_payload", "refuse_changed"]

Payload = dict[str, Any]
"""What a letter's call is given: ``{"message"}``, or ``{"args", "kwargs"}``; encoded, so plain JSON."""

_SHOWN = 10  # paths in a note
_MAX_LEVELS = 2 * MAX_DEPTH  # a tuple is an object that holds a list


def plain_payload(letter: DeadLetter) -> Payload:
    """What the letter's call is given, as a copy that may be changed."""
    payload = (
        {"message": letter.message} if letter.args is None else {"args": letter.args, "kwargs": letter.kwargs or {}}
    )
    return msgspec.json.decode(msgspec.json.encode(payload), type=Payload)


def refuse_changed(letter: DeadLetter, expected: DeadLetter | None) -> None:
    """Refuse a letter that is not as someone has seen it.

    Raises:
        StoreError: Its payload or its state is another.
    """
    if expected is None:
        return
    same = expected.id == letter.id and expected.state == letter.state
    if not same or [*differences(plain_payload(expected), plain_payload(letter))]:
        last = f"; its last note: {letter.notes[-1]}" if letter.notes else ""
        said = f"letter {letter.id} was changed since it was looked at, and stays as it is: look at it again"
        raise StoreError(f"{said}{last}", transient=False)


def edited(letter: DeadLetter, change: Callable[[Payload], Payload]) -> tuple[DeadLetter, list[str]]:
    """The letter with the payload that `change` makes of its own, and the paths of what is another now.

    Raises:
        ValueError: What it makes is no payload for this letter.
        Exception: What it raises.
    """
    old = plain_payload(letter)
    new = _checked(change(plain_payload(letter)), old)
    paths = list(differences(old, new))
    if not paths:
        return letter, []
    redacted = _still_masked(letter, old, new, paths)
    marked = _marked_of(letter, old, new, paths)
    mended = letter.replayable or bool(letter.redacted) or any(map(_is_of_payload, letter.unserialisable))
    return structs.replace(
        letter,
        **new,
        original=letter.original or old,
        unserialisable=marked,
        replayable=mended and not redacted and not any(map(_is_of_payload, marked)),
        redacted=redacted,
    ), paths


class Editing(Struct, frozen=True):
    """Edits letters.

    Attributes:
        places: Where they may be.
        lease: Seconds that one is claimed for.
        audit: Who does it.
    """

    places: Sequence[Place]
    lease: float
    audit: Audit

    def edit(
        self,
        letter_id: str,
        change: Callable[[Payload], Payload],
        note: str | None = None,
        expected: DeadLetter | None = None,
    ) -> DeadLetter:
        """Edit one; `Desk.edit` says how."""
        lease, place = self._claim(letter_id)
        try:
            refuse_newer(lease.letter)
            refuse_changed(lease.letter, expected)
            letter, paths = edited(lease.letter, change)
            if not paths:
                give_back(place.store, lease)
                return letter
            said = because(_some(paths), note)
            letter = self.audit.noted(letter, f"edited {said}")
            place.store.release(lease, letter)
        except LeaseLostError:
            raise
        except BaseException:  # also where the program is being ended
            give_back(place.store, lease)
            raise
        self.audit.changed(letter, "edited", said)
        return letter

    def _claim(self, letter_id: str) -> tuple[Lease, Place]:
        try:
            return claim(self.places, letter_id, self.lease)
        except LetterNotFoundError:
            if (said := hidden_in(self.places, letter_id)) is None:
                raise
            raise LetterNotFoundError(said) from None


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"{', '.join(paths[:_SHOWN])}{more}"


def _still_masked(letter: DeadLetter, old: Payload, new: Payload, paths: list[str]) -> tuple[str, ...]:
    """What of the masked values is not put back, also where it is at another place of a list now."""
    if not letter.redacted:
        return ()
    untouched = [path for path in letter.redacted if not _within(path, paths)]
    own = set(masked_in(old)) - set(letter.redacted)  # that is what the program gave
    return (*untouched, *(path for path in masked_in(new) if _within(path, paths) and path not in own))


def _marked_of(letter: DeadLetter, old: Payload, new: Payload, paths: list[str]) -> tuple[dict[str, str], ...]:
    """What the new payload can't hold, and what was said of other things."""
    others = [mark for mark in letter.unserialisable if not _is_of_payload(mark)]
    if [*_marks(old)]:
        return (*list(_marks(new))[:MAX_MARKED], *others)
    # Nothing in the payload tells what they mean: it could hardly be made, or someone else made it.
    told = [mark for mark in letter.unserialisable if _is_of_payload(mark)]
    kept = [mark for mark in told if mark["path"] and not _within(mark["path"], paths)]
    why = [mark for mark in told if kept and not mark["path"]]
    return (*why, *kept, *others)


def _marks(payload: Payload) -> Iterator[dict[str, str]]:
    for root, value in payload.items():
        yield from marked_in(value, [step_text(root)])


def _is_of_payload(mark: dict[str, str]) -> bool:
    return not mark["path"].startswith("error_info")


def _within(path: str, paths: list[str]) -> bool:
    """Whether it is one of these, or inside of one; what holds one of these is another as well."""
    return any(
        path == one or path.startswith((f"{one}.", f"{one}[")) or one.startswith((f"{path}.", f"{path}["))
        for one in paths
    )


def _checked(new: Any, old: Payload) -> Payload:
    expected = " and ".join(f'"{name}"' for name in old)
    if not isinstance(new, dict) or new.keys() != old.keys():
        raise ValueError(f"the payload is {shown(new)}: expected an object with {expected}, and no more")
    for name, kind, what in (("args", list, "a list"), ("kwargs", dict, "an object")):
        if name in new and not isinstance(new[name], kind):
            raise ValueError(f"{name} is {shown(new[name], name)}: expected {what}")
    payload = {name: _json(value, [step_text(name)]) for name, value in new.items()}
    for name, value in payload.items():
        _check_decodes(name, value)
    return payload


def _check_decodes(name: str, value: Any) -> None:
    try:
        decoded = decode(value)
    except Exception as error:
        said = f"{type_name(error)}: {safe_message(error, 200)}"
        raise ValueError(
            f"{name} holds a tagged object (one with $type) that can't be decoded: {redact_text(said)}"
        ) from None
    if name == "kwargs" and not isinstance(decoded, dict):
        raise ValueError(f"kwargs is {shown(value, name)}: expected an object")


def _json(value: Any, way: list[str]) -> Any:
    """The value as a letter holds it, if it is JSON."""
    kind = type(value)
    if len(way) > _MAX_LEVELS:
        raise ValueError(f"{path_text(way)}: expected at most {_MAX_LEVELS} levels")
    if kind is list:
        return [_json(item, [*way, step_text(index)]) for index, item in enumerate(value)]
    if kind is dict:
        for key in value:
            if not is_plain_text(key):
                raise ValueError(f"{path_text(way)} has the key {shown(key)}: expected text")
        return {key: _json(item, [*way, step_text(key)]) for key, item in value.items()}
    if value is None or kind in {bool, int, float, str}:
        return LEAVES[kind](value) if kind in LEAVES else value
    raise ValueError(f"{path_text(way)} is {shown(value, path_text(way))}: expected what JSON has")
