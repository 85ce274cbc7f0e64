"""Counting what comes of the letters, and telling it: as events, and to whoever asked to be told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

from ninelives.events import Event, ReplayEnded, ReplayProgressed, ReplayStarted, RunEvent
from ninelives.faults import log_fault
from ninelives.locks import new_lock
from ninelives.replaying.report import ReplayProgress, ReplayReport

if TYPE_CHECKING:
    from ninelives.clock import Clock
    from ninelives.replaying.choice import Asked

__all__ = ["MAX_REASONS", "Tally"]

MAX_REASONS = 100
"""How many letters the report gives a reason for; the rest are only counted."""

TELL_EVERY = 1.0
"""Seconds between two events that say how far it is, at least."""


class Tally:
    """What came of a replay so far. Counted by several threads; told by one at a time.

    Args:
        pipeline: Whose letters.
        asked: Who wants to be told.
        clock: Tells the time.
        emit: Tells the pipeline's listeners.

    Attributes:
        report: What was counted.
        done: How many letters it is through with.
        listed: How many letters it is about, as far as they were listed; None where they can't be.
    """

    def __init__(self, pipeline: str, asked: Asked, clock: Clock, emit: Callable[[Event], None]) -> None:
        self.report = ReplayReport()
        self.done = 0
        self.listed: int | None = None
        self._pipeline = pipeline
        self._asked = asked
        self._clock = clock
        self._emit = emit
        self._lock = new_lock()
        self._untold: deque[int] = deque()
        self._telling = Lock()  # held while the program is told: no lock of ours
        self._began = self._last = clock.monotonic()
        self._reported = False

    @property
    def total(self) -> int | None:
        """How many letters it is about; what is held by others or gone does not count against the limit."""
        limit = self._asked.limit
        if self.listed is None or limit is None:
            return self.listed
        return min(self.listed, limit + self.report.busy + self.report.skipped)

    def count(self, what: str, letter_id: str, why: str | None = None) -> None:
        """One letter more that this came of; it is through with it."""
        with self._lock:
            self._add(what, letter_id, why)
            self.done += 1
            self._untold.append(self.done)

    def more(self, what: str, letter_id: str = "", why: str | None = None) -> None:
        """The same of a letter that is counted for something else too."""
        with self._lock:
            self._add(what, letter_id, why)

    def unlist(self) -> None:
        """One of those listed is no letter of its own."""
        with self._lock:
            self.listed = None if self.listed is None else self.listed - 1

    def began(self) -> None:
        """The letters are known as far as they can be: it begins."""
        self._tell(ReplayStarted)

    def tell(self) -> None:
        """Tell how far it is. What someone else tells at the moment is left to them."""
        while self._untold and self._telling.acquire(blocking=False):
            try:
                while self._untold:
                    self._progressed(self._untold.popleft())
            finally:
                self._telling.release()

    def ended(self) -> None:
        """It is over."""
        self.tell()
        self.report.total = self.total
        now = self._clock.monotonic()
        self._tell(ReplayEnded, **self._counts, elapsed=now - self._began, stopped=self.report.stopped)

    @property
    def _counts(self) -> dict[str, int]:
        return {"done": self.done, "replayed": self.report.replayed, "failed": self.report.failed}

    def _add(self, what: str, letter_id: str, why: str | None) -> None:
        setattr(self.report, what, getattr(self.report, what) + 1)
        if why is not None and (letter_id in self.report.reasons or len(self.report.reasons) < MAX_REASONS):
            self.report.reasons[letter_id] = why

    def _progressed(self, done: int) -> None:
        if self._asked.progress is not None:
            try:
                self._asked.progress(ReplayProgress(done=done, total=self.total, report=self.report))
            except Exception as error:  # whatever it is, the letters do not suffer for it
                self._report(error)
        now = self._clock.monotonic()
        if now - self._last >= TELL_EVERY:
            self._last = now
            self._tell(ReplayProgressed, **self._counts)

    def _tell(self, kind: type[RunEvent], **fields: Any) -> None:
        self._emit(kind(at=self._clock.now(), pipeline=self._pipeline, total=self.total, **fields))

    def _report(self, error: Exception) -> None:
        if not self._reported:
            self._reported = True
            log_fault("warning", "replay(progress=) raised; further errors of it are not logged", fault=error)
