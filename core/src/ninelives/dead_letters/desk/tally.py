"""Keeping count of something that is done to letters by hand, one after the other."""

from __future__ import annotations

from ninelives.dead_letters.desk.report import Tended
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.progress import Progress, Stop, Told
from ninelives.errors import LeaseLostError, LetterBusyError, StoreError

__all__ = ["Tally"]


class Tally:
    """What came of it so far, who is told, and whether to go on.

    Args:
        doing: What is done, past tense: ``parked``.
        stop: Says when no more is to be begun.
        progress: Told how far it is.

    Attributes:
        report: What came of it so far.
        total: How many letters it is about; None while that is not known.
    """

    def __init__(self, doing: str, stop: Stop | None = None, progress: Told | None = None) -> None:
        self.report = Tended()
        self.total: int | None = None
        self._doing = doing
        self._stop = stop
        self._progress = progress
        self._trouble = False

    def stops(self) -> bool:
        """Whether no more is to be begun; asked only where there is more."""
        if self._stop is not None and self._stop.is_set():
            self.report.stopped = True
        return self.report.stopped

    def done(self) -> None:
        """It was done to one letter."""
        self.report.done += 1
        self._trouble = False
        self._tell()

    def skip(self, letter_id: str, why: str) -> None:
        """One letter needs nothing."""
        self.report.skipped += 1
        self.report.because(letter_id, why)
        self._tell()

    def passed(self, letter_id: str, why: StoreError, said: str | None = None) -> None:
        """One letter could not be had: it is held, or not there."""
        if isinstance(why, LetterBusyError):
            self.report.busy += 1
        else:
            self.report.missing += 1
        self.report.because(letter_id, said or str(why))
        self._tell()

    def fail(self, place: Place, letter_id: str, problem: StoreError) -> None:
        """It could not be done to one letter. Twice in a row, and it may pass: it is the store that fails.

        Raises:
            StoreError: The store fails.
        """
        busy = isinstance(problem, (LeaseLostError, LetterBusyError))
        self.report.busy += busy
        self.report.failed += not busy
        self.report.because(letter_id, said_of(place, problem))
        self._tell()
        trouble = problem.transient and not busy
        if trouble and self._trouble:
            raise self.ended(said_of(place, problem), problem)
        self._trouble = trouble

    def ended(self, said: str, problem: StoreError) -> StoreError:
        """The error that ends it all: what a store said, and how many letters were done by then."""
        if self.report.done:
            said = f"{self.report.done} letters were {self._doing}, then {said}"
        error = StoreError(said, transient=problem.transient)
        error.__cause__ = problem
        return error

    def _tell(self) -> None:
        if self._progress is not None:
            report = self.report
            failed = report.busy + report.missing + report.failed
            self._progress(Progress(report.done + report.skipped + failed, self.total, failed))
