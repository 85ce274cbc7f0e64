"""One alert to one destination: failover, events, and that no failure is hidden."""

from __future__ import annotations

from asyncio import CancelledError
from threading import Event, Thread

import pytest
from msgspec.structs import replace

from ninelives.errors import ChannelError
from ninelives.notifications.alert import Phase
from ninelives.notifications.behalf import is_delivering
from ninelives.notifications.dispatch import delivery as module
from ninelives.notifications.dispatch.attempts import RETRY_DELAYS
from ninelives.notifications.dispatch.delivery import Delivery
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.notifications.occurrence import Ready
from ninelives.notifications.outlet import Outlet
from ninelives.testing.recorders import RecordingChannel

DOWN = ChannelError("the line is busy")
PERMANENT = ChannelError("no such number", transient=False)


def waiting(**how):
    """A channel that is no inline one."""
    return RecordingChannel(inline=False, **how)


def failing(error=PERMANENT, times=99, **how):
    """A channel that fails."""
    channel = RecordingChannel(**how)
    channel.fail(error, times)
    return channel


def sent(delivery):
    """Send it everywhere; who took it."""
    return [delivery.to(destination) for destination in delivery.destinations]


def messages(channel):
    return [each.message for each in channel.notifications]


def test_what_was_accepted_is_told(world):
    """A channel that accepts an alert gets it once, and listeners and counters are told."""
    channel = waiting()
    delivery = world.delivery(channel)
    assert sent(delivery) == [True]
    assert messages(channel) == ["no answer"]
    (event,) = world.listener.recorded
    assert event.fields() == {
        "at": world.clock.now(),
        "pipeline": "shop",
        "call_id": None,
        "channel": "pager:",
        "severity": "ERROR",
        "error_type": "builtins.TimeoutError",
        "key": "k",
        "reason": None,
        "count": 1,
    }
    assert world.listener.names == ["notification_sent"]
    assert delivery.route.stats.as_dict() == {"sent": {"pager:": 1}, "failed": {}, "suppressed": {}}


def test_what_was_not_accepted_is_told_and_in_the_log(world):
    """A channel that stays down is told of with its reason, and the log has the alert."""
    delivery = world.delivery(failing(DOWN, inline=False))
    assert sent(delivery) == [False]
    (event,) = world.listener.recorded
    assert event.name == "notification_failed"
    assert event.reason == "ninelives.errors.ChannelError: the line is busy"
    assert len(world.clock.sleeps) == len(RETRY_DELAYS)
    (logged,) = world.log.notifications
    assert logged.message == "no answer"
    assert logged.details == {"not_delivered_to": "pager:", "because": event.reason}
    assert delivery.route.stats.as_dict()["failed"] == {"pager:": 1}


def test_the_reason_is_masked(world):
    """What a channel's error says is masked before the log and the listeners have it. (Law 57.)"""
    channel = failing(ChannelError("SMTP refused tom@example.com, password=hunter2", transient=False))
    sent(world.delivery(channel))
    reason = world.log.notifications[0].details["because"]
    assert reason.endswith("SMTP refused ***@example.com, password=***")
    assert world.listener.recorded[0].reason == reason


def test_the_next_of_the_group_is_tried(world):
    """Within a group the next is tried when one fails, and no other; the log is not needed then."""
    first, second, third = failing(), failing(), RecordingChannel()
    fourth = RecordingChannel()
    assert sent(world.delivery(world.destination(first, second, third, fourth))) == [True]
    assert messages(third) == ["no answer"]
    assert fourth.attempts == 0
    assert world.listener.names == ["notification_failed", "notification_failed", "notification_sent"]
    assert world.log.notifications == []


def test_at_last_the_log_says_who_did_not_take_it(world):
    """When all of a group fail, the log has it once, with all their reasons."""
    assert sent(world.delivery(world.destination(failing(), failing(OSError("gone"))))) == [False]
    (logged,) = world.log.notifications
    assert logged.details["not_delivered_to"] == "pager:, pager:2"
    assert logged.details["because"] == "ninelives.errors.ChannelError: no such number; builtins.OSError: gone"


def test_a_channel_that_is_down_is_probed_once_where_another_can_take_it(world):
    """After a channel has failed with all its retries, a group goes on to the next at once, until it works again."""
    down, other = failing(DOWN, times=5, inline=False), waiting()
    destination = world.destination(down, other)
    for attempts in (4, 5):
        assert sent(world.delivery(destination)) == [True]
        assert down.attempts == attempts
    assert len(other.notifications) == 2
    down.fail(DOWN, times=0)
    sent(world.delivery(destination))
    assert len(down.notifications) == 1


