"""Replaying in an event loop: several tasks, a rate, stopping, cancellation."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading

import pytest

from ninelives import Pipeline, ReplayEnded, StoreError
from ninelives.dead_letters.memory import MemoryStore
from ninelives.replaying.choice import Asked

LIMIT = 20.0
"""Seconds after which something that waits gives up, and its test fails."""


@pytest.fixture
def pipeline(shop):
    pipeline = shop.pipeline(backoff=False, breaker=False)
    for value in range(10):
        pipeline.using(operation="serve").try_run(_refuse, value)
    return pipeline


def _refuse(_value):
    raise ConnectionError


def free(pipeline):
    """How many letters nobody holds."""
    return len(pipeline["dead_letter"].places[0].store.receive(100, lease=1))


def test_both_take_the_same():
    """`replay` and `areplay` take the same arguments of the same types and defaults, each of which the engine knows."""
    parameters = inspect.signature(Pipeline.replay).parameters
    assert inspect.signature(Pipeline.areplay).parameters == parameters
    defaults = {name: one.default for name, one in parameters.items() if one.kind is one.KEYWORD_ONLY}
    assert Asked(**defaults) == Asked()
    assert {*Asked.__struct_fields__} - {*defaults} == {"wanted"}


async def test_several_tasks_meet(pipeline):
    """With a concurrency of three, three calls are under way at once; each has the caller's context to itself."""
    tenant = contextvars.ContextVar("tenant", default="nobody")
    seen, waiting, go = [], [], asyncio.Event()

    async def call(value):
        seen.append((value, tenant.get()))
        tenant.set("someone else")
        if value:
            waiting.append(value)
            if len(waiting) == 3:
                go.set()
            await asyncio.wait_for(go.wait(), LIMIT)

    pipeline.register(call, "serve")
    tenant.set("acme")
    assert (await pipeline.areplay(concurrency=3)).replayed == 10
    assert seen[:4] == [(value, "acme") for value in range(4)]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_plain_functions_run_on_threads(pipeline, concurrency):
    """Plain functions run on other threads than the loop's; failures and successes count."""
    loop = threading.current_thread()
    threads = []

    def call(value):
        threads.append(threading.current_thread())
        if value == 4:
            raise ConnectionError

    pipeline.register(call, "serve")
    report = await pipeline.areplay(concurrency=concurrency)
    assert (report.replayed, report.failed) == (9, 1)
    assert loop not in threads


async def test_a_rate_is_kept(shop, pipeline):
    """With five letters a second, ten letters begin 0.2 s apart, and the loop is free meanwhile."""
    times = []

    async def call(_value):
        times.append(shop.clock.monotonic())

    pipeline.register(call, "serve")
    report = await pipeline.areplay(rate=5)
    assert report.replayed == 10
    assert times == pytest.approx([number * 0.2 for number in range(10)])


async def test_an_event_of_asyncio_stops_it(pipeline):
    """An `asyncio.Event` stops it: the one in hand is finished, the others are back."""
    stop = asyncio.Event()

    async def call(value):
        if value == 3:
            stop.set()

    pipeline.register(call, "serve")
    report = await pipeline.areplay(stop=stop)
    assert (report.replayed, report.stopped) == (4, "asked to stop")
    assert free(pipeline) == 6


async def test_progress_is_told_in_the_loop(pipeline):
    """`progress` is called in the loop's thread, once a letter."""
    told, loop = [], threading.current_thread()

    async def call(_value):
        pass

    pipeline.register(call, "serve")
    await pipeline.areplay(progress=lambda one: told.append((one.done, threading.current_thread() is loop)))
    assert told == [(number, True) for number in range(1, 11)]


