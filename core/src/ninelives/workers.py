"""Threads of our own for what blocks under an event loop: writing letters, delivering alerts.

The program's default executor is its own: a store that hangs must not fill it. A thread lives only while there is
work, so that nothing is left to be closed.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["FLUSH_SECONDS", "MAX_THREADS", "run_in_worker", "submit"]

R = TypeVar("R")

MAX_THREADS = 4
"""How many pieces of work run at once; more wait for their turn."""

FLUSH_SECONDS = 5.0
"""How long a cancelled task, or the end of the program, waits for work that was begun."""


class _Workers:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.work: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self.threads: set[threading.Thread] = set()
        atexit.register(self.flush)

    def submit(self, future: Future[Any], func: Callable[[], Any]) -> None:
        with self.lock:
            self.work.append((future, func))
            if len(self.threads) < MAX_THREADS:
                # A daemon: at the end of the program `flush` waits for it, but not for ever.
                thread = threading.Thread(target=self._run, name="ninelives-worker", daemon=True)
                self.threads.add(thread)
                thread.start()

    def _run(self) -> None:
        while (piece := self._next()) is not None:
            future, func = piece
            try:
                future.set_result(func())
            except BaseException as error:
                future.set_exception(error)

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        with self.lock:
            if self.work:
                return self.work.popleft()
            self.threads.discard(threading.current_thread())
            return None

    def flush(self, timeout: float = FLUSH_SECONDS) -> None:
        import time

        end = time.monotonic() + timeout
        for thread in list(self.threads):
            thread.join(max(end - time.monotonic(), 0.0))


_workers: _Workers | None = None
_making = threading.Lock()


def _after_fork() -> None:
    global _workers, _making  # noqa: PLW0603 - one a process, made when first needed
    _workers, _making = None, threading.Lock()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)


def submit(func: Callable[..., R], *args: Any) -> Future[R]:
    """Run ``func(*args)`` on a thread of ours, in the caller's context.

    Returns:
        Its future; cancelling it does not stop the work.
    """
    from concurrent.futures import Future

    global _workers  # noqa: PLW0603 - one a process, made when first needed
    future: Future[R] = Future()
    future.set_running_or_notify_cancel()
    context = copy_context()
    with _making:
        if _workers is None:
            _workers = _Workers()
        _workers.submit(future, lambda: context.run(func, *args))
    return future


async def run_in_worker(func: Callable[..., R], *args: Any) -> R:
    """Run ``func(*args)`` on a thread of ours, shielded from cancellation.

    A task that is cancelled meanwhile first waits for the work, at most `FLUSH_SECONDS`, and then is cancelled: the
    letter is written, then the cancellation is delivered.
    """
    import asyncio

    future = asyncio.wrap_future(submit(func, *args))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if not future.done():
            await asyncio.wait([future], timeout=FLUSH_SECONDS)
        if future.done() and not future.cancelled():
            future.exception()  # retrieved, so that asyncio does not complain of it
        raise
