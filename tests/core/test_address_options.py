"""The path and the options of an address: read, or said to be wrong, all at once and masked."""

from __future__ import annotations

import math

import pytest

from ninelives.address import Address
from ninelives.address_options import problem_of, read_path, read_seconds, read_switch


@pytest.mark.parametrize(
    ("text", "path", "wrong"),
    [
        ("x:./a.db", "./a.db", []),
        ("x:", "default.db", []),
        ("x://a/b", "//a/b", []),
        ("x:a%00b", "a\0b", ["path is 'a\\x00b': expected a path without NUL characters"]),
        ("x://ops:hunter2@host/a", None, ["path: expected a path on this machine, without user and host"]),
    ],
)
def test_a_path_is_one_of_this_machine(text, path, wrong):
    """A path is the target or the default; what no file can have as its name, and a URL's user and host, is refused."""
    problems = []
    found = read_path(Address.parse(text), "default.db", problems)
    assert path in (None, found)
    assert len(problems) == len(wrong)
    assert all(str(problem).endswith(end) for problem, end in zip(problems, wrong, strict=True))
    assert "hunter2" not in str(problems)


@pytest.mark.parametrize(
    ("text", "default", "found", "wrong"),
    [
        ("x:", True, True, []),
        ("x:", False, False, []),
        ("x:?fsync=on", False, True, []),
        ("x:?fsync=off", True, False, []),
        ("x:?fsync=yes", True, False, ["x: option 'fsync' is 'yes': expected on or off"]),
        ("x:?fsync=", True, False, ["x: option 'fsync' is '': expected on or off"]),
    ],
)
def test_a_switch_is_on_or_off(text, default, found, wrong):
    """A switch is `on` or `off`, and nothing else."""
    problems = []
    assert read_switch(Address.parse(text), "x", "fsync", problems, default=default) is found
    assert [str(problem) for problem in problems] == wrong


@pytest.mark.parametrize(
    ("given", "options", "found", "expected"),
    [
        (None, {}, 5.0, None),
        ("2.5", {}, 2.5, None),
        ("1e300", {}, 1e300, None),
        ("0", {}, 5.0, "a number of seconds above 0"),
        ("0", {"zero": True}, 0.0, None),
        ("-1", {"zero": True}, 5.0, "a number of seconds, 0 or more"),
        ("3600", {"most": 3600}, 3600.0, None),
        ("3600.1", {"most": 3600}, 5.0, "a number of seconds above 0, at most 3600"),
        ("60.1", {"most": 60, "zero": True}, 5.0, "a number of seconds, 0 or more, at most 60"),
        *((text, {}, 5.0, "a number of seconds above 0") for text in ("inf", "-inf", "nan", "soon", "")),
    ],
)
def test_a_number_of_seconds_is_finite_and_in_its_bounds(given, options, found, expected):
    """Seconds are a finite number in its bounds; else the default comes back, and it is said what was expected."""
    problems, address = [], Address("x", "", {} if given is None else {"timeout": given})
    seconds = read_seconds(address, "x", "timeout", 5.0, problems, **options)
    assert seconds == found
    assert math.isfinite(seconds)
    assert [str(problem) for problem in problems] == (
        [] if expected is None else [f"x: option 'timeout' is {given!r}: expected {expected}"]
    )


def test_a_secret_is_not_shown():
    """What an option with a secret's name was given is masked where it is said to be wrong."""
    assert str(problem_of("x", "token", "hunter2", "another")) == "x: option 'token' is '***': expected another"
