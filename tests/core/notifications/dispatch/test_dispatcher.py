"""The threads that deliver: none before the first alert, one for each destination with work, none after the last."""

from __future__ import annotations

import math
import threading
from contextvars import ContextVar
from threading import Event, Thread

import pytest

from ninelives.errors import ChannelError
from ninelives.notifications.dispatch import dispatcher as module
from ninelives.notifications.dispatch.delivery import Delivery
from ninelives.notifications.dispatch.dispatcher import Dispatcher
from ninelives.notifications.dispatch.lanes import Lanes
from ninelives.testing.recorders import RecordingChannel

DOWN = ChannelError("down")


def waiting(**how):
    """A channel that is no inline one."""
    return RecordingChannel(inline=False, **how)


class Desk:
    """A dispatcher and its lanes, and what will be due."""

    def __init__(self):
        self.lanes = Lanes()
        self.due = math.inf
        self.collected = Event()
        self.to_collect = []
        self.dispatcher = Dispatcher(self.lanes, self.collect, lambda: self.due)

    def collect(self):
        with self.lanes.lock:
            for delivery in self.to_collect:
                self.lanes.post(delivery)
            self.to_collect.clear()
        self.collected.set()

    def post(self, *deliveries):
        with self.lanes.lock:
            for delivery in deliveries:
                self.lanes.post(delivery)
        self.dispatcher.wake_if_needed()

    def wait(self, timeout=5.0):
        return self.dispatcher.wait(self.lanes.accepted, timeout)

    @property
    def threads(self):
        return [thread.name for thread in self.dispatcher._alive()]


@pytest.fixture
def desk():
    made = Desk()
    yield made
    made.due = math.inf
    assert made.wait()
    assert made.threads == []


def messages(channel):
    return [each.message for each in channel.notifications]


def test_no_thread_before_the_first_and_none_after_the_last(world, desk):
    """Making a dispatcher starts no thread, nor does waiting for nothing; after all is done none is left. (Law 33.)"""
    assert desk.wait()
    desk.dispatcher.wake_if_needed()
    assert desk.threads == []
    hang = Event()
    channel = waiting(hang=hang)
    desk.post(world.delivery(channel))
    assert channel.wait_for_attempts(1)
    assert sorted(desk.threads) == ["ninelives-lane", "ninelives-notifications"]
    assert all(thread.daemon for thread in desk.dispatcher._alive())
    hang.set()
    assert desk.wait()
    assert desk.threads == []


def test_a_later_alert_starts_others(world, desk):
    """Someone who waits does not silence the others."""
    channel = waiting()
    for number in range(3):
        desk.post(world.delivery(channel, message=str(number)))
        assert desk.wait()
    assert messages(channel) == ["0", "1", "2"]


def test_a_lane_keeps_its_order(world, desk):
    """Nothing accepted is lost, and what goes to one destination comes in its order."""
    channel = waiting()
    desk.post(*(world.delivery(channel, message=str(number)) for number in range(200)))
    assert desk.wait()
    assert messages(channel) == [str(number) for number in range(200)]


def test_a_channel_that_hangs_delays_no_other(world, desk):
    """While one channel hangs, another gets all that is for it. (Law 54.)"""
    hang = Event()
    hanging, good = waiting(hang=hang, keeps_timeout=False), waiting()
    desk.post(world.delivery(hanging, good))
    assert hanging.wait_for_attempts(1)
    desk.post(*(world.delivery(hanging, good) for _ in range(20)))
    assert good.wait_for(21)
    assert not desk.wait(timeout=0.01)
    assert hanging.notifications == []
    hang.set()
    assert desk.wait()
    assert len(hanging.notifications) == 21


def test_a_channel_that_hangs_for_ever_is_passed_over(world, desk):
    """After two attempts that hang, what else is for that channel goes to the next of its group at once."""
    hang = Event()
    hanging, other = waiting(hang=hang, keeps_timeout=False), waiting()
    destination = world.destination(hanging, other)
    desk.post(*(world.delivery(destination, timeout=0.02, message=str(number)) for number in range(30)))
    assert desk.wait()
    assert messages(other) == [str(number) for number in range(30)]
    assert hanging.attempts == 2
    hang.set()


def test_waiting_is_for_what_came_before(world, desk):
    """What is accepted later is not waited for."""
    hang = Event()
    first, late = waiting(), waiting(hang=hang)
    desk.post(world.delivery(first))
    last = desk.lanes.accepted
    desk.post(world.delivery(late))
    assert desk.dispatcher.wait(last, 5.0)
    assert late.notifications == []
    hang.set()


