"""The options of a notifier: their forms, their defaults, and what is refused."""

from __future__ import annotations

import inspect
from datetime import timedelta

import pytest
from msgspec.structs import asdict

from ninelives.checks import Checks
from ninelives.errors import ConfigurationError
from ninelives.notifications.configuration.options import NotifyOptions, settled
from ninelives.notifications.notifier import AdminNotifier
from ninelives.notifications.route import Rules
from ninelives.testing.recorders import RecordingChannel

TIMES = ("timeout", "group_interval", "repeat_interval", "over_after", "wait")


def settle(environ=None, **given):
    checks = Checks("AdminNotifier")
    found = settled(NotifyOptions(**given), checks, environ or {})
    return found, [problem.option for problem in checks.problems]


def test_the_defaults():
    """With no options at all: 5 s, 5 minutes, 4 hours, 1 hour, 30 s, no waiting and no wording of its own."""
    found, problems = settle()
    assert problems == []
    assert found.describe() == {
        "timeout": 5.0,
        "group_interval": 300.0,
        "repeat_interval": 14_400.0,
        "over_after": 3_600.0,
        "wait": 30.0,
        "flush": False,
        "template": None,
    }
    assert found.rules == Rules()


def test_a_link_and_a_notifier_alone_have_the_same_options():
    """What the link takes, `AdminNotifier` takes by the same name, by keyword only, with the same default."""
    parameters = inspect.signature(AdminNotifier).parameters
    for name, default in asdict(NotifyOptions()).items():
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert name == "channels" or parameters[name].default == default


@pytest.mark.parametrize("option", TIMES)
@pytest.mark.parametrize(
    ("given", "seconds"), [(90, 90.0), (0.5, 0.5), ("5m", 300.0), ("1.5h", 5400.0), (timedelta(1), 86_400.0)]
)
def test_times_in_all_their_forms(option, given, seconds):
    """A time is a number of seconds, text with a unit, or a timedelta."""
    found, problems = settle(**{option: given})
    assert (problems, found.describe()[option]) == ([], seconds)


@pytest.mark.parametrize("option", TIMES)
def test_nothing_at_all_where_it_makes_sense(option):
    """0 means "at once" for `wait` and "every failure" for `group_interval`; the others must be above it."""
    found, problems = settle(**{option: 0})
    assert problems == ([] if option in ("wait", "group_interval") else [option])
    assert found.describe()[option] == 0.0


@pytest.mark.parametrize("option", TIMES)
@pytest.mark.parametrize("given", [-1, "-5m", "5", "soon", True, None, float("nan"), [5]])
def test_what_is_no_time_is_refused(option, given):
    """An interval below zero, text without a unit, and whatever else is no time."""
    assert settle(**{option: given})[1] == [option]


@pytest.mark.parametrize(
    ("given", "environ", "flush"),
    [
        (None, {}, False),
        (None, {"AWS_LAMBDA_FUNCTION_NAME": ""}, False),
        (None, {"AWS_LAMBDA_FUNCTION_NAME": "charge"}, True),
        (False, {"AWS_LAMBDA_FUNCTION_NAME": "charge"}, False),
        (True, {}, True),
    ],
)
def test_in_lambda_a_call_waits(given, environ, flush):
    """Where the process is frozen between events, a failing call delivers before it returns, unless told otherwise."""
    assert settle(environ, flush=given)[0].flush is flush


