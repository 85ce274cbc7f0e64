"""How a replay in the background ends: its pipeline is closed, its thread, loop or program ends, or it is forked."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading

import pytest

from ninelives import LetterFilter, ReplayStarted

LIMIT = 20.0
"""Seconds after which something that waits gives up, and its test fails."""


def test_close_finishes_the_one_in_hand_and_gives_back_the_rest(shop, make, service, store, ends, outage):
    """`close` waits for the letter in hand; no thread is left, nothing stays claimed, and nothing begins any more."""
    pipeline = make()
    outage(pipeline, service)
    begun, go = threading.Event(), threading.Event()

    def slow(_value):
        begun.set()
        assert go.wait(LIMIT)

    pipeline.register(slow, store.browse(LetterFilter(), limit=1).letters[0].operation)
    pipeline.run(service, 10)
    assert begun.wait(LIMIT)
    inner = pipeline._recovery.join
    pipeline._recovery.join = lambda timeout: (go.set(), inner(timeout))
    pipeline.close()
    assert [event.replayed for event in ends.seen] == [1]
    assert store.count() == 4
    assert len(store.receive(9, lease=1)) == 4
    pipeline["breaker"].isolate()
    pipeline["breaker"].reset()
    assert len(shop.events.of(ReplayStarted)) == 1


def test_a_letter_may_close_its_pipeline(make, service, store, ends, outage):
    """A function that closes the pipeline that runs it does not wait for itself."""
    pipeline = make()
    outage(pipeline, service, 2)
    pipeline.register(lambda _value: pipeline.close(), store.browse(LetterFilter(), limit=1).letters[0].operation)
    pipeline.run(service, 10)
    assert ends.wait().replayed == 1


def test_aclose_ends_the_thread_too(make, service, ends, outage, threads):
    """`aclose` of a pipeline that replays in a thread ends that."""
    pipeline = make()
    outage(pipeline, service)
    pipeline.run(service, 10)
    asyncio.run(pipeline.aclose())
    assert not threads()


def test_aclose_cancels_the_task(shop, make, ends, store, service):
    """`aclose` cancels what is awaited and gives the letters back; so does the end of the loop."""

    async def main(*, close):
        begun = asyncio.Event()

        async def call(value):
            service(value)
            if value < 4:
                begun.set()
                await asyncio.Event().wait()

        service.up = False
        pipeline = make()
        for value in range(4):
            await pipeline.atry_run(call, value)
        shop.clock.advance(61)
        service.up = True
        await pipeline.arun(call, 10)
        await asyncio.wait_for(begun.wait(), LIMIT)
        if close:
            await pipeline.aclose()
            assert len(asyncio.all_tasks()) == 1

    for close in (True, False):
        asyncio.run(main(close=close))
        assert ends.wait().stopped == "interrupted"
        assert not store._claims
        for lease in store.receive(9, lease=1):
            store.ack(lease)


@pytest.mark.parametrize("cancelled", [True, False])
def test_a_loop_that_ends_before_its_task_begins(make, service, store, ends, cancelled, outage):
    """Where the loop ends, or is closed, before its task could begin, the next closing begins all the same."""
    pipeline = make()
    outage(pipeline, service)

    async def closes():
        pipeline.run(service, 10)

    if cancelled:
        asyncio.run(closes())
    else:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(closes())
        pipeline._recovery._task._log_destroy_pending = False
        loop.close()
    pipeline["breaker"].isolate()
    pipeline["breaker"].reset()
    while ends.wait().stopped == "interrupted":  # the one that had begun when its loop ended
        pass
    pipeline.close()
    assert store.count() == 0


def test_a_letter_that_ends_its_thread(make, service, store, ends, outage):
    """A function that ends the thread that runs it gives its letter back, and the next closing begins again."""
    pipeline = make()
    outage(pipeline, service)
    operation = store.browse(LetterFilter(), limit=1).letters[0].operation

    def leaves(_value):
        raise SystemExit

    pipeline.register(leaves, operation)
    pipeline.run(service, 10)
    assert ends.wait().stopped == "interrupted"
    pipeline._recovery._thread.join(LIMIT)
    pipeline.register(service, operation)
    pipeline["breaker"].isolate()
    pipeline["breaker"].reset()
    assert ends.wait().replayed == 5


def test_a_letter_that_ends_its_loop(make, service, store, ends, outage):
    """A coroutine function that ends its loop gives its letter back, and the next closing begins again."""
    pipeline = make()
    outage(pipeline, service)
    operation = store.browse(LetterFilter(), limit=1).letters[0].operation

    async def leaves(_value):
        raise SystemExit

    async def call():
        pipeline.run(service, 10)
        return pipeline._recovery._task

    pipeline.register(leaves, operation)
    loop = asyncio.new_event_loop()
    task = loop.run_until_complete(call())
    for _ in range(2):  # the letter's own task ends the loop, then the one that waits for it
        with pytest.raises(SystemExit):
            loop.run_forever()
    assert isinstance(task.exception(), SystemExit)
    assert ends.wait().stopped == "interrupted"
    pipeline.register(service, operation)
    loop.run_until_complete(asyncio.sleep(0))  # its end is told
    assert not pipeline._recovery._busy
    pipeline["breaker"].isolate()
    pipeline["breaker"].reset()
    assert ends.wait().replayed == 5
    loop.close()


_PROGRAM = """
import os, threading
from ninelives import CircuitBreaker, Pipeline
from ninelives.dead_letters.memory import MemoryStore

