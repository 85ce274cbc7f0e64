"""Reading the path and the options of a backend's address, so that all that is wrong with them is said at once."""

from __future__ import annotations

import math

from ninelives.address import Address
from ninelives.checks import shown
from ninelives.errors import Problem

__all__ = ["LONGEST_WAIT", "problem_of", "read_path", "read_seconds", "read_switch"]

LONGEST_WAIT = 3_600
"""Seconds: an hour. What is more is a mistake where a socket waits, and much more no socket takes."""


def read_path(address: Address, default: str, problems: list[Problem]) -> str:
    """The file that an address names.

    Args:
        address: Whose target it is.
        default: What an address without a target means.
        problems: What is wrong is added to it.
    """
    target = address.target
    if "\0" in target:
        problems.append(Problem(f"{address!r}: path", repr(target), "a path without NUL characters"))
    if target.startswith("//") and "@" in target.split("/")[2]:
        problems.append(Problem(f"{address}: path", "", "a path on this machine, without user and host"))
    return target or default


def read_switch(address: Address, place: str, name: str, problems: list[Problem], *, default: bool) -> bool:
    """An option that is ``on`` or ``off``; what is wrong is added to `problems`.

    Args:
        address: Whose option.
        place: What the problem names, secrets masked: ``store sqs:q``.
        name: The option.
        problems: As above.
        default: What it is when the address does not say.

    Example:
        >>> read_switch(Address.parse("file:x?fsync=off"), "file:x", "fsync", [], default=True)
        False
    """
    given = address.options.get(name)
    if given not in (None, "on", "off"):
        problems.append(problem_of(place, name, given, "on or off"))
    return default if given is None else given == "on"


def read_seconds(
    address: Address,
    place: str,
    name: str,
    default: float,
    problems: list[Problem],
    *,
    zero: bool = False,
    most: float = math.inf,
) -> float:
    """An option that is a number of seconds, finite and above 0; what is wrong is added to `problems`.

    Args:
        address: Whose option.
        place: What the problem names, secrets masked: ``store sqs:q``.
        name: The option.
        default: What it is when the address does not say, or says what it can't be.
        problems: As above.
        zero: Whether it may be 0.
        most: What it may be at most.

    Example:
        >>> read_seconds(Address.parse("sqs:q?read_timeout=2"), "store sqs:q", "read_timeout", 5.0, [])
        2.0
    """
    given = address.options.get(name)
    if given is None:
        return default
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    enough = seconds >= 0 if zero else seconds > 0  # not so for what is no number at all
    if enough and seconds <= most and seconds != math.inf:
        return seconds
    limit = "" if most == math.inf else f", at most {most:g}"
    expected = f"a number of seconds{', 0 or more' if zero else ' above 0'}{limit}"
    problems.append(problem_of(place, name, given, expected))
    return default


def problem_of(place: str, name: str, value: str, expected: str) -> Problem:
    """What is wrong with an option of an address; its value is shown masked."""
    return Problem(f"{place}: option {name!r}", shown(value, name), expected)
