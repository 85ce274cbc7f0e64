"""The parts of an encoded payload as users see them, though tuples and odd keys stand in tagged objects."""

from __future__ import annotations

from typing import Any

from ninelives.dead_letters.leaves import TAG
from ninelives.dead_letters.payload import decode

__all__ = ["is_row", "kind_of_node", "parts_of", "rebuilt"]


def kind_of_node(node: Any) -> str | None:
    """The tag of a tagged object; ``list`` or ``plain`` of what has none; None of a leaf."""
    if isinstance(node, list):
        return "list"
    if not isinstance(node, dict):
        return None
    tag = node.get(TAG)
    return tag if isinstance(tag, str) and "value" in node else "plain"


def is_row(node: Any) -> bool:
    """Whether its parts have indices: a list or a tuple."""
    return kind_of_node(node) in {"list", "tuple"}


def parts_of(node: Any) -> list[tuple[Any, Any]] | None:
    """What it holds, each with its index or key; None of what has no parts that could be named."""
    try:
        return _parts_of(node)
    except (TypeError, ValueError):  # someone else may have written it
        return None


def rebuilt(node: Any, children: list[Any]) -> Any:
    """A plain object, a list, a tuple or a ``dict`` with these parts instead of its own."""
    kind = kind_of_node(node)
    if kind == "list":
        return children
    if kind == "plain":
        return dict(zip(node, children, strict=True))
    if kind == "tuple":
        return {**node, "value": children}
    pairs = [[key, child] for (key, _), child in zip(node["value"], children, strict=True)]
    return {**node, "value": pairs}


def _parts_of(node: Any) -> list[tuple[Any, Any]] | None:
    kind = kind_of_node(node)
    if kind == "plain":
        return list(node.items())
    if kind == "list":
        return list(enumerate(node))
    if kind == "tuple":
        return list(enumerate(node["value"]))
    if kind == "dict":
        return [(_key(key), part) for key, part in node["value"]]
    return _parts_of(node["value"]) if kind == "custom" else None


def _key(encoded: Any) -> Any:
    try:
        return decode(encoded)
    except Exception:  # likewise
        return encoded
