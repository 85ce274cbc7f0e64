"""Arguments and messages as JSON, and back: what JSON lacks is tagged, and what can't be held is marked.

Tuples, bytes, datetimes, dates, times, timedeltas, Decimals, UUIDs, sets, frozensets, complex numbers, NaN and the
infinities, whole numbers of any size, any text and keys that are no text come back as they were. Anything else needs
`encode` and `decode`, or is marked: its ``repr`` is kept, and the letter says that it can't be replayed. Nothing is
ever unpickled, and no name in a record makes anything be imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from ninelives.dead_letters.leaves import LEAF_DECODERS, LEAVES, TAG, is_plain_text, is_uuid, tagged
from ninelives.dead_letters.reprs import short_repr
from ninelives.describing import bounded

__all__ = [
    "MAX_DEPTH",
    "MAX_MARKED",
    "MAX_PARTS",
    "MAX_REPEATED",
    "Encode",
    "decode",
    "encode",
    "key_text",
    "path_text",
    "step_text",
]

Encode = Callable[[Any], Any]

MAX_DEPTH = 100
"""How many levels of nesting are kept; what is deeper is marked. The readers of JSON have limits of their own."""

MAX_PARTS = 5_000_000
"""How many values are kept; a container that goes beyond is marked whole."""

MAX_REPEATED = 200_000
"""How many values are written again because several others hold them: twenty lists can hold a million ways to one."""

MAX_MARKED = 100
"""How many parts that can't be held are told one by one; the rest are counted."""

_MAX_PATH = 500
_MAX_KEY = 40
_PLAIN_KEY = re.compile(r"[^.\[\]\"'\x00-\x1f]+")

# The way to a part: the way to what holds it, and an index or a key. Text is made of it only where a part is marked:
# every part has a way, and a key may be of megabytes.
_Path = tuple[Any, Any]


def encode(value: Any, path: str, custom: Encode | None = None) -> tuple[Any, list[dict[str, str]]]:
    """The value as JSON can hold it. Never raises an `Exception`.

    Args:
        value: Anything.
        path: What the value is called in the paths: ``args``.
        custom: Is given what can't be held, and returns something that can; what it raises means that it can't.

    Returns:
        The encoded value, and ``{"path", "repr"}`` for each part that could not be held.
    """
    encoder = _Encoder(custom)
    root = (None, path)
    try:
        return encoder.encode(value, root, 0), encoder.told(path)
    except RecursionError:  # the caller itself stands deep in the stack
        encoder.marked.clear()
        return encoder.mark(value, root), encoder.told(path)


class _Encoder:
    def __init__(self, custom: Encode | None) -> None:
        self.custom = custom
        self.marked: list[dict[str, str]] = []
        self._untold = 0
        self._inside: set[int] = set()
        self._seen: set[int] = set()
        self._parts = 0
        self._repeated = 0
        # What `custom` made must live on: the next object could get its id, and would be taken for it.
        self._made: list[Any] = []

    def encode(self, value: Any, path: _Path, depth: int) -> Any:
        kind = type(value)
        try:
            if value is None or kind is bool:
                return value
            if (leaf := LEAVES.get(kind)) is not None:
                return leaf(value)
            if (container := _CONTAINERS.get(kind)) is not None:
                return self._within(container, value, path, depth, len(value))
            if is_uuid(value):
                return tagged("uuid", str(value))
            return self._within(_Encoder.customised, value, path, depth, 1)
        except RecursionError:
            raise
        except Exception:  # whatever a value does when it is looked at, or another thread does to it meanwhile
            return self.mark(value, path)

    def _within(self, make: _Container, value: Any, path: _Path, depth: int, size: int) -> Any:
        if depth >= MAX_DEPTH or id(value) in self._inside or not self._affords(value, size):
            return self.mark(value, path)
        self._inside.add(id(value))
        try:
            return make(self, value, path, depth + 1)
        finally:
            self._inside.discard(id(value))

    def _affords(self, value: Any, size: int) -> bool:
        repeated = self._repeated + (size + 1 if id(value) in self._seen else 0)
        if self._parts + size > MAX_PARTS or repeated > MAX_REPEATED:
            return False
        self._seen.add(id(value))
        self._parts, self._repeated = self._parts + size, repeated
        return True

    def customised(self, value: Any, path: _Path, depth: int) -> Any:
        if self.custom is None:
            return self.mark(value, path)
        encoded = self.custom(value)
        if type(encoded) is type(value):
            return self.mark(value, path)
        self._made.append(encoded)
        return tagged("custom", self.encode(encoded, path, depth))

    def mark(self, value: Any, path: _Path) -> Any:
        if len(self.marked) >= MAX_MARKED:
            self._untold += 1
            return tagged("unserialisable", short_repr(type(value)))
        text = short_repr(value)
        self.marked.append({"path": _path_text(path), "repr": text})
        return tagged("unserialisable", text)

    def told(self, path: str) -> list[dict[str, str]]:
        if self._untold:
            self.marked.append({"path": path, "repr": f"and {self._untold} more"})
        return self.marked

    def items(self, value: Any, path: _Path, depth: int) -> list[Any]:
        items = []
        for index, item in enumerate(list(value)):  # no comprehension: it would have a frame of its own
            items.append(self.encode(item, (path, index), depth))
        return items

    def members(self, value: Any, path: _Path, depth: int) -> list[Any]:
        # Sorted: equal sets may iterate differently, and should look the same.
        return sorted(self.items(value, path, depth), key=msgspec.json.encode)

    def mapping(self, value: dict[Any, Any], path: _Path, depth: int) -> Any:
        entries = list(value.items())
        if all(is_plain_text(key) and key != TAG for key, _ in entries):
            plain = {}
            for key, item in entries:
                plain[key] = self.encode(item, (path, key), depth)
            return plain
        pairs = []
        for index, (key, item) in enumerate(entries):
            name = self.encode(key, ((path, "keys()"), index), depth)
            pairs.append([name, self.encode(item, (path, key), depth)])
        return tagged("dict", pairs)


