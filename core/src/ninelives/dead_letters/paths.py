"""The ways to the parts of a payload, and what is done at their ends.

A path is written as in `DeadLetter.unserialisable`: ``message.to``, ``args[0].name``, ``kwargs.order.id``; a key that
is no plain word in quotes: ``kwargs["a.b"]``; any other key as Python writes it: ``message[(1, 'x')]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ninelives.dead_letters.leaves import TAG
from ninelives.dead_letters.nodes import is_row, kind_of_node, parts_of, rebuilt
from ninelives.dead_letters.payload import key_text, path_text, step_text

__all__ = ["APPEND", "add_path", "differences", "get_path", "marked_in", "set_path", "steps_of"]

APPEND = "[+]"
"""The step that stands for one more item of a list."""

_TEXT = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_STEP = re.compile(rf"""\.([^.\[\]"']+)|\[({_TEXT})\]|(\[(?:[^\]"']|{_TEXT})+\])""")
_canonical = msgspec.json.Encoder(order="deterministic")


def set_path(payload: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The payload with another value at one place; the given one stays as it is.

    Args:
        payload: As `Desk.edit` gives it to its function.
        path: Where; it has to be there. ``args[+]`` appends to the list ``args``.
        value: What is to stand there, as JSON has it.

    Raises:
        ValueError: The path can't be read, or is not there; it says what is there.

    Example:
        >>> set_path({"args": [{"to": "Tmo"}], "kwargs": {}}, "args[0].to", "Tom")
        {'args': [{'to': 'Tom'}], 'kwargs': {}}
    """
    return _set(payload, steps_of(path), value, ())  # type: ignore[no-any-return]  # what stands in for a dict is one


def add_path(payload: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The payload with one name more in an object that is there; the given one stays as it is.

    Args:
        payload: As `Desk.edit` gives it to its function.
        path: Where; its last step is the name, which must not be there yet. `set_path` replaces one that is.
        value: What is to stand there, as JSON has it.

    Raises:
        ValueError: The path can't be read; what it leads to is no object, or has that name.

    Example:
        >>> add_path({"args": [], "kwargs": {"to": "Tom"}}, "kwargs.iban", "CH93 0076")
        {'args': [], 'kwargs': {'to': 'Tom', 'iban': 'CH93 0076'}}
    """
    *way, name = steps_of(path)
    return _set(payload, way, _with(_at(payload, way), name, value, way), ())  # type: ignore[no-any-return]  # as above


def get_path(payload: dict[str, Any], path: str) -> Any:
    """What stands in the payload at one place.

    Raises:
        ValueError: The path can't be read, or is not there; it says what is there.

    Example:
        >>> get_path({"args": [{"to": "Tom"}], "kwargs": {}}, "args[0].to")
        'Tom'
    """
    return _at(payload, steps_of(path))


def differences(old: Any, new: Any, way: Sequence[str] = ()) -> Iterator[str]:
    """The paths of what is not the same in both, as far in as they are alike."""
    parts, others = parts_of(old), parts_of(new)
    if parts is None or others is None or kind_of_node(old) != kind_of_node(new):
        if _canonical.encode(old) != _canonical.encode(new):
            yield path_text(way)
        return
    mine = {step_text(piece): part for piece, part in parts}
    theirs = {step_text(piece): part for piece, part in others}
    if is_row(old) and len(mine) != len(theirs):
        yield path_text(way)
        return
    for step in {**mine, **theirs}:
        if step in mine and step in theirs:
            yield from differences(mine[step], theirs[step], (*way, step))
        else:
            yield path_text((*way, step))


def marked_in(value: Any, way: Sequence[str]) -> Iterator[dict[str, str]]:
    """The parts that could not be held: ``{"path", "repr"}`` of each."""
    kind = kind_of_node(value)
    if kind == "unserialisable":
        yield {"path": path_text(way), "repr": str(value.get("value"))}
        return
    if kind == "dict":
        for index, (key, _) in enumerate(value["value"]):
            yield from marked_in(key, (*way, ".keys()", f"[{index}]"))
    members = enumerate(value["value"]) if kind in {"set", "frozenset"} else parts_of(value) or ()
    for piece, part in members:
        yield from marked_in(part, (*way, step_text(piece)))


def steps_of(path: str) -> list[str]:
    """The steps of a path, each written as `payload.key_text` writes it.

    Raises:
        ValueError: The path can't be read.

    Example:
        >>> steps_of("args[0].to")
        ['.args', '[0]', '.to']
    """
    text = f".{path}"
    steps: list[str] = []
    position = 0
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            raise ValueError(f'the path {path!r} can\'t be read: expected one like args[0].name or kwargs["a.b"].id')
        name, quoted, other = found.groups()
        steps.append(other if other is not None else key_text(name if name is not None else _unquoted(quoted)))
        position = found.end()
    return steps


def _at(node: Any, steps: list[str]) -> Any:
    for number in range(len(steps)):
        parts = parts_of(node) or []
        node = parts[_find(node, parts, steps[number:], steps[:number])][1]
    return node


def _with(node: Any, name: str, value: Any, way: Sequence[str]) -> Any:
    """The object with that name added."""
    kind = kind_of_node(node)
    if kind == "custom":
        return {**node, "value": _with(node["value"], name, value, way)}
    where = path_text(way) or "the payload"
    if kind not in {"plain", "dict"}:
        raise ValueError(f"{where} is no object{f': {where}[+] appends to it' if is_row(node) else ''}")
    key = _key_of(name)
    if key is None or key == TAG:
        raise ValueError(f"{path_text([name])} is no name that can be added to {where}")
    if key in [piece for piece, _ in parts_of(node) or ()]:
        raise ValueError(f"there is a {path_text((*way, name))} already")
    return {**node, key: value} if kind == "plain" else {**node, "value": [*node["value"], [key, value]]}


def _key_of(step: str) -> str | None:
    """The text that is the key; None: the key is no text."""
    if step.startswith("."):
        return step[1:]
    return _unquoted(step[1:-1]) if step.startswith('["') else None


def _set(node: Any, steps: list[str], value: Any, way: Sequence[str]) -> Any:
    if not steps:
        return value
    if kind_of_node(node) == "custom":
        return {**node, "value": _set(node["value"], steps, value, way)}
    parts = parts_of(node) or []
    children = [part for _, part in parts]
    if steps == [APPEND] and is_row(node):
        return rebuilt(node, [*children, value])
    index = _find(node, parts, steps, way)
    children[index] = _set(children[index], steps[1:], value, (*way, steps[0]))
    return rebuilt(node, children)


def _find(node: Any, parts: list[tuple[Any, Any]], steps: list[str], way: Sequence[str]) -> int:
    there = [step_text(piece) for piece, _ in parts]
    if steps[0] not in there:
        raise ValueError(_not_there(node, there, steps, way))
    return there.index(steps[0])


def _unquoted(text: str) -> str:
    if text.startswith("'"):
        return re.sub(r"\\(['\\])", r"\1", text[1:-1])
    try:
        return msgspec.json.decode(text, type=str)
    except msgspec.DecodeError as error:
        raise ValueError(f"{text} is no text as JSON has it: {error}") from None


def _not_there(node: Any, there: list[str], steps: Sequence[str], way: Sequence[str]) -> str:
    from difflib import get_close_matches  # few paths are wrong

    said = f"there is no {path_text((*way, *steps))}"
    where = path_text(way) or "the payload"
    if is_row(node):
        return f"{said}: {where} has {len(there)} items, from [0]; {where}[+] appends one"
    if close := get_close_matches(steps[0], there, 1, 0.5):
        return f"{said}; the nearest that is there is {path_text((*way, *close))}"
    if not there:
        return f"{said}: {where} is there, and has no parts"
    names = ", ".join(path_text([step]) for step in there[:10])
    return f"{said}: {where} has {names}{', ...' if len(there) > 10 else ''}"  # noqa: PLR2004 - it is said above
