"""What a FIFO topic wants to know of a notification: its group, and whether it is a repeat."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from uuid import uuid4

from ninelives.locks import new_lock
from ninelives.notifications.notification import Notification

__all__ = ["Deduplication"]

_REMEMBERED = 128
"""How many notifications that failed are remembered; of older ones a retry may be published twice."""

# Source: API reference of SNS, Publish, MessageGroupId: letters, digits and punctuation, at most 128.
_GROUP = re.compile(r"[!-~]{1,128}\Z")


class Deduplication:
    """Knows a retry from another notification that says the same: a retry is the same object.

    SNS drops what has the identity of a message of the last 5 minutes. So each notification gets its own, and keeps it
    until it is published.
    """

    def __init__(self) -> None:
        # The notification is held, so that its id stays its own.
        self._known: OrderedDict[int, tuple[Notification, str]] = OrderedDict()
        self._lock = new_lock()

    def fields_of(self, notification: Notification) -> dict[str, str]:
        """The group, which keeps notifications of one key in order, and the identity."""
        return {"MessageGroupId": _group(notification), "MessageDeduplicationId": self._identity(notification)}

    def forget(self, notification: Notification) -> None:
        """It is published."""
        with self._lock:
            self._known.pop(id(notification), None)

    def _identity(self, notification: Notification) -> str:
        with self._lock:
            _, identity = self._known.setdefault(id(notification), (notification, uuid4().hex))
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
            return identity


def _group(notification: Notification) -> str:
    key = notification.key or notification.pipeline or "ninelives"
    return key if _GROUP.match(key) else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
