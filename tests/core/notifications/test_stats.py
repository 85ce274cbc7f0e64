"""Counting what became of notifications."""

from __future__ import annotations

from threading import Barrier, Thread

from ninelives.notifications.stats import Stats

TIMES = 200


def test_each_is_counted():
    """Threads that count at once lose nothing, whoever looks meanwhile."""
    stats, barrier = Stats(), Barrier(4)

    def count():
        barrier.wait()
        for number in range(TIMES):
            stats.sent("pager:")
            stats.failed(f"{number}:")
            stats.suppressed("grouped")
            stats.as_dict()

    threads = [Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = stats.as_dict()
    assert (told["sent"], told["suppressed"]) == ({"pager:": 4 * TIMES}, {"grouped": 4 * TIMES})
    assert told["failed"] == {f"{number}:": 4 for number in range(TIMES)}


def test_looking_holds_up_nobody_who_counts():
    """Whoever looks takes no lock: a signal's handler that counts in the midst of it would wait for itself."""
    stats, told = Stats(), []
    stats.sent("pager:")
    with stats._lock:
        thread = Thread(target=lambda: told.append(stats.as_dict()), daemon=True)
        thread.start()
        thread.join(10)
    assert told == [{"sent": {"pager:": 1}, "failed": {}, "suppressed": {}}]
