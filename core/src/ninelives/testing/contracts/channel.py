"""What every channel promises, as tests that its own test class inherits."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest

from ninelives.errors import ChannelError
from ninelives.notifications.channel import Channel
from ninelives.notifications.notification import ErrorSeverity, Notification

__all__ = ["ChannelContract"]

_THREADS = 8
_CLOSERS = 4
_ODD_TEXTS = {
    "empty": "",
    "line breaks": "one\ntwo\r\nBcc: everyone@example.com",
    "control characters": "".join(map(chr, range(0x20))) + "\x7f\x85\u2028",
    "beyond ASCII": "naïve 猫 \N{CAT FACE}",
    "long": "é" * 300_000,
    "markup": "<b>%s {0} $(id) & \\N",
}


class ChannelContract:
    """Inherit this, and override the fixture `channel`; each further fixture adds tests of what else was promised.

    Attributes:
        timeout: Seconds that a working channel is given.
        short_timeout: Seconds that a hanging one is given.
        grace: Seconds that it may take longer than that, for a machine with much to do.

    Example:
        ``class TestPager(ChannelContract):`` with a fixture ``channel`` that returns ``PagerChannel(address)``.
    """

    timeout = 5.0
    short_timeout = 0.2
    grace = 5.0

    @pytest.fixture
    def channel(self) -> Channel:
        """The channel that is tested, its service at work; new for each test."""
        raise NotImplementedError("override the fixture 'channel': return the channel that is to be tested")

    @pytest.fixture
    def received(self) -> Callable[[], int]:
        """Says how many notifications the service has accepted so far."""
        pytest.skip("override the fixture 'received' to test that send returns after delivery")

    @pytest.fixture
    def failing_channel(self) -> Channel:
        """A channel whose service answers with an error, or can't be reached."""
        pytest.skip("override the fixture 'failing_channel' to test how errors come out")

    @pytest.fixture
    def hanging_channel(self) -> Channel:
        """A channel whose service takes the connection and never answers."""
        pytest.skip("override the fixture 'hanging_channel' to test the time-out")

    def test_is_a_channel(self, channel: Channel) -> None:
        """It has `send` and `close`, and what it says of `inline` is a bool."""
        assert isinstance(channel, Channel)
        assert isinstance(getattr(channel, "inline", False), bool)

    def test_returns_after_delivery(self, channel: Channel, received: Callable[[], int]) -> None:
        """When `send` returns, the service has accepted the notification, once."""
        before = received()
        channel.send(_notification("the disk is full"), timeout=self.timeout)
        assert received() == before + 1, "send returned, and the service has not exactly one notification more"

    @pytest.mark.parametrize("text", _ODD_TEXTS.values(), ids=_ODD_TEXTS)
    def test_takes_any_text(self, channel: Channel, text: str) -> None:
        """Text of whatever kind and length is accepted, cut or escaped as the service needs it."""
        channel.send(_notification(text), timeout=self.timeout)

    def test_takes_a_bare_notification(self, channel: Channel) -> None:
        """Only the message is always there."""
        channel.send(Notification(message="bare"), timeout=self.timeout)

    def test_many_threads_send(self, channel: Channel) -> None:
        """Threads that send at once all get through."""
        barrier, errors = Barrier(_THREADS), list[BaseException]()

        def send() -> None:
            barrier.wait()
            try:
                channel.send(_notification("from a thread"), timeout=self.timeout)
            except BaseException as error:
                errors.append(error)

        self._in_threads(send, _THREADS)
        assert errors == []

    def test_raises_channel_error(self, failing_channel: Channel) -> None:
        """What the service or its SDK raises comes out as a `ChannelError` that says whether it may pass."""
        error = _error_of(failing_channel, self.timeout)
        assert isinstance(error, ChannelError), f"expected a ChannelError, not {error!r}"
        assert isinstance(error.transient, bool)
        assert str(error), "the error says nothing"

    def test_keeps_its_timeout(self, hanging_channel: Channel) -> None:
        """A service that never answers is given up after `timeout` seconds, as a failure that may pass."""
        errors = list[Any]()
        thread = Thread(target=lambda: errors.append(_error_of(hanging_channel, self.short_timeout)), daemon=True)
        thread.start()
        thread.join(self.short_timeout + self.grace)
        assert errors, f"send did not return {self.grace:g} s after its time-out"
        assert isinstance(errors[0], ChannelError), f"expected a ChannelError, not {errors[0]!r}"
        assert errors[0].transient

    def test_closes_twice(self, channel: Channel) -> None:
        """Closing does no harm: before anything was sent, after it, and twice."""
        channel.close()
        channel.close()

    def test_sends_after_it_was_closed(self, channel: Channel) -> None:
        """An alert may come when the channel is closed already: it is sent, and closing it once more does no harm."""
        for _ in range(2):
            channel.close()
            channel.send(_notification("late"), timeout=self.timeout)
        channel.close()

    def test_delivers_after_it_was_closed(self, channel: Channel, received: Callable[[], int]) -> None:
        """What is sent when it was closed arrives as ever, once."""
        channel.send(_notification("in time"), timeout=self.timeout)
        channel.close()
        before = received()
        channel.send(_notification("late"), timeout=self.timeout)
        channel.close()
        assert received() == before + 1, "send returned after close, and the service has not one notification more"

    def test_closes_while_others_send(self, channel: Channel) -> None:
        """Closing it while threads send does no harm: at worst a `ChannelError` says that one was not sent."""
        barrier, errors = Barrier(_CLOSERS), list[BaseException]()

        def send_and_close() -> None:
            barrier.wait()
            for _ in range(2):
                try:
                    channel.send(_notification("meanwhile"), timeout=self.timeout)
                except ChannelError:
                    pass
                except BaseException as error:
                    errors.append(error)
                channel.close()

        self._in_threads(send_and_close, _CLOSERS)
        channel.close()
        assert errors == []
        channel.send(_notification("afterwards"), timeout=self.timeout)
        channel.close()

    def _in_threads(self, do: Callable[[], object], count: int) -> None:
        threads = [Thread(target=do, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(self.timeout + self.grace)
        assert not any(thread.is_alive() for thread in threads), "a send or close did not return"


def _notification(message: str) -> Notification:
    details = {"error": message, "nested": {"list": [1, None, {"deep": True}]}}
    return Notification(
        message=message,
        severity=ErrorSeverity.CRITICAL,
        error_type="contract.Error",
        details=details,
        pipeline="contract",
        letter_id="0190a5c0-0000-7000-8000-000000000000",
        key="contract:contract.Error",
    )


def _error_of(channel: Channel, timeout: float) -> BaseException | None:
    try:
        channel.send(_notification("this fails"), timeout=timeout)
    except BaseException as error:
        return error
    return None
