"""`ninelives schema`: the records as JSON Schema."""

from __future__ import annotations

import json

import pytest

from ninelives.schema import SCHEMAS


@pytest.mark.parametrize("what", ["events", "letter"])
def test_it_prints_the_schema(program, what):
    """What is printed is the schema, as JSON."""
    done = program("schema", what)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(json.dumps(SCHEMAS[what]()))


def test_what_is_not_there_is_wrong_use(program):
    """An unknown record is wrong use, and those that there are are named."""
    done = program("schema", "nothing")
    assert done.returncode == 2
    assert "events" in done.stderr
    assert "letter" in done.stderr
