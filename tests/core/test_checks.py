"""Collecting what is wrong, and showing values without their secrets."""

from __future__ import annotations

import math
from datetime import timedelta
from types import SimpleNamespace

import pytest

from ninelives.checks import Checks, guess, shown, told
from ninelives.errors import ConfigurationError
from ninelives.notifications.notification import ErrorSeverity


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no")


class UnsayableError(Exception):
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "limits", "expected"),
    [
        (0, {"at_least": 1, "whole": True}, "a whole number of at least 1"),
        (1.5, {"whole": True}, "a whole number"),
        (True, {"whole": True}, "a whole number"),
        ("3", {"at_least": 0}, "a number of at least 0"),
        (0.0, {"above": 0}, "a number above 0"),
        (math.nan, {}, "a number"),
        (math.inf, {"at_least": 0}, "a number of at least 0"),
        (None, {}, "a number"),
        pytest.param(10**400, {}, "a number", id="huge"),
    ],
)
def test_a_number_out_of_range_is_noted(value, limits, expected):
    """What is no finite number in the range, a boolean too, is a problem that says what would be right."""
    checks = Checks("Part")
    checks.number("size", value, **limits)
    with pytest.raises(ConfigurationError) as caught:
        checks.done()
    assert str(caught.value) == f"Part(size=) is {shown(value)}: expected {expected}"
    assert caught.value.problems[0].option == "size"


@pytest.mark.parametrize(
    ("value", "limits"),
    [
        (1, {"at_least": 1, "whole": True}),
        (0.001, {"above": 0}),
        (-5, {}),
        (2, {"at_least": 1.5}),
        pytest.param(10**400, {"whole": True}, id="huge"),
    ],
)
def test_a_number_in_range_is_no_problem(value, limits):
    """The limits themselves are as documented: at least includes, above excludes."""
    checks = Checks("Part")
    checks.number("size", value, **limits)
    checks.done()


def test_all_problems_are_raised_together():
    """Law 60: each problem of a part is in the one error, in the order of the checks."""
    checks = Checks("Part")
    checks.number("size", -1, at_least=0)
    checks.that(True, "colour", "red", "anything")
    checks.that(False, "mood", "bad", "good")
    with pytest.raises(ConfigurationError) as caught:
        checks.done()
    assert str(caught.value).splitlines() == [
        "Part(size=) is -1: expected a number of at least 0",
        "Part(mood=) is 'bad': expected good",
    ]


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (5, "", "5"),
        ("hunter2", "password", "'***'"),
        (["hunter2"], "api_token", "'***'"),
        ("smtp://ops:hunter2@mail", "store", "'smtp://ops:***@mail'"),
        (["log:", "smtp://ops:hunter2@mail"], "channels", "['log:', 'smtp://ops:***@mail']"),
        (("smtp://ops:hunter2@mail",), "", "('smtp://ops:***@mail',)"),
        ("sms:+15551230000,", "channels", "'sms:+1XXXXXXXXXX,'"),
        (["Bearer abcdef", {"to": "tom@example.com"}], "", "['Bearer ***', {'to': '***@example.com'}]"),
        ("tokens:Expired", "retry_exceptions", "'tokens:Expired'"),
        ({"secret": 1, "size": 2}, "", "{'secret': '***', 'size': 2}"),
        ({1: "x:?token=abc"}, "", "{1: 'x:?token=***'}"),
        ({"smtp://ops:hunter2@mail"}, "", "{'smtp://ops:***@mail'}"),
        (frozenset({"+15551230000"}), "", "frozenset({'+1XXXXXXXXXX'})"),
        (b"smtp://ops:hunter2@mail", "", "b'smtp://ops:***@mail'"),
        (SimpleNamespace(host="mail", token="hunter2"), "", "namespace(host='mail', token=***"),  # noqa: S106 - a fake
        (timedelta(days=-1), "", "datetime.timedelta(days=-1)"),
        (None, "", "None"),
        (str.upper, "", "<method 'upper' of 'str' objects>"),
        (Unprintable(), "", "<Unprintable>"),
        ([Unprintable()], "", "<list>"),
    ],
)
def test_values_are_shown_without_their_secrets(value, name, text):
    """What looks secret, by its name or in an address, is masked at any depth; a broken repr does no harm."""
    assert shown(value, name) == text


@pytest.mark.parametrize(
    ("given", "known", "said"),
    [
        ("chanels", ("failover", "channels"), "; did you mean 'channels'?"),
        ("Channels", ("channels",), "; did you mean 'channels'?"),
        ("WARN", ErrorSeverity, "; did you mean 'WARNING'?"),
        ("lgo", ("log", "sns"), "; did you mean 'log'?"),
        ("nothing", ("log", "sns"), ""),
        ("log", (), ""),
        ("", ("log",), ""),
        (None, ("None",), ""),
        (3, ("3",), ""),
        ("log" * 100_000, ("log",), ""),
    ],
)
def test_a_near_miss_is_guessed(given, known, said):
    """What resembles something known, in any case of letters, was meant for it; what is long or no text was not."""
    assert guess(given, known) == said


def test_long_values_are_cut():
    """An error stays readable whatever was given."""
    assert shown("x" * 300) == f"'{'x' * 199}…"


def test_errors_are_told_with_their_type():
    """An error becomes text with its type first, secrets masked; one whose text can't be had does no harm."""
    assert told(ValueError("no Bearer abcdef")) == "ValueError: no Bearer ***"
    assert told(ValueError("no smtp://ops:hunter2@mail")) == "ValueError: no smtp://ops:***@mail"
    assert told(UnsayableError()) == "UnsayableError: (its text can't be had)"
