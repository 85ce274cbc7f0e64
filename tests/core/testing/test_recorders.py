"""The recorders that users' tests can use."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from ninelives.emitter import Emitter
from ninelives.errors import ChannelError
from ninelives.events import CallSucceeded, CircuitClosed, CircuitEvent, CircuitOpened
from ninelives.notifications.channel import Channel
from ninelives.notifications.notification import Notification
from ninelives.testing.clock import FakeClock
from ninelives.testing.recorders import RecordingChannel, RecordingListener

NOTE = Notification(message="no answer")
NOW = FakeClock().now()


def test_a_channel_records():
    """It is a channel, keeps what it is sent, and notes that it was closed."""
    channel = RecordingChannel()
    assert isinstance(channel, Channel)
    assert channel.inline
    channel.send(NOTE, timeout=1)
    assert channel.notifications == [NOTE]
    assert channel.attempts == 1
    assert not channel.closed
    channel.close()
    assert channel.closed


def test_a_channel_fails_as_told():
    """It raises what it was told to, as often as it was told to."""
    channel = RecordingChannel()
    error = ChannelError("down")
    channel.fail(error, times=2)
    for _ in range(2):
        with pytest.raises(ChannelError) as caught:
            channel.send(NOTE, timeout=1)
        assert caught.value is error
    channel.send(NOTE, timeout=1)
    assert (channel.attempts, len(channel.notifications)) == (3, 1)


def test_a_channel_hangs_as_told():
    """It hangs until its event is set; it gives up in time, unless it is told to be a bad one."""
    hang = Event()
    channel = RecordingChannel(hang=hang)
    with pytest.raises(ChannelError, match=r"within 0\.01 s"):
        channel.send(NOTE, timeout=0.01)
    bad = RecordingChannel(hang=hang, keeps_timeout=False, inline=False)
    assert not bad.inline
    thread = Thread(target=bad.send, args=(NOTE,), kwargs={"timeout": 0.0})
    thread.start()
    assert bad.wait_for_attempts(1)
    assert not bad.wait_for(1, timeout=0)
    hang.set()
    assert bad.wait_for(1)
    thread.join()


def test_a_listener_records():
    """It keeps the events that it is told, and finds those of a type."""
    listener = RecordingListener()
    opened = CircuitOpened(at=NOW, circuit="shop", failures=5)
    closed = CircuitClosed(at=NOW, circuit="shop", failures=0)
    for event in (opened, closed):
        listener(event)
    assert listener.recorded == [opened, closed]
    assert listener.names == ["circuit_opened", "circuit_closed"]
    assert listener.of(CircuitClosed) == [closed]
    assert listener.of(CircuitEvent) == [opened, closed]


def test_a_listener_asks_for_kinds():
    """It is told all but `call_succeeded`, or the types that it asks for."""
    everything, successes = RecordingListener(), RecordingListener(CallSucceeded)
    emitter = Emitter([everything, successes])
    emitter.emit(CallSucceeded(at=NOW, operation="f", attempts=1, elapsed=0.1))
    emitter.emit(CircuitClosed(at=NOW, circuit="shop", failures=0))
    assert everything.names == ["circuit_closed"]
    assert successes.names == ["call_succeeded"]
