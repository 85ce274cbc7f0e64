"""A channel and how it is called."""

from __future__ import annotations

from msgspec import Struct, field

from ninelives.address import Address
from ninelives.notifications.channel import Channel
from ninelives.stand_ins import stand_ins

__all__ = ["Health", "Outlet"]


class Health:
    """What is known of a channel from the last attempt at it.

    Attributes:
        is_down: Whether it failed, all retries included: where another can take over, it is tried once only.
        since: Since when an attempt runs, by `time.monotonic`; None: none does.
        last: What the last attempt that has ended said, masked; None: it was taken, or there was none.
    """

    def __init__(self) -> None:
        self.is_down = False
        self.since: float | None = None
        self.last: str | None = None


class Outlet(Struct, frozen=True, eq=False):
    """A channel and how it is called.

    Attributes:
        own: The channel.
        label: What it calls itself (its `name`), else its address, else its class; secrets masked.
        is_log: Whether it is ``log:``, of which no events are made.
        ours: Whether we opened it, and close it.
        address: What it was opened by; None for a ready object.
        health: What is known of it.
    """

    own: Channel
    label: str
    is_log: bool = False
    ours: bool = False
    address: Address | None = None
    health: Health = field(default_factory=Health)

    @property
    def channel(self) -> Channel:
        """The channel; under `ninelives.testing.instant` what stands in for it."""
        stand_in = stand_ins.channel  # read once: another thread may end its time
        return self.own if stand_in is None else stand_in(self.label)

    @property
    def key(self) -> object:
        """What tells it from others: its address with all that is secret in it, else the very channel. Never shown."""
        return self.address.raw if self.address is not None else id(self.own)

    @property
    def inline(self) -> bool:
        """Whether the channel never waits, so that no thread is needed; of one that can't say, no."""
        try:
            return bool(getattr(self.channel, "inline", False))
        except Exception:  # of the program's own channel: asked where others' alerts are handed over too
            return False
