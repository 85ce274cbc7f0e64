"""The thread that moves spilled letters home: one a process, there only while something waits to be moved."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING
from weakref import WeakSet

from ninelives.workers import FLUSH_SECONDS

if TYPE_CHECKING:
    from ninelives.dead_letters.spill import Spill

__all__ = ["Background", "background"]

_LONGEST_WAIT = 1.0  # seconds: a clock need not be the machine's, and is asked again


class Background:
    """Lets each `Spill` that waits try again when it is due."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, without a thread; what a forked child does first."""
        self._changed = threading.Condition()
        self._waiting: WeakSet[Spill] = WeakSet()
        self._held: set[Spill] = set()
        self._thread: threading.Thread | None = None
        self._busy: Spill | None = None
        self._stop = False
        self._leaving = False

    def add(self, spill: Spill) -> None:
        """Let it try when it is due."""
        with self._changed:
            self._put(spill)
            if self._thread is None and not self._leaving:
                self._start()
            self._changed.notify_all()

    def remove(self, spill: Spill, timeout: float = FLUSH_SECONDS) -> None:
        """Leave it alone; where it is being tried, wait until the letters in hand are where they belong.

        Args:
            spill: Which.
            timeout: Seconds to wait at most.
        """
        with self._changed:
            self._take(spill)
            self._stop = self._stop or self._busy is spill
            self._changed.notify_all()
            if self._thread is not threading.current_thread():
                self._changed.wait_for(lambda: self._busy is not spill, timeout)
            thread = self._thread if not self._waiting and self._busy is None else None
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def leave(self, timeout: float = FLUSH_SECONDS) -> None:
        """The program ends: finish what is in hand, begin nothing more."""
        with self._changed:
            self._leaving = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="ninelives-drain", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the program is ending, or has all the threads that it may have
            return
        self._thread = thread

    def _run(self) -> None:
        while (spill := self._next()) is not None:
            done = spill.attempt(self._go_on)
            with self._changed:
                self._busy = None
                if not done and not self._stop:
                    self._put(spill)
                self._changed.notify_all()
            del spill  # it must not live longer than its queue

    def _next(self) -> Spill | None:
        with self._changed:
            while not self._leaving:
                first, due = self._first()
                if first is None:
                    break
                if due <= 0:
                    # Out before it begins: what is added meanwhile is another reason to try.
                    self._take(first)
                    self._busy, self._stop = first, False
                    return first
                del first  # nobody else may hold it any more
                self._changed.wait(min(due, _LONGEST_WAIT))
            self._thread = None
            return None

    def _first(self) -> tuple[Spill | None, float]:
        due = [(spill.due_in(), spill) for spill in self._waiting]
        soonest, first = min(due, key=lambda one: one[0], default=(0.0, None))
        return first, soonest

    def _put(self, spill: Spill) -> None:
        self._waiting.add(spill)
        if spill.shared:  # its queue may be gone, but the next one of these addresses will go on with it
            self._held.add(spill)

    def _take(self, spill: Spill) -> None:
        self._waiting.discard(spill)
        self._held.discard(spill)

    def _go_on(self) -> bool:
        return not self._stop and not self._leaving


background = Background()
"""The one of this process."""


atexit.register(background.leave)
if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=background.reset)
