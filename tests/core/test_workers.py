"""Threads of our own for what blocks under an event loop."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
import weakref

import pytest

from ninelives import workers
from ninelives.workers import MAX_THREADS, run_in_worker, running_loop, submit

tenant = contextvars.ContextVar("tenant", default="nobody")


def idle():
    """Waits for the threads that are there, and says whether any is left."""
    with workers._workers.lock:
        threads = list(workers._workers.threads)
    for thread in threads:
        thread.join(10)
    return not workers._workers.threads


class Gate:
    """Holds up whoever comes until it is opened."""

    def __init__(self):
        self.come, self.open = threading.Semaphore(0), threading.Event()

    def __call__(self, value=None):
        self.come.release()
        assert self.open.wait(10)
        return value


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.open.set()
    assert idle()


def test_results_and_errors_come_back():
    """What the function returns or raises is what its future has, of whatever kind."""
    assert submit(divmod, 7, 2).result(10) == (3, 1)
    assert isinstance(submit(divmod, 1, 0).exception(10), ZeroDivisionError)

    def end():
        raise SystemExit

    assert isinstance(submit(end).exception(10), SystemExit)


def test_the_callers_context_comes_along():
    """Context variables reach the thread that runs the user's code, and what it sets there stays there."""
    tenant.set("acme")

    def look():
        before = tenant.get()
        tenant.set("other")
        return before

    assert submit(look).result(10) == "acme"
    assert tenant.get() == "acme"


def test_no_thread_is_left_when_idle():
    """A thread lives only while there is work, and keeps nothing of it."""

    class Thing:
        pass

    thing = Thing()
    reference = weakref.ref(thing)
    assert submit(lambda given: None, thing).result(10) is None
    assert idle()
    del thing
    gc.collect()
    assert reference() is None


def test_so_many_at_once_and_the_rest_in_turn(gate):
    """At most `MAX_THREADS` pieces run at once; all get their turn, in order."""
    futures = [submit(gate, number) for number in range(MAX_THREADS * 3)]
    for _ in range(MAX_THREADS):
        assert gate.come.acquire(timeout=10)
    assert len(workers._workers.threads) == MAX_THREADS
    assert not gate.come.acquire(blocking=False)
    gate.open.set()
    assert [future.result(10) for future in futures] == list(range(MAX_THREADS * 3))


def test_work_that_workers_wait_for_is_done():
    """Workers that all wait for work of their own do not wait for each other for ever."""
    met = threading.Barrier(MAX_THREADS)

    def outer():
        met.wait(10)
        return submit(lambda: 7).result(10)

    assert [future.result(10) for future in [submit(outer) for _ in range(MAX_THREADS)]] == [7] * MAX_THREADS


def test_where_there_can_be_no_more_threads(monkeypatch):
    """Where no thread can be started the caller does the work itself."""

    assert idle()

    def no(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no)
    assert submit(threading.get_ident).result(0) == threading.get_ident()
    assert not workers._workers.threads


async def test_a_stop_iteration_is_told():
    """A StopIteration, which no future takes, does not leave the task waiting for ever."""
    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(run_in_worker(next, iter(())), 10)


async def test_the_loop_runs_on(gate):
    """Work that hangs holds up neither the loop nor the program's default executor."""
    tasks = [asyncio.create_task(run_in_worker(gate, number)) for number in range(9)]
    assert await asyncio.to_thread(lambda: 7) == 7
    assert not any(task.done() for task in tasks)
    gate.open.set()
    assert await asyncio.gather(*tasks) == list(range(9))


async def test_a_cancellation_waits_for_the_work(gate):
    """A cancelled task first waits for the work that was begun, and then is cancelled."""
    done = []
    task = asyncio.create_task(run_in_worker(lambda: done.append(gate(1))))
    await asyncio.to_thread(gate.come.acquire, timeout=10)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    gate.open.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [1]


async def test_a_cancellation_does_not_wait_for_ever(gate, monkeypatch):
    """A cancelled task waits no longer than the flush time, nor when it is cancelled again; the work goes on."""
    monkeypatch.setattr(workers, "FLUSH_SECONDS", 0.01)
    task = asyncio.create_task(run_in_worker(gate))
    await asyncio.to_thread(gate.come.acquire, timeout=10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    monkeypatch.setattr(workers, "FLUSH_SECONDS", 60)
    task = asyncio.create_task(run_in_worker(gate))
    await asyncio.to_thread(gate.come.acquire, timeout=10)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)