def test_what_is_due_is_sent_in_time(world, desk):
    """The thread wakes when something is due, without anybody's call; it stays while something will be."""
    channel = waiting()
    desk.due = 30.0
    desk.dispatcher.wake()
    assert desk.collected.wait(5)
    assert desk.wait()
    assert desk.threads == ["ninelives-notifications"]
    desk.to_collect.append(world.delivery(channel))
    desk.due = 0.0
    desk.dispatcher.wake_if_needed()
    assert channel.wait_for(1)


def test_failures_end_in_the_log(world, desk):
    """A channel that fails is tried again, then the log has it; nothing is sent about it. (Law 55.)"""
    channel = waiting()
    channel.fail(DOWN, times=99)
    desk.post(world.delivery(channel))
    assert desk.wait()
    assert channel.attempts == 4
    assert world.listener.names == ["notification_failed"]
    assert len(world.log.notifications) == 1


def test_context_variables_reach_the_thread(world, desk):
    """Listeners and channels of all destinations see the context of the call that failed. (Law 29.)"""
    request, seen = ContextVar[str]("request"), list[str]()
    world.listener = lambda _event: seen.append(request.get())
    request.set("r-1")
    desk.post(world.delivery(waiting(), waiting(), waiting()))
    assert desk.wait()
    assert seen == ["r-1"] * 3


@pytest.mark.parametrize("inline", [True, False])
def test_what_ends_threads_ends_none_of_ours(world, desk, inline):
    """A channel that raises SystemExit fails like any other, and what is behind it is delivered."""
    channel = RecordingChannel(inline=inline)
    channel.fail(SystemExit(3))
    desk.post(*(world.delivery(channel, message=str(number)) for number in range(2)))
    assert desk.wait()
    assert messages(channel) == ["1"]
    assert world.listener.names == ["notification_failed", "notification_sent"]
    assert "SystemExit" in world.log.notifications[0].details["because"]


def test_a_listener_that_ends_threads_ends_none_of_ours(world, desk):
    """A listener that raises SystemExit neither ends a lane, nor makes what was sent look undelivered."""

    def leave(_event):
        raise SystemExit

    world.listener = leave
    channel = waiting()
    desk.post(*(world.delivery(channel) for _ in range(2)))
    assert desk.wait()
    assert len(channel.notifications) == 2
    assert world.log.notifications == []


def test_not_even_a_log_that_fails_ends_a_lane(world, desk, monkeypatch):
    """When channel, log and standard log all fail, what is behind is delivered nevertheless."""

    def broken(*_args, **_how):
        raise RuntimeError("the log is broken")

    channel = waiting()
    channel.fail(OSError("x"))
    world.log.fail(RuntimeError("broken"), times=9)
    monkeypatch.setattr("ninelives.notifications.standard_log.StandardLog.send", broken)
    desk.post(*(world.delivery(channel, message=str(number)) for number in range(2)))
    assert desk.wait()
    assert messages(channel) == ["1"]


def test_without_threads_whoever_waits_delivers(world, desk, monkeypatch):
    """Where no thread can be started, nothing is lost: waiting delivers, within its time."""
    channel, other = waiting(), waiting()
    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", _no_thread)
        desk.post(*(world.delivery(channel, other) for _ in range(3)))
        assert not desk.wait(timeout=-1)
        assert channel.attempts == 0
        assert desk.wait()
    assert len(channel.notifications) == len(other.notifications) == 3


def test_ctrl_c_stops_who_delivers_for_want_of_threads(world, desk, monkeypatch):
    """Ctrl-C while the main thread delivers is the program's; what it was at is in the log, others do the rest."""
    channel = waiting()
    channel.fail(KeyboardInterrupt())
    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", _no_thread)
        desk.post(*(world.delivery(channel, message=str(number)) for number in range(2)))
        with pytest.raises(KeyboardInterrupt):
            desk.wait()
    assert messages(world.log) == ["0"]
    assert desk.wait()
    assert messages(channel) == ["1"]


