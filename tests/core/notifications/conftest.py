"""What the tests of notifications share."""

from __future__ import annotations

import logging
from random import Random

import pytest

from ninelives.call import Call
from ninelives.circuits import Circuits
from ninelives.errors import PluginError
from ninelives.middleware.link import Context
from ninelives.notifications.delivery import Delivery, Outlet
from ninelives.notifications.notification import Notification
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

    def delivery(self, channel, *, label="pager:", message="no answer", **how):
        notification = Notification(message=message, error_type="builtins.TimeoutError", pipeline="shop", key="k")
        outlet = Outlet(channel, label, is_log=label == "log:")
        return Delivery(notification, outlet, how.pop("timeout", 5.0), self.log, self.clock, self.listener)

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
