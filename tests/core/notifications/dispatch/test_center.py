"""Where all comes together: what a call hands over, what time brings, and what is delivered when."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from threading import Barrier, Event, Thread

import pytest

from ninelives.ends import breaks_off
from ninelives.errors import ChannelError
from ninelives.events import NotificationSuppressed
from ninelives.notifications.behalf import on_behalf
from ninelives.notifications.dispatch import center as center_module
from ninelives.notifications.dispatch.center import Center, default_center, own_center
from ninelives.notifications.dispatch.delivery import Delivery
from ninelives.notifications.dispatch.results import Results
from ninelives.notifications.dispatch.telling import CLOSED_SOON, FLAPS, GROUPED, NOT_BEGUN, QUEUE_FULL, REFUSED
from ninelives.notifications.notification import ErrorSeverity
from ninelives.testing.recorders import RecordingChannel


def waiting(**how):
    """A channel that is no inline one."""
    return RecordingChannel(inline=False, **how)


@pytest.fixture
def center():
    with own_center() as own:
        yield own


@pytest.fixture
def hanging():
    """A channel that hangs for ever; that is, until the test is over."""
    hang = Event()
    yield waiting(hang=hang, keeps_timeout=False)
    hang.set()


def counts(channel):
    return [each.count for each in channel.notifications]


def threads():
    return [each for each in threading.enumerate() if each.name.startswith(("ninelives-notif", "ninelives-lane"))]


def flap(world, center, route, times, opened=30):
    """Let a circuit open, so long that it is told, and close."""
    for _ in range(times):
        center.circuit_opened("bank", world.happening("opened"), route)
        world.clock.advance(opened)
        assert center.flush()
        center.circuit_closed("bank", world.happening("closed", severity=ErrorSeverity.INFO))
        assert center.flush()


def test_one_a_process(center):
    """All pipelines share one center; a test may put its own in its place."""
    assert default_center() is center
    with own_center() as other:
        assert default_center() is other
    assert default_center() is center


def test_the_first_is_told_at_once_and_the_rest_counted(world, center):
    """10,000 failures of one kind are one message at once, then one with the count. (Law 51.)"""
    channel = waiting()
    route = world.route(channel)
    for _ in range(10_000):
        center.happened(world.happening(), route)
    assert channel.wait_for(1)
    assert center.flush()
    assert counts(channel) == [1]
    assert route.stats.as_dict()["suppressed"] == {GROUPED: 9_999}
    (event,) = world.listener.of(NotificationSuppressed)
    assert (event.reason, event.channel, event.key, event.count) == (GROUPED, "pager:", "k", 1)
    world.clock.advance(300)
    assert center.flush()
    assert counts(channel) == [1, 9_999]


def test_inline_channels_get_it_in_the_call(world, center):
    """What goes out at once to a channel that never waits is there when the call goes on, and needs no thread."""
    channel = RecordingChannel()
    before = threads()
    center.happened(world.happening(), world.route(channel))
    assert counts(channel) == [1]
    assert threads() == before


def test_time_brings_it_on_another_thread(world, center):
    """What is due by the clock is sent by a flush, inline channels included, and not in the thread that flushes."""
    seen = []

    class Channel:
        inline = True

        def send(self, notification, *, timeout):
            seen.append(threading.current_thread())

        def close(self): ...

    route = world.route(Channel())
    for _ in range(3):
        center.happened(world.happening(), route)
    world.clock.advance(300)
    assert center.flush()
    assert seen[0] is threading.current_thread()
    assert len(seen) == 2
    assert seen[1] is not threading.current_thread()


def test_the_time_is_waited_for(world, center):
    """What is due is sent without anybody's call, when its time has come by the system's clock."""
    from ninelives.clock import SYSTEM_CLOCK

    channel = RecordingChannel()
    route = world.route(channel, clock=SYSTEM_CLOCK, group_interval=0.05)
    for _ in range(5):
        center.happened(world.happening(), route)
    assert channel.wait_for(2)
    assert counts(channel) == [1, 4]


def test_another_kind_and_a_worse_one_are_told_at_once(world, center):
    """Another kind is not held back by the first; nor is what is worse. (Law 52.)"""
    channel = RecordingChannel()
    route = world.route(channel)
    for key in ("a", "a", "b", "b"):
        center.happened(world.happening(key=key), route)
    assert counts(channel) == [1, 1]
    center.happened(world.happening(key="a", severity=ErrorSeverity.CRITICAL), route)
    assert counts(channel) == [1, 1, 2]


def test_threads_that_fail_at_once_make_one_message(world, center):
    """Of eight threads whose calls fail at once, one tells and seven are counted."""
    channel, barrier = RecordingChannel(), Barrier(8)
    route = world.route(channel)

    def fail():
        barrier.wait()
        center.happened(world.happening(), route)

    running = [Thread(target=fail) for _ in range(8)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    world.clock.advance(300)
    assert center.flush()
    assert counts(channel) == [1, 7]


def test_a_channel_that_hangs_delays_no_call_and_no_other(world, center, hanging):
    """With one channel that hangs for ever, handing over takes no longer, and others have it in a second. (Law 54.)"""
    good = waiting()
    route = world.route(world.destination(hanging, label="hangs:"), good)
    begin = time.monotonic()
    for number in range(200):
        center.happened(world.happening(key=str(number)), route)
    assert time.monotonic() - begin < 1.0
    assert good.wait_for(200, timeout=5.0)
    begin = time.monotonic()
    center.happened(world.happening(key="one more"), route)
    assert good.wait_for(201, timeout=1.0)
    assert time.monotonic() - begin < 1.0
    assert not center.flush(timeout=0.05)


def test_a_hanging_channel_ends_in_the_log(world, center, hanging):
    """What a channel that hangs for ever was to get is in the log, after its time-out; others behind it at once."""
    route = world.route(hanging, timeout=0.02)
    for number in range(10):
        center.happened(world.happening(key=str(number)), route)
    assert center.flush()
    assert len(world.log.notifications) == 10
    assert hanging.attempts == 2


def test_a_counted_one_wakes_nobody(world, center, monkeypatch):
    """What is only counted wakes no thread, starts none, and makes no event."""
    route = world.route(RecordingChannel())
    for _ in range(2):
        center.happened(world.happening(), route)
    monkeypatch.setattr(center._dispatcher, "wake", lambda: 1 / 0)
    monkeypatch.setattr(center._dispatcher, "wake_if_needed", lambda: 1 / 0)
    before = len(world.listener.recorded)
    for _ in range(100):
        center.happened(world.happening(), route)
    assert len(world.listener.recorded) == before


def test_who_would_not_have_got_it_is_not_named(world, center):
    """That it is counted is told of the destinations that take it, once each."""
    critical = world.destination(waiting(), label="critical:", severity=ErrorSeverity.CRITICAL)
    route = world.route(critical, world.destination(RecordingChannel(), label="all:"))
    for _ in range(3):
        center.happened(world.happening(), route)
    assert [event.channel for event in world.listener.of(NotificationSuppressed)] == ["all:"]


def test_a_full_queue_keeps_the_counts(world, hanging):
    """When too many wait, the oldest is dropped, listeners are told, and its count is told with the next. (Law 51.)"""
    center = Center(limit=3)
    route = world.route(hanging, group_interval=1.0, repeat_interval=1.0)
    center.happened(world.happening("in hand", key="first"), route)
    assert hanging.wait_for_attempts(1)
    for _ in range(5):
        center.happened(world.happening(), route)
        world.clock.advance(1.0)
        center._collect()
    events = [event for event in world.listener.of(NotificationSuppressed) if event.reason == QUEUE_FULL]
    assert [(event.channel, event.count) for event in events] == [("pager:", 1)] * len(events)
    assert route.stats.as_dict()["suppressed"][QUEUE_FULL] == len(events) > 0
    hanging._hang.set()
    assert center.flush()
    assert sum(counts(hanging)) == 6
    assert len(hanging.notifications) == 4


class TestCircuits:
    """An outage has a beginning and an end."""

    @pytest.fixture
    def channel(self):
        return RecordingChannel()

    @pytest.fixture
    def route(self, world, channel):
        return world.route(channel)

    def test_closed_within_the_wait_sends_nothing(self, world, center, channel, route):
        """Open-close within the wait sends nothing; the listeners are told why. (Law 53.)"""
        center.circuit_opened("bank", world.happening("opened"), route)
        world.clock.advance(29)
        assert center.flush()
        center.circuit_closed("bank", world.happening("closed", severity=ErrorSeverity.INFO))
        world.clock.advance(100)
        assert center.flush()
        assert channel.attempts == 0
        (event,) = world.listener.recorded
        assert (event.name, event.reason) == ("notification_suppressed", CLOSED_SOON)
        assert CLOSED_SOON in route.stats.as_dict()["suppressed"]

    def test_told_after_the_wait_then_recovered(self, world, center, channel, route):
        """What has not closed within the wait is told, and later that it has; refusals are counted meanwhile."""
        center.circuit_opened("bank", world.happening("opened"), route)
        for _ in range(3):
            center.circuit_refused("bank", world.happening("refused"), route)
        world.clock.advance(30)
        assert center.flush()
        assert len(channel.notifications) == 1
        center.circuit_refused("bank", world.happening("refused"), route)
        center.circuit_closed("bank", world.happening("closed", severity=ErrorSeverity.INFO))
        assert len(channel.notifications) == 2
        assert route.stats.as_dict()["suppressed"] == {REFUSED: 4}

    def test_the_wait_is_waited_for(self, world, center, channel):
        """The beginning is told without anybody's call, when the wait is over by the system's clock."""
        from ninelives.clock import SYSTEM_CLOCK

        route = world.route(channel, clock=SYSTEM_CLOCK, wait=0.05)
        center.circuit_opened("bank", world.happening("opened"), route)
        assert channel.wait_for(1)

    def test_a_circuit_that_flaps_is_counted(self, world, center, channel, route):
        """The third outage is held back, the listeners are told why, and what it refused is told in time."""
        flap(world, center, route, 2)
        center.circuit_opened("bank", world.happening("opened"), route)
        center.circuit_refused("bank", world.happening("refused"), route)
        center.circuit_closed("bank", world.happening("closed", severity=ErrorSeverity.INFO))
        assert len(channel.notifications) == 4
        (event,) = world.listener.of(NotificationSuppressed)
        assert (event.reason, event.count) == (FLAPS, 1)
        assert route.stats.as_dict()["suppressed"] == {REFUSED: 1, FLAPS: 1}
        world.clock.advance(300)
        assert center.flush()
        told = channel.notifications[4]
        assert (told.count, told.details["phase"], told.details["opened_and_closed"]) == (1, "continues", 1)

    def test_that_it_flaps_is_waited_for(self, world, center, route, monkeypatch):
        """Whoever waits for what is due is woken when a circuit begins to flap, and when it flaps on."""
        woken, wake = [], center._dispatcher.wake
        flap(world, center, route, 2)
        monkeypatch.setattr(center._dispatcher, "wake", lambda: woken.append(wake()))
        for number in (1, 2):
            center.circuit_opened("bank", world.happening("opened"), route)
            assert len(woken) == 2 * number - 1
            center.circuit_closed("bank", world.happening("closed", severity=ErrorSeverity.INFO))
            assert len(woken) == 2 * number

    def test_an_unknown_circuit_has_nothing_to_end(self, world, center, channel, route):
        """The closing of a circuit of which nothing is known is not told, and no event is made."""
        center.circuit_closed("bank", world.happening("closed"))
        assert center.flush()
        assert channel.attempts == 0
        assert world.listener.recorded == []

    def test_the_end_waits_for_the_beginning(self, world, center):
        """That it has recovered is told after the beginning was taken, however long that took."""
        hang = Event()
        channel = waiting(hang=hang)
        route = world.route(channel)
        center.circuit_opened("bank", world.happening("opened"), route)
        world.clock.advance(30)
        center._collect()
        center._dispatcher.wake()
        assert channel.wait_for_attempts(1)
        center.circuit_closed("bank", world.happening("closed", severity=ErrorSeverity.INFO))
        assert channel.notifications == []
        hang.set()
        assert center.flush()
        assert len(channel.notifications) == 2
        assert world.listener.names == ["notification_sent"] * 2

    def test_the_end_is_not_told_to_who_missed_the_beginning(self, world, center):
        """Whoever did not take the beginning is not told of the end; the others are."""
        good, bad = RecordingChannel(), RecordingChannel()
        bad.fail(ChannelError("no", transient=False))
        route = world.route(good, world.destination(bad, label="bad:"))
        center.circuit_opened("bank", world.happening("opened"), route)
        world.clock.advance(30)
        assert center.flush()
        center.circuit_closed("bank", world.happening("closed", severity=ErrorSeverity.INFO))
        assert len(good.notifications) == 2
        assert bad.notifications == []
        assert [event.reason for event in world.listener.of(NotificationSuppressed)] == [NOT_BEGUN]


def test_one_that_is_known_to_be_open_wakes_nobody(world, center, monkeypatch):
    """A circuit that opens again without having closed is the same outage; its refusals are only counted."""
    route = world.route(RecordingChannel())
    for _ in range(2):
        center.circuit_opened("bank", world.happening("opened"), route)
        center.circuit_refused("bank", world.happening("refused"), route)
        monkeypatch.setattr(center._dispatcher, "wake", lambda: 1 / 0)


def test_nothing_is_taken_from_within_a_delivery(world, center):
    """What fails on behalf of a delivery becomes no notification: that would have no end. (Law 55.)"""
    channel = RecordingChannel()
    route = world.route(channel)
    on_behalf(center.happened)(world.happening(), route)
    on_behalf(center.circuit_opened)("bank", world.happening(), route)
    on_behalf(center.circuit_refused)("bank", world.happening(), route)
    world.clock.advance(30)
    assert center.flush()
    assert channel.attempts == 0


@pytest.mark.parametrize("inline", [True, False])
def test_a_channel_or_listener_may_close_its_pipeline(world, center, inline):
    """A flush from within a delivery waits for nothing, least of all for itself."""
    results = []
    route = world.route(RecordingChannel(inline=inline), emit=lambda _event: results.append(center.retire(route)))
    center.happened(world.happening(), route)
    assert center.flush()
    assert results == [False]


def test_closing_tells_what_was_counted(world, center):
    """A pipeline that is closed tells what its kinds have counted, as far as the rules allow it. (Law 33.)"""
    channel = waiting()
    route = world.route(channel)
    before = threads()
    for _ in range(3):
        center.happened(world.happening(), route)
        center.happened(world.happening(), route)
        world.clock.advance(300)
        assert center.flush()
    assert counts(channel) == [1, 1]
    assert threads() != before
    assert center.retire(route)
    assert counts(channel) == [1, 1, 4]
    assert threads() == before


def test_context_variables_reach_the_channels(world, center):
    """What is told at once sees the call's context; what time brings, that of whoever made the route. (Law 29.)"""
    request, seen = ContextVar("request", default="none"), []

    class Channel:
        def send(self, notification, *, timeout):
            seen.append(request.get())

        def close(self): ...

    request.set("maker")
    route = world.route(Channel(), Channel())
    request.set("call")
    for _ in range(2):
        center.happened(world.happening(), route)
    assert center.flush()
    world.clock.advance(300)
    assert center.flush()
    assert seen == ["call", "call", "maker", "maker"]


