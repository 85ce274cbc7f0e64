"""What a value looks like, in bounded time and length: a plain ``repr`` of what shares its parts can take for ever."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ninelives.describing import MESSAGE_LIMIT, bounded, clean_text, safe_message, safe_repr

__all__ = ["as_text", "short_repr"]

_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    dict: ("{", "}"),
}
_LEVELS = 3
_ITEMS = 10
_PART = 100


def short_repr(value: object, limit: int = MESSAGE_LIMIT) -> str:
    """The value's ``repr``; of containers the first ten items, three levels deep. Never raises an `Exception`."""
    try:
        return bounded(_short(value, _LEVELS, limit), limit)
    except Exception:  # its stack is at its end, or another thread changes it: no more can be done, nor called
        return "<it can't be shown>"


def as_text(value: object) -> str:
    """What should be text as text, always valid UTF-8: of anything else its ``str``. Never raises an `Exception`."""
    if isinstance(value, str):
        return clean_text(value)
    try:
        return bounded(str(value))
    except Exception as error:
        return f"<no text: {safe_message(error)}>"


def _short(value: Any, levels: int, limit: int) -> str:
    brackets = _BRACKETS.get(type(value))
    if brackets is None:
        return safe_repr(value, limit)
    if levels == 0:
        return "..."
    rest = ", ..." if len(value) > _ITEMS else "," if type(value) is tuple and len(value) == 1 else ""
    return f"{brackets[0]}{', '.join(_parts(value, levels - 1))}{rest}{brackets[1]}"


def _parts(value: Any, levels: int) -> Iterator[str]:
    if type(value) is dict:
        for key, item in islice(value.items(), _ITEMS):
            yield f"{_short(key, levels, _PART)}: {_short(item, levels, _PART)}"
    else:
        for item in islice(value, _ITEMS):
            yield _short(item, levels, _PART)