def test_a_loop_that_is_closed_meanwhile_is_told_nothing(gate, monkeypatch, caplog):
    """Work that ends after its task was cancelled and its loop was closed complains of nothing."""
    monkeypatch.setattr(workers, "FLUSH_SECONDS", 0.01)

    async def main():
        task = asyncio.create_task(run_in_worker(gate))
        await asyncio.to_thread(gate.come.acquire, timeout=10)
        task.cancel()

    asyncio.run(main())
    gate.open.set()
    assert idle()
    assert caplog.records == []


async def test_an_error_that_nobody_waits_for_is_not_complained_of(gate, caplog):
    """What the work raises after its task was cancelled is no unretrieved exception."""

    def fail():
        gate()
        raise ConnectionError

    task = asyncio.create_task(run_in_worker(fail))
    await asyncio.to_thread(gate.come.acquire, timeout=10)
    task.cancel()
    await asyncio.sleep(0)
    gate.open.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    gc.collect()
    await asyncio.sleep(0)
    assert caplog.records == []


@pytest.mark.parametrize("fails", [True, False])
async def test_what_nobody_gets_is_undone(gate, fails):
    """A result that nobody gets any more is given to `undo`; an error is not."""
    undone = []

    def work():
        gate()
        if fails:
            raise ConnectionError
        return 7

    task = asyncio.create_task(run_in_worker(work, undo=undone.append))
    await asyncio.to_thread(gate.come.acquire, timeout=10)
    task.cancel()
    await asyncio.sleep(0)
    gate.open.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    while workers._workers.threads:
        await asyncio.to_thread(idle)
    assert undone == ([] if fails else [7])
    assert await run_in_worker(divmod, 7, 2, undo=undone.append) == (3, 1)
    assert undone == ([] if fails else [7])


def test_a_coroutine_that_is_closed_awaits_nothing(gate):
    """A coroutine that is closed while its work is under way ends at once, also when its loop is closed already."""
    loop = asyncio.new_event_loop()

    async def begin():
        coroutine = run_in_worker(gate)
        coroutine.send(None)
        return coroutine

    open_one = loop.run_until_complete(begin())
    open_one.close()
    late = loop.run_until_complete(begin())
    loop.close()
    late.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_has_workers_of_its_own():
    """A child that was forked while all workers were busy works; run alone, as forking with threads is warned of."""
    _run(
        """
        import os, sys, threading, time, warnings
        warnings.simplefilter("ignore")
        from ninelives import workers
        gate = threading.Event()
        busy = [workers.submit(gate.wait, 30) for _ in range(9)]
        child = os.fork()
        if child == 0:
            sys.exit(workers.submit(lambda: 7).result(10))
        _, status = os.waitpid(child, 0)
        gate.set()
        assert [one.result(10) for one in busy] == [True] * 9
        assert os.waitstatus_to_exitcode(status) == 7, status
        """
    )


def test_the_end_of_the_program_waits_for_work():
    """What was begun when the program ends is finished."""
    assert "written" in _run(
        """
        import threading
        from ninelives import workers
        main = threading.main_thread()
        def write():
            threading.Event().wait(0.2)
            print("written", flush=True)
        workers.submit(write)
        """
    )


def test_the_end_of_the_program_does_not_wait_for_ever():
    """Work that hangs ends the program later by no more than the flush time."""
    begun = time.monotonic()
    _run(
        """
        import threading
        from ninelives import workers
        workers.FLUSH_SECONDS = 0.1
        begun = threading.Event()
        def hang():
            begun.set()
            threading.Event().wait()
        workers.submit(hang)
        begun.wait(10)
        """
    )
    assert time.monotonic() - begun < 20


def _run(source):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_the_loop_that_code_runs_in_is_known():
    """Code in a loop is told which it is; on a thread there is none."""
    assert running_loop() is asyncio.get_running_loop()
    assert await asyncio.to_thread(running_loop) is None


def test_without_asyncio_there_is_no_loop(monkeypatch):
    """Where nobody has imported asyncio, it is not imported to ask."""
    monkeypatch.delitem(sys.modules, "asyncio")
    assert running_loop() is None


def test_a_signals_handler_may_submit_while_another_is_submitted(monkeypatch):
    """A handler that runs in the midst of it, in the same thread, holds up neither itself nor what it came upon."""
    start, futures = threading.Thread.start, []

    def interrupted(thread):
        if thread.name == "ninelives-worker" and not futures:
            futures.append(None)
            futures.append(workers.submit(int, 2))
        start(thread)

    def work():
        futures.append(workers.submit(int, 1))

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(10)
    assert [future.result(10) for future in futures[1:]] == [2, 1]
