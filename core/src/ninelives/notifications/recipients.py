"""Channels with several recipients: who has a notification is not sent it again when the rest is tried again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from ninelives.locks import new_lock
from ninelives.notifications.notification import Notification

__all__ = ["Recipients"]

_REMEMBERED = 128
"""How many notifications that some have and others lack are remembered; of older ones a retry goes to all again."""


class _Partly(Struct, frozen=True):
    notification: Notification  # held, so that its id stays its own
    done: frozenset[str]
    refused: dict[str, str]


class Recipients:
    """Remembers, while a notification is tried again, which of its recipients are done with.

    A retry is known by being the same object: two notifications that say the same are two.

    Args:
        all_of_them: The channel's recipients.

    Example:
        >>> recipients, news = Recipients(["ann", "bob"]), Notification(message="the disk is full")
        >>> recipients.note(news, ["ann"])
        >>> recipients.left(news)
        ['bob']
        >>> recipients.forget(news)
        >>> recipients.left(news)
        ['ann', 'bob']
    """

    def __init__(self, all_of_them: Sequence[str]) -> None:
        self.all = tuple(dict.fromkeys(all_of_them))
        self._partly: OrderedDict[int, _Partly] = OrderedDict()
        self._lock = new_lock()

    def left(self, notification: Notification) -> list[str]:
        """Those who are still to get it, in their order."""
        with self._lock:
            known = self._partly.get(id(notification))
        return [one for one in self.all if known is None or one not in known.done]

    def refused(self, notification: Notification) -> dict[str, str]:
        """Those who can never have it, and why: for the last try to say, when all others have it."""
        with self._lock:
            known = self._partly.get(id(notification))
        return dict(known.refused) if known is not None else {}

    def note(self, notification: Notification, done: Iterable[str], refused: Mapping[str, str] | None = None) -> None:
        """Who is not to be tried again.

        Args:
            notification: What is being sent.
            done: These have it, or can never have it.
            refused: Those who can never have it, and why; they need not stand in `done`.
        """
        refused = refused or {}
        with self._lock:
            known = self._partly.pop(id(notification), None) or _Partly(notification, frozenset(), {})
            self._partly[id(notification)] = _Partly(
                notification, known.done.union(done, refused), {**known.refused, **refused}
            )
            if len(self._partly) > _REMEMBERED:
                self._partly.popitem(last=False)

    def forget(self, notification: Notification) -> None:
        """All is done, or is not tried again."""
        with self._lock:
            self._partly.pop(id(notification), None)
