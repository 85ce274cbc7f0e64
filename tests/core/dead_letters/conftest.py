"""A queue, its store and its fallback, each of which can be made to fail."""

from __future__ import annotations

import threading

import pytest

from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.events import LetterStored
from ninelives.plugins import Plugins
from ninelives.testing.clock import FakeClock


class Flaky(MemoryStore):
    """A store that raises what `error` says, and counts how often it was asked."""

    def __init__(self, clock, name):
        super().__init__(clock=clock)
        self.name = name
        self.error = None
        self.puts = 0

    def put_many(self, letters):
        self.puts += 1
        if self.error is not None:
            raise self.error
        super().put_many(letters)


class World:
    """A queue, its store and its fallback; `home` is set whenever a letter has come home, `tried` when it was tried."""

    def __init__(self):
        self.clock = FakeClock()
        self.store = Flaky(self.clock, "flaky")
        self.fallback = Flaky(self.clock, "refuge")
        self.events = []
        self.home = threading.Semaphore(0)
        self.queue = self.another()

    def another(self, **options):
        return DeadLetterQueue(
            **{"store": self.store, "fallback": self.fallback} | options,
            clock=self.clock,
            plugins=Plugins(),
            listeners=[self.note],
        )

    def note(self, event):
        self.events.append(event)
        if type(event) is LetterStored and event.reason.startswith("moved"):
            self.home.release()

    def comes_home(self):
        return self.home.acquire(timeout=10)

    def told(self, kind):
        return [event for event in self.events if type(event) is kind]


@pytest.fixture
def world():
    world = World()
    yield world
    world.queue.close()