def test_one_that_is_alone_keeps_its_retries(world):
    """A channel that is down and has nobody beside it is tried again each time: it is the alert's only chance."""
    channel = failing(DOWN, times=7, inline=False)
    destination = world.destination(channel)
    assert sent(world.delivery(destination)) == [False]
    assert sent(world.delivery(destination)) == [True]
    assert channel.attempts == 8


def test_a_channel_gets_an_alert_once(world):
    """A channel that stands by itself and in a group as well is sent it once; for both it counts. (Law 54.)"""
    shared = Outlet(RecordingChannel(), "shared:")
    group = world.destination(failing(), shared)
    assert sent(world.delivery(group, world.destination(shared))) == [True, True]
    assert len(shared.own.notifications) == 1
    assert sent(world.delivery(world.destination(shared), group)) == [True, True]
    assert len(shared.own.notifications) == 2
    assert world.log.notifications == []


def test_a_channel_that_failed_is_not_tried_for_another_group(world):
    """Two groups with one channel that is broken have one failure of it; each ends in the log."""
    broken = Outlet(failing(), "broken:")
    assert sent(world.delivery(world.destination(broken), world.destination(failing(), broken))) == [False, False]
    assert broken.own.attempts == 1
    assert world.listener.names == ["notification_failed"] * 2
    assert len(world.log.notifications) == 2


def test_who_needs_what_another_sends_waits_for_it(world):
    """A group whose next channel is being sent to by another destination is told how that went."""
    hang = Event()
    shared = Outlet(waiting(hang=hang), "shared:")
    delivery = world.delivery(world.destination(shared), world.destination(failing(), shared))
    first, second = delivery.destinations
    taken = []
    one = Thread(target=lambda: taken.append(delivery.to(first)))
    one.start()
    assert shared.own.wait_for_attempts(1)
    other = Thread(target=lambda: taken.append(delivery.to(second)))
    other.start()
    hang.set()
    for thread in (one, other):
        thread.join()
    assert taken == [True, True]
    assert shared.own.attempts == 1


def test_severity_chooses_the_destinations(world):
    """A destination gets what is at least as bad as it wants."""
    critical = world.destination(RecordingChannel(), severity=ErrorSeverity.CRITICAL)
    warning = world.destination(RecordingChannel(), severity=ErrorSeverity.WARNING)
    route = world.route(critical, warning)
    expected = {"INFO": [], "WARNING": [warning], "ERROR": [warning], "CRITICAL": [critical, warning]}
    for severity, destinations in expected.items():
        assert Delivery(world.alert(route, severity=ErrorSeverity(severity))).destinations == destinations


