"""`AdminNotifier` alone: which channels it uses, what it sends, and what it returns."""

from __future__ import annotations

import asyncio
import warnings
from threading import Event

import pytest

from ninelives.address import Address
from ninelives.errors import ChannelError, ConfigurationError, ConfigurationWarning, PluginError
from ninelives.hookspecs import hookimpl
from ninelives.inspecting import channels_of
from ninelives.notifications.notification import ErrorSeverity, NotificationChannel
from ninelives.notifications.notifier import AdminNotifier
from ninelives.plugins import Plugins
from ninelives.testing.clock import FakeClock
from ninelives.testing.recorders import RecordingChannel, RecordingListener

ARN = "arn:aws:sns:us-east-1:123456789012:admins"
SMTP = "smtp://ops:hunter2@mail:587?to=ops@example.com"
NUMBER = "+15551230000"


class Backends:
    """A plugin whose channels are recorded by their addresses."""

    def __init__(self) -> None:
        self.opened: dict[str, RecordingChannel] = {}

    @hookimpl
    def register_channels(self, register) -> None:
        for scheme in ("log", "sns", "smtp", "sms"):
            register(scheme, self.open)

    def open(self, address: Address) -> RecordingChannel:
        if address.target == "wrong":
            raise ConfigurationError(f"{address} is wrong")
        return self.opened.setdefault(address.raw, RecordingChannel())


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    monkeypatch.delenv("SNS_TOPIC_ARN", raising=False)


@pytest.fixture
def backends():
    return Backends()


@pytest.fixture
def make(backends):
    return lambda *args, **how: AdminNotifier(*args, plugins=Plugins(backends), clock=FakeClock(), **how)


def labels(notifier):
    return notifier.describe()["channels"]


def test_alone_it_logs(make, backends):
    """With no parameters and nothing in the environment, notifications go to the log."""
    notifier = make()
    assert labels(notifier) == ["log:"]
    assert notifier.send_notification("no answer")
    assert [each.message for each in backends.opened["log:"].notifications] == ["no answer"]


def test_alone_it_reads_the_environment(make, monkeypatch):
    """SNS_TOPIC_ARN says where, if no argument does."""
    monkeypatch.setenv("SNS_TOPIC_ARN", ARN)
    assert labels(make()) == [f"sns:{ARN}"]
    assert labels(make(phone_number=NUMBER)) == ["sms:+1XXXXXXXXXX"]
    assert labels(make(channel=NotificationChannel.LOG)) == ["log:"]
    monkeypatch.setenv("SNS_TOPIC_ARN", "")
    assert labels(make()) == ["log:"]


@pytest.mark.parametrize(
    ("given", "channels"),
    [
        ({"sns_topic_arn": ARN}, [f"sns:{ARN}"]),
        ({"sns_topic_arn": ARN, "channel": NotificationChannel.SNS}, [f"sns:{ARN}"]),
        ({"sns_topic_arn": f"sns:{ARN}", "channel": "sns"}, [f"sns:{ARN}"]),
        ({"email": SMTP}, ["smtp://ops:***@mail:587?to=***@example.com"]),
        ({"phone_number": NUMBER}, ["sms:+1XXXXXXXXXX"]),
        ({"sns_topic_arn": ARN, "phone_number": NUMBER}, [f"sns:{ARN}", "sms:+1XXXXXXXXXX"]),
        ({"sns_topic_arn": ARN, "phone_number": NUMBER, "channel": "SMS"}, ["sms:+1XXXXXXXXXX"]),
        ({"sns_topic_arn": ARN, "channel": "LOG"}, ["log:"]),
        ({"sns_topic_arn": ARN, "channels": ["log:"]}, [f"sns:{ARN}", "log:"]),
        ({"phone_number": NUMBER, "channel": "SMS", "channels": ["log:"]}, ["sms:+1XXXXXXXXXX", "log:"]),
        ({"channel": "LOG", "channels": "sms:+15551230000"}, ["log:", "sms:+1XXXXXXXXXX"]),
        ({"channels": [RecordingChannel()]}, ["RecordingChannel"]),
        ({"channels": RecordingChannel()}, ["RecordingChannel"]),
        ({"channels": Address("log")}, ["log:"]),
        ({"channels": (address for address in ["log:"])}, ["log:"]),
        ({"sns_topic_arn": None}, ["log:"]),
        ({"sns_topic_arn": ""}, ["log:"]),
        (
            {"email": SMTP, "channels": [SMTP, {"to": "log:", "severity": "error"}]},
            ["smtp://ops:***@mail:587?to=***@example.com", {"to": "log:", "severity": "ERROR"}],
        ),
    ],
)
def test_the_arguments_say_where(make, given, channels):
    """Each argument names a channel; `channel` picks one of them; secrets are masked where it is shown."""
    assert labels(make(**given)) == channels


