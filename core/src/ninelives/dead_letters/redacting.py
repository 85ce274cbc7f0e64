"""Masking values of the payload when a letter is made: before any store, file or log sees it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, structs

from ninelives.address import MASK
from ninelives.call import Call
from ninelives.checks import Checks
from ninelives.dead_letters.hiding import EVERYTHING, Hiding
from ninelives.dead_letters.leaves import tagged
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.nodes import is_row, kind_of_node, parts_of, rebuilt
from ninelives.dead_letters.parameters import Parameters, Steps, steps_to
from ninelives.dead_letters.paths import steps_of
from ninelives.dead_letters.payload import path_text, step_text

__all__ = ["Redactor", "blank", "check_redact"]

Masked = tuple[DeadLetter, Hiding | None]
"""A letter, and what hides in other texts what it masks; None: it masks nothing."""

_ROOTS = (".args", ".kwargs", ".message")
_EVERY = ("[*]", ".*")
# A name without quotes, a slice, the item behind the last, 01; Python writes no key like these, but for three.
_NO_KEY = re.compile(r"\[(?!(?:None|True|False)\])(?:[^\W\d]\w*|[\d:-]*:[\d:-]*|\+|-?0\d+|-0|\s.*|.*\s)\]", re.DOTALL)
_ARGUMENT = {".args": re.compile(r"\[-?\d+\]|\.(?:0|[1-9]\d*)"), ".kwargs": re.compile(r"(?!\[-?\d+\]).*", re.DOTALL)}
_EXPECTED = "a path into the payload, like kwargs.user.phone, args[0].items[*].card or message.email"


def check_redact(checks: Checks, given: Any) -> None:
    """Note a problem for each that is no path, or one if there is no list of them."""
    if not isinstance(given, (list, tuple)):
        checks.that(ok=False, option="redact", value=given, expected=f"a list; in it {_EXPECTED}")
        return
    for path in given:
        checks.that(_is_path(path), "redact", path, _EXPECTED)


def _is_path(path: Any) -> bool:
    try:
        root, *steps = steps_of(path) if isinstance(path, str) and path == path.strip() else ("",)
    except ValueError:
        return False
    if root not in _ROOTS or not all(map(_is_step, steps)):
        return False
    if root == ".message":
        return True
    # Positional arguments have a number and no name, the others a name and no number.
    return bool(steps) and (steps[0] in _EVERY or _ARGUMENT[root].fullmatch(steps[0]) is not None)


def _is_step(step: str) -> bool:
    """Whether it can lead anywhere; what looks like another language of paths would mask nothing, and say nothing."""
    if step.startswith("."):
        return "*" not in step or step in _EVERY
    return step.startswith('["') or _NO_KEY.fullmatch(step) is None


class Redactor(Struct, frozen=True):
    """Masks what some paths lead to.

    Attributes:
        paths: As their steps.
    """

    paths: tuple[Steps, ...]

    @classmethod
    def of(cls, paths: Sequence[str]) -> Redactor | None:
        """What masks these; None if there are none. They have been checked."""
        return cls(tuple(tuple(steps_of(path)) for path in paths)) if paths else None

    def of_call(self, letter: DeadLetter, call: Call) -> DeadLetter:
        """The letter of a call, masked. Never raises an `Exception`: what can't be masked is left out.

        The call learns what hides the same values in what else is told of its failure.
        """
        masked, call.hiding = _or_blank(letter, lambda: self._of_call(letter, call))
        return masked

    def of_message(self, letter: DeadLetter) -> DeadLetter:
        """The letter of a message that was sent by hand, masked; likewise."""
        return _or_blank(letter, lambda: self._of_message(letter))[0]

    def _of_message(self, letter: DeadLetter) -> Masked:
        masking = _Masking()
        message = masking.masked(letter.message, self._behind([(".message",)]), (".message",))
        return masking.done(letter, message=message)

    def _of_call(self, letter: DeadLetter, call: Call) -> Masked:
        masking = _Masking()
        parameters = Parameters.of(call.func)
        args, kwargs = letter.args or [], letter.kwargs or {}
        if len(args) != len(call.args):  # they could not be held at all, and one mark stands for them
            args = [masking.masked(args[0], list(self.paths), (".args", "[0]"))]
        else:
            args = [
                masking.masked(
                    arg, self._behind(parameters.ways_to_positional(index, len(args))), (".args", f"[{index}]")
                )
                for index, arg in enumerate(args)
            ]
        if (parts := parts_of(kwargs)) is None:
            kwargs = masking.masked(kwargs, list(self.paths), (".kwargs",))
        else:
            children = [
                masking.masked(arg, self._behind(parameters.ways_to_named(key)), (".kwargs", step_text(key)))
                for key, arg in parts
            ]
            kwargs = rebuilt(kwargs, children)
        return masking.done(letter, args=args, kwargs=kwargs)

    def _behind(self, ways: Sequence[Steps]) -> list[Steps]:
        """What is left of the paths that begin by one of these ways."""
        return [path[len(way) :] for path in self.paths for way in ways if _meet(path, way)]


class _Masking:
    """Masks parts, and notes which."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self._values: list[Any] = []

    def masked(self, node: Any, wanted: list[Steps], way: Steps) -> Any:
        """The node with what the wanted steps lead to masked; what they could lead into unseen is masked whole."""
        if not wanted or node is None:
            return node
        kind = kind_of_node(node)
        if () in wanted or kind == "unserialisable" or (kind in {"set", "frozenset"} and _go_in(wanted, node)):
            self.paths.append(path_text(way))
            self._values.append(node)
            return tagged("unserialisable", MASK) if kind == "unserialisable" else MASK
        if kind == "custom":
            return {**node, "value": self.masked(node["value"], wanted, way)}
        if not (parts := parts_of(node)):
            return node
        size = len(parts) if is_row(node) else None
        children = [self.masked(part, _further(wanted, piece, size), (*way, step_text(piece))) for piece, part in parts]
        return rebuilt(node, children)

    def done(self, letter: DeadLetter, **payload: Any) -> Masked:
        """The letter with this payload, which says nothing of what was masked; the same if nothing was."""
        if not self.paths:
            return letter, None
        marks = _outside(letter.unserialisable, self.paths)
        masked = structs.replace(letter, **payload, unserialisable=marks, redacted=tuple(self.paths), replayable=False)
        hiding = Hiding.of(self._values)
        return hiding.letter(masked), hiding


