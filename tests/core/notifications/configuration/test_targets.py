"""Where alerts go: what `channels` and `failover` may hold, and what is made of them."""

from __future__ import annotations

import pytest

from ninelives.address import Address
from ninelives.checks import Checks
from ninelives.errors import ConfigurationError, PluginError
from ninelives.notifications.configuration.entries import channels_said, failover_said
from ninelives.notifications.configuration.targets import open_targets, targets_of
from ninelives.notifications.notification import ErrorSeverity
from ninelives.notifications.notifier import AdminNotifier
from ninelives.testing.recorders import RecordingChannel


class Named(RecordingChannel):
    name = "the pager"


READY, OTHER = Named(), RecordingChannel()


def said(channels, failover=()):
    """The destinations, each its labels and its severity; and what is wrong."""
    checks = Checks("AdminNotifier")
    targets = targets_of(channels_said(channels, checks), failover_said(failover, checks))
    return [
        ([str(getattr(place, "raw", place)) for place in (entry.to for entry in one.entries)], str(one.severity))
        for one in targets
    ], checks


def destinations(channels, failover=()):
    found, checks = said(channels, failover)
    assert checks.problems == []
    return found


def problems(channels, failover=()):
    return [
        (problem.part or problem.place, problem.value, problem.option)
        for problem in said(channels, failover)[1].problems
    ]


@pytest.mark.parametrize(
    ("channels", "found"),
    [
        ("log:", [(["log:"], "INFO")]),
        (["log:", Address("sns", "x")], [(["log:"], "INFO"), (["sns:x"], "INFO")]),
        ({"to": "sms:1", "severity": "critical"}, [(["sms:1"], "CRITICAL")]),
        ([{"to": "sms:1", "severity": ErrorSeverity.ERROR}, "log:"], [(["sms:1"], "ERROR"), (["log:"], "INFO")]),
        ([{"to": "sms:1"}], [(["sms:1"], "INFO")]),
        ((each for each in ["log:"]), [(["log:"], "INFO")]),
    ],
)
def test_channels_in_all_their_forms(channels, found):
    """An entry is an address, a channel, or a table that says from which severity on it gets what there is."""
    assert destinations(channels) == found


@pytest.mark.parametrize("severities", [("CRITICAL", "ERROR"), ("ERROR", "CRITICAL"), ("ERROR", "ERROR")])
def test_what_is_listed_twice_is_one(severities):
    """A channel that stands in the list twice is sent everything once: what either entry says that it gets."""
    entries = [{"to": "sms:1", "severity": severity} for severity in severities]
    assert destinations(["log:", *entries]) == [(["log:"], "INFO"), (["sms:1"], "ERROR")]


@pytest.mark.parametrize(
    ("channels", "failover", "found"),
    [
        (["a:", "log:"], [["a:", "b:"]], [["a:", "b:"], ["log:"]]),
        # Its first is not listed: a destination of its own, also where others of it are.
        (["log:"], [["a:", "b:", "c:"]], [["log:"], ["a:", "b:", "c:"]]),
        (["b:"], [["a:", "b:", "c:"]], [["b:", "c:"], ["a:", "b:", "c:"]]),
        # Both are listed: each has those after it.
        (["a:", "b:"], [["a:", "b:", "c:"]], [["a:", "b:", "c:"], ["b:", "c:"]]),
        # A backup of two.
        (["a:", "d:"], [["a:", "b:"], ["d:", "b:"]], [["a:", "b:"], ["d:", "b:"]]),
        # In two groups: the one in which it stands furthest ahead says who comes next.
        (["a:", "d:"], [["d:", "a:"], ["a:", "b:"]], [["a:", "b:"], ["d:", "a:"]]),
    ],
)
def test_failover_groups(channels, failover, found):
    """A group says who is tried when a listed channel fails; one whose first is not listed gets every alert."""
    assert [places for places, _ in destinations(channels, failover)] == found


def test_ready_channels_can_be_everywhere(world):
    """Channels that the program gives are as good as addresses, and are known by being the same object."""
    checks = Checks("AdminNotifier")
    entries = channels_said([{"to": READY, "severity": "ERROR"}, READY], checks)
    targets = targets_of(entries, failover_said([[READY, OTHER, "log:"]], checks))
    (destination,) = open_targets(targets, world.opener(), checks)
    assert [outlet.label for outlet in destination.outlets] == ["the pager", "RecordingChannel", "log:"]
    assert [outlet.own for outlet in destination.outlets] == [READY, OTHER, world.log]
    assert [outlet.ours for outlet in destination.outlets] == [False, False, True]


