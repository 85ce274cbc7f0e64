"""What a name of the configuration means."""

from __future__ import annotations

import pytest

from ninelives.imported import imported, names_something


@pytest.mark.parametrize(
    ("given", "names"), [("a:b", True), ("a.b:c.d", True), ("a", False), (":b", False), ("a:", False), (3, False)]
)
def test_a_name_has_two_parts(given, names):
    """Only text with a module and something in it names anything."""
    assert names_something(given) is names


def test_a_name_goes_as_deep_as_it_says():
    """What stands in a class is found through it."""
    assert imported("datetime:datetime.fromisoformat")("2026-01-01").year == 2026


@pytest.mark.parametrize(("name", "kind"), [("no_such_module:x", ImportError), ("builtins:no_such", AttributeError)])
def test_what_is_not_there_is_an_error(name, kind):
    """A module that can't be imported and a name that is not in it raise what Python raises."""
    with pytest.raises(kind):
        imported(name)
