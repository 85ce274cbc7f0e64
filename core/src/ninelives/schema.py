"""The records of ninelives as JSON Schema: what programs may rely on that read letters or structured logs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import msgspec

from ninelives.dead_letters.letter import SCHEMA, DeadLetter
from ninelives.events import EVENTS, Event

__all__ = ["SCHEMAS", "event_schema", "letter_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EVENT_SCHEMA = 1


def letter_schema() -> dict[str, Any]:
    """JSON Schema of a dead letter, as stores keep it: one JSON object a letter."""
    return _documented({"$schema": DIALECT, "title": f"ninelives dead letter, schema {SCHEMA}"} | _of(DeadLetter))


def event_schema() -> dict[str, Any]:
    """JSON Schema of an event, as structured logs carry it: its fields, and its name as ``event``."""
    _, parts = msgspec.json.schema_components(EVENTS, ref_template="#/$defs/{name}")
    for kind in EVENTS:
        _named(parts[kind.__name__], kind)
    return _documented(
        {
            "$schema": DIALECT,
            "title": f"ninelives event, schema {EVENT_SCHEMA}",
            "anyOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in EVENTS],
            "$defs": parts,
        }
    )


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {"events": event_schema, "letter": letter_schema}
"""By the names that ``ninelives schema`` takes."""


def _of(kind: type) -> dict[str, Any]:
    return msgspec.json.schema(kind)


def _named(part: dict[str, Any], kind: type[Event]) -> None:
    part["properties"] = {"event": {"const": kind.name}, **part["properties"]}
    part["required"] = ["event", *part["required"]]


def _documented(schema: dict[str, Any]) -> dict[str, Any]:
    """The same whatever version of Python or msgspec made it: in how it is indented, and where null stands."""
    for part in schema["$defs"].values():
        part["description"] = inspect.cleandoc(part["description"])
        for field in part["properties"].values():
            field.get("anyOf", []).sort(key=lambda kind: kind == {"type": "null"})
    return schema