def _or_blank(letter: DeadLetter, masked: Callable[[], Masked]) -> Masked:
    try:
        return masked()
    except Exception:  # nobody knows what is where
        return blank(letter)


def blank(letter: DeadLetter) -> Masked:
    """The letter with nothing in it of its payload, nor of what is said about it; and what hides all else."""
    mask = tagged("unserialisable", MASK)
    payload = {"message": mask} if letter.args is None else {"args": [mask], "kwargs": mask}
    masked = structs.replace(letter, **payload, redacted=tuple(payload), replayable=False)
    return EVERYTHING.letter(masked), EVERYTHING


def _further(wanted: list[Steps], piece: Any, size: int | None) -> list[Steps]:
    """What is left to go behind this part; `size` is that of the row it is in."""
    ways = [(step,) for step in steps_to(piece, size)]
    return [path[1:] for path in wanted if any(_meet(path, way) for way in ways)]


def _meet(path: Steps, way: Steps) -> bool:
    """Whether the path begins by this way, or by one that stands for it; a shorter one means all that is there."""
    return all(step in (one, *_EVERY) for step, one in zip(path, way, strict=False))


def _go_in(wanted: list[Steps], node: dict[str, Any]) -> bool:
    """Whether one of them leads to a member of a set: any, as members have no place of their own."""
    return bool(node["value"]) and any(
        path[0].startswith("[") or path[0] in _EVERY or path[0][1:].isdecimal() for path in wanted
    )


def _outside(marks: Sequence[dict[str, str]], masked: Sequence[str]) -> tuple[dict[str, str], ...]:
    """What could not be held and is still there: not inside of what was masked whole."""
    gone = tuple(f"{path}{mark}" for path in masked for mark in ".[")
    return tuple(mark for mark in marks if not mark["path"].startswith(gone))
