"""Masking values of the payload when a letter is made: before any store, file or log sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct, structs

from ninelives.address import MASK
from ninelives.call import Call
from ninelives.checks import Checks
from ninelives.dead_letters.hiding import Hiding
from ninelives.dead_letters.leaves import tagged
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.nodes import is_row, kind_of_node, parts_of, rebuilt
from ninelives.dead_letters.paths import APPEND, get_path, set_path, steps_of
from ninelives.dead_letters.payload import MAX_DEPTH, key_text, path_text, step_text
from ninelives.dead_letters.reprs import short_repr

__all__ = ["Redactor", "blank", "check_redact", "masked_again", "masked_in", "put_back"]

Steps = tuple[str, ...]

_ROOTS = (".args", ".kwargs", ".message")
_EVERY = ("[*]", ".*")
_DEEPEST = 2 * MAX_DEPTH  # levels: what `encode` makes of an object is one more
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
        root, *steps = steps_of(path) if isinstance(path, str) else ("",)
    except ValueError:
        return False
    return root in _ROOTS and APPEND not in steps and bool(steps or root == ".message")


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
        """The letter of a call, masked. Never raises an `Exception`: what can't be masked is left out."""
        return _or_blank(letter, lambda: self._of_call(letter, call))

    def of_message(self, letter: DeadLetter) -> DeadLetter:
        """The letter of a message that was sent by hand, masked; likewise."""
        return _or_blank(letter, lambda: self._of_message(letter))

    def _of_message(self, letter: DeadLetter) -> DeadLetter:
        masking = _Masking()
        message = masking.masked(letter.message, self._behind([(".message",)]), (".message",))
        return masking.done(letter, message=message)

    def _of_call(self, letter: DeadLetter, call: Call) -> DeadLetter:
        masking = _Masking()
        names = _names_of(call.func)
        args, kwargs = letter.args or [], letter.kwargs or {}
        if len(args) != len(call.args):  # they could not be held at all, and one mark stands for them
            args = [masking.masked(args[0], list(self.paths), (".args", "[0]"))]
        else:
            args = [
                masking.masked(arg, self._behind(_ways_to_positional(index, len(args), names)), (".args", f"[{index}]"))
                for index, arg in enumerate(args)
            ]
        if (parts := parts_of(kwargs)) is None:
            kwargs = masking.masked(kwargs, list(self.paths), (".kwargs",))
        else:
            ways = [_ways_to_named(key, names) for key, _ in parts]
            children = [
                masking.masked(arg, self._behind(way), (".kwargs", step_text(key)))
                for (key, arg), way in zip(parts, ways, strict=True)
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

    def done(self, letter: DeadLetter, **payload: Any) -> DeadLetter:
        """The letter with this payload, which says nothing of what was masked; the same if nothing was."""
        if not self.paths:
            return letter
        masked = structs.replace(letter, **payload, redacted=tuple(self.paths), replayable=False)
        return Hiding.of(self._values).letter(masked)


def masked_in(value: Any, way: Sequence[str] = ()) -> Iterator[str]:
    """The paths of what is masked in an encoded payload."""
    kind = kind_of_node(value)
    if value == MASK or (kind == "unserialisable" and value["value"] == MASK):
        yield path_text(way)
        return
    for piece, part in (len(way) <= _DEEPEST and parts_of(value)) or ():
        yield from masked_in(part, (*way, step_text(piece)))


def put_back(letter: DeadLetter) -> Iterator[Any]:
    """The values of an edited letter that were masked before its first edit."""
    payload = _payload_of(letter)
    for path in masked_in(letter.original):
        with suppress(ValueError):  # it is there no more
            yield get_path(payload, path)


def masked_again(letter: DeadLetter) -> DeadLetter:
    """The letter as it may be shown: what an edit has put back is masked in it again."""
    payload = _payload_of(letter)
    for path in masked_in(letter.original):
        with suppress(ValueError):  # likewise
            payload = set_path(payload, path, MASK)
    return structs.replace(letter, **payload)


def _payload_of(letter: DeadLetter) -> dict[str, Any]:
    return {"message": letter.message} if letter.args is None else {"args": letter.args, "kwargs": letter.kwargs}


def _or_blank(letter: DeadLetter, masked: Callable[[], DeadLetter]) -> DeadLetter:
    try:
        return masked()
    except Exception:  # nobody knows what is where
        return blank(letter)


def blank(letter: DeadLetter) -> DeadLetter:
    """The letter with nothing in it of its payload, nor of what is said about it."""
    mask = tagged("unserialisable", MASK)
    payload = {"message": mask} if letter.args is None else {"args": [mask], "kwargs": mask}
    masked = structs.replace(letter, **payload, redacted=tuple(payload), replayable=False)
    return Hiding(everything=True).letter(masked)


def _names_of(func: Any) -> list[str]:
    """The names of the parameters that can be given by position, in their order; none where nobody knows."""
    import inspect

    try:
        parameters = inspect.signature(func).parameters.values()
    except Exception:  # it has no signature, or raises when it is asked
        return []
    return [one.name for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]


def _ways_to_positional(index: int, size: int, names: list[str]) -> list[Steps]:
    """The ways that lead to the positional argument: by its number, from either end, and by its parameter's name."""
    ways: list[Steps] = [(".args", f"[{index}]"), (".args", f"[{index - size}]")]
    return [*ways, *_by_name(names[index])] if index < len(names) else ways


def _ways_to_named(key: Any, names: list[str]) -> list[Steps]:
    """The same for one that was given by its name."""
    ways: list[Steps] = _by_name(key) if isinstance(key, str) else [(".kwargs", _step(key))]
    return [*ways, (".args", f"[{names.index(key)}]")] if key in names else ways


def _by_name(name: str) -> list[Steps]:
    ways: list[Steps] = [(".kwargs", key_text(name))]
    return [*ways, (".message",)] if name == "message" else ways


def _further(wanted: list[Steps], piece: Any, size: int | None) -> list[Steps]:
    """What is left to go behind this part; `size` is that of the row it is in."""
    ways = [(_step(piece),)] if size is None else [(f"[{piece}]",), (f"[{piece - size}]",)]
    return [path[1:] for path in wanted if any(_meet(path, way) for way in ways)]


def _meet(path: Steps, way: Steps) -> bool:
    """Whether the path begins by this way, or by one that stands for it."""
    return len(path) >= len(way) and all(step in (one, *_EVERY) for step, one in zip(path, way, strict=False))


def _step(piece: Any) -> str:
    """The step to a part, unbounded: a long key must be found too."""
    return key_text(piece) if isinstance(piece, str) else f"[{short_repr(piece)}]"


def _go_in(wanted: list[Steps], node: dict[str, Any]) -> bool:
    """Whether one of them leads to a member of a set: any, as members have no place of their own."""
    return bool(node["value"]) and any(path[0].startswith("[") or path[0] in _EVERY for path in wanted)
