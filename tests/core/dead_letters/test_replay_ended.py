"""A replay that is ended in the middle, by cancellation or by closing its coroutine, leaves its letters to others."""

from __future__ import annotations

import asyncio
import threading

import pytest

import ninelives
from ninelives.dead_letters.memory import MemoryStore


class Store(MemoryStore):
    """Waits before it lets a letter be claimed, and tells when one was given back."""

    def __init__(self, clock):
        super().__init__(clock=clock)
        self.claiming, self.go, self.released = threading.Event(), threading.Event(), threading.Event()
        self.go.set()

    def claim(self, letter_ids, *, lease):
        self.claiming.set()
        assert self.go.wait(10)
        return super().claim(letter_ids, lease=lease)

    def release(self, lease, letter=None):
        super().release(lease, letter)
        self.released.set()


@pytest.fixture
def store(shop):
    return Store(shop.clock)


@pytest.fixture
def pipeline(shop, store):
    return shop.pipeline(backoff=False, dead_letter={"store": store})


class Forever:
    def __await__(self):
        yield


async def waits():
    if ninelives.current_call().letter is None:
        raise ConnectionError
    await Forever()


def _given_back(store):
    return store.released.wait(10) and [lease.letter.replay_count for lease in store.receive(9, lease=1)]


async def test_cancelled_while_it_claims(pipeline, store):
    """A replay that is cancelled while it claims a letter gives that letter back uncounted."""
    await pipeline.atry_run(waits)
    store.go.clear()
    task = asyncio.create_task(pipeline.areplay())
    assert await asyncio.to_thread(store.claiming.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    store.go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(_given_back, store) == [0]


async def test_cancelled_where_there_is_nothing(pipeline, store):
    """A replay that is cancelled while it skips what can't be run here leaves it as it was."""
    await pipeline.atry_run(waits, object())
    pipeline.try_run(len, object())
    store.go.clear()
    task = asyncio.create_task(pipeline.areplay())
    assert await asyncio.to_thread(store.claiming.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    store.go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(_given_back, store) == [0, 0]


async def test_closed_while_it_runs(pipeline, store):
    """A replay whose coroutine is closed while a letter runs awaits nothing more, and the letter comes back."""
    await pipeline.atry_run(waits)
    replay = pipeline.areplay()
    for _ in ("which letters there are", "the claim"):
        future = replay.send(None)  # a thread of ours does it
        future._asyncio_future_blocking = False
        await asyncio.wait([future])
    running = replay.send(None)  # the function's own wait
    running._asyncio_future_blocking = False
    replay.close()
    assert await asyncio.to_thread(_given_back, store) == [0]
    with pytest.raises(asyncio.CancelledError):
        await running
