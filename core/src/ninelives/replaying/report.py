"""What came of a replay, and how far it is."""

from __future__ import annotations

from msgspec import Struct, field

__all__ = ["ReplayProgress", "ReplayReport"]


class ReplayReport(Struct, kw_only=True):
    """What came of a replay.

    Attributes:
        replayed: Letters that succeeded and are gone.
        failed: Letters that failed again: back with the new error and count.
        parked: How many of the failed are parked now.
        refused: Letters given back unchanged because the circuit is open; the first of them ends the run.
        busy: Letters that someone else holds or has taken meanwhile.
        skipped: Letters that can't be run here, or are no longer what was asked for; they are left as they are.
        unconfirmed: Letters that succeeded, but whose store could not record it: they may be run once more.
        lost: Letters whose lease was lost while they ran, whatever came of them: someone else may have run them too.
        planned: Of a dry run, how many letters would be run; otherwise None.
        total: How many letters the run was about; None where a store can't say.
        stopped: Why it ended before all were run: ``circuit open``, ``canary failed``, ``asked to stop``;
            None: it did not. (An event may say ``interrupted`` or ``a store failed`` too: then there is no report.)
        reasons: By letter id, why it was not replayed; at most 100.
        problems: What stores said that could not be read while another could: their letters were not replayed.
        retry_after: Where a refusal ended the run: seconds until the circuit admits a call.
    """

    replayed: int = 0
    failed: int = 0
    parked: int = 0
    refused: int = 0
    busy: int = 0
    skipped: int = 0
    unconfirmed: int = 0
    lost: int = 0
    planned: int | None = None
    total: int | None = None
    stopped: str | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    retry_after: float | None = None

    @property
    def ok(self) -> bool:
        """Whether every letter that was meant succeeded, once; of a dry run, whether each could be run."""
        left = (self.failed, self.refused, self.busy, self.skipped, self.unconfirmed, self.lost, self.problems)
        return not any(left) and self.stopped is None


class ReplayProgress(Struct, frozen=True, kw_only=True):
    """How far a replay is.

    Attributes:
        done: How many letters it is through with, whatever came of them.
        total: How many it is about; None where a store can't say.
        report: The report so far; it goes on changing.
    """

    done: int
    total: int | None
    report: ReplayReport

    @property
    def failed(self) -> int:
        """How many letters failed again so far."""
        return self.report.failed
