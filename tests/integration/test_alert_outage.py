"""An outage of two days, as those on call see it: what arrives, when, where, and for how many calls."""

from __future__ import annotations

import logging

import pytest

from ninelives import ChannelError, Pipeline
from ninelives.events import NotificationSuppressed
from ninelives.testing import FakeClock, RecordingChannel, RecordingListener

MINUTE, HOUR, DAY = 60, 3_600, 86_400
RECOVERY = 25
FLUSH = 30.0


class Telling(RecordingChannel):
    """Writes down when each notification came, in a table that all channels share."""

    def __init__(self, name, clock, table):
        super().__init__()
        self.name = name
        self._clock = clock
        self._table = table

    def send(self, notification, *, timeout):
        super().send(notification, timeout=timeout)
        what = (notification.error_type or "").rpartition(".")[2]
        row = (moment(self._clock.monotonic()), self.name, what, notification.count, notification.resolved)
        self._table.append(row)


def moment(seconds):
    days, rest = divmod(round(seconds), DAY)
    return f"{days}d {rest // HOUR:02}:{rest // MINUTE % 60:02}:{rest % 60:02}"


class Service:
    """A pipeline and what it calls, a clock, and the table of what arrived."""

    def __init__(self):
        self.clock, self.table, self.listener = FakeClock(), [], RecordingListener(NotificationSuppressed)
        self.pager, self.first, self.second = (
            Telling(name, self.clock, self.table) for name in ("pager", "first", "second")
        )
        self.director = RecordingChannel()
        self.is_down = True
        self.pipeline = Pipeline(
            "shop",
            breaker={"failure_threshold": 5, "recovery_timeout": RECOVERY},
            backoff=False,
            dead_letter=False,
            notify={
                "channels": [self.pager, self.first, {"to": self.director, "severity": "CRITICAL"}],
                "failover": [[self.first, self.second]],
            },
            clock=self.clock,
            listeners=[self.listener],
        )

    def answer(self):
        if self.is_down:
            raise TimeoutError("no answer")
        return "meow"

    def until(self, seconds):
        """Let time pass up to this moment, and let be told what is due by then."""
        self.clock.advance(seconds - self.clock.monotonic())
        assert self.pipeline["notify"].flush(FLUSH)

    def call_at(self, seconds):
        self.until(seconds)
        self.pipeline.try_run(self.answer)
        assert self.pipeline["notify"].flush(FLUSH)

    def check_at(self, seconds):
        self.until(seconds)
        self.pipeline["notify"].send_health_check_notification(not self.is_down, {"component": "shop"})

    def rows(self, name):
        return [(when, what, count, resolved) for when, where, what, count, resolved in self.table if where == name]


@pytest.fixture
def service(caplog):
    caplog.set_level(logging.CRITICAL, "ninelives")  # there would be a line for each of thousands of calls
    made = Service()
    yield made
    made.pipeline.close()


EVERY_FOUR_HOURS = [(day, hour) for day in range(2) for hour in range(0, 24, 4)][1:]
OF_KIND = [
    ("0d 00:00:00", "TimeoutError", 1, False),
    ("0d 00:05:00", "TimeoutError", 4, False),
]
OF_CIRCUIT = [
    ("0d 00:02:30", "circuit_open", 1, False),
    *((f"{day}d {hour:02}:02:30", "circuit_open", 480, False) for day, hour in EVERY_FOUR_HOURS),
    ("2d 00:00:00", "circuit_open", 474, True),
]
OF_HEALTH = [
    ("0d 00:00:40", "health_check", 1, False),
    *((f"{day}d {hour:02}:00:40", "health_check", 240, False) for day, hour in EVERY_FOUR_HOURS),
    ("2d 00:00:40", "health_check", 1, True),
]
OF_FLAP = [
    ("2d 00:10:00", "TimeoutError", 1, False),
    ("2d 00:15:00", "TimeoutError", 4, False),
]


def test_two_days(service):
    """A kind is told twice; an outage after its wait, every four hours and at its end; of a flap its kind only."""
    for begin in range(0, 2 * DAY, MINUTE):
        service.call_at(begin)  # from the third minute on a trial, which fails
        service.call_at(begin + 20)  # and a call that is refused
        if begin == 2 * MINUTE:
            service.first.fail(ChannelError("no such mailbox", transient=False))
        service.until(begin + 30)
        service.check_at(begin + 40)
    service.is_down = False
    service.call_at(2 * DAY)
    service.check_at(2 * DAY + 40)
    service.is_down = True
    for second in range(5):
        service.call_at(2 * DAY + 10 * MINUTE + second)
    service.is_down = False
    service.call_at(2 * DAY + 10 * MINUTE + 29)
    for minute in range(11, 24 * 60):
        service.call_at(2 * DAY + minute * MINUTE)

    assert service.rows("pager") == sorted(OF_KIND + OF_CIRCUIT + OF_HEALTH + OF_FLAP)
    assert service.rows("first") == sorted(OF_KIND + OF_HEALTH + OF_FLAP)
    assert service.rows("second") == OF_CIRCUIT
    assert sum(row[2] for row in OF_KIND + OF_CIRCUIT) == 2 * 2 * DAY // MINUTE  # each call is told once
    assert service.director.notifications == []
    assert service.second.notifications[-1].message == (
        "Circuit shop has closed after 1 d 23 h: 5,755 calls were refused or failed"
    )
    held_back = [event for event in service.listener.recorded if event.key == "circuit:shop"]
    assert [event.reason for event in held_back if event.severity == "INFO"] == ["closed within the wait"] * 2


def test_two_pipelines_of_one_circuit(caplog):
    """A circuit that two pipelines share is one outage: each channel of either hears of its beginning and end, once."""
    caplog.set_level(logging.CRITICAL, "ninelives")
    clock, table = FakeClock(), []
    both, one, other = (Telling(name, clock, table) for name in ("both", "one", "other"))

    def pipeline(name, channel):
        breaker = {"name": "shared", "failure_threshold": 1, "recovery_timeout": RECOVERY}
        notify = {"channels": [both, channel]}
        return Pipeline(name, breaker=breaker, backoff=False, dead_letter=False, notify=notify, clock=clock)

    def fail():
        raise TimeoutError("no answer")

    with pipeline("orders", one) as orders, pipeline("bills", other) as bills:
        orders.try_run(fail)  # opens it
        bills.try_run(fail)
        clock.advance(40)
        assert bills["notify"].flush(FLUSH)
        bills.try_run(fail)  # a trial, which fails
        orders.try_run(fail)
        clock.advance(40)
        bills.try_run(abs, 1)  # closes it
        assert bills["notify"].flush(FLUSH)

    outage = [("0d 00:00:40", "circuit_open", 1, False), ("0d 00:01:20", "circuit_open", 2, True)]
    for name in ("both", "one", "other"):
        rows = [(when, what, count, resolved) for when, where, what, count, resolved in table if where == name]
        assert [row for row in rows if row[1] == "circuit_open"] == outage
    assert len(table) == 2 + 3 * len(outage)  # and of the one failure before it