def test_each_channel_is_opened_once(world):
    """A channel that is listed and stands in groups too is one object, and is closed once."""
    opened = []

    def open_channel(address):
        opened.append(str(address))
        return RecordingChannel()

    checks = Checks("AdminNotifier")
    groups = failover_said([["a:", "b:"], ["d:", "b:"]], checks)
    found = open_targets(targets_of(channels_said(["a:", "d:"], checks), groups), open_channel, checks)
    assert opened == ["a:", "b:", "d:"]
    assert found[0].outlets[1] is found[1].outlets[1]


ENTRY = "an address, like 'log:', or a channel, or {to = ..., severity = ...} of one"


@pytest.mark.parametrize(
    ("channels", "failover", "found"),
    [
        ([], (), [("AdminNotifier(channels=)", "[]", "channels")]),
        (7, (), [("AdminNotifier(channels=)", "7", "channels")]),
        (["log:", 7], (), [("channels[1]", "7", "channels")]),
        ([RecordingChannel], (), [("channels[0]", repr(RecordingChannel), "channels")]),
        ([{"to": "log:", "severity": "AWFUL"}], (), [("channels[0].severity", "'AWFUL'", "channels")]),
        ([{"to": "log:", "severity": 7}], (), [("channels[0].severity", "7", "channels")]),
        ([{"to": "log:", "sevrity": "INFO"}], (), [("channels[0].sevrity", "'INFO'", "channels")]),
        ([{"to": "log:", "token": "abc"}], (), [("channels[0].token", "'***'", "channels")]),
        ([{"severity": "INFO"}], (), [("channels[0].to", "None", "channels")]),
        (
            [{"to": 7, "severity": "x", "more": 1}],
            (),
            [
                ("channels[0].more", "1", "channels"),
                ("channels[0].severity", "'x'", "channels"),
                ("channels[0].to", "7", "channels"),
            ],
        ),
        (["sns"], (), [("channels[0]: address", "'sns'", "channels")]),
        (["log:"], "log:", [("AdminNotifier(failover=)", "'log:'", "failover")]),
        (["log:"], 7, [("AdminNotifier(failover=)", "7", "failover")]),
        (["log:"], ["a:", "b:"], [("failover[0]", "'a:'", "failover"), ("failover[1]", "'b:'", "failover")]),
        (["log:"], [7], [("failover[0]", "7", "failover")]),
        (["log:"], [[]], [("failover[0]", "[]", "failover")]),
        (["log:"], [["a:"]], [("failover[0]", "['a:']", "failover")]),
        (["log:"], [["a:", "a:"]], [("failover[0]", "['a:', 'a:']", "failover")]),
        (["log:"], [["a:", 7]], [("failover[0][1]", "7", "failover")]),
        (["log:"], [["a:", "sns"]], [("failover[0][1]: address", "'sns'", "failover")]),
        (
            ["log:"],
            [["a:", "b:"], ["a:", "c:"]],
            [("AdminNotifier(failover=)", "[['a:', 'b:'], ['a:', 'c:']]", "failover")],
        ),
        ([7], [["a:"]], [("channels[0]", "7", "channels"), ("failover[0]", "['a:']", "failover")]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(channels, failover, found):
    """Whatever is wrong with an entry or a group is named by where it stands, all at once, secrets masked."""
    assert problems(channels, failover) == found


def test_the_argument_is_named_with_the_entry(world):
    """The error names the argument as it does for every other option, and the entry in it."""
    with pytest.raises(ConfigurationError) as caught:
        AdminNotifier(channels=["log:", "sns"])
    assert str(caught.value).startswith("AdminNotifier(channels=): channels[1]: address is 'sns': expected ")


def test_what_was_expected_is_said():
    """Each problem says what would be right."""
    checks = Checks("AdminNotifier")
    channels_said([7, {"to": "log:", "severity": "AWFUL", "nine": 1}], checks)
    assert [problem.expected for problem in checks.problems] == [
        ENTRY,
        "one of: to, severity",
        "one of: INFO, WARNING, ERROR, CRITICAL",
    ]


def test_wrong_addresses_of_both_options_are_said_at_once(world):
    """Every address that can't be opened is named with its option, beside what was noted before."""
    checks = Checks("AdminNotifier")
    targets = targets_of(channels_said(["fax:1", "log:"], checks), failover_said([["pager:", "telex:"]], checks))
    checks.number("timeout", -1, above=0)
    with pytest.raises(ConfigurationError) as caught:
        open_targets(targets, world.opener(), checks)
    assert [str(what).partition(": expected")[0] for what in caught.value.args] == [
        "AdminNotifier(timeout=) is -1",
        "channels[0]: no channel fax",
        "failover[0][0]: no channel pager",
        "failover[0][1]: no channel telex",
    ]


def test_one_wrong_address_comes_out_as_it_is(world):
    """What a plugin says of an address is what is raised, where nothing else is wrong."""
    checks = Checks("AdminNotifier")
    with pytest.raises(PluginError, match="no channel fax"):
        open_targets(targets_of(channels_said("fax:1", checks), []), world.opener(), checks)
