"""What the tests of notifications share."""

from __future__ import annotations

import logging
from random import Random

import pytest

from ninelives.call import Call
from ninelives.circuits import Circuits
from ninelives.errors import PluginError
from ninelives.middleware.link import Context
from ninelives.notifications.alert import Alert
from ninelives.notifications.dispatch.delivery import Delivery
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.notifications.occurrence import Ready
from ninelives.notifications.outlet import Outlet
from ninelives.notifications.route import Destination, Route, Rules
from ninelives.plugins import Plugins
from ninelives.settings import load_settings
from ninelives.testing.clock import FakeClock
from ninelives.testing.recorders import RecordingChannel, RecordingListener


class World:
    """A clock, a listener, a log, and what is made with them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.listener = RecordingListener()
        self.log = RecordingChannel()

    def destination(self, *channels, label="pager:", severity=ErrorSeverity.INFO):
        """The first of these channels, the next when that fails; ready outlets are taken as they are."""
        labels = [label, *(f"{label}{number}" for number in range(2, 9))]
        outlets = [
            each if isinstance(each, Outlet) else Outlet(each, name, is_log=name == "log:")
            for each, name in zip(channels, labels, strict=False)
        ]
        return Destination(tuple(outlets), severity)

    def route(self, *destinations, timeout=5.0, **how):
        """To these destinations; a channel stands for one that it alone is."""
        ready = [each if isinstance(each, Destination) else self.destination(each) for each in destinations]
        parts = {"name": "shop:notify", "log": self.log, "clock": self.clock, "emit": self.listener} | how
        rules = {name: parts.pop(name) for name in Rules.__struct_fields__ if name in parts}
        return Route(destinations=tuple(ready), timeout=timeout, rules=Rules(**rules), **parts)

    def happening(self, message="no answer", key="k", severity=ErrorSeverity.ERROR):
        """Something that happened now."""
        kind = "builtins.TimeoutError"
        given = Notification(message=message, error_type=kind, pipeline="shop", key=key, severity=severity)
        return Ready(given, self.clock.now())

    def alert(self, route, message="no answer", key="k", severity=ErrorSeverity.ERROR, **how):
        """One alert of what happened now."""
        now = self.clock.now()
        how = {"first": now, "last": now, "began": now} | how
        return Alert(occurrence=self.happening(message, key, severity), route=route, **how)

    def delivery(self, *destinations, message="no answer", key="k", **how):
        """An alert on its way to these destinations, worded."""
        alert = self.alert(self.route(*destinations, **how), message, key)
        return Delivery(alert, alert.occurrence.notification())

    def context(self, **channels):
        """A link's context in which the addresses ``name:`` are these channels."""
        return Context(
            pipeline="shop",
            link="notify",
            given=frozenset(),
            clock=self.clock,
            random=Random(9),
            settings=load_settings(environ={}),
            plugins=Plugins(),
            circuits=Circuits(),
            emit=self.listener,
            open_store=Plugins().open_store,
            open_channel=self.opener(**channels),
        )

    def opener(self, **channels):
        channels = {"log": self.log, **channels}

        def open_channel(address):
            scheme = str(address).partition(":")[0]
            if scheme not in channels:
                raise PluginError(f"no channel {scheme}")
            return channels[scheme]

        return open_channel


@pytest.fixture
def world():
    return World()


@pytest.fixture
def call():
    return Call(test_me, (), {}, 0.0, "shop", attempt=3)


def test_me() -> None:
    """Stands for a user's function."""


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.DEBUG, "ninelives")
    return caplog
