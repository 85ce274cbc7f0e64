"""The contract of a channel: what delivers notifications.

A channel is synchronous and thread-safe. It holds what is particular to its service and no more; retries, failover,
grouping, masking and truncation to common limits are the core's. Its factory checks the address and does nothing
else. A test of a channel is a class that inherits `ninelives.testing.contracts.ChannelContract`.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ninelives.notifications.notification import Notification

__all__ = ["Channel"]


@runtime_checkable
class Channel(Protocol):
    """What delivers notifications. One that never waits may say ``inline = True``: no thread is needed for it then.

    It may have a `name`: what it is called wherever it is shown, in place of its address; nothing in it is a secret.
    """

    def send(self, notification: Notification, *, timeout: float) -> None:
        """Deliver it: the service has accepted it when this returns.

        Args:
            notification: What to deliver.
            timeout: Seconds that it may take at most.

        Raises:
            ChannelError: It was not accepted; `transient` says whether trying again may help.
        """
        ...

    def close(self) -> None:
        """Free what is held; calling it twice does no harm, nor does it while other threads send.

        `send` may be called after it: an alert may come when its pipeline is closed, as the end of an outage does that
        was told before. It works as ever then; what it opens for that is freed by the next `close`, or at the latest
        with the channel itself.
        """
        ...
