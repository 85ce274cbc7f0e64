"""One notification to one channel: retries, time-outs, and that no failure is hidden."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from threading import Event, Thread

import pytest

from ninelives.errors import ChannelError
from ninelives.notifications.delivery import (
    RETRY_DELAYS,
    deliver,
    deliver_in_thread,
    is_delivering,
)
from ninelives.notifications.notification import Notification
from ninelives.notifications.together import deliver_together
from ninelives.testing.recorders import RecordingChannel

TRANSIENT = ChannelError("the line is busy")
PERMANENT = ChannelError("no such number", transient=False)


def waiting(**how):
    """A channel that is no inline one."""
    return RecordingChannel(inline=False, **how)


def test_what_was_accepted_is_told(world):
    """A channel that accepts a notification gets it once, and listeners are told."""
    channel = waiting()
    assert deliver(world.delivery(channel))
    assert [each.message for each in channel.notifications] == ["no answer"]
    (event,) = world.listener.recorded
    assert event.fields() == {
        "at": world.clock.now(),
        "pipeline": "shop",
        "call_id": None,
        "channel": "pager:",
        "severity": "ERROR",
        "error_type": "builtins.TimeoutError",
        "key": "k",
    }
    assert world.listener.names == ["notification_sent"]


@pytest.mark.parametrize("error", [TRANSIENT, ConnectionResetError("gone"), TimeoutError()])
def test_transient_errors_are_tried_again(world, error):
    """What may pass is tried again after growing delays, and then delivered once."""
    channel = waiting()
    channel.fail(error, times=len(RETRY_DELAYS))
    assert deliver(world.delivery(channel))
    assert world.clock.sleeps == list(RETRY_DELAYS)
    assert len(channel.notifications) == 1
    assert world.listener.names == ["notification_sent"]


@pytest.mark.parametrize("error", [PERMANENT, TypeError("the channel is broken"), RuntimeError("unknown")])
def test_permanent_errors_are_not_tried_again(world, error):
    """What can't pass, and what nobody knows, is tried once: nobody is told twice."""
    channel = waiting()
    channel.fail(error, times=9)
    assert not deliver(world.delivery(channel))
    assert (channel.attempts, world.clock.sleeps) == (1, [])


def test_retries_end(world):
    """A channel that stays down is tried four times, then the log has the notification, and why."""
    channel = waiting()
    channel.fail(TRANSIENT, times=99)
    assert not deliver(world.delivery(channel))
    assert channel.attempts == 1 + len(RETRY_DELAYS)
    assert world.listener.names == ["notification_failed"]
    (logged,) = world.log.notifications
    assert logged.message == "no answer"
    assert logged.details == {
        "not_delivered_to": "pager:",
        "because": "ninelives.errors.ChannelError: the line is busy",
    }


def test_the_reason_is_masked(world):
    """What a channel's error says is masked before the log has it."""
    channel = waiting()
    channel.fail(ChannelError("SMTP refused tom@example.com, password=hunter2", transient=False))
    deliver(world.delivery(channel))
    assert world.log.notifications[0].details["because"].endswith("SMTP refused ***@example.com, password=***")


def test_inline_channels_are_tried_once(world):
    """A channel that never waits is never waited for."""
    channel = RecordingChannel()
    channel.fail(TRANSIENT)
    assert not deliver(world.delivery(channel))
    assert (channel.attempts, world.clock.sleeps) == (1, [])


def test_no_events_of_the_log(world, logged):
    """Of log: itself no events are made; what it does not take goes to the standard log."""
    channel = RecordingChannel()
    channel.fail(RuntimeError("the disk is full"))
    delivery = world.delivery(channel, label="log:")
    assert not deliver(delivery)
    assert deliver(delivery)
    assert world.listener.recorded == []
    (record,) = logged.records
    assert record.name == "ninelives"
    assert "no answer" in record.message
    assert "the disk is full" in record.message


def test_a_broken_log_hides_nothing(world, logged):
    """When the channel and the log both fail, the standard log has it."""
    channel = RecordingChannel()
    channel.fail(PERMANENT)
    world.log.fail(RuntimeError("broken"))
    assert not deliver(world.delivery(channel))
    assert "no such number" in logged.records[0].message


