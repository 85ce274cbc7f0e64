"""A world for users' own tests in which nothing waits, and nothing leaves the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ninelives.circuits import default_circuits
from ninelives.clock import SystemClock
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.notifications.notification import Notification
from ninelives.stand_ins import stand_ins
from ninelives.testing.clock import FakeClock
from ninelives.testing.recorders import RecordingChannel

if TYPE_CHECKING:
    from ninelives.notifications.dispatch.center import Center

__all__ = ["Instant", "instant"]

_CLOCK_METHODS = ("now", "monotonic", "sleep", "asleep")


class Instant:
    """What a test can look at.

    Attributes:
        clock: The time; ``clock.sleeps`` has every wait that was asked for, ``clock.advance(60)`` lets a minute pass.
        channel: Records the notifications of every channel.
    """

    def __init__(self, center: Center) -> None:
        self.clock = FakeClock()
        self.channel = RecordingChannel()
        self._stores: dict[str, MemoryStore] = {}
        self._center = center

    @property
    def letters(self) -> list[DeadLetter]:
        """Every dead letter, oldest first."""
        found = [letter for store in self._stores.values() for letter in _all(store)]
        return sorted(found, key=lambda letter: letter.id)

    @property
    def notifications(self) -> list[Notification]:
        """Every notification that a channel was given, oldest first; also what `clock` has made due by now.

        The first failure of a kind is there at once; what is only counted comes when its time has: after
        ``clock.advance(300)``, as the defaults are.
        """
        self._center.flush()
        return self.channel.notifications

    def store(self, name: str) -> MemoryStore:
        """What stands in for the store of that name."""
        return self._stores.setdefault(name, MemoryStore(clock=self.clock))


@contextmanager
def instant() -> Iterator[Instant]:
    """Within it nothing waits, letters stay in memory, and alerts are recorded.

    It holds for every pipeline and part of the program, also for those that were built before; but those keep the clock
    that they were given, if they were given one. The state of circuits that have a name is reset at both ends, and
    alerts are grouped with those of this world only. Not for several tests at once in one process.

    Example:
        >>> import ninelives
        >>> with instant() as world:
        ...     pipeline = ninelives.Pipeline("shop")
        ...     outcome = pipeline.try_run(dict.__getitem__, {}, "missing")
        >>> world.letters[0].error.type
        'builtins.KeyError'
    """
    from ninelives.notifications.dispatch.center import own_center

    before: dict[str, Any] = {name: SystemClock.__dict__[name] for name in _CLOCK_METHODS}
    before_store, before_channel = stand_ins.store, stand_ins.channel
    default_circuits().reset()
    try:
        with own_center() as center:
            world = Instant(center)
            for name in _CLOCK_METHODS:
                setattr(SystemClock, name, staticmethod(getattr(world.clock, name)))
            stand_ins.store, stand_ins.channel = world.store, lambda _name: world.channel
            yield world
    finally:
        stand_ins.store, stand_ins.channel = before_store, before_channel
        for name, method in before.items():
            setattr(SystemClock, name, method)
        default_circuits().reset()


def _all(store: MemoryStore) -> list[DeadLetter]:
    return list(store.browse(LetterFilter(), limit=1_000_000).letters)
