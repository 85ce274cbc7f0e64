"""Why a channel did not take an alert, in words."""

from __future__ import annotations

import time

import pytest

from ninelives.errors import ChannelError
from ninelives.notifications.dispatch.attempts import attempts
from ninelives.notifications.dispatch.reasons import CutOffError, reason_at, reason_of
from ninelives.notifications.notification import Notification
from ninelives.notifications.outlet import Outlet
from ninelives.testing import RecordingChannel

CUT_OFF = CutOffError("the program ended while it was being sent")
SAID = "ninelives.errors.ChannelError: the program ended while it was being sent"


@pytest.fixture
def outlet():
    """A channel that nothing is known of."""
    return Outlet(RecordingChannel(inline=False), "pager:")


def test_an_error_says_itself_what_is_wrong(outlet):
    """Masked; what is known of the channel besides is left out."""
    outlet.health.last, outlet.health.since = "the line is busy", time.monotonic()
    assert reason_at(outlet, OSError("password=hunter2")) == "builtins.OSError: password=***"
    assert reason_of(CUT_OFF) == SAID


def test_what_is_cut_off_is_told_with_what_is_known_of_the_channel(outlet):
    """For how long it has been silent, and what it said before: else nobody would learn why."""
    assert reason_at(outlet, CUT_OFF) == SAID
    outlet.health.since = time.monotonic() - 4.0
    assert reason_at(outlet, CUT_OFF).startswith(f"{SAID}; the channel had not answered for 4.")
    outlet.health.since, outlet.health.last = None, "builtins.OSError: refused"
    assert reason_at(outlet, CUT_OFF) == f"{SAID}; its last attempt: builtins.OSError: refused"


def test_attempts_note_what_they_learn(world, outlet):
    """What the last attempt said, masked; nothing when it was taken."""
    channel, said = outlet.own, Notification(message="no answer")
    channel.fail(ChannelError("token=abc refused", transient=False))
    attempts(outlet, said, 5.0, world.clock)
    assert outlet.health.last == "ninelives.errors.ChannelError: token=*** refused"
    attempts(outlet, said, 5.0, world.clock)
    assert (outlet.health.last, outlet.health.since) == (None, None)
