"""The schemas of letters and events: versioned, exported, and kept in the reference."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from ninelives.dead_letters.letter import DeadLetter, encode_letter
from ninelives.events import EVENTS
from ninelives.schema import SCHEMAS, event_schema, letter_schema

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("what", SCHEMAS)
def test_the_reference_has_the_schemas(what):
    """What the reference shows is what the program says; `ninelives schema` writes it anew."""
    kept = json.loads((REFERENCE / f"{what}.schema.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(SCHEMAS[what]())), (
        f"ninelives schema {what} > docs/reference/{what}.schema.json"
    )


def test_a_letter_has_the_fields_of_its_schema():
    """A letter as stores keep it has every field of the schema, and no other."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    letter = DeadLetter(id="1", key="1", created=now, first_failed=now, last_failed=now)
    (definition,) = (part for part in letter_schema()["$defs"].values() if part["title"] == "DeadLetter")
    assert msgspec.json.decode(encode_letter(letter)).keys() == definition["properties"].keys()


def test_every_event_is_in_the_schema_under_its_name():
    """Each event has its name, its fields and its documentation in the schema."""
    parts = event_schema()["$defs"]
    for kind in EVENTS:
        part = parts[kind.__name__]
        assert part["properties"]["event"] == {"const": kind.name}
        assert part["properties"].keys() - {"event"} == {field.name for field in fields(kind)}
        assert part["description"]