@pytest.mark.parametrize(
    ("kind", "argument"), [("SNS", "sns_topic_arn"), ("EMAIL", "email"), (NotificationChannel.SMS, "phone_number")]
)
def test_a_channel_without_its_address_is_the_log(make, kind, argument):
    """A channel asked for without its address: the log, and one warning that names the argument, where it was asked."""
    with pytest.warns(ConfigurationWarning, match=f"no {argument}=") as caught:
        notifier = make(channel=kind, **{argument: None})
    assert labels(notifier) == ["log:"]
    assert len(caught) == 1


def test_the_warning_names_the_programs_line(backends):
    """The warning points at the line that made the notifier."""
    with pytest.warns(ConfigurationWarning) as caught:
        AdminNotifier(channel="SNS", plugins=Plugins(backends))
    assert caught[0].filename == __file__


def test_all_that_is_wrong_is_said_at_once(make):
    """Every wrong argument is named before anything is sent."""
    with pytest.raises(ConfigurationError) as caught:
        make(
            sns_topic_arn=7,
            channel="FAX",
            email="ops@example.com",
            phone_number="555-0000",
            channels=["log:", 7, {"to": "fax:1"}],
            failover=[[]],
            timeout=0,
            wait=-1,
            flush=1,
            template="{nonsense}",
        )
    assert [problem.option for problem in caught.value.problems] == [
        "channel",
        "sns_topic_arn",
        "email",
        "phone_number",
        "channels",
        "failover",
        "flush",
        "timeout",
        "wait",
        "template",
        "channels",
    ]
    assert "one of: LOG, SNS, EMAIL, SMS" in str(caught.value)
    assert "fax" in str(caught.value)


@pytest.mark.parametrize("channels", [[], 7, [RecordingChannel]])
def test_no_channels_are_refused(make, channels):
    """A list of nothing, and what is no list of channels, is a mistake."""
    with pytest.raises(ConfigurationError, match="channels"):
        make(channels=channels)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("sns:the admins", "sns:the admins"),
        ("smtp://me:hunter2@h", "smtp://me:***@h"),
        ("", f"sns:{ARN}"),
        (None, f"sns:{ARN}"),
        (7, f"sns:{ARN}"),
    ],
)
def test_a_channel_is_called_what_it_calls_itself(make, backends, name, label):
    """A channel with a name of its own is shown by it, masked, and not by its address, which may be a secret."""
    channel = backends.opened[f"sns:{ARN}"] = RecordingChannel()
    channel.name = name
    notifier = make(channels=f"sns:{ARN}")
    assert labels(notifier) == [label]
    assert [backend.name for backend in channels_of(notifier)] == [label]


def test_wrong_addresses_are_said_at_once(make):
    """Every address that can't be opened is named; one alone comes out as the error that it is."""
    with pytest.raises(ConfigurationError) as caught:
        make(channels=["sns:wrong", "log:", "fax:1"])
    assert "sns:wrong" in str(caught.value)
    assert "fax" in str(caught.value)
    with pytest.raises(PluginError, match="fax"):
        make(channels=["fax:1"])


