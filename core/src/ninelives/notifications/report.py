"""What became of one notification that was sent directly."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

__all__ = ["Outcome", "Report", "Result"]


class Outcome(StrEnum):
    """What became of it at one channel."""

    SENT = "sent"
    """The channel has accepted it."""
    FAILED = "failed"
    """It has not, its retries included."""
    SKIPPED = "skipped"
    """It was not tried."""


class Result(Struct, frozen=True):
    """What became of it at one channel.

    Attributes:
        channel: What the channel is called, secrets masked.
        outcome: Sent, failed or skipped.
        reason: Why it was not sent, masked; None: it was.
    """

    channel: str
    outcome: Outcome
    reason: str | None = None


class Report(Struct, frozen=True):
    """What became of one notification; true if at least one channel took it.

    What a channel did not take, and none of its failover group either, is in the log.

    Attributes:
        results: One for each channel, those of failover groups in their order.

    Example:
        >>> report = Report((Result("sns:ops", Outcome.SENT), Result("pager:", Outcome.FAILED, "no answer")))
        >>> bool(report), report.sent, report.failed
        (True, ['sns:ops'], {'pager:': 'no answer'})
    """

    results: tuple[Result, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sent)

    @property
    def sent(self) -> list[str]:
        """The channels that took it."""
        return [result.channel for result in self.results if result.outcome is Outcome.SENT]

    @property
    def failed(self) -> dict[str, str]:
        """The channels that did not, and why."""
        return self._reasons(Outcome.FAILED)

    @property
    def skipped(self) -> dict[str, str]:
        """The channels that were not tried, and why: another of their group took it, or it was not bad enough."""
        return self._reasons(Outcome.SKIPPED)

    def _reasons(self, outcome: Outcome) -> dict[str, str]:
        return {result.channel: result.reason or "" for result in self.results if result.outcome is outcome}
