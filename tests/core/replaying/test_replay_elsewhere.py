"""Replaying letters that are in another store, or of another pipeline."""

from __future__ import annotations

import pytest

from ninelives import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.replaying.begin import replay_from


def test_letters_of_another_store_run_through_the_pipeline(shop, pipeline, service):
    """Letters that were moved to another store are run with the pipeline's functions, and are gone from there."""
    other = MemoryStore(clock=shop.clock)
    other.put_many(pipeline["dead_letter"].places[0].store.browse(LetterFilter(), limit=5).letters)
    report = replay_from(pipeline, other, limit=4)
    assert (report.replayed, other.count(), len(shop.letters(pipeline))) == (4, 1, 10)
    assert replay_from(pipeline, "memory:nothing-is-here").total == 0


def test_a_pipeline_without_letters_can_run_those_of_another_store(shop, service):
    """A pipeline whose chain keeps no letters can run those of a store that it is given."""
    other = MemoryStore(clock=shop.clock)
    keeps = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": other})
    keeps.using(operation="serve").try_run(service, 1)
    bare = shop.pipeline(dead_letter=False)
    done = []
    bare.register(done.append, "serve")
    assert replay_from(bare, other).replayed == 1
    assert done == [1]


def test_letters_of_another_pipeline_are_not_taken_for_its_own(pipeline, service):
    """A filter that names another pipeline is refused: it must not mean all letters of this one."""
    with pytest.raises(ValueError, match="letters of pipeline 'other' are run by that pipeline, not by 'shop'"):
        pipeline.replay(LetterFilter(pipeline="other"))
    assert service.done == []
    assert pipeline.replay(LetterFilter(pipeline="shop")).replayed == 10