class TestTheEndOfAnOutage:
    """What follows the alert that a circuit has opened."""

    @pytest.fixture
    def outlets(self):
        return [Outlet(RecordingChannel(), "first:"), Outlet(RecordingChannel(), "second:")]

    @pytest.fixture
    def begun(self, world, outlets):
        """An outage that was told to a group whose first channel failed."""
        outlets[0].own.fail(PERMANENT)
        route = world.route(world.destination(*outlets), world.destination(RecordingChannel(), label="mail:"))
        alert = world.alert(route, "opened", phase=Phase.OPENED)
        assert sent(Delivery(alert, alert.occurrence.notification())) == [True, True]
        return alert

    @staticmethod
    def after(world, begun, phase, **how):
        alert = world.alert(begun.route, str(phase), phase=phase, after=begun, **how)
        return Delivery(alert, alert.occurrence.notification())

    def test_goes_to_the_channel_that_took_the_beginning(self, world, begun, outlets):
        """Recovered, though only an INFO, goes to whoever was told of the outage, by the channel that took it."""
        delivery = self.after(world, begun, Phase.RECOVERED, severity=ErrorSeverity.INFO)
        assert sent(delivery) == [True, True]
        assert messages(outlets[1].own) == ["opened", "recovered"]
        assert messages(outlets[0].own) == []

    def test_goes_to_nobody_who_does_not_know_the_beginning(self, world):
        """A destination that did not take the beginning is not told of the end; listeners are told why. (Law 53.)"""
        channel = failing(times=1)
        alert = world.alert(world.route(channel), "opened", phase=Phase.OPENED)
        assert sent(Delivery(alert, alert.occurrence.notification())) == [False]
        world.listener.recorded.clear()
        delivery = self.after(world, alert, Phase.RECOVERED, count=7)
        assert sent(delivery) == [False]
        assert channel.notifications == []
        (event,) = world.listener.recorded
        assert (event.name, event.reason, event.count) == ("notification_suppressed", module.NOT_BEGUN, 7)
        assert delivery.route.stats.as_dict()["suppressed"] == {module.NOT_BEGUN: 1}
        assert len(world.log.notifications) == 1
        assert sent(delivery) == [False]
        assert len(world.listener.recorded) == 1

    @pytest.mark.parametrize("phase", [Phase.CONTINUES, Phase.RECOVERED])
    def test_goes_by_the_channel_as_it_is_now(self, world, phase):
        """The pipeline that told the beginning may be closed: another one's channel of that address tells the end."""
        from ninelives.address import Address

        closed, opened = (
            Outlet(RecordingChannel(), "sns:", address=Address("sns", "arn:aws:sns:eu-west-1:1:ops")) for _ in range(2)
        )
        alert = world.alert(world.route(world.destination(closed)), "opened", phase=Phase.OPENED)
        assert sent(Delivery(alert, alert.occurrence.notification())) == [True]
        closed.own.fail(PERMANENT, 99)
        route = world.route(world.destination(opened))
        later = world.alert(route, str(phase), phase=phase, after=alert)
        assert sent(Delivery(later, later.occurrence.notification())) == [True]
        assert messages(opened.own) == [phase]
        assert closed.own.attempts == 1

    def test_goes_by_a_channel_that_is_no_part_of_it_any_more(self, world, begun, outlets):
        """Where a destination no longer has the channel that took the beginning, that one is told nevertheless."""
        route = world.route(world.destination(outlets[0]))
        later = world.alert(route, "recovered", phase=Phase.RECOVERED, after=begun)
        assert sent(Delivery(later, later.occurrence.notification())) == [True]
        assert messages(outlets[1].own) == ["opened", "recovered"]

    def test_a_repeat_reaches_who_missed_the_beginning(self, world):
        """A destination that was down when the circuit opened hears of the outage later, and then of its end."""
        channel = failing(times=1)
        alert = world.alert(world.route(channel), "opened", phase=Phase.OPENED)
        assert sent(Delivery(alert, alert.occurrence.notification())) == [False]
        assert sent(self.after(world, alert, Phase.CONTINUES)) == [True]
        assert sent(self.after(world, alert, Phase.RECOVERED)) == [True]
        assert messages(channel) == ["continues", "recovered"]

    def test_a_repeat_tries_the_channel_that_took_the_beginning_first(self, world, begun, outlets):
        """A repeat goes by the channel that took the beginning; when that fails, by the others of its group."""
        assert sent(self.after(world, begun, Phase.CONTINUES)) == [True, True]
        assert messages(outlets[1].own) == ["opened", "continues"]
        outlets[1].own.fail(PERMANENT)
        assert sent(self.after(world, begun, Phase.CONTINUES)) == [True, True]
        assert messages(outlets[0].own) == ["continues"]
        assert sent(self.after(world, begun, Phase.RECOVERED)) == [True, True]
        assert messages(outlets[0].own) == ["continues", "recovered"]


def test_no_events_of_the_log(world, logged):
    """Of log: itself no events are made; what it does not take goes to the standard log."""
    channel = failing(RuntimeError("the disk is full"), times=1)
    destination = world.destination(channel, label="log:")
    delivery = world.delivery(destination)
    assert sent(delivery) == [False]
    assert sent(world.delivery(destination)) == [True]
    assert world.listener.recorded == []
    assert delivery.route.stats.as_dict()["failed"] == {"log:": 1}
    (record,) = logged.records
    assert record.name == "ninelives"
    assert "no answer" in record.message
    assert "the disk is full" in record.message


def test_a_broken_log_hides_nothing(world, logged):
    """When the channel and the log both fail, the standard log has it."""
    world.log.fail(RuntimeError("broken"))
    assert sent(world.delivery(failing())) == [False]
    assert "no such number" in logged.records[0].message


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(3)])
class TestLogThatEndsTheProgram:
    """A log channel that raises what is more than an error."""

    def test_passes_when_the_standard_log_has_it(self, world, logged, end):
        """In the main thread it is the program's own: the standard log has the alert, and then it goes on."""
        world.log.fail(end)
        with pytest.raises(type(end)):
            sent(world.delivery(failing()))
        assert ["no such number" in record.message for record in logged.records] == [True]

    def test_is_an_error_in_a_thread_of_ours(self, world, logged, end):
        """In any other thread it is an error like any other: the standard log has the alert."""
        world.log.fail(end)
        results = []
        thread = Thread(target=lambda: results.extend(sent(world.delivery(failing()))))
        thread.start()
        thread.join()
        assert results == [False]
        assert ["no such number" in record.message for record in logged.records] == [True]


