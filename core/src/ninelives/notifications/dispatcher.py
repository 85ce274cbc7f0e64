"""The dispatcher: one thread a process delivers notifications, so that no call waits for a channel.

One thread, in order: a channel that hangs beyond its time-out holds up the notifications behind it. It holds up no
call, and the end of the program no longer than `FLUSH_SECONDS`.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from collections import deque
from contextvars import Context, copy_context

from msgspec import Struct

from ninelives.errors import ChannelError
from ninelives.notifications.delivery import Delivery, conclude, deliver_in_thread
from ninelives.workers import FLUSH_SECONDS

__all__ = ["QUEUE_LIMIT", "Dispatcher", "default_dispatcher"]

QUEUE_LIMIT = 1_000
"""How many notifications wait at most; beyond it the oldest is dropped, counted, and told as an event."""


class _Item(Struct, frozen=True, eq=False):
    number: int
    delivery: Delivery
    context: Context


class Dispatcher:
    """Delivers what it is given on a thread of its own, which starts with the first notification.

    A child made by `os.fork` has an empty queue and starts a thread of its own: what its parent accepted, its parent
    sends.

    Args:
        limit: How many notifications wait at most.

    Attributes:
        suppressed: How many were dropped because the queue was full.
    """

    def __init__(self, limit: int = QUEUE_LIMIT) -> None:
        self._limit = limit
        self.reset()
        _all.add(self)

    def reset(self) -> None:
        """Begin anew: nothing waits, no thread runs; what a child does first."""
        self.suppressed = 0
        self._changed = threading.Condition()
        self._waiting: deque[_Item] = deque()
        self._accepted = 0
        self._waited_for = 0
        self._in_hand: _Item | None = None
        self._thread: threading.Thread | None = None
        self._leaving = False

    def submit(self, delivery: Delivery) -> None:
        """Accept it for delivery, and return at once; while the program ends, when it is delivered."""
        dropped = None
        with self._changed:
            if len(self._waiting) >= self._limit:
                dropped = self._waiting.popleft()
                self.suppressed += 1
            self._accepted += 1
            self._waiting.append(_Item(self._accepted, delivery, copy_context()))
            if self._live() is None:
                self._start()
            self._changed.notify_all()
        if dropped is not None:
            dropped.context.run(dropped.delivery.suppress)
        if not threading.main_thread().is_alive():  # the program is ending, and has flushed already, or will not
            self.close()

    def close(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Wait until what was accepted so far is delivered, and let the thread end; a later `submit` starts another.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether all of it was delivered or has failed for good.
        """
        end = time.monotonic() + timeout
        with self._changed:
            if self._waiting and self._live() is None:
                self._start()
            thread, last = self._live(), self._accepted
            if thread is threading.current_thread():  # a channel or a listener that closes its own pipeline
                return False
            self._leaving = thread is not None
            self._changed.notify_all()
            if thread is not None:
                self._changed.wait_for(lambda: self._is_done(last), timeout)
        if thread is None:
            self._drain(end)
        else:
            thread.join(max(end - time.monotonic(), 0.0))
        self._waited_for = last
        return self._is_done(last)

    def leave(self, timeout: float) -> None:
        """The program ends: wait once more, unless all was waited for already, and log what could not be sent in time.

        Args:
            timeout: Seconds to wait at most.
        """
        if self.close(timeout if self._accepted > self._waited_for else 0.0):
            return
        with self._changed:
            unsent = [*self._waiting]
            self._waiting.clear()
            in_hand = self._in_hand
        if in_hand is not None:
            _give_up(in_hand, "while it was being sent")
        for item in unsent:
            _give_up(item, "before it could be sent")

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="ninelives-notifications", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the program is ending, or has all the threads that it may have: `close` delivers
            return
        self._thread, self._leaving = thread, False
        _close_at_end_of_child()

    def _live(self) -> threading.Thread | None:
        # One that a listener made exit is dead, and has not said so.
        return self._thread if self._thread is not None and self._thread.is_alive() else None

    def _run(self) -> None:
        while (item := self._next()) is not None:
            item.context.run(deliver_in_thread, item.delivery)

    def _next(self) -> _Item | None:
        with self._changed:
            self._in_hand = None
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting or self._leaving)
            if not self._waiting:
                self._thread = None
                return None
            self._in_hand = self._waiting.popleft()
            return self._in_hand

    def _drain(self, end: float) -> None:
        """Deliver in this thread, for want of another."""
        while self._waiting and time.monotonic() < end:
            item = self._waiting.popleft()
            item.context.run(deliver_in_thread, item.delivery)

    def _is_done(self, last: int) -> bool:
        oldest = self._in_hand or (self._waiting[0] if self._waiting else None)
        return oldest is None or oldest.number > last


def _give_up(item: _Item, when: str) -> None:
    # A copy: the thread that sends it is in the context itself.
    item.context.copy().run(conclude, item.delivery, ChannelError(f"the program ended {when}"))


_all: weakref.WeakSet[Dispatcher] = weakref.WeakSet()
_default: Dispatcher | None = None
_making = threading.Lock()
_children: set[int] = set()


def default_dispatcher() -> Dispatcher:
    """The one of this process."""
    global _default  # noqa: PLW0603 - one a process, made when first needed
    with _making:
        if _default is None:
            _default = Dispatcher()
        return _default


def _close_all() -> None:
    end = time.monotonic() + FLUSH_SECONDS
    for dispatcher in list(_all):
        dispatcher.leave(max(end - time.monotonic(), 0.0))


def _close_at_end_of_child() -> None:
    """Children of multiprocessing leave without `atexit`: they have an end of their own."""
    process = sys.modules.get("multiprocessing.process")
    if process is None or process.parent_process() is None or os.getpid() in _children:
        return
    from multiprocessing.util import Finalize

    _children.add(os.getpid())
    Finalize(None, _close_all, exitpriority=0)


def _after_fork() -> None:
    global _making  # noqa: PLW0603 - another thread of the parent may have held it
    _making = threading.Lock()
    for dispatcher in list(_all):
        dispatcher.reset()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
