"""What stands in for backends under `ninelives.testing.instant`, also in pipelines that were built before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ninelives.dead_letters.store import DeadLetterStore
    from ninelives.notifications.channel import Channel

__all__ = ["StandIns", "stand_ins"]


class StandIns:
    """Asked at each use of a backend, which is on failure only.

    Attributes:
        store: Gives the store for a place's name; None: the place's own.
        channel: Gives the channel for a channel's name; None: its own.
    """

    def __init__(self) -> None:
        self.store: Callable[[str], DeadLetterStore] | None = None
        self.channel: Callable[[str], Channel] | None = None


stand_ins = StandIns()
