"""What the tests of the policy share: time that is told, things that happen, and a list of what was told when."""

from __future__ import annotations

import math

import pytest

from ninelives.notifications.alert import Alert
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.notifications.occurrence import Ready
from ninelives.notifications.outlet import Outlet
from ninelives.notifications.policy.grouping import Grouping
from ninelives.notifications.policy.outages import Outages
from ninelives.notifications.route import Destination, Route, Rules
from ninelives.testing.clock import FakeClock
from ninelives.testing.recorders import RecordingChannel


class Scene:
    """A policy that is asked as the center asks it: when something happens, and when its own time has come."""

    def __init__(self, grouping=None, outages=None) -> None:
        self.clock = FakeClock()
        self.grouping = Grouping() if grouping is None else grouping
        self.outages = Outages() if outages is None else outages
        self.pager, self.mail = self.destination(), self.destination()
        self.shop = self.route("shop", self.pager)
        self.alerts: list[Alert] = []
        self.times: list[float] = []
        self.closing: list[Alert] = []

    @property
    def told(self):
        """The messages: when, which phase, how many it stands for."""
        return [(time, alert.phase.value, alert.count) for time, alert in zip(self.times, self.alerts, strict=True)]

    def destination(self, severity=ErrorSeverity.INFO, channel=None):
        channel = RecordingChannel() if channel is None else channel
        return Destination((Outlet(channel, "pager:"),), severity)

    def route(self, name, *destinations, clock=None, **rules):
        return Route(
            name=name,
            destinations=destinations,
            log=RecordingChannel(),
            timeout=5.0,
            clock=clock or self.clock,
            emit=lambda event: None,
            rules=Rules(**rules),
        )

    def occurrence(self, kind="timeout", severity="ERROR"):
        return Ready(Notification(message="no answer", severity=ErrorSeverity(severity), key=kind), self.clock.now())

    def happens(self, kind="timeout", severity="ERROR", route=None):
        """What the grouping says of one occurrence; it is noted when it is told."""
        route = route or self.shop
        told = self.grouping.happened(self.occurrence(kind, severity), route, route.clock.monotonic())
        if isinstance(told, Alert):
            self.note([told])
        return told

    def opens(self, circuit="api", route=None, cause=None):
        return self.outages.opened(circuit, self.occurrence(f"circuit:{circuit}"), route or self.shop, cause)

    def refuses(self, circuit="api", route=None):
        return self.outages.refused(circuit, self.occurrence("refused"), route or self.shop)

    def closes(self, circuit="api"):
        alert = self.outages.closed(circuit, self.occurrence(f"circuit:{circuit}", "INFO"))
        if alert is not None and alert.after is not None:
            self.note([alert])
        return alert

    def note(self, alerts):
        self.alerts += alerts
        self.times += [self.clock.monotonic()] * len(alerts)
        return alerts

    def look(self):
        """What is due now, noted."""
        return self.note([*self.grouping.due(), *self.outages.due()])

    def wait(self, seconds):
        """Let time pass, and look whenever something is due."""
        end = self.clock.monotonic() + seconds
        while (wait := min(self.grouping.next_due(), self.outages.next_due())) <= end - self.clock.monotonic():
            self.clock.advance(wait)
            self.look()
        self.clock.advance(end - self.clock.monotonic())

    def is_silent(self):
        """Whether nothing will ever be due."""
        return min(self.grouping.next_due(), self.outages.next_due()) == math.inf


@pytest.fixture
def scene():
    return Scene()


@pytest.fixture(scope="session")
def new_scene():
    """Makes scenes, for those that need many or one of another size."""
    return Scene