def test_the_end_of_the_program_tells_all(world, center):
    """At the end what was counted is told, and what can't be sent any more is in the log, with the reason."""
    channel = waiting()
    route = world.route(channel)
    for _ in range(3):
        center.happened(world.happening(), route)
    center.leave(5.0)
    assert counts(channel) == [1, 2]
    center.happened(world.happening(), route)
    center.happened(world.happening(), route)
    assert counts(channel) == [1, 2, 1, 1]


def test_what_a_circuit_refuses_after_the_end_is_told(world, center):
    """After the end there is no later: what would be counted is told at once."""
    channel = waiting()
    center.leave(5.0)
    center.circuit_refused("bank", world.happening("refused"), world.route(channel))
    assert counts(channel) == [1]


def test_what_the_end_leaves_unsent_is_in_the_log(world, center, hanging):
    """What hangs, and what waits behind it, is logged with its reason and told as failed; nothing is said twice."""
    route = world.route(hanging)
    for number in range(3):
        center.happened(world.happening(f"number {number}", key=str(number)), route)
    assert hanging.wait_for_attempts(1)
    center.leave(0.05)
    reasons = [each.details["because"] for each in world.log.notifications]
    assert [reason.rpartition(": ")[2].partition("; the channel had not answered for 0.")[0] for reason in reasons] == [
        "the program ended while it was being sent",
        "the program ended before it could be sent",
        "the program ended before it could be sent",
    ]
    assert world.listener.names == ["notification_failed"] * 3
    hanging._hang.set()
    assert hanging.wait_for(1)
    center.leave(5.0)
    assert len(world.log.notifications) == 3
    assert hanging.attempts == 1


