"""Arguments and messages as JSON, and back: what JSON lacks is tagged, and what can't be held is marked.

Tuples, bytes, datetimes, dates, times, timedeltas, Decimals, UUIDs, sets, frozensets, complex numbers, NaN and the
infinities, whole numbers of any size, any text and keys that are no text come back as they were. Anything else needs
`encode` and `decode`, or is marked: its ``repr`` is kept, and the letter says that it can't be replayed. Nothing is
ever unpickled, and no name in a record makes anything be imported.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from ninelives.describing import safe_repr

__all__ = ["MAX_DEPTH", "Encode", "decode", "encode"]

Encode = Callable[[Any], Any]

MAX_DEPTH = 100
"""How many levels of nesting are kept; what is deeper is marked. The readers of JSON have limits of their own."""

MAX_PARTS = 5_000_000
"""How many values are kept; beyond it, what refers to itself in many ways would never end."""

_TAG = "$type"
_INT64 = 1 << 63


def encode(value: Any, path: str, custom: Encode | None = None) -> tuple[Any, list[dict[str, str]]]:
    """The value as JSON can hold it.

    Args:
        value: Anything.
        path: What the value is called in the paths: ``args``.
        custom: Is given what can't be held, and returns something that can; what it raises means that it can't.

    Returns:
        The encoded value, and ``{"path", "repr"}`` for each part that could not be held.
    """
    encoder = _Encoder(custom)
    try:
        return encoder.encode(value, path, 0), encoder.marked
    except RecursionError:  # the caller itself stands deep in the stack
        encoder.marked.clear()
        return encoder.mark(value, path), encoder.marked


class _Encoder:
    def __init__(self, custom: Encode | None) -> None:
        self.custom = custom
        self.marked: list[dict[str, str]] = []
        self._inside: set[int] = set()
        self._parts = 0

    def encode(self, value: Any, path: str, depth: int) -> Any:
        self._parts += 1
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind in _LEAVES:
            return _LEAVES[kind](value)
        if kind in _CONTAINERS:
            if depth >= MAX_DEPTH or id(value) in self._inside or self._parts > MAX_PARTS:
                return self.mark(value, path)
            self._inside.add(id(value))
            try:
                return _CONTAINERS[kind](self, value, path, depth + 1)
            finally:
                self._inside.discard(id(value))
        return self._other(value, path, depth)

    def _other(self, value: Any, path: str, depth: int) -> Any:
        if _is_uuid(value):
            return _tagged("uuid", str(value))
        if self.custom is None or depth >= MAX_DEPTH:
            return self.mark(value, path)
        try:
            encoded = self.custom(value)
        except Exception:
            return self.mark(value, path)
        if type(encoded) is type(value):
            return self.mark(value, path)
        return _tagged("custom", self.encode(encoded, path, depth + 1))

    def mark(self, value: Any, path: str) -> Any:
        text = safe_repr(value)
        self.marked.append({"path": path, "repr": text})
        return _tagged("unserialisable", text)

    def items(self, values: Iterable[Any], path: str, depth: int) -> list[Any]:
        return [self.encode(item, f"{path}[{index}]", depth) for index, item in enumerate(values)]

    def mapping(self, value: dict[Any, Any], path: str, depth: int) -> Any:
        if all(type(key) is str and _str(key) is key for key in value) and _TAG not in value:
            return {key: self.encode(item, f"{path}.{key}", depth) for key, item in value.items()}
        pairs = [
            [
                self.encode(key, f"{path}.keys()[{index}]", depth),
                self.encode(item, f"{path}[{safe_repr(key, 40)}]", depth),
            ]
            for index, (key, item) in enumerate(value.items())
        ]
        return _tagged("dict", pairs)


def _tagged(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    return {_TAG: kind, "value": value, **more}


def _is_uuid(value: Any) -> bool:
    # By name, so that who uses no UUIDs need not import the module.
    return type(value).__module__ == "uuid" and type(value).__qualname__ == "UUID"


def _float(value: float) -> Any:
    return value if math.isfinite(value) else _tagged("float", repr(value))


def _int(value: int) -> Any:
    # Hexadecimal: Python limits the length of decimal ones that it reads.
    return value if -_INT64 <= value < _INT64 else _tagged("int", hex(value))


def _str(value: str) -> Any:
    try:
        value.encode()
    except UnicodeEncodeError:
        return _tagged("str", _base64(value.encode("utf-8", "surrogatepass")))
    return value


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _moment(kind: str) -> Callable[[Any], Any]:
    def leaf(value: Any) -> Any:
        zone = getattr(value.tzinfo, "key", None)
        more = ({"zone": zone} if isinstance(zone, str) else {}) | ({"fold": 1} if value.fold else {})
        return _tagged(kind, value.isoformat(), **more)

    return leaf


_LEAVES: dict[type, Callable[[Any], Any]] = {
    int: _int,
    float: _float,
    str: _str,
    bytes: lambda value: _tagged("bytes", _base64(value)),
    bytearray: lambda value: _tagged("bytearray", _base64(value)),
    complex: lambda value: _tagged("complex", repr(value)),
    Decimal: lambda value: _tagged("decimal", str(value)),
    datetime: _moment("datetime"),
    time: _moment("time"),
    date: lambda value: _tagged("date", value.isoformat()),
    timedelta: lambda value: _tagged("timedelta", [value.days, value.seconds, value.microseconds]),
}

_CONTAINERS: dict[type, Callable[[_Encoder, Any, str, int], Any]] = {
    list: lambda encoder, value, path, depth: encoder.items(value, path, depth),
    tuple: lambda encoder, value, path, depth: _tagged("tuple", encoder.items(value, path, depth)),
    set: lambda encoder, value, path, depth: _tagged("set", encoder.items(value, path, depth)),
    frozenset: lambda encoder, value, path, depth: _tagged("frozenset", encoder.items(value, path, depth)),
    dict: _Encoder.mapping,
}


def decode(value: Any, custom: Encode | None = None) -> Any:
    """What `encode` was given; a part that could not be held is its ``repr``.

    Args:
        value: An encoded value.
        custom: The inverse of the custom part of `encode`.
    """
    if isinstance(value, list):
        return [decode(item, custom) for item in value]
    if not isinstance(value, Mapping):
        return value
    kind = value.get(_TAG)
    if kind is None:
        return {key: decode(item, custom) for key, item in value.items()}
    if kind == "custom":
        inner = decode(value["value"], custom)
        return custom(inner) if custom is not None else inner
    return _DECODERS.get(kind, _unknown)(value, lambda item: decode(item, custom))


Inner = Callable[[Any], Any]


def _unknown(value: Mapping[str, Any], inner: Inner) -> Any:
    return {key: inner(item) for key, item in value.items()}


def _decode_moment(kind: Any) -> Callable[[Mapping[str, Any], Inner], Any]:
    def moment(value: Mapping[str, Any], _inner: Inner) -> Any:
        made = kind.fromisoformat(value["value"]).replace(fold=value.get("fold", 0))
        if "zone" not in value:
            return made
        from zoneinfo import ZoneInfo

        return made.replace(tzinfo=ZoneInfo(value["zone"]))

    return moment


def _decode_uuid(value: Mapping[str, Any], _inner: Inner) -> Any:
    from uuid import UUID

    return UUID(value["value"])


_DECODERS: dict[str, Callable[[Mapping[str, Any], Inner], Any]] = {
    "tuple": lambda value, inner: tuple(inner(value["value"])),
    "set": lambda value, inner: set(inner(value["value"])),
    "frozenset": lambda value, inner: frozenset(inner(value["value"])),
    "dict": lambda value, inner: {inner(key): inner(item) for key, item in value["value"]},
    "int": lambda value, _: int(value["value"], 16),
    "float": lambda value, _: float(value["value"]),
    "complex": lambda value, _: complex(value["value"]),
    "str": lambda value, _: base64.b64decode(value["value"]).decode("utf-8", "surrogatepass"),
    "bytes": lambda value, _: base64.b64decode(value["value"]),
    "bytearray": lambda value, _: bytearray(base64.b64decode(value["value"])),
    "decimal": lambda value, _: Decimal(value["value"]),
    "uuid": _decode_uuid,
    "datetime": _decode_moment(datetime),
    "time": _decode_moment(time),
    "date": lambda value, _: date.fromisoformat(value["value"]),
    "timedelta": lambda value, _: timedelta(*value["value"]),
    "unserialisable": lambda value, _: value["value"],
}
