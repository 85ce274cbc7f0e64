"""What is said of a letter that can't be run as it is."""

from __future__ import annotations

import pytest

from ninelives.dead_letters.views import lack_of, lacking_in
from ninelives.testing.contracts.letters import letter


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ({}, None),
        ({"redacted": ("args[0]", "kwargs.to")}, "args[0], kwargs.to, masked when it was written"),
        ({"replayable": False}, "a part, which could not be kept"),
        (
            {"replayable": False, "unserialisable": ({"path": "", "repr": "why"}, {"path": "args", "repr": "()"})},
            "args, which could not be kept",
        ),
        (
            {"redacted": tuple(f"args[{number}]" for number in range(12))},
            f"{', '.join(f'args[{number}]' for number in range(10))} and 2 more, masked when it was written",
        ),
    ],
)
def test_what_a_letter_lacks(fields, lacking):
    """At most ten parts are named, with the reason and the command that puts them back; a whole one lacks nothing."""
    one = letter(**fields)
    assert lacking_in(one) == lacking
    advice = f"lacks {lacking}: put it back with ninelives dlq edit {one.id} --set PATH=VALUE"
    assert lack_of(one) == (lacking and advice)
