"""The contract of channels: a good one passes it, and each way to be a bad one is caught."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from ninelives.errors import ChannelError
from ninelives.notifications.standard_log import StandardLog
from ninelives.testing.contracts.channel import ChannelContract
from ninelives.testing.recorders import RecordingChannel


class TestRecordingChannel(ChannelContract):
    """The recorder keeps the contract, with every fixture given."""

    @pytest.fixture
    def channel(self):
        return RecordingChannel()

    @pytest.fixture
    def received(self, channel):
        return lambda: len(channel.notifications)

    @pytest.fixture
    def failing_channel(self):
        channel = RecordingChannel()
        channel.fail(ChannelError("down"))
        return channel

    @pytest.fixture
    def hanging_channel(self):
        return RecordingChannel(hang=Event())


class TestStandardLog(ChannelContract):
    """The log without a plugin keeps it too; behind it stands no service that could fail or hang."""

    test_raises_channel_error = test_keeps_its_timeout = None

    @pytest.fixture
    def channel(self):
        return StandardLog()

    @pytest.fixture
    def received(self, caplog):
        return lambda: len(caplog.records)


class Bad(ChannelContract):
    """Waits less, as it waits for what does not come."""

    timeout = 0.01
    short_timeout = 0.01
    grace = 0.01


class Nothing:
    """A channel that says it has sent, and has not."""

    inline = "yes"

    def send(self, notification, *, timeout):
        pass

    def close(self):
        pass


def test_a_channel_that_returns_too_early_is_caught():
    """Returning before the service has accepted it breaks the contract."""
    with pytest.raises(AssertionError, match="not exactly one"):
        Bad().test_returns_after_delivery(Nothing(), lambda: 0)


def test_a_foreign_error_is_caught():
    """The SDK's own error breaks the contract, and so does no error at all."""
    for error in (OSError("SDK"), None):
        channel = RecordingChannel()
        if error is not None:
            channel.fail(error)
        with pytest.raises(AssertionError, match="expected a ChannelError"):
            Bad().test_raises_channel_error(channel)


def test_a_channel_that_never_times_out_is_caught():
    """A send that ignores its time-out breaks the contract."""
    hang = Event()
    with pytest.raises(AssertionError, match="did not return"):
        Bad().test_keeps_its_timeout(RecordingChannel(hang=hang, keeps_timeout=False))
    with pytest.raises(AssertionError, match="did not return"):
        Bad().test_many_threads_send(RecordingChannel(hang=hang, keeps_timeout=False))
    hang.set()


def test_a_timeout_that_is_no_channel_error_is_caught():
    """A time-out must come out as a `ChannelError`, and as one that may pass."""
    for error in (TimeoutError(), ChannelError("never again", transient=False)):
        channel = RecordingChannel()
        channel.fail(error)
        with pytest.raises(AssertionError):
            Bad().test_keeps_its_timeout(channel)


def test_errors_in_threads_are_caught():
    """A channel that fails when many threads send breaks the contract."""
    channel = RecordingChannel()
    channel.fail(RuntimeError("not thread-safe"))
    with pytest.raises(AssertionError):
        ChannelContract().test_many_threads_send(channel)


class Ended(RecordingChannel):
    """A channel that is good for nothing when it was closed."""

    def send(self, notification, *, timeout):
        if self.closed:
            raise RuntimeError("closed")
        super().send(notification, timeout=timeout)


def test_a_channel_that_is_not_there_after_close_is_caught():
    """A notification that comes late must be sent, and one that is being sent be an error of delivery at worst."""
    with pytest.raises(RuntimeError, match="closed"):
        ChannelContract().test_sends_after_it_was_closed(Ended())
    with pytest.raises(AssertionError):
        ChannelContract().test_closes_while_others_send(Ended())


def test_a_channel_that_drops_what_comes_after_close_is_caught():
    """What is sent then must arrive."""
    channel = RecordingChannel()
    received = iter([0, 0])
    with pytest.raises(AssertionError, match="after close"):
        ChannelContract().test_delivers_after_it_was_closed(channel, lambda: next(received))


def test_a_channel_that_refuses_while_it_is_closed_is_a_good_one():
    """That one was not sent because another thread closed the channel is no more than a failed delivery."""
    channel = RecordingChannel()
    channel.fail(ChannelError("just closed"))
    ChannelContract().test_closes_while_others_send(channel)


def test_what_is_no_channel_is_caught():
    """What lacks a method, or says something odd of `inline`, breaks the contract."""
    channels: list[Any] = [object(), Nothing()]
    for channel in channels:
        with pytest.raises(AssertionError):
            Bad().test_is_a_channel(channel)


def test_the_fixture_that_is_asked_for():
    """Who overrides nothing is told what to override."""
    with pytest.raises(NotImplementedError, match="override the fixture 'channel'"):
        vars(ChannelContract)["channel"].__wrapped__(ChannelContract())


@pytest.mark.parametrize("fixture", ["received", "failing_channel", "hanging_channel"])
def test_fixtures_that_are_not_given_are_named(fixture):
    """A promise that can't be tested without a fixture is skipped, with a word on which to override."""
    with pytest.raises(pytest.skip.Exception, match=f"override the fixture '{fixture}'"):
        vars(ChannelContract)[fixture].__wrapped__(ChannelContract())