def test_without_a_log_plugin_it_logs(logged):
    """Where no plugin provides log:, the standard log stands in for it."""
    notifier = AdminNotifier(plugins=Plugins())
    assert notifier.send_notification("100 % down\nERROR forged", {"a": 1}, error_type="x")
    (record,) = logged.records
    assert record.message == "notification ERROR: 100 % down\\nERROR forged error_type=x details={'a': 1}"
    assert record.levelname == "ERROR"
    notifier.close()


def test_what_is_sent(make, backends):
    """A channel gets all that was said, masked."""
    notifier = make()
    notifier.send_notification(
        message="Failed to process a message of +15551230000",
        details={"user_id": "+15551230000", "nested": [{"token": "abc"}], "error": "mail to tom@example.com failed"},
        severity=ErrorSeverity.CRITICAL,
        error_type="message_processing_error",
    )
    (sent,) = backends.opened["log:"].notifications
    assert sent.message == "Failed to process a message of +1XXXXXXXXXX"
    assert sent.details == {
        "user_id": "+1XXXXXXXXXX",
        "nested": [{"token": "***"}],
        "error": "mail to ***@example.com failed",
    }
    assert (sent.severity, sent.error_type) == (ErrorSeverity.CRITICAL, "message_processing_error")
    assert sent.key == "message_processing_error"
    assert sent.first == sent.last == FakeClock().now()


@pytest.mark.parametrize(
    ("severity", "sent", "details"),
    [
        ("warning", ErrorSeverity.WARNING, {}),
        ("INFO", ErrorSeverity.INFO, {}),
        ("worst", ErrorSeverity.ERROR, {"severity": "'worst'"}),
        (7, ErrorSeverity.ERROR, {"severity": "7"}),
    ],
)
def test_severity_as_text(make, backends, severity, sent, details):
    """A severity may be text; one that is unknown is an ERROR that says so, for the failure path must not fail."""
    assert make().send_notification("x", severity=severity)
    (notification,) = backends.opened["log:"].notifications
    assert (notification.severity, notification.details) == (sent, details)


@pytest.mark.parametrize(("details", "sent"), [(None, {}), ({}, {}), ([1], {"details": [1]}), ("a", {"details": "a"})])
def test_odd_details_are_sent(make, backends, details, sent):
    """Details that are no mapping are sent too, and so is a message that is no text."""
    assert make().send_notification(ValueError("a"), details)
    (notification,) = backends.opened["log:"].notifications
    assert (notification.message, notification.details) == ("ValueError('a')", sent)


def test_each_channel_says_what_became_of_it(make):
    """On request what is returned is a report: who took it, who did not and why, and who was not asked."""
    down, backup, quiet = RecordingChannel(), RecordingChannel(), RecordingChannel()
    for number, channel in enumerate((down, backup, quiet)):
        channel.name = f"pager {number}"
    down.fail(ChannelError("down: ask +15551230000", transient=False))
    notifier = make(channels=[down, {"to": quiet, "severity": "CRITICAL"}], failover=[[down, backup]])
    report = notifier.send_notification("no answer", report=True)
    assert report
    assert report.sent == ["pager 1"]
    assert report.failed == {"pager 0": "ninelives.errors.ChannelError: down: ask +1XXXXXXXXXX"}
    assert list(report.skipped) == ["pager 2"]
    assert notifier.send_notification("no answer", severity="CRITICAL") is True
    assert [len(channel.notifications) for channel in (down, backup, quiet)] == [1, 1, 1]
    assert notifier.stats() == {
        "sent": {"pager 0": 1, "pager 1": 1, "pager 2": 1},
        "failed": {"pager 0": 1},
        "suppressed": {},
    }