def test_as_the_program_ends_only_what_never_waits_is_called_here(world, desk, monkeypatch):
    """Where no thread can be had as the program ends, whoever waits calls no channel that could hold up the end."""
    inline, channel, thread = RecordingChannel(), waiting(), Thread()
    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", _no_thread)
        patch.setattr(module, "main_thread", lambda: thread)
        desk.post(world.delivery(inline, channel), world.delivery(world.destination(inline, channel)))
        desk.post(world.delivery(inline, channel))
        assert not desk.wait()
        assert (inline.attempts, channel.attempts) == (0, 0)
        other = RecordingChannel()
        desk.post(world.delivery(other))
        assert not desk.wait()
        assert other.attempts == 1
    assert desk.wait()


def test_time_that_is_up_stops_who_delivers_for_want_of_threads(world, desk, monkeypatch):
    """Whoever delivers while waiting stops when the time is up, and leaves the rest to the next."""
    monkeypatch.setattr(Thread, "start", _no_thread)
    channel = waiting()
    with monkeypatch.context() as patch:
        patch.setattr(module.time, "monotonic", lambda: 9.0 if channel.notifications else 0.0)
        desk.post(*(world.delivery(channel) for _ in range(2)))
        assert not desk.wait(timeout=1.0)
    assert len(channel.notifications) == 1
    assert desk.wait()
    assert len(channel.notifications) == 2


def test_without_threads_for_lanes_the_one_there_is_delivers(world, desk, monkeypatch):
    """Where the dispatcher's thread can't start others, it delivers itself."""
    desk.due = 30.0
    desk.dispatcher.wake()
    assert desk.collected.wait(5)
    channel, other = waiting(), waiting()
    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", _no_thread)
        desk.post(*(world.delivery(channel, other) for _ in range(3)))
        assert desk.wait()
    assert len(channel.notifications) == len(other.notifications) == 3


def _no_thread(_thread):
    raise RuntimeError("can't start new thread")


def test_a_thread_that_died_is_replaced(world, desk, monkeypatch):
    """Should the dispatcher's thread ever die, the next alert starts another."""
    died = Event()
    monkeypatch.setattr(threading, "excepthook", lambda _args: died.set())
    desk.dispatcher._collect = lambda: 1 / 0
    desk.dispatcher.wake()
    assert died.wait(5)
    desk.dispatcher._thread.join()
    desk.dispatcher._collect = desk.collect
    channel = waiting()
    desk.post(world.delivery(channel))
    assert channel.wait_for(1)


def test_threads_that_are_about_to_end_are_waited_for(desk):
    """Whoever waits waits for threads that have no more to do as well, within its time. (Law 33.)"""
    gate = Event()
    thread = Thread(target=gate.wait)
    thread.start()
    desk.dispatcher._threads.append(thread)
    assert desk.wait(timeout=0.01)
    assert thread.is_alive()
    gate.set()
    assert desk.wait()
    assert not thread.is_alive()


def test_a_wake_while_someone_waits_keeps_the_thread(world, desk):
    """Someone who waits is not kept by a thread that another has told to stay."""
    desk.due = 30.0
    desk.dispatcher.wake()
    assert desk.collected.wait(5)
    desk.due = math.inf
    desk.dispatcher._leaving = False
    assert desk.dispatcher._is_over(0)


def test_an_alert_made_from_what_waits_keeps_its_context(world, desk):
    """What is merged is delivered in the context of what it was merged into."""
    request, seen = ContextVar("request", default="none"), list[str]()
    world.listener = lambda _event: seen.append(request.get())
    route = world.route(waiting())
    request.set("r-1")
    with desk.lanes.lock:
        desk.lanes._limit = 1
        desk.lanes.post(Delivery(world.alert(route)))
        request.set("r-2")
        desk.lanes.post(Delivery(world.alert(route)))
        request.set("r-3")
    desk.dispatcher.wake()
    assert desk.wait()
    assert seen == ["r-2"]


def test_a_fault_leaves_no_lane_to_a_thread_that_has_gone(world, desk, monkeypatch):
    """Whatever goes wrong in a lane's thread, another goes on with what waits there."""
    channel = waiting()
    with desk.lanes.lock:
        desk.lanes.post(world.delivery(channel))
        (lane,) = desk.lanes.unattended()
        lane.thread = threading.current_thread()

    def faulty():
        raise RuntimeError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr(lane, "take", faulty)
        with pytest.raises(RuntimeError, match="a fault"):
            desk.dispatcher._serve(lane)
    desk.dispatcher.wake_if_needed()
    assert desk.wait()
    assert messages(channel) == ["no answer"]