_Container = Callable[[_Encoder, Any, _Path, int], Any]

_CONTAINERS: dict[type, _Container] = {
    list: _Encoder.items,
    tuple: lambda encoder, value, path, depth: tagged("tuple", encoder.items(value, path, depth)),
    set: lambda encoder, value, path, depth: tagged("set", encoder.members(value, path, depth)),
    frozenset: lambda encoder, value, path, depth: tagged("frozenset", encoder.members(value, path, depth)),
    dict: _Encoder.mapping,
}


def _path_text(path: _Path) -> str:
    pieces: list[str] = []
    way: _Path | None = path
    while way is not None:
        way, piece = way
        pieces.append(step_text(piece))
    return path_text(reversed(pieces))


def path_text(steps: Iterable[str]) -> str:
    """The way to a part as it is written, bounded: ``args[0].name``."""
    return bounded("".join(steps).removeprefix("."), _MAX_PATH)


def step_text(piece: Any) -> str:
    """One step of the way to a part, as it is written: an index or a key, bounded."""
    return key_text(bounded(piece, _MAX_KEY)) if type(piece) is str else f"[{short_repr(piece, _MAX_KEY)}]"


def key_text(key: str) -> str:
    """A key that is text as a step: as it is, or quoted where it would be taken for more than one step."""
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{msgspec.json.encode(key).decode()}]"


def decode(value: Any, custom: Encode | None = None) -> Any:
    """What `encode` was given; a part that could not be held is its ``repr``.

    A record that someone else wrote can make it raise any `Exception`, but makes it import and run nothing.

    Args:
        value: An encoded value.
        custom: The inverse of the custom part of `encode`.
    """
    if isinstance(value, list):
        return [decode(item, custom) for item in value]
    if not isinstance(value, Mapping):
        return value
    kind = value.get(TAG)
    if isinstance(kind, str):
        if kind in LEAF_DECODERS:
            return LEAF_DECODERS[kind](value)
        if kind in _DECODERS:
            return _DECODERS[kind](value["value"], custom)
    return {key: decode(item, custom) for key, item in value.items()}


def _decode_custom(value: Any, custom: Encode | None) -> Any:
    inner = decode(value, custom)
    return inner if custom is None else custom(inner)


_DECODERS: dict[str, Callable[[Any, Encode | None], Any]] = {
    "tuple": lambda value, custom: tuple([decode(item, custom) for item in value]),
    "set": lambda value, custom: {decode(item, custom) for item in value},
    "frozenset": lambda value, custom: frozenset([decode(item, custom) for item in value]),
    "dict": lambda value, custom: {decode(key, custom): decode(item, custom) for key, item in value},
    "custom": _decode_custom,
}
