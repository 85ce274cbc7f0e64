"""Replays that run nothing: how many letters would be run, and which could not be."""

from __future__ import annotations

import threading

import pytest

from ninelives import LetterFilter, ReplayEnded, ReplayStarted, StoreError
from ninelives.dead_letters.memory import MemoryStore


def test_a_dry_run_runs_and_claims_nothing(shop, pipeline, service):
    """A dry run tells how many would be run, and which can't be and why; nothing is run, claimed, or changed."""
    pipeline.try_run(len, object())
    pipeline["dead_letter"].send_to_dlq("x")
    before = shop.letters(pipeline)
    told = []
    report = pipeline.replay(dry_run=True, progress=told.append)
    assert (report.planned, report.skipped, report.replayed, report.ok) == (10, 2, 0, False)
    assert next(iter(report.reasons.values())).startswith("its payload lacks args[0], which could not be kept: ")
    assert [one.done for one in told] == list(range(1, 13))
    assert shop.letters(pipeline) == before
    assert service.done == []
    assert shop.events.of(ReplayStarted) == shop.events.of(ReplayEnded) == []
    assert len(pipeline["dead_letter"].places[0].store.receive(100, lease=1)) == 12


def test_a_dry_run_of_some(shop, pipeline):
    """A dry run knows ids, filters, the limit and when it is to stop, as a run does."""
    ids = [letter["message_id"] for letter in shop.letters(pipeline)]
    report = pipeline.replay([*ids[:2], "nothing"], dry_run=True)
    assert (report.planned, report.skipped, report.total) == (2, 1, 3)
    assert "nothing" in report.reasons
    assert pipeline.replay(dry_run=True, limit=4).planned == 4
    assert pipeline.replay(LetterFilter(ids=frozenset(ids[:3])), dry_run=True).ok
    stop = threading.Event()
    stop.set()
    report = pipeline.replay(dry_run=True, stop=stop)
    assert (report.planned, report.stopped, report.ok) == (0, "asked to stop", False)
    assert pipeline.replay(LetterFilter(operation="another"), dry_run=True).planned == 0


def test_a_dry_run_of_two_stores(shop, service):
    """A letter that is in a store and in its fallback is planned once; what can't be searched is said."""
    store, fallback = MemoryStore(clock=shop.clock), MemoryStore(clock=shop.clock)
    options = {"store": store, "fallback": fallback}
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter=options)
    pipeline.try_run(service, 1)
    fallback.put_many(store.browse(LetterFilter(), limit=1).letters)
    pipeline.register(service, "serve")
    assert pipeline.replay(dry_run=True).planned == 1
    store.searchable = False
    report = pipeline.replay(dry_run=True)
    assert (report.planned, report.ok) == (1, False)
    assert "can't be searched" in report.problems[0]
    fallback.browse = lambda *_args, **_options: (_ for _ in ()).throw(StoreError("no disk"))
    with pytest.raises(StoreError):
        pipeline.replay(dry_run=True)
    pipeline.close()
