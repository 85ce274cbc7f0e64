"""Telling someone of what is no call's failure: through the notifiers of the same chain, else in the log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ninelives.notifications.notification import Notification

__all__ = ["Alerts"]


class Alerts:
    """Who is told, in one pipeline.

    Links know each other by nothing else: one that notifies says so here, and any may send what it has to say.

    Example:
        >>> from ninelives.notifications.notification import Notification
        >>> told = []
        >>> alerts = Alerts()
        >>> alerts.through("notify", told.append)
        >>> alerts.send(Notification(message="the disk is full"))
        >>> told[0].message
        'the disk is full'
    """

    def __init__(self) -> None:
        self._ways: dict[str, Callable[[Notification], object]] = {}

    def through(self, link: str, way: Callable[[Notification], object]) -> None:
        """Send everything to this link from now on.

        Args:
            link: Its alias: it is told once, however often it says so.
            way: Takes a notification, and waits for nothing.
        """
        self._ways[link] = way

    def send(self, notification: Notification) -> None:
        """Tell whoever is there to be told; with nobody there, the log, at ERROR. Never raises an `Exception`.

        From within a delivery only the log is told: what a channel does must not become another notification.

        Args:
            notification: What to tell, masked already.
        """
        from ninelives.notifications.delivery import is_delivering

        told = False
        for way in () if is_delivering() else tuple(self._ways.values()):
            with suppress(Exception):
                way(notification)
                told = True
        if not told:
            _log(notification)


def _log(notification: Notification) -> None:
    import logging

    with suppress(Exception):  # whatever a handler does
        logging.getLogger("ninelives").error("%s", notification.message)
