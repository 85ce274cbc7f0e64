"""Health checks: changes are told, and from time to time that something is still not healthy."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ninelives.errors import ChannelError, ConfigurationError
from ninelives.events import NotificationSuppressed
from ninelives.notifications import health
from ninelives.notifications.health import Checkup, HealthStates
from ninelives.notifications.notifier import AdminNotifier
from ninelives.testing.clock import FakeClock
from ninelives.testing.recorders import RecordingChannel, RecordingListener


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def channel():
    return RecordingChannel()


@pytest.fixture
def listener():
    return RecordingListener()


@pytest.fixture
def check(clock, channel, listener):
    """Tells a notifier of results of health checks."""
    notifier = AdminNotifier(channels=[channel], clock=clock, listeners=[listener], repeat_interval="1h")

    def send(*results, **details):
        return [notifier.send_health_check_notification(result, details) for result in results]

    send.notifier = notifier
    return send


def said(channel):
    return [(each.message.partition(": ")[2], each.count) for each in channel.notifications]


def test_changes_are_told(check, channel, listener):
    """The first is sent if unhealthy, then only changes; one that is held back counts as sent."""
    details = {"component": "openai_api", "error": "Timeout"}
    assert all(check(True, False, False, False, True, True, False, **details))
    sent = channel.notifications
    assert [each.message for each in sent] == [
        "Health check (openai_api): not healthy",
        "Health check (openai_api): healthy again",
        "Health check (openai_api): not healthy",
    ]
    assert [(each.severity, each.resolved) for each in sent[:2]] == [("ERROR", False), ("INFO", True)]
    assert sent[0].details == details
    # Held back is what would have been an alert; that all is well, again, is none. Told once, counted each time.
    assert [event.key for event in listener.of(NotificationSuppressed)] == ["health_check:openai_api"]
    assert listener.of(NotificationSuppressed)[0].reason == "nothing has changed"
    assert check.notifier.stats()["suppressed"] == {"nothing has changed": 2}


def test_what_stays_bad_is_told_again(check, channel, clock, listener):
    """A component that is still unhealthy is told of every `repeat_interval`, with how often it was found so."""
    began = clock.now()
    check(False, False, False)
    clock.advance(3599)
    check(False)
    clock.advance(1)
    check(False, False)
    assert said(channel) == [("not healthy", 1), ("not healthy", 4)]
    assert (channel.notifications[1].first, channel.notifications[1].last) == (began, began + timedelta(hours=1))
    clock.advance(7200)
    check(False, True)
    assert said(channel)[2:] == [("not healthy", 2), ("healthy again", 1)]
    assert len(listener.of(NotificationSuppressed)) == 2


def test_what_stays_well_is_not_told_again(check, channel, clock):
    """That all is well is told once, however long it lasts."""
    check(False, True)
    clock.advance(1_000_000)
    assert all(check(True))
    assert len(channel.notifications) == 2


def test_components_are_remembered_apart(check, channel):
    """What one component is says nothing about another."""
    for details in ({"component": "a"}, {"component": "b"}, {}, {"component": 7}):
        check(False, **details)
    assert [each.message for each in channel.notifications] == [
        "Health check (a): not healthy",
        "Health check (b): not healthy",
        "Health check: not healthy",
    ]


def test_details_that_can_not_be_read_do_no_harm(check, channel):
    """A mapping that raises when it is asked is a check of nobody knows what, and is told."""

    class Odd(dict):
        def get(self, *_args):
            raise RuntimeError("not today")

    assert check.notifier.send_health_check_notification(False, Odd())
    assert channel.notifications[0].message == "Health check: not healthy"


def test_news_that_reached_nobody_is_news_again(check, channel):
    """An unhealthy state that no channel took is sent again by the next check, and so is a change for the better."""
    channel.fail(ChannelError("down"))
    assert check(False, False, False) == [False, True, True]
    channel.fail(ChannelError("down"))
    assert check(True, True, True) == [False, True, True]
    assert said(channel) == [("not healthy", 1), ("healthy again", 1)]


def test_a_reminder_that_reached_nobody_comes_again(check, channel, clock):
    """A reminder that no channel took is due at the next check, with all that was counted."""
    check(False, False)
    clock.advance(3600)
    channel.fail(ChannelError("down"))
    assert check(False, False) == [False, True]
    assert said(channel) == [("not healthy", 1), ("not healthy", 2)]


def test_who_was_told_the_bad_is_told_the_good(clock):
    """A channel for what is bad enough is told that a component is well again, though that is not bad."""
    errors, worst = RecordingChannel(), RecordingChannel()
    entries = [{"to": errors, "severity": "ERROR"}, {"to": worst, "severity": "CRITICAL"}]
    notifier = AdminNotifier(channels=entries, clock=clock)
    assert [notifier.send_health_check_notification(each) for each in (False, True)] == [True, True]
    assert said(errors) == [("not healthy", 1), ("healthy again", 1)]
    assert worst.notifications == []


def test_what_is_remembered_is_bounded(monkeypatch, clock):
    """The number of components that are remembered is bounded; what changed meanwhile is not taken back."""
    monkeypatch.setattr(health, "LIMIT", 2)
    states = HealthStates(3600)

    def note(name, *, well=False):
        return states.note(Checkup(name, well, clock.now(), clock.monotonic()))

    assert [note(name).sends for name in ("a", "b", "c")] == [True] * 3
    assert len(states._known) == 2
    old = note("b", well=True)
    new = note("b")
    assert (old.sends, new.sends) == (True, True)
    states.take_back("b", old)
    assert not note("b").sends


@pytest.mark.parametrize("result", ["false", None, 0, 1])
def test_a_result_is_true_or_false(check, channel, result):
    """What is neither True nor False is refused at once, and nothing is sent: "false" would count as healthy."""
    with pytest.raises(ConfigurationError, match=r"notification\(is_healthy=\) is .*: expected True or False"):
        check(result)
    assert channel.notifications == []
