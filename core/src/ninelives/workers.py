"""Threads of our own for what blocks under an event loop: writing letters, delivering alerts.

The program's default executor is its own: a store that hangs must not fill it. A thread lives only while there is
work, so that nothing is left to be closed.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

__all__ = ["FLUSH_SECONDS", "MAX_THREADS", "run_in_worker", "running_loop", "submit"]

R = TypeVar("R")

MAX_THREADS = 4
"""How many pieces of work run at once; more wait for their turn."""

FLUSH_SECONDS = 5.0
"""How long a cancelled task, or the end of the program, waits for work that was begun."""

_Piece = tuple["Future[Any]", Callable[[], Any]]


class _Workers:
    def __init__(self) -> None:
        # One that the same thread can take again: a signal's handler may run a call that fails while it is held.
        self.lock = threading.RLock()
        self.work: deque[_Piece] = deque()
        self.threads: set[threading.Thread] = set()
        atexit.register(self.flush)

    def submit(self, piece: _Piece) -> None:
        with self.lock:
            self.work.append(piece)
            # Work that a worker waits for gets a thread of its own: all others may be waiting likewise.
            if len(self.threads) < MAX_THREADS or threading.current_thread() in self.threads:
                started = self._start()
            else:
                started = True
        if not started:
            self._run()

    def _start(self) -> bool:
        # A daemon: at the end of the program `flush` waits for it, but not for ever.
        thread = threading.Thread(target=self._run, name="ninelives-worker", daemon=True)
        self.threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # there can be no more, or the interpreter is ending: others do it, or the caller itself
            self.threads.discard(thread)
        return bool(self.threads)

    def _run(self) -> None:
        while (piece := self._next()) is not None:
            _do(*piece)
            del piece  # what it holds must not live until the next comes

    def _next(self) -> _Piece | None:
        with self.lock:
            if self.work:
                return self.work.popleft()
            self.threads.discard(threading.current_thread())
            return None

    def flush(self) -> None:
        import time

        end = time.monotonic() + FLUSH_SECONDS
        with self.lock:  # no thread is half started then
            threads = list(self.threads)
        with suppress(KeyboardInterrupt, SystemExit):  # whoever waits wants to be out
            for thread in threads:
                thread.join(max(end - time.monotonic(), 0.0))


def _do(future: Future[Any], func: Callable[[], Any]) -> None:
    try:
        future.set_result(func())
    except StopIteration as error:  # which no future takes: whoever awaits it would wait for ever
        future.set_exception(RuntimeError(f"{error!r} was raised by what ran on a thread"))
    except BaseException as error:
        future.set_exception(error)


_workers = _Workers()


def _after_fork() -> None:
    # The threads are the parent's, and its lock may be held for ever.
    global _workers  # noqa: PLW0603 - one a process
    atexit.unregister(_workers.flush)
    _workers = _Workers()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop that this code runs in; None outside of one."""
    # Where nobody has imported it, there is none.
    known: Any = sys.modules.get("asyncio")
    return None if known is None else known._get_running_loop()  # noqa: SLF001 - documented; None where there is none


def submit(func: Callable[..., R], *args: Any) -> Future[R]:
    """Run ``func(*args)`` on a thread of ours, in the caller's context.

    Returns:
        Its future; cancelling it does not stop the work.
    """
    from concurrent.futures import Future

    future: Future[R] = Future()
    future.set_running_or_notify_cancel()
    context = copy_context()
    _workers.submit((future, lambda: context.run(func, *args)))
    return future


async def run_in_worker(func: Callable[..., R], *args: Any, undo: Callable[[R], object] | None = None) -> R:
    """Run ``func(*args)`` on a thread of ours, shielded from cancellation.

    A task that is cancelled meanwhile first waits for the work, at most `FLUSH_SECONDS`, and then is cancelled: the
    letter is written, then the cancellation is delivered.

    Args:
        func: May block.
        args: What it is given.
        undo: Told the result, on a thread of ours, if the task is cancelled and so nobody gets it.
    """
    import asyncio

    work = submit(func, *args)
    future = asyncio.wrap_future(work)
    try:
        return await asyncio.shield(future)
    except (asyncio.CancelledError, GeneratorExit) as end:
        if undo is not None:
            work.add_done_callback(lambda done: _undo(done, undo))
        # A coroutine that is being closed may await nothing more.
        if not isinstance(end, GeneratorExit) and not future.done():
            await asyncio.wait([future], timeout=FLUSH_SECONDS)
        raise
    finally:
        _settle(future)


def _settle(future: asyncio.Future[Any]) -> None:
    # So that asyncio neither complains of an error that nobody took, nor tells the end to a loop that was closed.
    if not future.done():
        with suppress(RuntimeError):  # it is closed already
            future.cancel()
    else:
        _ = future.cancelled() or future.exception()


def _undo(done: Future[R], undo: Callable[[R], object]) -> None:
    if done.exception() is None:
        submit(undo, done.result())