def test_its_own_words(make, backends):
    """What is sent directly is worded by the template too."""
    make(template="{severity}! {message}").send_notification("no answer")
    (sent,) = backends.opened["log:"].notifications
    assert sent.text == "ERROR! no answer"


def test_a_failed_delivery_is_no_error(make, backends):
    """It returns False when no channel took it, raises nothing, and the listeners are told."""
    listener, channel = RecordingListener(), RecordingChannel()
    channel.fail(ChannelError("down", transient=False))
    notifier = make(channels=[channel], listeners=[listener])
    assert notifier.send_notification("no answer") is False
    assert listener.names == ["notification_failed"]
    assert backends.opened["log:"].notifications[0].details["not_delivered_to"] == "RecordingChannel"


def test_installed_listeners_are_told(backends):
    """The listeners of plugins are told the events of a notifier that stands alone."""
    listener = RecordingListener()

    class Plugin:
        @hookimpl
        def register_listeners(self, register):
            register("recorder", listener)

    AdminNotifier(channels=[RecordingChannel()], plugins=Plugins(backends, Plugin())).send_notification("x")
    assert listener.names == ["notification_sent"]


def test_a_hanging_channel_takes_no_longer_than_the_timeout(make):
    """A channel that ignores its time-out does not hold up the caller, nor the other channel."""
    hang = Event()
    hanging = RecordingChannel(inline=False, hang=hang, keeps_timeout=False)
    good = RecordingChannel(inline=False)
    try:
        assert make(channels=[hanging, good], timeout=0.05).send_notification("x")
    finally:
        hang.set()
    assert len(good.notifications) == 1


def test_a_notification_about_a_failing_notification_is_never_sent(make):
    """A listener that sends a notification for each event sends none for a notification's own. (Law 55.)"""
    channel = RecordingChannel()
    results = []

    def send(event):
        results.append(notifier.send_notification(event.name))

    notifier: AdminNotifier = make(channels=[channel], listeners=[send])
    channel.fail(ChannelError("down"))
    assert not notifier.send_notification("first")
    assert notifier.send_notification("second")
    assert [each.message for each in channel.notifications] == ["second"]
    assert results == [False, False]


async def test_async_twins(make, backends):
    """The asynchronous forms do the same."""
    notifier = make()
    assert await notifier.asend_notification("a", {"n": 1}, "INFO", "kind") is True
    assert (await notifier.asend_notification("a", report=True)).sent == ["log:"]
    assert await notifier.asend_health_check_notification(False, {"component": "db"})
    sent = backends.opened["log:"].notifications
    assert [(each.message, each.severity) for each in sent] == [
        ("a", "INFO"),
        ("a", "ERROR"),
        ("Health check (db): not healthy", "ERROR"),
    ]
    await notifier.aclose()
    assert backends.opened["log:"].closed


async def test_async_does_not_hold_up_the_loop(make):
    """While a channel hangs the loop goes on."""
    hang = Event()
    channel = RecordingChannel(inline=False, hang=hang)
    sending = asyncio.ensure_future(make(channels=[channel]).asend_notification("x"))
    await asyncio.to_thread(channel.wait_for_attempts, 1)
    assert not sending.done()
    hang.set()
    assert await sending


def test_close_closes_what_was_opened(make, backends, logged):
    """Channels of addresses are closed, ready ones are their owner's; one that can't be closed hides no other."""
    ready = RecordingChannel()
    notifier = make(sns_topic_arn=ARN, channels=[ready, "log:"])

    def refuse():
        raise RuntimeError("busy")

    backends.opened[f"sns:{ARN}"].close = refuse
    notifier.close()
    notifier.close()
    assert not ready.closed
    assert backends.opened["log:"].closed
    assert f"channel sns:{ARN} could not be closed" in logged.records[0].message
    assert notifier.flush()


def test_no_warning_where_all_is_given(make):
    """A channel with its address warns of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(sns_topic_arn=ARN, channel=NotificationChannel.SNS)
