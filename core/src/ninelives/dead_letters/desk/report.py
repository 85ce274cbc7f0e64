"""What came of something that was done to letters by hand."""

from __future__ import annotations

from msgspec import Struct, field

__all__ = ["MAX_REASONS", "Tended"]

MAX_REASONS = 100
"""How many letters a report gives a reason for; the rest are only counted."""


class Tended(Struct, kw_only=True):
    """What came of something that was done to letters by hand.

    Attributes:
        done: Letters that it was done to.
        skipped: Letters that needed nothing: they are like that already; or, of a filter's, match no more or have gone.
        busy: Letters that someone else holds, or took meanwhile.
        missing: Letters that are not there.
        failed: Letters that it could not be done to; they are as they were.
        reasons: By letter id, why it was not done; at most 100.
        stopped: Whether it was stopped before all were done.
    """

    done: int = 0
    skipped: int = 0
    busy: int = 0
    missing: int = 0
    failed: int = 0
    reasons: dict[str, str] = field(default_factory=dict)
    stopped: bool = False

    @property
    def ok(self) -> bool:
        """Whether all that was asked for is so now."""
        return not (self.busy or self.missing or self.failed or self.stopped)

    def because(self, letter_id: str, why: str) -> None:
        """Note why it was not done to a letter."""
        if len(self.reasons) < MAX_REASONS:
            self.reasons[letter_id] = why
