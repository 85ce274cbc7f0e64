"""Events: frozen facts with a name."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass
from datetime import UTC, datetime

import pytest

from ninelives import CircuitClosed, CircuitOpened
from ninelives.events import EVENTS

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.name)
def test_events_are_frozen_keyword_only_dataclasses(kind):
    """Every event is a frozen dataclass whose fields are given by name, with time, pipeline and call."""
    assert is_dataclass(kind)
    names = {field.name for field in fields(kind)}
    assert names >= {"at", "pipeline", "call_id"}
    assert all(field.kw_only for field in fields(kind))
    event = kind(**{name: AT if name == "at" else 1 for name in names})
    with pytest.raises(FrozenInstanceError):
        event.at = None


def test_names_are_told_apart():
    """No two events have one name, and the name is in the style of structured logs."""
    names = [kind.name for kind in EVENTS]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and name.replace("_", "").isalpha() for name in names)


def test_events_compare_by_what_they_say():
    """Two events are equal if they are of one kind and all their fields are; then they hash alike."""
    one, same = (CircuitOpened(at=AT, circuit="a", failures=5) for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    assert one != CircuitOpened(at=AT, circuit="b", failures=5)
    assert one != CircuitClosed(at=AT, circuit="a", failures=5)
    assert one != "circuit_opened"


def test_events_print_their_fields():
    """An event prints as the call that would make it."""
    event = CircuitClosed(at=AT, circuit="a", failures=0)
    assert repr(event).startswith("CircuitClosed(at=datetime.datetime(2026, 1, 1")
    assert "circuit='a', failures=0, reopens_in=None)" in repr(event)