def test_what_was_waited_for_in_vain_is_not_waited_for_again(world, center, hanging):
    """A pipeline that was closed while its channel hung does not hold up the end of the program as well."""
    center.happened(world.happening(), world.route(hanging))
    assert hanging.wait_for_attempts(1)
    assert not center.flush(timeout=0.5)
    begin = time.monotonic()
    center.leave(0.5)
    assert time.monotonic() - begin < 0.4
    assert len(world.log.notifications) == 1


def test_a_short_wait_leaves_the_end_its_time(world, center):
    """Whoever looked for a moment whether all was sent takes nothing from the time that the end of the program has."""
    hang = Event()
    channel = waiting(hang=hang)
    center.happened(world.happening(), world.route(channel))
    assert channel.wait_for_attempts(1)
    assert not center.flush(timeout=0.0)
    leaving = Thread(target=center.leave, args=(60.0,))
    leaving.start()
    leaving.join(0.1)
    hang.set()
    leaving.join()
    assert counts(channel) == [1]
    assert world.log.notifications == []


def test_what_ends_the_last_wait_hides_nothing(world, center, hanging, monkeypatch):
    """A signal that ends the waiting at the end of the program gets through, and what was not sent is in the log."""

    def interrupted(*_args, **_how):
        raise KeyboardInterrupt

    center.happened(world.happening(), world.route(hanging))
    assert hanging.wait_for_attempts(1)
    with monkeypatch.context() as patch:
        patch.setattr(center._dispatcher, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            center.leave(5.0)
    assert len(world.log.notifications) == 1


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_a_listener_that_raises_at_the_end_hides_nothing(world, center, hanging, kind):
    """All that the end leaves unsent is in the log, though a listener raises for each; the first goes on after that."""
    ends = []

    def leave(_event):
        ends.append(kind())
        raise ends[-1]

    route = world.route(hanging, emit=leave)
    for number in range(3):
        center.happened(world.happening(key=str(number)), route)
    assert hanging.wait_for_attempts(1)
    with pytest.raises(kind) as raised:
        center.leave(0.01)
    assert raised.value is ends[0]
    assert len(ends) == len(world.log.notifications) == 3


def test_a_listener_that_raises_for_what_was_dropped_at_the_end_hides_nothing(world, hanging):
    """Ctrl-C in a listener that is told of what the end had no room for keeps nothing out of the log."""

    def interrupt(event):
        if event.name == "notification_suppressed" and event.reason == QUEUE_FULL:
            raise KeyboardInterrupt

    center = Center(limit=1)
    route = world.route(hanging, emit=interrupt)
    center.happened(world.happening(), route)
    assert hanging.wait_for_attempts(1)
    for key in ("waits", "k"):
        center.happened(world.happening(key=key), route)
    with pytest.raises(KeyboardInterrupt):
        center.leave(0.01)
    assert sum(counts(world.log)) == 3


@pytest.mark.parametrize("when", ["first", "concluded", "worded"])
def test_a_signal_amidst_the_giving_up_hides_nothing(world, center, hanging, monkeypatch, logged, when):
    """Ctrl-C while the log is written, before one alert is, or while it is worded: every one of them is in a log."""
    signals = [KeyboardInterrupt()]
    moments = {
        "first": (Results, "abandon"),
        "concluded": (Delivery, "_hide_nothing"),
        "worded": (Delivery, "_undelivered"),
    }
    whose, what = moments[when]
    real = getattr(whose, what)

    def interrupted(*args):
        if signals:
            raise signals.pop()
        return real(*args)

    for number in range(3):
        center.happened(world.happening(key=str(number)), world.route(hanging))
    assert hanging.wait_for_attempts(1)
    with monkeypatch.context() as patch:
        patch.setattr(whose, what, interrupted)
        with pytest.raises(KeyboardInterrupt):
            center.leave(0.01)
    assert len(world.log.notifications) + len(logged.records) == 3


def test_a_signal_before_the_giving_up_is_over_hides_nothing(world, center, hanging, monkeypatch):
    """What Ctrl-C keeps from being logged is logged when the end goes on without waiting."""
    for number in range(2):
        center.happened(world.happening(key=str(number)), world.route(hanging))
    assert hanging.wait_for_attempts(1)

    def interrupted(_jobs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(center_module, "abandon", interrupted)
        assert breaks_off(center.leave, 0.01)
    hanging._hang.set()
    assert center.flush()
    center.leave(0.0)
    assert len(world.log.notifications) == 1


def test_two_signals_within_moments_hide_nothing(world, center, hanging, monkeypatch):
    """A signal that keeps the end's waiting from taking its lock again leaves the log complete, and no traceback."""
    center.happened(world.happening(), world.route(hanging))
    assert hanging.wait_for_attempts(1)

    def twice(*_):
        center._lanes.lock._release_save()  # as `Condition.wait` does; the second signal comes before it has it back
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(center._lanes.changed, "wait_for", twice)
        with pytest.raises(RuntimeError, match="release"):
            center.leave(5.0)
        assert breaks_off(center.leave, 5.0)
    center.leave(0.0)
    assert len(world.log.notifications) == 1


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(3)])
def test_what_an_inline_channel_raises_keeps_it_from_no_other(world, center, end):
    """What ends the program in the midst of one channel passes; the others have the alert, and the log too."""
    first, last = RecordingChannel(), RecordingChannel()
    first.fail(end)
    slow = waiting()
    with pytest.raises(type(end)):
        center.happened(world.happening(), world.route(first, slow, last))
    assert center.flush()
    assert [counts(each) for each in (first, slow, last)] == [[], [1], [1]]
    assert len(world.log.notifications) == 1


