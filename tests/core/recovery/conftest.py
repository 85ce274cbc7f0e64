"""A service that is down for a while, and pipelines that replay by themselves what that left behind."""

from __future__ import annotations

import threading

import pytest

from ninelives import ReplayEnded
from ninelives.dead_letters.memory import MemoryStore

LIMIT = 20.0
"""Seconds after which something that waits gives up, and its test fails."""

NAMES = ("ninelives-recovery", "ninelives-replay")


class Service:
    """Down until it is said to be up; says when it was called."""

    def __init__(self):
        self.up = False
        self.bad = set()
        self.done = []
        self.called = threading.Semaphore(0)

    def __call__(self, value):
        try:
            if not self.up or value in self.bad:
                raise ConnectionError("down")
            self.done.append(value)
        finally:
            self.called.release()


class Ends:
    """A listener that waits for the end of replays."""

    events = (ReplayEnded,)

    def __init__(self):
        self.seen = []
        self.waited = 0
        self.semaphore = threading.Semaphore(0)

    def __call__(self, event):
        self.seen.append(event)
        self.semaphore.release()

    def wait(self):
        assert self.semaphore.acquire(timeout=LIMIT)
        self.waited += 1
        return self.seen[self.waited - 1]


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def ends():
    return Ends()


@pytest.fixture
def store(shop):
    return MemoryStore(clock=shop.clock)


@pytest.fixture
def threads():
    """Asks which threads are at work that replay letters or renew their leases."""
    return lambda: [thread for thread in threading.enumerate() if thread.name in NAMES]


@pytest.fixture
def make(shop, store, ends, threads):
    made = []

    def make(name="shop", **options):
        options.setdefault("breaker", {"failure_threshold": 2})
        options.setdefault("dead_letter", {"store": store, "replay": "on_recovery", "rate": 1000})
        made.append(shop.pipeline(name, backoff=False, listeners=[ends], **options))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.close()
    assert not threads()


@pytest.fixture
def outage(shop):
    """Lets a service fail until its circuit is open, and some more; then as long passes as the circuit stays open."""

    def outage(pipeline, service, count=5):
        for value in range(count):
            pipeline.try_run(service, value)
        shop.clock.advance(61)
        service.up = True

    return outage
