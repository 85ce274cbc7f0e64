"""One notification through one channel: retries, time-outs, and channels that ignore theirs."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from threading import Event, Thread

import pytest

from ninelives.errors import ChannelError
from ninelives.notifications.behalf import is_delivering
from ninelives.notifications.dispatch.attempts import GRACE, RETRY_DELAYS, _hanging, attempts
from ninelives.notifications.dispatch.haste import haste
from ninelives.notifications.notification import Notification
from ninelives.notifications.outlet import Outlet
from ninelives.testing.recorders import RecordingChannel

TRANSIENT = ChannelError("the line is busy")
PERMANENT = ChannelError("no such number", transient=False)
NEWS = Notification(message="no answer")


class Calling:
    """A channel that calls a function."""

    def __init__(self, send, *, inline=False):
        self.inline = inline
        self._send = send

    def send(self, notification, *, timeout):
        self._send(timeout)

    def close(self): ...


def waiting(**how):
    """A channel that is no inline one."""
    return RecordingChannel(inline=False, **how)


@pytest.fixture
def tried(world):
    """Tries it, and gives the last error."""

    def tried(channel, timeout=5.0, **how):
        outlet = channel if isinstance(channel, Outlet) else Outlet(channel, "pager:")
        return attempts(outlet, NEWS, timeout, world.clock, **how)

    return tried


def raising(error):
    def send(_timeout):
        raise error

    return send


@pytest.mark.parametrize("error", [TRANSIENT, ConnectionResetError("gone"), TimeoutError()])
def test_transient_errors_are_tried_again(world, tried, error):
    """What may pass is tried again after growing delays that are spread, and then delivered once."""
    channel = waiting()
    channel.fail(error, times=len(RETRY_DELAYS))
    assert tried(channel) is None
    assert len(channel.notifications) == 1
    assert len(world.clock.sleeps) == len(RETRY_DELAYS)
    for slept, ceiling in zip(world.clock.sleeps, RETRY_DELAYS, strict=True):
        assert ceiling / 2 <= slept <= ceiling


@pytest.mark.parametrize("error", [PERMANENT, TypeError("the channel is broken"), RuntimeError("unknown")])
def test_permanent_errors_are_not_tried_again(world, tried, error):
    """What can't pass, and what nobody knows, is tried once: nobody is told twice."""
    channel = waiting()
    channel.fail(error, times=9)
    assert tried(channel) is error
    assert (channel.attempts, world.clock.sleeps) == (1, [])


def test_retries_end(tried):
    """A channel that stays down is tried four times."""
    channel = waiting()
    channel.fail(TRANSIENT, times=99)
    assert tried(channel) is TRANSIENT
    assert channel.attempts == 1 + len(RETRY_DELAYS)


def test_one_attempt_where_one_has_to_do(world, tried):
    """A channel that is known to be down is only probed, if so told; what it then says is known of it."""
    channel = waiting()
    outlet = Outlet(channel, "pager:")
    channel.fail(TRANSIENT, times=1 + len(RETRY_DELAYS) + 1)
    assert not outlet.health.is_down
    assert tried(outlet) is TRANSIENT
    assert outlet.health.is_down
    before = len(world.clock.sleeps)
    assert tried(outlet, once=True) is TRANSIENT
    assert len(world.clock.sleeps) == before
    assert tried(outlet, once=True) is None
    assert not outlet.health.is_down


def test_inline_channels_are_tried_once_in_the_callers_thread(world, tried):
    """A channel that never waits is never waited for, and needs no thread."""
    seen = []

    def send(_timeout):
        seen.append(threading.current_thread())
        raise TRANSIENT

    assert tried(Calling(send, inline=True)) is TRANSIENT
    assert seen == [threading.current_thread()]
    assert world.clock.sleeps == []


def test_what_an_inline_channel_raises_beyond_errors_passes(tried):
    """Ctrl-C while the log is written is the program's, not the channel's."""
    with pytest.raises(KeyboardInterrupt):
        tried(Calling(raising(KeyboardInterrupt()), inline=True))


def test_system_exit_is_an_error_of_the_channel(tried):
    """A channel that raises SystemExit in its thread fails like any other."""
    end = SystemExit(3)
    assert tried(Calling(raising(end))) is end


def test_a_hanging_channel_is_left_to_itself(tried):
    """An attempt that ignores its time-out counts as failed in a way that may pass; then the channel is busy."""
    hang = Event()
    channel = waiting(hang=hang, keeps_timeout=False)
    outlet = Outlet(channel, "pager:")
    try:
        error = tried(outlet, timeout=0.05, within=0.05)
        assert "has not come back within 0.05 s" in str(error)
        error = tried(outlet, timeout=0.05)
        assert "still busy with 2 earlier ones" in str(error)
        assert channel.attempts == 2
    finally:
        hang.set()
    assert channel.wait_for(2)