def test_failover_goes_on_when_a_listener_ends_its_thread(world, center):
    """A listener that raises SystemExit when it hears of a failure keeps the next of the group from nothing."""

    def leave(event):
        if event.name == "notification_failed":
            raise SystemExit

    first, second = waiting(), waiting()
    first.fail(ChannelError("no such number", transient=False), 99)
    route = world.route(world.destination(first, second), emit=leave)
    for number in range(2):
        center.happened(world.happening(key=str(number)), route)
    assert second.wait_for(2)
    assert center.flush()
    assert world.log.notifications == []
    assert route.stats.as_dict()["failed"] == {"pager:": 2}


def test_what_was_dropped_is_told_whatever_a_listener_raises(world, hanging):
    """A listener that raises SystemExit for what was dropped ends neither the call nor what it hands over."""

    def leave(event):
        if event.name == "notification_suppressed":
            raise SystemExit

    center = Center(limit=1)
    route = world.route(hanging, emit=leave)
    for number in range(4):
        center.happened(world.happening(key=str(number)), route)
        assert hanging.wait_for_attempts(1)
    assert route.stats.as_dict()["suppressed"] == {QUEUE_FULL: 2}
    center.forget()


def test_a_circuit_that_a_delivery_closes_at_the_end_gives_up_nothing(world, center, hanging):
    """After the end, what is told from within a delivery does not make what is being sent look undelivered."""
    inline = RecordingChannel()
    route = world.route(inline)
    center.leave(0.0)
    center.circuit_opened("bank", world.happening("opened"), route)
    world.clock.advance(30)
    assert center.flush()
    with center._lanes.lock:
        center._lanes.post(world.delivery(hanging))
    center._dispatcher.wake()
    assert hanging.wait_for_attempts(1)
    on_behalf(center.circuit_closed)("bank", world.happening("closed", severity=ErrorSeverity.INFO))
    assert len(inline.notifications) == 2
    assert world.log.notifications == []
    hanging._hang.set()
    assert center.flush()


def test_forgetting_drops_all(world, center, hanging):
    """Between two tests nothing is told of what was counted, and nothing waits."""
    channel = RecordingChannel()
    routes = world.route(channel), world.route(hanging, name="other")
    for route in routes:
        for _ in range(3):
            center.happened(world.happening(), route)
    assert hanging.wait_for_attempts(1)
    center.forget()
    world.clock.advance(300)
    assert center.flush()
    assert counts(channel) == [1]
    center.happened(world.happening(), routes[0])
    assert counts(channel) == [1, 1]


def test_without_threads_a_flush_delivers(world, center, monkeypatch):
    """Where no thread can be had nothing is lost: a flush delivers, also what is due."""

    def no_thread(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", no_thread)
    channel = waiting()
    route = world.route(channel)
    for _ in range(3):
        center.happened(world.happening(), route)
    assert center.flush()
    assert counts(channel) == [1]
    world.clock.advance(300)
    assert center.flush()
    assert counts(channel) == [1, 2]