async def test_a_dry_run(pipeline):
    """A dry run knows that coroutine functions can be awaited here."""

    async def call(_value):
        raise AssertionError("it was run")

    pipeline.register(call, "serve")
    assert (await pipeline.areplay(dry_run=True)).planned == 10
    assert (await asyncio.to_thread(pipeline.replay, dry_run=True)).planned == 0


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_cancelled_it_gives_back_what_is_in_hand(shop, pipeline, concurrency):
    """A cancelled `areplay` cancels its calls and gives all letters back as they were; it is told as interrupted."""
    begun = asyncio.Event()
    under_way = []

    async def call(value):
        if concurrency > 1 and value == 0:  # the first one is alone
            return
        under_way.append(value)
        if len(under_way) == concurrency:
            begun.set()
        await asyncio.Event().wait()

    pipeline.register(call, "serve")
    task = asyncio.create_task(pipeline.areplay(concurrency=concurrency))
    await asyncio.wait_for(begun.wait(), LIMIT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = shop.letters(pipeline)
    assert len(left) == (10 if concurrency == 1 else 9)
    assert {letter["replay_count"] for letter in left} == {0}
    assert free(pipeline) == len(left)
    assert shop.events.of(ReplayEnded)[-1].stopped == "interrupted"
    assert len(asyncio.all_tasks()) == 1


async def test_cancelled_while_a_thread_runs_a_letter(shop, pipeline):
    """A plain function in hand can't be interrupted: it is waited for, and what came of it counts."""
    begun, go = threading.Event(), threading.Event()

    def call(_value):
        begun.set()
        assert go.wait(LIMIT)

    pipeline.register(call, "serve")
    task = asyncio.create_task(pipeline.areplay())
    assert await asyncio.to_thread(begun.wait, LIMIT)
    task.cancel()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(_until, lambda: len(shop.letters(pipeline)) == 9)
    assert free(pipeline) == 9


def _until(true):
    for _ in range(1000):
        if true():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came")


async def test_one_task_that_can_not_go_on_ends_all(shop):
    """An error of the store comes out of `areplay` when the calls in hand are done, and nothing stays claimed."""
    store = MemoryStore(clock=shop.clock)
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": store})
    for value in range(4):
        pipeline.using(operation="serve").try_run(_refuse, value)
    inner = store.claim
    done = []

    def claim(letter_ids, *, lease):
        if done:
            raise StoreError("gone away")
        return inner(letter_ids, lease=lease)

    async def call(value):
        done.append(value)

    pipeline.register(call, "serve")
    store.claim = claim
    with pytest.raises(StoreError, match="gone away"):
        await pipeline.areplay(concurrency=2)
    assert free(pipeline) == 3


@pytest.mark.parametrize("concurrency", [1, 2])
def test_closed_from_outside(pipeline, concurrency):
    """A replay whose coroutine is closed, its loop being gone, gives its letters back all the same."""
    begun = asyncio.Event()

    async def call(_value):
        begun.set()
        await asyncio.Event().wait()

    pipeline.register(call, "serve")
    loop = asyncio.new_event_loop()
    running = pipeline.areplay(concurrency=concurrency)
    task = loop.create_task(running)
    loop.run_until_complete(asyncio.wait_for(begun.wait(), LIMIT))
    for one in (*asyncio.all_tasks(loop), task):
        one._log_destroy_pending = False
    loop.close()
    running.close()
    _until(lambda: not pipeline["dead_letter"].places[0].store._claims)
    assert free(pipeline) == 10


async def test_letters_of_another_store(shop, pipeline):
    """Letters of another store run through the pipeline's coroutine functions too."""
    from ninelives import LetterFilter
    from ninelives.replaying.begin import areplay_from

    other = MemoryStore(clock=shop.clock)
    other.put_many(pipeline["dead_letter"].places[0].store.browse(LetterFilter(), limit=5).letters)
    done = []

    async def call(value):
        done.append(value)

    pipeline.register(call, "serve")
    assert (await areplay_from(pipeline, other)).replayed == 5
    assert done == [0, 1, 2, 3, 4]


async def test_cancelled_before_the_first_letter(shop, pipeline):
    """Cancelled while the letters are looked for, what was begun is ended, and told as interrupted."""
    begun, go = threading.Event(), threading.Event()
    store = pipeline["dead_letter"].places[0].store
    inner = store.list_ids

    def list_ids(*args, **kwargs):
        begun.set()
        assert go.wait(LIMIT)
        return inner(*args, **kwargs)

    store.list_ids = list_ids
    task = asyncio.create_task(pipeline.areplay())
    assert await asyncio.to_thread(begun.wait, LIMIT)
    task.cancel()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(_until, lambda: shop.events.of(ReplayEnded))
    assert [event.stopped for event in shop.events.of(ReplayEnded)] == ["interrupted"]
    assert free(pipeline) == 10


@pytest.mark.parametrize("fails", [False, True])
async def test_cancelled_as_the_call_has_just_ended(shop, pipeline, fails):
    """A cancellation that overtakes the end of a call makes it no second run: what came of it counts."""
    done = []

    async def call(value):
        done.append(value)
        asyncio.get_running_loop().call_soon(task.cancel)  # after the end of the call, before anybody hears of it
        if fails:
            raise ConnectionError

    pipeline.register(call, "serve")
    task = asyncio.create_task(pipeline.areplay())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [0]
    assert sorted(letter["replay_count"] for letter in shop.letters(pipeline)) == ([0] * 9 + [1] if fails else [0] * 9)
    assert free(pipeline) == (10 if fails else 9)