def test_a_listener_that_ends_the_thread_hides_no_failure(world):
    """A listener that raises SystemExit for each event keeps nothing out of the log, also of what is given up."""

    def leave(_event):
        raise SystemExit

    delivery = world.delivery(failing(), emit=leave)
    with pytest.raises(SystemExit):
        sent(delivery)
    assert len(world.log.notifications) == 1
    other = world.delivery(waiting(), emit=leave)
    (destination,) = other.destinations
    with pytest.raises(SystemExit):
        other.abandon(destination, DOWN)
    assert len(world.log.notifications) == 2


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
    assert sent(world.delivery(Channel())) == [False]
    assert seen == [True, True]
    assert not is_delivering()


def test_who_waits_no_longer_is_not_sent_to(world):
    """A destination that was given up is not tried further, and what comes back late is not told twice."""
    delivery = world.delivery(world.destination(waiting(), waiting()))
    (destination,) = delivery.destinations
    delivery.abandon(destination, DOWN)
    delivery.abandon(destination, DOWN)
    assert delivery.to(destination) is False
    assert [outlet.own.attempts for outlet in destination.outlets] == [0, 0]
    assert world.listener.names == ["notification_failed"]
    assert len(world.log.notifications) == 1


def test_who_comes_second_writes_nothing(world):
    """Of two that find that nobody took it, one writes that to the log; the other is told so."""
    delivery = world.delivery(failing())
    (destination,) = delivery.destinations
    failures = [(destination.outlets[0], PERMANENT)]
    assert delivery.give_up(destination, failures)
    assert not delivery.give_up(destination, failures)
    assert len(world.log.notifications) == 1


def test_an_end_without_a_beginning_is_not_in_the_log_either(world):
    """That something is over which was never told of is told nobody, also when the program ends before its turn."""
    begun = world.alert(world.route(waiting()), phase=Phase.OPENED)
    delivery = Delivery(world.alert(begun.route, phase=Phase.RECOVERED, after=begun))
    (destination,) = delivery.destinations
    delivery.abandon(destination, DOWN)
    assert world.log.notifications == []
    assert [event.reason for event in world.listener.recorded] == [module.NOT_BEGUN]


def test_giving_up_what_was_sent_meanwhile_says_that_it_was_sent(world):
    """What its channel has accepted just before is not in the log as undelivered."""
    delivery = world.delivery(waiting())
    (destination,) = delivery.destinations
    outlet = destination.outlets[0]
    assert delivery.alert.results.claim(outlet, destination)
    assert delivery.alert.results.settle(outlet, None)
    delivery.abandon(destination, DOWN)
    assert delivery.alert.results.taker(destination) is outlet
    assert world.log.notifications == []


class TestSharedChannel:
    """A channel that stands by itself and in a group, of which one is abandoned while the other is being sent to."""

    @pytest.fixture
    def gate(self):
        return Event()

    @pytest.fixture
    def shared(self, gate):
        return Outlet(waiting(hang=gate), "shared:")

    @pytest.fixture
    def sending(self, world, shared):
        """The delivery, its two destinations, and a thread in which the first is just being sent to."""
        alone = world.destination(shared)
        group = world.destination(Outlet(failing(inline=False), "group:"), shared)
        delivery = world.delivery(alone, group)
        thread = Thread(target=delivery.to, args=(alone,))
        thread.start()
        assert shared.own.wait_for_attempts(1)
        return delivery, alone, group, thread

    def test_is_told_as_sent_if_it_is(self, world, gate, shared, sending):
        """Abandoning the group leaves to the other what that one is sending: it is told once, as what it came to."""
        delivery, alone, group, thread = sending
        assert delivery.abandon(group, DOWN)
        assert [event.channel for event in world.listener.recorded] == ["group:"]
        gate.set()
        thread.join()
        assert [(event.name, event.channel) for event in world.listener.recorded] == [
            ("notification_failed", "group:"),
            ("notification_sent", "shared:"),
        ]
        assert delivery.alert.results.taker(alone) is shared
        (logged,) = world.log.notifications
        assert logged.details["not_delivered_to"] == "group:"

    def test_is_told_once_when_both_are_abandoned(self, world, gate, sending):
        """Each of the two has its own entry in the log, and each channel one event."""
        delivery, alone, group, thread = sending
        assert delivery.abandon(group, DOWN)
        assert delivery.abandon(alone, DOWN)
        gate.set()
        thread.join()
        assert [(event.name, event.channel) for event in world.listener.recorded] == [
            ("notification_failed", "group:"),
            ("notification_failed", "shared:"),
        ]
        assert [each.details["not_delivered_to"] for each in world.log.notifications] == ["group:", "shared:"]

    def test_is_waited_for_no_longer_than_the_group_is(self, world, gate, shared, sending):
        """A thread that waits for what another sends ends when nobody waits for its destination any more."""
        delivery, _, group, thread = sending
        waits = Event()
        wait_for = delivery.alert.results._changed.wait_for
        delivery.alert.results._changed.wait_for = lambda ready: (waits.set(), wait_for(ready))[1]
        second = Thread(target=delivery.to, args=(group,))
        second.start()
        assert waits.wait(10)
        delivery.abandon(group, DOWN)
        second.join(10)
        assert not second.is_alive()
        assert delivery.alert.results.outcomes().keys() == {group.outlets[0].key}
        gate.set()
        thread.join()
        assert delivery.alert.results.outcomes()[shared.key] is None


