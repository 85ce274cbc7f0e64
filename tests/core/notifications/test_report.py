"""What a direct notification reports, and what is counted."""

from __future__ import annotations

from threading import Barrier, Thread

from ninelives.notifications.report import Outcome, Report, Result
from ninelives.notifications.stats import Stats


def test_it_is_true_if_someone_took_it():
    """A report is true when at least one channel took it; it says which, which not, and why."""
    report = Report(
        (
            Result("sns:ops", Outcome.SENT),
            Result("pager:", Outcome.FAILED, "no answer"),
            Result("sms:", Outcome.SKIPPED, "it was not needed"),
        )
    )
    assert report
    assert report.sent == ["sns:ops"]
    assert report.failed == {"pager:": "no answer"}
    assert report.skipped == {"sms:": "it was not needed"}
    assert not Report(report.results[1:])
    assert not Report()


def test_counters_lose_nothing():
    """Threads that count at once lose no count."""
    stats, barrier = Stats(), Barrier(8)

    def count():
        barrier.wait()
        for _ in range(1_000):
            stats.sent("a:")
            stats.failed("b:")
            stats.suppressed("grouped")

    threads = [Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stats.as_dict() == {"sent": {"a:": 8_000}, "failed": {"b:": 8_000}, "suppressed": {"grouped": 8_000}}