def test_a_channel_that_comes_back_is_used_again(tried):
    """Once the attempts that hung have returned, the channel is sent to again."""
    hang, threads = Event(), list[Thread]()

    def send(_timeout):
        threads.append(threading.current_thread())
        hang.wait()

    outlet = Outlet(Calling(send), "pager:")
    for _ in range(2):
        assert tried(outlet, timeout=0.05, within=0.05) is not None
    assert tried(outlet) is not None
    hang.set()
    for thread in threads:
        thread.join()
    assert tried(outlet) is None


def test_of_channels_that_came_back_nothing_is_kept(tried):
    """Of a channel that hung and is never used again nothing is remembered."""
    hang, threads = Event(), list[Thread]()

    def send(_timeout):
        threads.append(threading.current_thread())
        hang.wait()

    assert tried(Calling(send), timeout=0.05, within=0.05) is not None
    hang.set()
    threads[0].join()
    assert tried(waiting()) is None
    assert threads[0] not in [thread for _, thread in _hanging._threads]


def test_a_channel_has_its_timeout_and_says_itself_why_it_failed(tried):
    """A channel that keeps its time-out is waited for a little longer than that."""
    error = tried(waiting(hang=Event()), timeout=0.05, once=True)
    assert str(error) == "no answer within 0.05 s"
    assert GRACE > 0


def test_retries_share_the_time(world, tried):
    """All attempts together take no longer than the time given, the waits between them included.

    The last may have a twentieth of a second though there is less left.
    """
    timeouts = []

    def send(timeout):
        timeouts.append(timeout)
        world.clock.advance(timeout / 2)
        raise TRANSIENT

    assert tried(Calling(send), timeout=4.0, within=4.0) is TRANSIENT
    assert timeouts[0] == pytest.approx(3.6)
    assert len(timeouts) > 1
    assert world.clock.monotonic() <= 4.0 + 0.05


def test_no_wait_leaves_no_time(world, tried):
    """After a wait that ended late an attempt still gets a time-out that is one."""
    timeouts = []

    def send(timeout):
        timeouts.append(timeout)
        raise TRANSIENT

    world.clock.sleep = lambda _seconds: world.clock.advance(9.0)
    assert tried(Calling(send), within=1.0) is TRANSIENT
    assert timeouts == [pytest.approx(0.9), pytest.approx(0.045)]


def test_without_threads_it_is_sent_here(tried, monkeypatch):
    """Where no thread can be started, as at the end of the program, the caller's own thread sends."""
    channel = waiting()
    monkeypatch.setattr(Thread, "start", _no_thread)
    assert tried(channel) is None
    assert len(channel.notifications) == 1


def _no_thread(_thread):
    raise RuntimeError("can't start new thread")


def test_the_thread_sees_the_callers_context(tried):
    """Context variables reach the thread that a channel is called in, which knows that it delivers. (Law 29.)"""
    request, seen = ContextVar("request", default="none"), []

    def send(_timeout):
        seen.append((request.get(), threading.current_thread().name, is_delivering()))

    request.set("r-1")
    assert tried(Calling(send)) is None
    assert seen == [("r-1", "ninelives-send", True)]
    assert not is_delivering()


def test_no_thread_is_left(tried):
    """A thread that has sent has ended when that is known. (Law 33.)"""
    threads = []
    assert tried(Calling(lambda _timeout: threads.append(threading.current_thread()))) is None
    assert not threads[0].is_alive()


def test_stand_ins_take_it(tried, monkeypatch):
    """Under `ninelives.testing.instant` what stands in for a channel is used instead."""
    from ninelives.stand_ins import stand_ins

    stand_in, channel = RecordingChannel(), waiting()
    monkeypatch.setattr(stand_ins, "channel", {"pager:": stand_in}.__getitem__)
    assert tried(channel) is None
    assert (len(stand_in.notifications), channel.attempts) == (1, 0)


def test_a_stand_in_whose_time_ends_is_asked_once(monkeypatch):
    """The end of `ninelives.testing.instant` in another thread breaks no delivery."""

    class Ending:
        given = iter([lambda _label: "a stand-in"])

        @property
        def channel(self):
            return next(self.given, None)

    monkeypatch.setattr("ninelives.notifications.outlet.stand_ins", Ending())
    own = waiting()
    assert [Outlet(own, "pager:").channel for _ in range(2)] == ["a stand-in", own]


def test_in_haste_others_are_tried_instead_of_the_same_again(world, tried):
    """While somebody waits, a channel that failed is not tried again where another can take over."""
    channel = waiting()
    channel.fail(TRANSIENT, times=9)
    with haste.until(time.monotonic() + 60.0):
        assert tried(channel, others=1) is TRANSIENT
        assert (channel.attempts, world.clock.sleeps) == (1, [])
        assert tried(channel, others=0) is TRANSIENT
    assert channel.attempts == 2 + len(RETRY_DELAYS)


def test_in_haste_a_hanging_channel_has_its_share_of_the_time(tried):
    """While somebody waits, a channel that hangs is left to itself in time for the other one."""
    hang = Event()
    try:
        with haste.until(time.monotonic() + 0.1):
            error = tried(waiting(hang=hang, keeps_timeout=False), timeout=600.0, others=1)
        assert "left to itself" in str(error)
        assert "600 s" not in str(error)
    finally:
        hang.set()