def test_code_of_a_delivery_knows(world):
    """Channels and listeners can be told apart from the rest of the program, so that they cause no notifications."""
    seen = []

    class Channel:
        inline = True

        def send(self, notification, *, timeout):
            seen.append(is_delivering())
            raise PERMANENT

        def close(self): ...

    world.listener = lambda _event: seen.append(is_delivering())
    assert not deliver(world.delivery(Channel()))
    assert seen == [True, True]
    assert not is_delivering()


def test_a_thread_outlives_what_a_channel_raises(world):
    """A channel that raises SystemExit fails like any other."""
    channel = waiting()
    channel.fail(SystemExit(3))
    deliver_in_thread(world.delivery(channel))
    assert world.listener.names == ["notification_failed"]


def test_all_get_it_at_the_same_time(world):
    """Directly sent, a channel that hangs delays no other, and the caller only as long as allowed; the log has it."""
    hang = Event()
    hanging = waiting(hang=hang, keeps_timeout=False)
    good, inline = waiting(), RecordingChannel()
    deliveries = [world.delivery(each) for each in (hanging, good, inline)]
    try:
        assert deliver_together(deliveries, 0.05)
    finally:
        hang.set()
    assert len(good.notifications) == len(inline.notifications) == 1
    assert world.listener.names == ["notification_failed", "notification_sent", "notification_sent"]
    assert "took longer than 0.05 s" in world.log.notifications[0].details["because"]


def test_one_is_enough(world):
    """It counts as sent when one channel took it."""
    bad = waiting()
    bad.fail(PERMANENT, times=2)
    good = waiting()
    assert deliver_together([world.delivery(bad), world.delivery(good)], 5.0)
    assert not deliver_together([world.delivery(bad)], 5.0)
    assert not deliver_together([], 5.0)


def test_retries_share_the_time(world):
    """All attempts together take no longer than the time given, the waits between them included."""
    timeouts = []

    class Slow:
        def send(self, notification: Notification, *, timeout: float) -> None:
            timeouts.append(timeout)
            world.clock.advance(timeout / 2)
            raise TRANSIENT

        def close(self): ...

    assert not deliver_together([world.delivery(Slow(), timeout=4.0)], 4.0)
    assert timeouts == [4.0, 1.5]
    assert world.clock.monotonic() <= 4.0


def test_no_wait_leaves_no_time(world):
    """After a wait that ended late an attempt still gets a time-out that is one."""
    timeouts = []

    class Late:
        def send(self, notification: Notification, *, timeout: float) -> None:
            timeouts.append(timeout)
            raise TRANSIENT

        def close(self): ...

    world.clock.sleep = lambda _seconds: world.clock.advance(9.0)
    assert not deliver_together([world.delivery(Late())], 1.0)
    assert timeouts == [1.0, 0.05]


def test_without_threads_it_is_sent_here(world, monkeypatch):
    """Where no thread can be started, as at the end of the program, the caller's own thread sends."""
    channel = waiting()
    monkeypatch.setattr(Thread, "start", _no_thread)
    assert deliver_together([world.delivery(channel)], 5.0)
    assert len(channel.notifications) == 1


def _no_thread(_thread):
    raise RuntimeError("can't start new thread")


def test_threads_see_the_callers_context(world):
    """Context variables reach the thread that a channel is called in."""
    request = ContextVar("request", default="none")
    seen = []

    class Channel:
        def send(self, notification, *, timeout):
            seen.append((request.get(), threading.current_thread().name))

        def close(self): ...

    request.set("r-1")
    assert deliver_together([world.delivery(Channel())], 5.0)
    assert seen == [("r-1", "ninelives-send")]


def test_stand_ins_take_it(world, monkeypatch):
    """Under `ninelives.testing.instant` what stands in for a channel is used instead."""
    from ninelives.stand_ins import stand_ins

    stand_in, channel = RecordingChannel(), waiting()
    monkeypatch.setattr(stand_ins, "channel", {"pager:": stand_in}.__getitem__)
    delivery = world.delivery(channel)
    assert delivery.outlet.inline
    assert deliver(delivery)
    assert (len(stand_in.notifications), channel.attempts) == (1, 0)
