"""A service that fails and comes back all day long, as those on call see it."""

from __future__ import annotations

import logging
from collections import Counter

import pytest

from ninelives import Pipeline
from ninelives.events import NotificationSuppressed
from ninelives.notifications.dispatch.telling import FLAPS
from ninelives.testing import FakeClock, RecordingChannel, RecordingListener

HOUR, CYCLE = 3_600, 90
CYCLES = 8 * HOUR // CYCLE


@pytest.fixture
def clock(caplog):
    caplog.set_level(logging.CRITICAL, "ninelives")  # there would be a line for each of thousands of calls
    return FakeClock()


def test_eight_hours(clock):
    """A circuit that is open for a minute in every one and a half is told twice, then every four hours."""
    pager, listener, table = RecordingChannel(), RecordingListener(NotificationSuppressed), []
    pipeline = Pipeline(
        "shop",
        breaker={"failure_threshold": 5, "recovery_timeout": 60},
        backoff=False,
        dead_letter=False,
        notify={"channels": [pager]},
        clock=clock,
        listeners=[listener],
    )
    notifier = pipeline["notify"]

    def look():
        assert notifier.flush(30.0)
        now, new = clock.monotonic(), pager.notifications[len(table) :]
        table.extend((now, told.details["phase"], told.error_type, told.count, told.resolved) for told in new)

    def let_pass(seconds):
        for _ in range(seconds // 10):
            clock.advance(10)
            look()

    def fail():
        raise TimeoutError("no answer")

    for _ in range(CYCLES):
        for _ in range(6):  # five that open it, one that is refused
            pipeline.try_run(fail)
        look()
        let_pass(60)
        assert pipeline.run(str) == ""
        look()
        let_pass(30)
    let_pass(2 * HOUR)
    pipeline.close()

    end = CYCLES * CYCLE - 30
    assert [row[:2] + row[3:] for row in table if row[2] == "circuit_open"] == [
        (30, "opened", 1, False),
        (60, "recovered", 0, True),
        (120, "opened", 1, False),
        (150, "recovered", 0, True),
        (450, "continues", 3, False),
        (450 + 4 * HOUR, "continues", 160, False),
        (450 + 8 * HOUR, "continues", 155, False),
        (end + HOUR, "continues", 0, True),
    ]
    assert [row[0] for row in table if row[2] != "circuit_open"] == [0, 300, 300 + 4 * HOUR, 300 + 8 * HOUR]
    assert sum(row[3] for row in table) == CYCLES * 6
    assert Counter(event.reason for event in listener.recorded)[FLAPS] == CYCLES - 2
    assert pager.notifications[-1].message.startswith("Circuit shop flaps no more, and has been closed since")