def test_nobody_waits_for_a_channel_that_ended_its_thread(world):
    """What an inline channel raises beyond errors comes out, and others that need its outcome have one."""
    end = KeyboardInterrupt()
    channel = failing(end)
    delivery = world.delivery(channel)
    (destination,) = delivery.destinations
    with pytest.raises(KeyboardInterrupt):
        delivery.to(destination)
    assert delivery.alert.results.outcome(destination.outlets[0], destination) is end


class TestWording:
    """An alert is worded when it is first needed."""

    def test_once(self, world, monkeypatch):
        """All channels and all attempts get the same object: some channels know a retry by it."""
        worded = []

        def words(alert):
            worded.append(alert)
            return Notification(message="worded")

        monkeypatch.setattr("ninelives.notifications.words.content.of_alert", words, raising=False)
        channels = [RecordingChannel(), RecordingChannel()]
        alert = world.alert(world.route(*channels))
        assert sent(Delivery(alert)) == [True, True]
        assert worded == [alert]
        assert channels[0].notifications[0] is channels[1].notifications[0]

    def test_ctrl_c_while_it_is_worded_passes(self, world, monkeypatch):
        """Ctrl-C in the thread of a call is the program's; the alert is in the log."""
        ends = iter([KeyboardInterrupt()])

        def words(_alert):
            for end in ends:
                raise end
            return Notification(message="worded")

        monkeypatch.setattr("ninelives.notifications.words.content.of_alert", words)
        delivery = Delivery(world.alert(world.route(RecordingChannel())))
        with pytest.raises(KeyboardInterrupt):
            sent(delivery)
        assert messages(world.log) == ["worded"]

    @pytest.mark.parametrize("fault", [RuntimeError("a fault"), SystemExit(3), CancelledError(), GeneratorExit()])
    def test_what_can_not_be_worded_is_told_nevertheless(self, world, monkeypatch, logged, fault):
        """Whatever goes wrong in making the text, that it happened is told, and the fault is in the log."""

        def words(_alert):
            raise fault

        monkeypatch.setattr("ninelives.notifications.words.content.of_alert", words, raising=False)
        channel = RecordingChannel()
        alert = world.alert(world.route(channel), count=3, phase=Phase.RECOVERED)
        assert sent(Delivery(alert)) == [True]
        (told,) = channel.notifications
        assert (told.error_type, told.pipeline, told.key, told.count) == ("builtins.TimeoutError", "shop", "k", 3)
        assert told.resolved
        assert "could not be worded" in logged.records[0].message

    def test_what_can_not_be_worded_shows_no_secret(self, world, monkeypatch, logged):
        """What little is said then is masked like all else, and so is the fault in the log."""

        def words(_alert):
            raise RuntimeError("password=hunter2")

        monkeypatch.setattr("ninelives.notifications.words.content.of_alert", words)
        given = Notification(message="m", pipeline="token=hunter2", key="password=hunter2")
        channel = RecordingChannel()
        alert = replace(world.alert(world.route(channel)), occurrence=Ready(given, world.clock.now()))
        assert sent(Delivery(alert)) == [True]
        (told,) = channel.notifications
        assert (told.pipeline, told.key) == ("token=***", "password=***")
        assert "hunter2" not in f"{told}{logged.text}"
