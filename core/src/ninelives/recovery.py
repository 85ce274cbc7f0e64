"""Replaying by itself, in the background, what an outage left behind: when its circuit has closed again.

Also at a process's first success: one that was restarted in the outage has a new circuit, which never opened, and its
predecessor's letters would wait for ever. Under `ninelives.testing.instant` nothing begins, and what runs ends.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextvars import copy_context
from datetime import datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.ends import at_end, at_end_of_child
from ninelives.folding import Folded
from ninelives.locks import new_lock
from ninelives.middleware.breaker import CircuitBreaker
from ninelives.stand_ins import stand_ins
from ninelives.workers import FLUSH_SECONDS, running_loop

if TYPE_CHECKING:
    import asyncio

    from ninelives.call import Call
    from ninelives.middleware.link import AsyncNext, Next
    from ninelives.pipeline import Pipeline
    from ninelives.replaying.choice import Asked

__all__ = ["RATE", "Recovery"]

RATE = 5.0
"""Letters a second, where none are given: a service that has just come back is not to be knocked over."""

_OF_AN_OUTAGE = ("circuit_open", "exhausted")


class Recovery:
    """What replays a pipeline's letters by itself: never more than once at a time.

    Args:
        pipeline: Whose letters; one that has a ``dead_letter``.
        rate: Letters a second; None: `RATE`.
    """

    def __init__(self, pipeline: Pipeline, rate: float | None) -> None:
        self._pipeline = pipeline
        self._rate = RATE if rate is None else rate
        # Of the program, not of the call that happens to close the circuit.
        self._context = copy_context()
        self._lock = new_lock()
        self._is_first = True
        self._due: datetime | None = None
        self._busy = self._closed = False
        self._thread: threading.Thread | None = None
        self._task: asyncio.Task[None] | None = None
        _all.add(self)

    def follow(self, parts: Iterable[object]) -> None:
        """Begin whenever a circuit of these parts of the chain closes, whoever's call it is that closes it."""
        for part in parts:
            if isinstance(part, CircuitBreaker):
                part._circuit.follow(self)  # noqa: SLF001 - it is one of us

    def circuit_opened(self) -> None:
        """There is nothing to do: what is under way stops at the first refusal."""

    def circuit_closed(self) -> None:
        """The circuit has closed: begin. A run that is under way is followed by another. Never raises."""
        self._is_first = False
        if self.is_set():
            return
        with self._lock:
            # What fails again from now on is not run again, by whichever run.
            self._due = self._pipeline._clock.now()  # noqa: SLF001 - it is one of us
            if self._busy and not self._is_gone():
                return
            self._busy, self._task = True, None
        loop = running_loop()
        if loop is None:
            self._start_thread()
        else:
            self._task = task = loop.create_task(self._arun(), context=self._context.copy())
            _tasks.add(task)  # a loop does not hold its tasks
            task.add_done_callback(self._task_ended)

    def watching(self, chain: Folded[Next]) -> Folded[Next]:
        """The chain, whose first success is told: when its circuit knows of it."""
        step = chain.step

        def run(call: Call) -> Any:
            value = step(call)
            if self._is_first and _is_new(call):
                self.circuit_closed()
            return value

        return Folded(run, chain.watchers)

    def watching_async(self, chain: Folded[AsyncNext]) -> Folded[AsyncNext]:
        """The same for asynchronous calls."""
        step = chain.step

        async def run(call: Call) -> Any:
            value = await step(call)
            if self._is_first and _is_new(call):
                self.circuit_closed()
            return value

        return Folded(run, chain.watchers)

    def is_set(self) -> bool:
        """Whether nothing is to be replayed any more."""
        return self._closed or _ending.is_set() or stand_ins.store is not None

    def close(self) -> None:
        """Begin nothing any more; what is in hand is finished or given back, which is waited for a while."""
        self._closed = True
        self.join(FLUSH_SECONDS)

    async def aclose(self) -> None:
        """The same for asynchronous code; what is awaited is cancelled, and its letter given back."""
        import asyncio

        from ninelives.workers import run_in_worker

        self._closed = True
        task = self._task
        if task is not None and task is not asyncio.current_task() and task.get_loop() is asyncio.get_running_loop():
            task.cancel()
            await asyncio.wait([task], timeout=FLUSH_SECONDS)
        await run_in_worker(self.join, FLUSH_SECONDS)

    def join(self, timeout: float) -> None:
        """Wait for the thread, unless it is the caller's own."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def forget(self) -> None:
        """Nothing is under way: it could not begin, was cancelled, or is the parent's of this forked process."""
        self._busy, self._due = False, None

    def _is_gone(self) -> bool:
        """Whether the loop of its task was closed with the task in it."""
        return self._task is not None and self._task.get_loop().is_closed()

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        _tasks.discard(task)
        if task.cancelled() or task.exception() is not None:  # maybe before it had begun; or its loop was interrupted
            self.forget()

    def _start_thread(self) -> None:
        at_end_of_child(_leave)
        context = self._context.copy()
        thread = threading.Thread(target=context.run, args=(self._run,), name="ninelives-recovery", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the program is ending, or has all the threads that it may have
            self.forget()
        else:
            self._thread = thread

    def _run(self) -> None:
        from ninelives.replaying.begin import replay_of

        while (until := self._next()) is not None:
            try:
                replay_of(self._pipeline, LetterFilter(until=until), self._asked())
            except Exception as error:  # the store can't be read: the next time
                _warn(self._pipeline.name, error)
            except BaseException as error:  # a letter's function ended its thread, which is only this one
                _warn(self._pipeline.name, error)
                self.forget()
                return

    async def _arun(self) -> None:
        from ninelives.replaying.begin import areplay_of

        while (until := self._next()) is not None:
            try:
                await areplay_of(self._pipeline, LetterFilter(until=until), self._asked())
            except Exception as error:  # likewise
                _warn(self._pipeline.name, error)

    def _next(self) -> datetime | None:
        """Up to when letters failed that are to be run now; None: there is nothing more to do."""
        with self._lock:
            due, self._due = self._due, None
            if due is None or self.is_set():
                self._busy = False
                return None
            return due

    def _asked(self) -> Asked:
        from ninelives.replaying.choice import Asked

        return Asked(rate=self._rate, stop=self, wanted=_is_left_behind)


def _is_new(call: Call) -> bool:
    """Whether it is a success of the program's own: no fallback's, and no replay's, which is asked for some letters."""
    return call.error is None and call.letter is None


def _is_left_behind(letter: DeadLetter) -> bool:
    """Whether an outage may be why the letter is there, and it can be run at all."""
    return letter.reason in _OF_AN_OUTAGE and letter.replayable and not letter.redacted


def _warn(pipeline: str, error: BaseException) -> None:
    import logging

    from ninelives.describing import safe_message, type_name
    from ninelives.redaction import redact_text

    text, said = "what an outage left behind of pipeline %s could not be replayed: %s", safe_message(error)
    logging.getLogger("ninelives").warning(text, pipeline, redact_text(f"{type_name(error)}: {said}"))


_all: WeakSet[Recovery] = WeakSet()
_tasks: set[asyncio.Task[None]] = set()
_ending = threading.Event()


@at_end
def _leave() -> None:
    """The program ends: finish what is in hand, give back the rest."""
    import time

    _ending.set()
    end = time.monotonic() + FLUSH_SECONDS
    for recovery in tuple(_all):
        recovery.join(max(end - time.monotonic(), 0.0))


def _after_fork() -> None:
    for recovery in tuple(_all):
        recovery.forget()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
