"""What an error came from."""

from __future__ import annotations

import pytest

from ninelives.origins import chain_of, origins_of


def from_(error, cause):
    error.__cause__ = cause
    return error


def around(*errors):
    group = ExceptionGroup("some failed", list(errors))
    for _ in range(20):
        group = ExceptionGroup("more", [group])
    return group


class Odd(Exception):
    """An error that answers so to any question."""

    def __str__(self):
        raise SystemError("no")


@pytest.mark.parametrize(
    ("error", "origins"),
    [
        (KeyError("id"), ()),
        (from_(ValueError("no id"), KeyError("id")), ("builtins.KeyError: 'id'",)),
        (from_(ValueError(1), from_(ValueError(2), OSError("x" * 300))),
         ("builtins.ValueError: 2", f"builtins.OSError: {'x' * 200}… (300 characters)")),
        (ExceptionGroup("2 failed", [OSError("a"), ExceptionGroup("1", [OSError("b")]), OSError("c"), OSError("d")]),
         ("builtins.OSError: a", "builtins.OSError: b", "builtins.OSError: c")),
        (BaseExceptionGroup("1 failed", [KeyboardInterrupt()]), ("builtins.KeyboardInterrupt: ",)),
        (ValueError("plain", ExceptionGroup("1", [OSError()])), ()),
    ],
    ids=["alone", "from", "chain", "group", "interrupted", "as an argument"],
)  # fmt: skip
def test_an_error_says_what_it_came_from(error, origins):
    """The errors in a group, or those before it, nearest first: three of them, each with the begin of its message."""
    assert origins_of(error, str) == origins


def test_a_group_is_looked_into_for_ten_levels():
    """Groups that are nested deeper stand for what is in them."""
    assert origins_of(around(OSError("a")), str) == ("builtins.ExceptionGroup: more (1 sub-exception)",)


def test_a_chain_ends():
    """One that is longer than wanted, that was said to hide what was before, or that bites its own tail."""
    first, second = OSError(1), OSError(2)
    first.__context__, second.__context__ = second, first
    assert chain_of(first, 10) == [second]
    ring = from_(ValueError(), KeyError())
    ring.__cause__.__cause__ = ring
    assert len(chain_of(ring, 10)) == 1
    long = OSError(0)
    for number in range(1, 20):
        long = from_(OSError(number), long)
    assert len(chain_of(long, 3)) == 3
    hidden = OSError(1)
    hidden.__context__ = OSError(2)
    hidden.__suppress_context__ = True
    assert chain_of(hidden, 10) == []


def test_whatever_an_error_does_its_origins_are_said_or_left_out():
    """An error that can't be printed is described; a text that can't be hidden leaves nothing."""
    (said,) = origins_of(from_(ValueError(), Odd()), str)
    assert said.endswith("its str() raised builtins.SystemError>")

    def broken(text):
        raise OSError(text)

    assert origins_of(from_(ValueError(), Odd()), broken) == ()
