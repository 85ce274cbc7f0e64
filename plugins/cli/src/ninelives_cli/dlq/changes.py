"""What an edit changed, for whoever made it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from ninelives.address import MASK
from ninelives.dead_letters.paths import differences, get_path
from ninelives.redaction import redact
from ninelives_cli.dlq.masking import as_text

__all__ = ["Change", "changes_of"]

_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}
_SHOWN = 200  # characters of a value that is shown
_NAME = re.compile(r"[\w-]+")


class Change(Struct, frozen=True):
    """A part that is another now.

    Attributes:
        path: The way to it, as ``--set`` takes it.
        old, new: What stood and what stands there, masked; a list of one, or of none: it was not, or is not there.
        kinds: Of what kinds both are, where these differ: a masked value would not show it.
    """

    path: str
    old: list[Any]
    new: list[Any]
    kinds: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {_said(self.old)} -> {_said(self.new)}{self.kinds}"

    def record(self) -> dict[str, Any]:
        """For machines: ``path``, ``old``, ``new``; of what was not or is not there, there is no key."""
        return {
            "path": self.path,
            **{name: value for name, values in (("old", self.old), ("new", self.new)) for value in values},
        }


def changes_of(old: dict[str, Any], new: dict[str, Any], masked: Iterable[str] = ()) -> list[Change]:
    """Each part that differs, the smallest that does; masked: whole, where the letter itself was masked."""
    whole = tuple(masked)
    inside = tuple(f"{path}{mark}" for path in whole for mark in ".[")
    return [
        _of_masked(path, _part(old, path), _part(new, path))
        if path in whole or path.startswith(inside)
        else _of_plain(path, _part(old, path), _part(new, path))
        for path in differences(old, new)
    ]


def _of_masked(path: str, before: list[Any], after: list[Any]) -> Change:
    said = " (put back)" if before == [MASK] and after else ""
    return Change(path, [MASK for _ in before], [MASK for _ in after], said)


def _of_plain(path: str, before: list[Any], after: list[Any]) -> Change:
    return Change(path, _masked(path, before), _masked(path, after), _kinds(before, after))


def _part(payload: dict[str, Any], path: str) -> list[Any]:
    try:
        return [get_path(payload, path)]
    except ValueError:
        return []


def _masked(path: str, values: list[Any]) -> list[Any]:
    """The value masked: whole, if a name on the way to it says that it is a secret."""
    names = _NAME.findall(path)
    return [_within(names, value) for value in values]


def _within(names: list[str], value: Any) -> Any:
    for name in names:
        if redact({name: ""}) != {name: ""}:
            return redact({name: value})[name]
    return redact(value)


def _kinds(old: list[Any], new: list[Any]) -> str:
    before, after = ([_KINDS[type(value)] for value in values] for values in (old, new))
    return f" (was {before[0]}, is {after[0]})" if before and after and before != after else ""


def _said(values: list[Any]) -> str:
    if not values:
        return "nothing"
    said = as_text(values[0])
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
