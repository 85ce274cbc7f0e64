"""Events and notifications as structured logs: where they go, what they carry, and that they can't be forged."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import pytest
import structlog
from msgspec.structs import replace

from ninelives.address import Address
from ninelives.checkable import Checkable
from ninelives.errors import ConfigurationError
from ninelives.events import EVENTS, CallFailed, CircuitOpened, Event, RetryScheduled
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.plugins import Plugins
from ninelives.testing.clock import FakeClock
from ninelives.testing.contracts.channel import ChannelContract
from ninelives_log import plugin
from ninelives_log.channel import LogChannel, open_log_channel
from ninelives_log.listener import log_event

NOW = FakeClock().now()
OPENED = CircuitOpened(at=NOW, pipeline="shop", circuit="shop", failures=5, reopens_in=59.99999999)
FAILED = CallFailed(
    at=NOW, operation="app:f", attempts=2, elapsed=0.5, error_type="E", error_message='a "b"=c\nERROR forged \x1b[2J'
)


class TestLogChannel(ChannelContract):
    """The channel log: keeps the contract of channels; behind it stands no service that could fail or hang."""

    test_raises_channel_error = test_keeps_its_timeout = None

    @pytest.fixture
    def channel(self):
        return open_log_channel(Address("log"))

    @pytest.fixture
    def received(self, logged):
        return lambda: len(logged.records)


@pytest.fixture
def structured():
    """The program's own structlog configuration, and what it was given."""
    entries: list[dict[str, Any]] = []

    def keep(_logger, _method, entry):
        entries.append(dict(entry))
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.processors.add_log_level, keep])
    return entries


def test_the_programs_own_structlog_is_used(structured):
    """A program that has configured structlog gets each event through it, with its fields."""
    log_event(OPENED)
    assert structured == [
        {
            "event": "circuit_opened",
            "level": "warning",
            "at": "2026-01-01T00:00:00+00:00",
            "pipeline": "shop",
            "call_id": None,
            "circuit": "shop",
            "failures": 5,
            "reopens_in": 59.99999999,
        }
    ]


def test_without_structlog_it_is_the_standard_log(logged, capsys):
    """Any other program gets the logger `ninelives`: a readable line, and the fields for handlers that show them."""
    log_event(OPENED)
    (record,) = logged.records
    assert (record.name, record.levelname) == ("ninelives", "WARNING")
    assert record.getMessage() == "circuit_opened pipeline=shop circuit=shop failures=5 reopens_in=60"
    assert (record.circuit, record.failures, record.reopens_in) == ("shop", 5, 59.99999999)
    assert record.at == "2026-01-01T00:00:00+00:00"
    assert capsys.readouterr().out == ""


def test_a_later_configuration_is_used(logged, structured):
    """Which of the two it is, is asked at each event; nothing of ours configures structlog."""
    structlog.reset_defaults()
    log_event(OPENED)
    assert not structlog.is_configured()
    assert (len(logged.records), structured) == (1, [])
    structlog.configure(processors=[lambda _logger, _method, entry: structured.append(entry) or json.dumps("")])
    log_event(OPENED)
    assert (len(logged.records), len(structured)) == (1, 1)


def test_no_line_can_be_forged(logged, structured):
    """Line breaks and other control characters in a value are escaped, in both worlds. (Law 59.)"""
    log_event(FAILED)
    assert structured[0]["error_message"] == 'a "b"=c\\nERROR forged \\x1b[2J'
    structlog.reset_defaults()
    log_event(FAILED)
    assert logged.records[0].getMessage() == (
        "call_failed operation=app:f attempts=2 elapsed=0.5 error_type=E "
        'error_message="a \\"b\\"=c\\nERROR forged \\x1b[2J"'
    )


def test_secrets_are_masked(logged, structured):
    """Phone numbers, passwords and tokens in an event are masked, in both worlds. (Law 57.)"""
    event = RetryScheduled(
        at=NOW, operation="f", attempt=1, delay=1.0, error_type="E", error_message="password=hunter2 +15551230000"
    )
    log_event(event)
    structlog.reset_defaults()
    log_event(event)
    shown = f"{structured} {logged.records[0].getMessage()} {vars(logged.records[0])}"
    assert "hunter2" not in shown
    assert "555123" not in shown


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.name)
def test_every_event_can_be_logged(kind, logged, structured):
    """Each event reaches both worlds under its name, and no field of it collides with one of theirs."""
    event = made(kind)
    log_event(event)
    assert set(structured[0]) == {"event", "level", *event.fields()}
    assert structured[0]["event"] == kind.name
    structlog.reset_defaults()
    log_event(event)
    assert logged.records[0].getMessage().startswith(kind.name)
    assert event.fields().keys() <= vars(logged.records[0]).keys()


@pytest.mark.parametrize(
    ("name", "level"),
    [("retry_scheduled", "WARNING"), ("call_failed", "ERROR"), ("letter_lost", "CRITICAL"), ("circuit_closed", "INFO"),
     ("call_succeeded", "DEBUG"), ("letter_stored", "INFO"), ("notification_failed", "ERROR")],
)  # fmt: skip
def test_levels(name, level, logged):
    """What is worse is louder."""
    (kind,) = (kind for kind in EVENTS if kind.name == name)
    log_event(
        kind(at=NOW, **{each.name: "x" for each in fields(kind) if each.name not in ("at", "pipeline", "call_id")})
    )
    assert logged.records[0].levelname == level


