"""A replay that is interrupted anywhere, or whose store fails at any moment: no letter is lost, and none runs twice."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from collections import Counter

import pytest

from ninelives import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.errors import LeaseLostError, StoreError

LIMIT = 20.0
"""Seconds after which a thread that does not end fails its test."""

COUNT = 8
BAD = 3
"""The value that fails again."""

OURS = ("ninelives/replaying/", "claims.py", "batches.py", "in_hand.py", "holding.py")


class Interrupter:
    """Raises KeyboardInterrupt where a signal's handler would run: as a function begins, or a built-in has returned."""

    def __init__(self, number):
        self.number = number
        self.seen = 0

    @property
    def has_struck(self):
        return self.seen >= self.number

    def __call__(self, frame, event, _argument):
        code = frame.f_code
        if event not in {"call", "c_return"} or not any(part in code.co_filename for part in OURS):
            return
        if code.co_flags & inspect.CO_GENERATOR:  # it may be ending by itself, where nobody hears of it
            return
        self.seen += 1
        if self.has_struck:
            sys.setprofile(None)
            raise KeyboardInterrupt


class Fails(MemoryStore):
    """Raises an error at its n-th call."""

    number = seen = 0
    error: BaseException = StoreError("down")

    def _maybe(self, method, *args, **kwargs):
        self.seen += 1
        if self.seen == self.number and (isinstance(self.error, Exception) or not _is_keeper()):
            raise self.error
        return getattr(MemoryStore, method)(self, *args, **kwargs)

    def claim(self, letter_ids, *, lease):
        return self._maybe("claim", letter_ids, lease=lease)

    def ack_many(self, leases):
        return self._maybe("ack_many", leases)

    def ack(self, lease):
        return self._maybe("ack_many", [lease])

    def release(self, lease, letter=None):
        return self._maybe("release", lease, letter)

    def list_ids(self, filter, *, limit, cursor=None):
        return self._maybe("list_ids", filter, limit=limit, cursor=cursor)


class World:
    """A store with some letters, and how often each was done."""

    def __init__(self, shop, *, asynchronous=False):
        self.store = Fails(clock=shop.clock)
        self.pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": self.store})
        for value in range(COUNT):
            self.pipeline.using(operation="serve").try_run(_refuse, value)
        self.store.seen = 0
        self.done = Counter()
        self.asynchronous = asynchronous
        self.pipeline.register(self.aserve if asynchronous else self.serve, "serve")

    def serve(self, value):
        self.done[value] += 1
        if value == BAD:
            raise ConnectionError

    async def aserve(self, value):
        await asyncio.sleep(0)
        self.serve(value)

    def replay(self, lanes):
        if self.asynchronous:
            return asyncio.run(self.pipeline.areplay(concurrency=lanes))
        return self.pipeline.replay(concurrency=lanes)

    @property
    def left(self):
        return {letter.args[0] for letter in self.store.browse(LetterFilter(pipeline="shop"), limit=99).letters}

    def check(self):
        assert sorted(self.left | self.done.keys()) == list(range(COUNT)), "a letter was lost"
        assert max(self.done.values(), default=0) <= 1, "a letter ran twice"
        for thread in threading.enumerate():
            if thread.name == "ninelives-replay":
                thread.join(LIMIT)
                assert not thread.is_alive(), "a thread goes on"


def _is_keeper():
    """Whether this is the thread that renews leases: no signal's handler runs there."""
    return threading.current_thread().name == "ninelives-replay"


def _refuse(_value):
    raise ConnectionError


@pytest.mark.parametrize("lanes", [1, 3])
def test_an_interruption_anywhere_loses_nothing(shop, lanes):
    """Wherever Ctrl-C strikes, each letter is there or was done, none ran twice, and no thread goes on."""
    number = 1
    while True:
        world = World(shop)
        interrupter = Interrupter(number)
        sys.setprofile(interrupter)
        try:
            world.replay(lanes)
        except KeyboardInterrupt:
            pass
        finally:
            sys.setprofile(None)
        world.check()
        if not interrupter.has_struck:
            return
        number += 11


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("lanes", [1, 8])
@pytest.mark.parametrize(
    "error", [StoreError("down"), RuntimeError("odd"), LeaseLostError("lost"), KeyboardInterrupt()]
)
def test_a_store_that_fails_at_any_moment_loses_nothing(shop, lanes, error, asynchronous):
    """Whichever call of its store fails, no letter is lost or run twice; what was done and is still there is told."""
    for number in range(1, 60):
        world = World(shop, asynchronous=asynchronous)
        world.store.number, world.store.error = number, error
        try:
            report = world.replay(lanes)
        except (StoreError, KeyboardInterrupt):
            report = None
        calls, world.store.number = world.store.seen, 0
        world.check()
        if calls < number:
            return
        if report is not None:
            again = [value for value in world.left if world.done[value] and value != BAD]
            assert len(again) == report.unconfirmed
            ended = report.replayed + report.failed + report.busy + report.skipped + report.unconfirmed
            assert ended == report.total == COUNT
    raise AssertionError("it never came to an end")
