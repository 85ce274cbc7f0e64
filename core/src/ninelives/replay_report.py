"""What came of a replay."""

from __future__ import annotations

from msgspec import Struct, field

__all__ = ["ReplayReport"]


class ReplayReport(Struct, kw_only=True):
    """What came of a replay.

    Attributes:
        replayed: Letters that succeeded and are gone.
        failed: Letters that failed again: back with the new error and count.
        parked: How many of the failed are parked now.
        refused: Letters given back unchanged because the circuit is open; the first of them ends the run.
        busy: Letters that someone else holds or has taken meanwhile.
        skipped: Letters that can't be run here; they are left as they are.
        unconfirmed: Letters that succeeded, but whose store could not record it: they may be run once more.
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
    reasons: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    retry_after: float | None = None

    @property
    def ok(self) -> bool:
        """Whether every letter that was meant succeeded."""
        left = (self.failed, self.refused, self.busy, self.skipped, self.unconfirmed, self.problems)
        return not any(left)
