"""The link ``notify``: of a call that failed someone is told, and the call does not wait for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ninelives.call import Call, is_misuse
from ninelives.middleware.watching import Watcher
from ninelives.notifications.delivery import Delivery, Outlet, deliver, is_delivering

if TYPE_CHECKING:
    from ninelives.middleware.link import Context
    from ninelives.notifications.channel import Channel
    from ninelives.notifications.notification import Notification

__all__ = ["NotifyLink"]


class NotifyLink:
    """What the notifier does in one pipeline: who is told of which failures.

    A replay that fails is told of too: someone waits for it. One that is refused is not: nothing was tried, and the
    letter was told of when it was made.
    """

    def __init__(self, outlets: Sequence[Outlet], log: Channel, timeout: float, context: Context) -> None:
        self._outlets = outlets
        self._log = log
        self._timeout = timeout
        self._context = context
        context.alerts.through(context.link, self.hand_over)

    def watcher(self) -> Watcher:
        """What the link does on failure."""
        return Watcher(self._tell)

    def _tell(self, call: Call, error: Exception) -> None:
        if is_delivering() or is_misuse(call, error):
            return
        try:
            self._tell_of(call, error)
        except Exception:
            import logging

            logging.getLogger("ninelives").exception("the failure of a call could not be told of")

    def _tell_of(self, call: Call, error: Exception) -> None:
        from ninelives.dead_letters.linking import is_refusal
        from ninelives.notifications.content import of_failure

        if call.letter is not None and is_refusal(call, error):
            return
        self.hand_over(of_failure(call, error, self._context.clock.now()))

    def hand_over(self, notification: Notification) -> None:
        """Give it to each channel's own way of delivery; nothing is waited for, but channels that never wait."""
        context = self._context
        for outlet in self._outlets:
            delivery = Delivery(notification, outlet, self._timeout, self._log, context.clock, context.emit)
            _way_of(outlet)(delivery)


def _way_of(outlet: Outlet) -> Callable[[Delivery], object]:
    if outlet.inline:
        return deliver
    from ninelives.notifications.dispatcher import default_dispatcher

    return default_dispatcher().submit