def made(kind):
    """An event of that kind, its own fields filled with something."""
    return kind(at=NOW, **{each.name: "x" for each in fields(kind) if each.name not in ("at", "pipeline", "call_id")})


@dataclass(frozen=True, kw_only=True)
class Colliding(Event):
    """A stranger's event."""

    name: ClassVar[str] = "colliding"

    message: str = "a"
    event: str = "b"
    module: str = "c"


def test_names_that_are_taken(logged, structured):
    """A field whose name the logs have for themselves gets another one."""
    log_event(Colliding(at=NOW))
    assert structured[0] | {"message_": "a", "event_": "b", "module_": "c", "event": "colliding"} == structured[0]
    structlog.reset_defaults()
    log_event(Colliding(at=NOW))
    assert logged.records[0].message_ == "a"
    assert logged.records[0].levelname == "INFO"


def test_what_is_not_shown_costs_little(caplog, monkeypatch):
    """An event below the logger's level is not even masked."""
    caplog.set_level(logging.ERROR, "ninelives")
    monkeypatch.setattr("ninelives_log.output.redact", None)
    log_event(OPENED)
    assert caplog.records == []


NOTE = Notification(
    message="no answer\nfrom the shop",
    severity=ErrorSeverity.CRITICAL,
    error_type="builtins.TimeoutError",
    details={"attempts": 3, "error": {"message": "a b"}, "none": None, "empty": ""},
    pipeline="shop",
)


def test_the_channel_writes_the_notification(logged, structured):
    """A notification is an event of its severity's level, its sentence and its details fields of it."""
    LogChannel().send(NOTE, timeout=5)
    assert structured == [
        {
            "event": "notification",
            "level": "critical",
            "text": "no answer\\nfrom the shop",
            "severity": "CRITICAL",
            "error_type": "builtins.TimeoutError",
            "details": {"attempts": 3, "error": {"message": "a b"}, "none": None, "empty": ""},
            "pipeline": "shop",
        }
    ]
    structlog.reset_defaults()
    LogChannel().send(NOTE, timeout=5)
    assert logged.records[0].getMessage() == (
        'notification text="no answer\\nfrom the shop" severity=CRITICAL error_type=builtins.TimeoutError '
        'details.attempts=3 details.error.message="a b" details.empty="" pipeline=shop'
    )


def test_a_notification_of_many(structured):
    """One that stands for many says how many and since when."""
    LogChannel().send(Notification(message="a", count=7, first=NOW, last=NOW, resolved=True), timeout=5)
    assert structured[0]["count"] == 7
    assert structured[0]["first"] == structured[0]["last"] == NOW.isoformat()
    assert structured[0]["resolved"] is True


def test_the_programs_own_wording(structured):
    """It is the field ``text``, and all other fields are there as ever."""
    LogChannel().send(replace(NOTE, text="the shop is ill"), timeout=5)
    assert structured[0]["text"] == "the shop is ill"
    assert structured[0]["details"]["attempts"] == 3
    assert "message" not in structured[0]


def test_an_alert_is_fields(structured):
    """What stands in its sentence of how often and since when are fields too: its phase, its count, its total."""
    details = {"phase": "continues", "total": 9, "began": "2026-01-01 00:00:00 UTC"}
    LogChannel().send(replace(NOTE, count=7, first=NOW, last=NOW, letter_id="id", details=details), timeout=5)
    assert structured[0]["details"] == details
    assert (structured[0]["count"], structured[0]["letter_id"]) == (7, "id")


def test_the_channel_is_inline():
    """It never waits, so it is called in the thread of the call that failed."""
    assert LogChannel.inline


def test_a_check_writes_nothing(logged, structured):
    """That it works can be asked without a line in the log."""
    channel = LogChannel()
    assert isinstance(channel, Checkable)
    assert channel.check(timeout=5) == "notifications go to the program's log"
    assert (logged.records, structured) == ([], [])


@pytest.mark.parametrize("address", ["log:here", "log:?level=DEBUG"])
def test_wrong_addresses_are_refused(address):
    """There is one log: a target or an option is a mistake."""
    with pytest.raises(ConfigurationError):
        open_log_channel(Address.parse(address))


def test_it_is_registered():
    """The plugin adds the listener and the channel."""
    plugins = Plugins(plugin)
    assert log_event in plugins.listeners
    assert isinstance(plugins.open_channel("log:"), LogChannel)


def python(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)


def test_discovery_imports_no_structlog():
    """structlog is imported at the first event, never at discovery. (Law 61.)"""
    python(
        "import sys, ninelives_log.plugin as p; from ninelives.plugins import Plugins; "
        "Plugins(p).open_channel('log:'); Plugins(p).listeners; assert 'structlog' not in sys.modules"
    )


def test_a_program_that_has_configured_nothing():
    """It sees one readable line on stderr for what is a WARNING or worse, and nothing on stdout."""
    code = """
import ninelives_log.plugin as p
from ninelives.plugins import Plugins
from ninelives.notifications.notifier import AdminNotifier
notifier = AdminNotifier(channels=["log:"], plugins=Plugins(p))
assert notifier.send_notification("The disk is full", {"free_mb": 0})
assert notifier.send_notification("All is well", severity="INFO")
"""
    done = python(code)
    assert done.stdout == ""
    assert done.stderr == 'notification text="The disk is full" severity=ERROR details.free_mb=0\n'
