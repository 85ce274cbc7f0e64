"""The threads that deliver: one that waits for what is due, and one for each destination while it has work."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, Thread, current_thread, main_thread

from ninelives.notifications.dispatch.delivery import prepare
from ninelives.notifications.dispatch.ending import leave_at_end_of_child
from ninelives.notifications.dispatch.haste import haste
from ninelives.notifications.dispatch.lanes import Job, Lane, Lanes

__all__ = ["Dispatcher"]

# Seconds. A clock of the program's own may have gone on without telling; and what is due now is not waited for.
_LONGEST, _SHORTEST = 3_600.0, 0.01


class Dispatcher:
    """Sees to it that what waits is delivered, and that what is due is looked for in time.

    Its thread starts when it is first needed, and ends when somebody has waited for all to be done and nothing will be
    due; a later `wake` starts another. Where no thread can be had, whoever waits delivers.

    Args:
        lanes: What waits.
        collect: Puts into the lanes what is due now.
        next_due: Says in how many seconds something will be due; called with the lanes' lock held.
    """

    def __init__(self, lanes: Lanes, collect: Callable[[], object], next_due: Callable[[], float]) -> None:
        self._lanes = lanes
        self._collect = collect
        self._next_due = next_due
        self._work = Condition(lanes.lock)
        self._thread: Thread | None = None
        self._threads: list[Thread] = []
        self._leaving = False

    def wake(self) -> None:
        """Something waits, or will be due sooner than was known."""
        prepare()
        with self._lanes.lock:
            self._leaving = False
            if self._is_running():
                self._work.notify()

    def wake_if_needed(self) -> None:
        """`wake` if there is something to do just now."""
        with self._lanes.lock:
            is_needed = bool(self._lanes.unattended()) or self._next_due() <= 0
        if is_needed:
            self.wake()

    def wait(self, last: int, timeout: float, *, ends: bool = True) -> bool:
        """Wait until all jobs up to this number are done, and let the threads end that have no more to do.

        Args:
            last: The number of the last job to wait for.
            timeout: Seconds to wait at most.
            ends: Whether the thread ends that waits for what is due; where the program ends no other may be had.

        Returns:
            Whether all of them are done.
        """
        end = time.monotonic() + timeout
        with haste.until(end):
            return self._wait(last, end, ends=ends)

    def _wait(self, last: int, end: float, *, ends: bool) -> bool:
        with self._lanes.lock:
            self._leaving = ends
            is_running = (self._thread is None and self._is_idle()) or self._is_running()
            if is_running:
                self._work.notify()
                self._lanes.changed.wait_for(lambda: self._is_over(last), max(end - time.monotonic(), 0.0))
        if not is_running:
            self._drain(end)
        with self._lanes.lock:
            ending = set(self._alive()) - self._lanes.threads() - {self._thread}
            is_done = self._lanes.is_done(last)
        for thread in ending:
            thread.join(max(end - time.monotonic(), 0.0))
        return is_done

    def _is_running(self) -> bool:
        """Whether there is a thread; it is started if there was none."""
        if self._thread is None or not self._thread.is_alive():
            leave_at_end_of_child()
            self._thread = self._start("ninelives-notifications", self._run)
            if self._thread is not None:
                self._attend()  # here and now: if the program ends next, Python 3.12 starts no more threads
        return self._thread is not None

    def _attend(self) -> None:
        """Start a thread for each lane that has none, as far as threads can be had."""
        for lane in self._lanes.unattended():
            lane.thread = self._start("ninelives-lane", self._serve, lane)

    def _is_idle(self) -> bool:
        return not self._lanes.unattended() and self._next_due() == math.inf

    def _is_over(self, last: int) -> bool:
        stays = self._thread is None or not self._leaving or not self._is_idle()
        return self._lanes.is_done(last) and stays

    def _run(self) -> None:
        while (lanes := self._next()) is not None:
            for lane in lanes:
                self._serve(lane)

    def _next(self) -> list[Lane] | None:
        """Wait for something to do; the lanes for which no thread could be had; None: the end."""
        self._collect()
        with self._lanes.lock:
            self._attend()
            if lanes := self._lanes.unattended():
                return lanes
            if self._leaving and self._is_idle():
                self._thread = None
                self._lanes.changed.notify_all()
                return None
            self._work.wait(min(max(self._next_due(), _SHORTEST), _LONGEST))
            return []

    def _serve(self, lane: Lane, end: float = math.inf) -> None:
        """Deliver all that waits in a lane, until then."""
        try:
            while (job := self._take(lane, end)) is not None:
                _deliver(job)
        except BaseException:  # Ctrl-C, of whoever delivers while waiting, or a fault: another goes on with the lane
            with self._lanes.lock:
                self._lanes.let_go(lane)
            raise

    def _take(self, lane: Lane, end: float) -> Job | None:
        with self._lanes.lock:
            if time.monotonic() < end:
                return self._lanes.take(lane)
            self._lanes.let_go(lane)
            return None

    def _drain(self, end: float) -> None:
        """Deliver in this thread, for want of others; as the program ends, only through channels that never wait.

        Python 3.12 starts no thread then: one that ignores its time-out, called right here, would hold up the end.
        """
        waits = main_thread().is_alive() or current_thread().daemon
        while time.monotonic() < end:
            with self._lanes.lock:
                lane = next((each for each in self._lanes.unattended() if waits or each.inline), None)
                if lane is None:
                    return
                lane.thread = current_thread()
            self._serve(lane, end)

    def _alive(self) -> list[Thread]:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        return self._threads

    def _start(self, name: str, target: Callable[..., object], *args: object) -> Thread | None:
        # A daemon: the end of the program waits for it, but not for ever.
        thread = Thread(target=target, args=args, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the program is ending, or has all the threads that it may have
            return None
        self._threads = [*self._alive(), thread]
        return thread


def _deliver(job: Job) -> None:
    # Whatever a listener raises, SystemExit too, and even if the log fails: others wait in this lane. What ends the
    # program comes to its main thread only.
    passed = (Exception, SystemExit) if current_thread() is main_thread() else (BaseException,)
    with suppress(*passed):
        # A copy: others may be in the same context, each in its own thread.
        job.delivery.context.copy().run(job.delivery.to, job.destination)
