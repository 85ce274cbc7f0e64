"""What a value looks like, in bounded time and length."""

from __future__ import annotations

from collections import OrderedDict

import pytest

from ninelives.dead_letters.reprs import as_text, short_repr


class Loud:
    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __str__


@pytest.mark.parametrize("value", [None, 1, "it's", [1, "a"], (), {"a": (1,)}, {1}, frozenset({1}), OrderedDict(a=1)])
def test_small_values_look_as_they_do(value):
    """A small value's short repr is its repr."""
    assert short_repr(value) == repr(value)


def test_long_ones_are_cut():
    """Of a container ten items are shown, three levels deep; text is cut at the limit."""
    assert short_repr(list(range(11))) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...]"
    assert short_repr([[[[1]]]]) == "[[[...]]]"
    assert len(short_repr("x" * 1_000_000)) < 2_100
    assert len(short_repr({"x" * 1_000_000: ["y" * 1_000_000] * 10})) < 2_100
    assert short_repr([10**5000, Loud()]).count("repr() raised") == 2


def test_what_shares_its_parts_is_shown_in_short_time():
    """A billion ways to one item are not all walked."""
    value = [1]
    for _ in range(60):
        value = [value, value]
    assert short_repr(value) == "[[[..., ...], [..., ...]], [[..., ...], [..., ...]]]"


def test_nothing_is_raised():
    """What can't be shown at all is said to be so."""

    class Meta(type):
        def __hash__(cls):
            raise RuntimeError("no")

    class Odd(metaclass=Meta):
        pass

    assert short_repr(Odd()) == "<it can't be shown>"


def test_text_of_anything():
    """What should be text is made text: lone surrogates are escaped, other values are their `str`."""
    assert as_text("\ud800x") == "\\ud800x"
    assert as_text(5) == "5"
    assert as_text(Loud()) == "<no text: no>"