def test_the_environment_is_read_when_it_is_made(monkeypatch):
    """Whether this is Lambda is seen when the notifier is made."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "charge")
    notifier = AdminNotifier.as_link()
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME")
    assert notifier.describe()["flush"] is True


def test_a_template_is_checked_when_it_is_made():
    """A template with an unknown field is refused with the rest; one that is right is shown as it was given."""
    assert settle(template="{pipeline}: {message}")[0].describe()["template"] == "{pipeline}: {message}"
    found, problems = settle(template="{nonsense}")
    assert (found.template, problems) == (None, ["template"])


def test_all_that_is_wrong_is_said_at_once(world):
    """Every wrong option is named, those of entries and groups with their places, before anything is opened."""
    with pytest.raises(ConfigurationError) as caught:
        AdminNotifier.as_link(
            channels=["log:", {"to": "sms:1", "severity": "AWFUL"}, "fax:1"],
            failover=[[]],
            timeout=0,
            group_interval="-5m",
            repeat_interval="often",
            over_after=-1,
            wait=-30,
            flush="yes",
            template="{nonsense}",
        ).watcher(world.context())
    assert str(caught.value.args[-1]) == "channels[2]: no channel fax"
    assert [(problem.part or problem.place, problem.option) for problem in caught.value.problems] == [
        ("channels[1].severity", "channels"),
        ("failover[0]", "failover"),
        ("AdminNotifier(flush=)", "flush"),
        *((f"AdminNotifier({option}=)", option) for option in TIMES),
        ("AdminNotifier(template=)", "template"),
    ]


def test_a_pipeline_says_where_each_stands(tmp_path, monkeypatch):
    """In a file each problem is named by the file and the key, and the place within it."""
    from ninelives import Pipeline

    monkeypatch.chdir(tmp_path)
    (tmp_path / "ninelives.toml").write_text(
        """
        [pipelines.shop.notify]
        channels = ["log:", { to = "sms:+15551230000", severity = "AWFUL" }, { to = "x" }]
        failover = [["log:"]]
        group_interval = "-5m"
        flush = 3
        nine = 9
        """
    )
    with pytest.raises(ConfigurationError) as caught:
        Pipeline("shop")
    said = str(caught.value)
    place = "ninelives.toml: pipelines.shop.notify"
    assert f"{place}.flush is 3: expected True or False" in said
    assert f"{place}.nine: expected an option of notify" in said
    (tmp_path / "ninelives.toml").write_text(
        (tmp_path / "ninelives.toml").read_text().replace("flush = 3", "").replace("nine = 9", "")
    )
    with pytest.raises(ConfigurationError) as caught:
        Pipeline("shop")
    lines = str(caught.value).splitlines()
    assert [line.partition(": expected")[0] for line in lines] == [
        f"{place}.channels: channels[1].severity is 'AWFUL'",
        f"{place}.channels: channels[2].to: address is 'x'",
        f"{place}.failover: failover[0] is ['log:']",
        f"{place}.group_interval is '-5m'",
    ]


def test_it_describes_itself(world):
    """What holds can be seen: channels by their names, severities, groups, and times in seconds."""
    part = AdminNotifier.as_link(
        channels=["log:", {"to": "sms:+15551230000", "severity": "critical"}],
        failover=[["sms:+15551230000", "log:"], ["pager:", "telex:"]],
        group_interval="5m",
    )
    assert part.describe()["channels"] == part.describe()["failover"] == []
    part.watcher(world.context(sms=RecordingChannel(), pager=RecordingChannel(), telex=RecordingChannel()))
    said = part.describe()
    assert said["channels"] == ["log:", {"to": "sms:+1XXXXXXXXXX", "severity": "CRITICAL"}]
    assert said["failover"] == [["sms:+1XXXXXXXXXX", "log:"], ["pager:", "telex:"]]
    assert said["group_interval"] == 300.0
    assert [outlet.label for outlet in part.outlets] == ["log:", "sms:+1XXXXXXXXXX", "pager:", "telex:"]


def test_a_channel_that_must_be_awaited_is_refused():
    """A channel whose `send` is a coroutine function is refused when built, since nobody would await it."""

    class Later:
        async def send(self, notification, **options):
            raise AssertionError

        def close(self):
            raise AssertionError

    with pytest.raises(ConfigurationError, match=r"channels\[0\].*no coroutine function"):
        AdminNotifier(channels=[Later()])


class Given:
    """A channel whose `send` is given."""

    def __init__(self, send):
        self.send = send

    def close(self): ...


@pytest.mark.parametrize("send", [lambda _notification: None, lambda _notification, _timeout: None, lambda: None])
def test_a_channel_that_can_not_be_called_is_refused(send):
    """One whose `send` takes no notification with `timeout=` would fail at each alert: it is refused when built."""
    with pytest.raises(
        ConfigurationError, match=r"channels\[0\].*`send` can be called with a notification and timeout="
    ):
        AdminNotifier(channels=[Given(send)])


@pytest.mark.parametrize("send", [type, lambda *_, **__: None, lambda _notification, **_: None])
def test_a_channel_that_can_be_called_is_taken(send):
    """Whatever its arguments are called; and where that can't be seen."""
    AdminNotifier(channels=[Given(send)]).close()
