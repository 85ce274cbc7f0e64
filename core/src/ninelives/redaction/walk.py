"""Masking any value: one walk through what it holds, which ends whatever it is."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from typing import Any

from ninelives.address import MASK
from ninelives.describing import safe_message, safe_repr, type_name
from ninelives.redaction.cards import is_card
from ninelives.redaction.functions import text_with_functions
from ninelives.redaction.keys import is_count, is_secret
from ninelives.redaction.shells import Arguments

__all__ = ["MAX_DEPTH", "MAX_ITEMS", "MAX_PARTS", "redact"]

MAX_DEPTH = 10
"""Levels of nesting that are kept."""
MAX_ITEMS = 100
"""Entries of one mapping or list that are kept."""
MAX_PARTS = 1_000
"""Values that are kept altogether."""

_INT_BITS = 256
_FLAG = "-"
_PAIR = 2
# What names the value that stands beside it: {"name": "password", "value": "..."}
_NAMES, _VALUES = ("name", "Name", "key", "Key"), frozenset({"value", "Value"})
_NAME = re.compile(r"[\w.-]{1,64}\Z")


def redact(value: Any, *, one_line_only: bool = False, functions: Iterable[str] = ()) -> Any:
    """The value as JSON can hold it, with its secrets masked.

    The whole value of a key that names a secret is masked (`mask_keys` adds names), in mappings, named tuples, pairs
    like ``("Authorization", "…")`` and command lines like ``["--password", "…"]``; all other text is as `redact_text`
    gives it. What JSON lacks becomes text; what is too deep, too much, contains itself or can't be read becomes a
    placeholder in ``<>``. Never raises an `Exception`.

    Args:
        value: Anything.
        one_line_only: Also escape line breaks and other control characters, as `one_line` does.
        functions: Names of functions, ``module:qualname``, which stay: in ``tokens:charge`` no key is named.

    Example:
        >>> redact({"user": {"password": "hunter2", "id": 7}})
        {'user': {'password': '***', 'id': 7}}
    """
    return _Walk(text_with_functions(functions, one_line_only=one_line_only)).mask(value, 0)


class _Walk:
    """One walk through a value."""

    def __init__(self, text: Callable[[str], str]) -> None:
        self._text = text
        self._parts = MAX_PARTS
        self._inside: set[int] = set()

    def mask(self, value: Any, depth: int) -> Any:
        self._parts -= 1
        try:
            if isinstance(value, str):
                return self._text(value)
            if value is None or isinstance(value, bool):
                return value
            if isinstance(value, (int, float)):
                return _number(value)
            if isinstance(value, (Mapping, list, tuple, set, frozenset)):
                return self._container(value, depth)
            return self._text(_said(value))
        except Exception as error:
            return f"<{type(value).__name__}: {type_name(error)}>"

    def _container(self, value: Any, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            return "<too deep>"
        if id(value) in self._inside:
            return "<contains itself>"
        self._inside.add(id(value))
        try:
            if isinstance(value, Mapping):
                return self._mapping(value, depth + 1)
            if names := _field_names(value):
                return self._mapping(dict(zip(names, value, strict=False)), depth + 1)
            return self._sequence(value, depth + 1)
        finally:
            self._inside.discard(id(value))

    def _sequence(self, value: Any, depth: int) -> list[Any]:
        masked: list[Any] = []
        before: Any = None
        is_pair = len(value) == _PAIR
        arguments = Arguments()
        for item in self._first(value):
            hidden = _names_secret(before, "" if is_pair else _FLAG) and not _names_secret(item, "")
            shown = arguments.shown(item)
            masked.append(MASK if hidden else self.mask(item if shown is None else shown, depth))
            before = item
        return masked + self._rest(value)

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        masked: dict[str, Any] = {}
        named = _has_name_of_secret(value)
        for key in self._first(value):
            name = _name(key)
            item = value[key]
            hidden = (named and name in _VALUES) or (is_secret(name) and not _is_count(name, item))
            masked[self._unused(self._text(name), masked)] = MASK if hidden else self.mask(item, depth)
        for note in self._rest(value):
            masked["<more>"] = note
        return masked

    def _first(self, value: Iterable[Any]) -> Iterator[Any]:
        for number, item in enumerate(value):
            if number >= MAX_ITEMS or self._parts <= 0:
                return
            yield item

    def _rest(self, value: Any) -> list[str]:
        return [f"<{len(value)} in all>"] if len(value) > MAX_ITEMS or self._parts <= 0 else []

    @staticmethod
    def _unused(name: str, taken: Mapping[str, Any]) -> str:
        # Two phone numbers as keys look alike when they are masked.
        return name if name not in taken else f"{name} ({len(taken)})"


def _field_names(value: Any) -> Sequence[str]:
    """The names of a named tuple's items; of anything else none."""
    names = getattr(value, "_fields", ()) if isinstance(value, tuple) and type(value) is not tuple else ()
    return names if isinstance(names, tuple) and all(isinstance(name, str) for name in names) else ()


def _name(key: Any) -> str:
    if isinstance(key, str):
        return key
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else _said(key)


def _names_secret(item: Any, begin: str) -> bool:
    """Whether it is a name, not a sentence, and what stands behind it is a secret."""
    item = item.decode("utf-8", "replace") if isinstance(item, bytes) else item
    return isinstance(item, str) and item.startswith(begin) and _NAME.match(item) is not None and is_secret(item)


def _has_name_of_secret(value: Mapping[Any, Any]) -> bool:
    return any(name in value and _names_secret(value[name], "") for name in _NAMES)


def _is_count(name: str, item: Any) -> bool:
    return isinstance(item, (int, float)) and is_count(name)


def _number(value: float) -> Any:
    if not isinstance(value, int):
        return float(value) if math.isfinite(value) else repr(float(value))
    if value.bit_length() > _INT_BITS:
        return f"<a number of {value.bit_length()} bits>"
    return MASK if is_card(str(int(value))) else int(value)


def _said(value: Any) -> str:
    if isinstance(value, BaseException):
        return f"{type_name(value)}: {safe_message(value)}"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>"
    if isinstance(value, (date, time)):
        return value.isoformat()
    return safe_repr(value)
