"""A channel and a listener that write down what they are given: for tests."""

from __future__ import annotations

from threading import Condition, Event
from typing import TypeVar

from ninelives import events
from ninelives.errors import ChannelError
from ninelives.notifications.notification import Notification

__all__ = ["RecordingChannel", "RecordingListener"]

E = TypeVar("E", bound=events.Event)


class RecordingChannel:
    """A channel that keeps what it is sent; it can be told to fail, or to hang. For many threads.

    Args:
        inline: Whether it says that it never waits. Default: yes, so that what a call caused is there when it returns.
        hang: While this event is not set, `send` waits for it.
        keeps_timeout: Whether a `send` that hangs gives up in time, as a channel must; or not, as bad ones do.

    Attributes:
        attempts: How often `send` was called.
        closed: Whether it was closed.

    Example:
        >>> channel = RecordingChannel()
        >>> channel.send(Notification(message="no answer"), timeout=5)
        >>> [notification.message for notification in channel.notifications]
        ['no answer']
    """

    def __init__(self, *, inline: bool = True, hang: Event | None = None, keeps_timeout: bool = True) -> None:
        self.inline = inline
        self.attempts = 0
        self.closed = False
        self._hang = hang
        self._keeps_timeout = keeps_timeout
        self._failures: list[BaseException] = []
        self._accepted: list[Notification] = []
        self._changed = Condition()

    @property
    def notifications(self) -> list[Notification]:
        """What was accepted, oldest first."""
        with self._changed:
            return list(self._accepted)

    def fail(self, error: BaseException, times: int = 1) -> None:
        """Let the next `times` calls of `send` raise this error."""
        with self._changed:
            self._failures += [error] * times

    def send(self, notification: Notification, *, timeout: float) -> None:
        """Keep it; or fail, or hang, as told.

        Raises:
            ChannelError: It hung for `timeout` seconds.
        """
        with self._changed:
            self.attempts += 1
            failure = self._failures.pop(0) if self._failures else None
            self._changed.notify_all()
        if self._hang is not None and not self._hang.wait(timeout if self._keeps_timeout else None):
            raise ChannelError(f"no answer within {timeout:g} s")
        if failure is not None:
            raise failure
        with self._changed:
            self._accepted.append(notification)
            self._changed.notify_all()

    def wait_for(self, count: int, timeout: float = 5.0) -> bool:
        """Wait until this many were accepted; whether that came about within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._accepted) >= count, timeout)

    def wait_for_attempts(self, count: int, timeout: float = 5.0) -> bool:
        """Wait until `send` was called this often; whether that came about within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self.attempts >= count, timeout)

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


class RecordingListener:
    """A listener that keeps the events that it is told. For many threads.

    Args:
        *kinds: The types of events that it wants; none: all but `CallSucceeded`.

    Attributes:
        recorded: The events, oldest first.

    Example:
        >>> from ninelives.testing import FakeClock
        >>> listener = RecordingListener()
        >>> listener(events.CircuitClosed(at=FakeClock().now(), circuit="shop", failures=0))
        >>> listener.names
        ['circuit_closed']
    """

    def __init__(self, *kinds: type[events.Event]) -> None:
        self.recorded: list[events.Event] = []
        # What an emitter looks at.
        self.events = kinds or None

    def __call__(self, event: events.Event) -> None:
        """Keep it."""
        self.recorded.append(event)

    @property
    def names(self) -> list[str]:
        """The events' names, oldest first."""
        return [event.name for event in list(self.recorded)]

    def of(self, kind: type[E]) -> list[E]:
        """The events of this type, oldest first."""
        return [event for event in list(self.recorded) if isinstance(event, kind)]
