"""One notification to all destinations at once, within a time: `deliver_directly`."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from threading import Event, Thread

import pytest

from ninelives.errors import ChannelError
from ninelives.notifications.behalf import on_behalf
from ninelives.notifications.dispatch.together import deliver_directly
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.notifications.outlet import Outlet
from ninelives.testing.recorders import RecordingChannel

NEWS = Notification(message="no answer", error_type="x", key="k")
PERMANENT = ChannelError("no such number", transient=False)
DOWN = ChannelError("the line is busy")


def waiting(**how):
    """A channel that is no inline one."""
    return RecordingChannel(inline=False, **how)


def failing(error=PERMANENT, **how):
    channel = RecordingChannel(**how)
    channel.fail(error, 99)
    return channel


@pytest.fixture
def hanging():
    """A channel that hangs for ever; that is, until the test is over."""
    hang = Event()
    yield waiting(hang=hang, keeps_timeout=False)
    hang.set()


def test_all_get_it(world):
    """Every destination gets it, in its severity; the report says what became of it at each."""
    good, inline, critical = waiting(), RecordingChannel(), waiting()
    route = world.route(
        world.destination(good, label="good:"),
        world.destination(inline, label="inline:"),
        world.destination(critical, label="critical:", severity=ErrorSeverity.CRITICAL),
    )
    report = deliver_directly(NEWS, route)
    assert report.sent == ["good:", "inline:"]
    assert report.skipped == {"critical:": "it takes CRITICAL and worse only"}
    assert good.notifications == inline.notifications == [NEWS]
    assert critical.attempts == 0
    assert sorted(world.listener.names) == ["notification_sent"] * 2
    assert route.stats.as_dict()["sent"] == {"good:": 1, "inline:": 1}


def test_one_that_hangs_delays_no_other(world, hanging):
    """A channel that hangs costs the caller the time allowed and no more, and no other channel a moment. (Law 54.)"""
    good = waiting()
    route = world.route(world.destination(hanging, label="hangs:"), good, timeout=0.3)
    begin = time.monotonic()
    report = deliver_directly(NEWS, route)
    assert time.monotonic() - begin < 5.0
    assert report.sent == ["pager:"]
    assert "0.3 s" in report.failed["hangs:"]
    (logged,) = world.log.notifications
    assert logged.details["not_delivered_to"] == "hangs:"
    assert sorted(world.listener.names) == ["notification_failed", "notification_sent"]


def test_what_comes_back_late_is_not_told_twice(world):
    """A channel that takes it after all has failed in time, and stays failed."""
    hang, late = Event(), waiting()

    class Late:
        def send(self, notification, *, timeout):
            hang.wait()
            late.send(notification, timeout=timeout)

        def close(self): ...

    report = deliver_directly(NEWS, world.route(Late(), timeout=0.1))
    assert not report
    threads = [each for each in threading.enumerate() if each.name in ("ninelives-send", "ninelives-lane")]
    hang.set()
    assert late.wait_for(1)
    for thread in threads:
        thread.join(5)
    assert world.listener.names == ["notification_failed"]
    assert len(world.log.notifications) == 1


def test_what_has_just_failed_is_written_down_before_it_is_reported(world, monkeypatch):
    """A destination that is done with as its time is up gets a moment to write to the log, and no more than that."""
    monkeypatch.setattr("ninelives.notifications.dispatch.together.GRACE", 0.01)
    hang = Event()
    log = RecordingChannel(hang=hang, keeps_timeout=False)
    report = deliver_directly(NEWS, world.route(failing(inline=False), timeout=0.05, log=log))
    assert report.failed == {"pager:": "ninelives.errors.ChannelError: no such number"}
    hang.set()
    assert log.wait_for(1)


def test_a_group_shares_the_time(world, hanging):
    """Within a group the next is tried in time, also when the first hangs."""
    other = waiting()
    route = world.route(world.destination(hanging, other), timeout=1.0)
    report = deliver_directly(NEWS, route)
    assert report.sent == ["pager:2"]
    assert list(report.failed) == ["pager:"]
    assert world.log.notifications == []


def test_a_group_stops_with_who_took_it(world):
    """The report says that the others were not needed."""
    route = world.route(world.destination(RecordingChannel(), RecordingChannel()))
    assert deliver_directly(NEWS, route).skipped == {"pager:2": "it was not needed"}


def test_a_channel_that_stands_twice_is_reported_once(world):
    """A channel that is a destination and in a group too is sent it once, and stands in the report once."""
    shared = Outlet(RecordingChannel(), "shared:")
    report = deliver_directly(NEWS, world.route(world.destination(shared), world.destination(failing(), shared)))
    assert [(each.channel, str(each.outcome)) for each in report.results] == [("shared:", "sent"), ("pager:", "failed")]
    assert shared.own.attempts == 1


def test_nobody_took_it(world):
    """With every channel down it is in the log, and the report is false and says why, masked."""
    route = world.route(failing(ChannelError("tom@example.com is unknown", transient=False)))
    report = deliver_directly(NEWS, route)
    assert not report
    assert report.failed == {"pager:": "ninelives.errors.ChannelError: ***@example.com is unknown"}
    assert len(world.log.notifications) == 1


def test_retries_are_within_the_time(world):
    """All attempts and the waits between them end within the time-out. (By the clock that is given.)"""
    channel = failing(DOWN, inline=False)
    assert not deliver_directly(NEWS, world.route(channel, timeout=1.2))
    assert channel.attempts > 1
    assert world.clock.monotonic() <= 1.2 + 0.05


def test_nothing_from_within_a_delivery(world):
    """A notification about a notification is never sent; the report says so. (Law 55.)"""
    channel = RecordingChannel()
    report = on_behalf(deliver_directly)(NEWS, world.route(channel))
    assert not report
    assert report.skipped == {"pager:": "nothing is sent from within a delivery"}
    assert channel.attempts == 0


def test_without_threads_it_is_sent_here(world, monkeypatch):
    """Where no thread can be started the caller's own sends."""

    def no_thread(_thread):
        raise RuntimeError("can't start new thread")

    channel = waiting()
    monkeypatch.setattr(Thread, "start", no_thread)
    assert deliver_directly(NEWS, world.route(channel))
    assert len(channel.notifications) == 1


def test_threads_see_the_callers_context(world):
    """Context variables reach the thread that a channel is called in, and listeners. (Law 29.)"""
    request, seen = ContextVar("request", default="none"), []

    class Channel:
        def send(self, notification, *, timeout):
            seen.append(request.get())

        def close(self): ...

    request.set("r-1")
    assert deliver_directly(NEWS, world.route(Channel(), emit=lambda _event: seen.append(request.get())))
    assert seen == ["r-1", "r-1"]


def test_a_listener_that_ends_the_thread_hides_nothing(world):
    """A listener that raises SystemExit changes no result."""

    def leave(_event):
        raise SystemExit

    channel = waiting()
    report = deliver_directly(NEWS, world.route(channel, emit=leave))
    assert report.sent == ["pager:"]
    assert world.log.notifications == []
