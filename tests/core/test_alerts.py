"""Who is told of what is no call's failure."""

from __future__ import annotations

import logging

import pytest

from ninelives.alerts import Alerts
from ninelives.notifications.delivery import Delivery, Outlet, deliver
from ninelives.notifications.notification import Notification
from ninelives.testing.clock import FakeClock
from ninelives.testing.recorders import RecordingChannel

FULL = Notification(message="the store is full")


def test_all_who_notify_are_told():
    """Each link is told once, however often it said that it is there, and the log is not."""
    alerts, one, other = Alerts(), [], []
    for way in (one, other):
        for _ in range(3):
            alerts.through(f"link {id(way)}", way.append)
    alerts.send(FULL)
    assert one == other == [FULL]


def test_with_nobody_there_the_log_is_told(caplog):
    """Where no link notifies, the message is in the log, at ERROR."""
    Alerts().send(FULL)
    assert caplog.record_tuples == [("ninelives", logging.ERROR, "the store is full")]


def test_one_that_fails_does_not_keep_the_others(caplog):
    """A link that raises hides nothing: the others are told, and the log where there is no other."""

    def broken(_notification):
        raise RuntimeError("no")

    alerts, told = Alerts(), []
    alerts.through("broken", broken)
    alerts.send(FULL)
    assert caplog.messages == ["the store is full"]
    alerts.through("works", told.append)
    alerts.send(FULL)
    assert (told, len(caplog.messages)) == ([FULL], 1)


def test_from_within_a_delivery_only_the_log_is_told(caplog):
    """What a channel does while it delivers never becomes another notification."""
    alerts, told = Alerts(), []
    alerts.through("notify", told.append)

    class Channel(RecordingChannel):
        def send(self, notification, *, timeout):
            alerts.send(FULL)
            super().send(notification, timeout=timeout)

    outlet = Outlet(Channel(), "pager:")
    assert deliver(Delivery(Notification(message="x"), outlet, 5.0, RecordingChannel(), FakeClock(), lambda _: None))
    assert told == []
    assert caplog.messages == ["the store is full"]


def test_a_log_that_fails_is_survived(monkeypatch):
    """Whatever the program's log raises, sending an alert raises nothing."""

    class Broken(logging.Handler):
        def handle(self, record):
            raise RuntimeError("no log")

    broken = Broken()
    logging.getLogger("ninelives").addHandler(broken)
    try:
        Alerts().send(FULL)
    finally:
        logging.getLogger("ninelives").removeHandler(broken)


@pytest.mark.parametrize("alone", [True, False])
def test_each_pipeline_has_its_own(shop, alone):
    """The alerts of one pipeline are not sent through the notifiers of another."""
    channel = RecordingChannel()
    noisy = shop.pipeline("noisy", notify={"channels": [channel]}, dead_letter={"store": "memory:", "max_letters": 1})
    quiet = shop.pipeline("quiet", dead_letter={"store": "memory:", "max_letters": 1})
    for number in range(2):
        (quiet if alone else noisy)["dead_letter"].send_to_dlq(number)
    assert len(channel.notifications) == (0 if alone else 1)