store = MemoryStore()
before = Pipeline("shop", breaker=False, backoff=False, notify=False, dead_letter={"store": store})
def fail(value):
    raise ConnectionError
for value in range(5):
    before.using(operation="serve").try_run(fail, value)
shop = Pipeline("shop", notify=False, dead_letter={"store": store, "replay": "on_recovery", "rate": 10_000})
begun = threading.Event()
def ok(): pass
"""


def _run(code, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _PROGRAM + textwrap.dedent(code)],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "NINELIVES_CONFIG"},
        text=True,
        timeout=LIMIT * 3,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_end_of_the_program_gives_back_what_is_claimed(tmp_path):
    """A program that ends while it replays in the background finishes the letter in hand and gives back the others."""
    code = """
        import atexit
        import ninelives.recovery
        def slow(value):
            begun.set()
            ninelives.recovery._ending.wait(10)
        shop.register(slow, "serve")
        shop.run(ok)
        begun.wait(10)
        atexit.unregister(ninelives.recovery._leave)
        atexit.register(lambda: print(store.count(), len(store.receive(9, lease=1))))
        atexit.register(ninelives.recovery._leave)
        """
    assert _run(code, tmp_path) == "4 4\n"


def test_the_end_of_the_program_waits_for_no_letter_that_hangs(tmp_path):
    """A letter that hangs holds the end of the program no longer than the flush time."""
    code = """
        import ninelives.recovery
        ninelives.recovery.FLUSH_SECONDS = 0.1
        shop.register(lambda value: begun.set() or threading.Event().wait(), "serve")
        shop.run(ok)
        begun.wait(10)
        """
    assert _run(code, tmp_path) == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_begins_anew(tmp_path):
    """A child that was forked while its parent replays can replay by itself: the thread is not its own."""
    code = """
        import warnings
        go = threading.Event()
        def serve(value):
            begun.set()
            go.wait(10)
        shop.register(serve, "serve")
        shop.run(ok)
        begun.wait(10)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            child = os.fork()
        if not child:
            assert not shop._recovery._busy
            go.set()
            os._exit(0)
        go.set()
        assert os.waitpid(child, 0)[1] == 0
        shop.close()
        """
    assert _run(code, tmp_path) == ""


def test_after_a_fork_nothing_is_under_way(make):
    """What a forked child does first: no pipeline of its own has begun anything."""
    from ninelives import recovery

    pipeline = make()
    pipeline._recovery._busy = True
    recovery._after_fork()
    assert not pipeline._recovery._busy
