"""The SQS store keeps the promises of a store, over HTTP: in one hand, and, as far as SQS allows, in two."""

from __future__ import annotations

import pytest
from msgspec import structs

from ninelives.testing.contracts import StoreContract
from ninelives.testing.contracts.letters import letter
from ninelives.testing.contracts.store_basics import LEASE, StoreBasics, ids


class TestSqsStore(StoreContract):
    """One object does everything; what SQS itself does not promise is left out."""

    keeps_order = False
    replaces = False

    @pytest.fixture
    def store(self, make_store, queue_url):
        return make_store(queue_url)


class TestTwoHandles(StoreBasics):
    """Two objects share the queue, as two processes would: what one holds the other can't see."""

    keeps_order = False
    replaces = False

    @pytest.fixture
    def store(self, make_store, queue_url):
        return make_store(queue_url)

    @pytest.fixture
    def other(self, make_store, queue_url):
        return make_store(queue_url)

    def test_a_lost_lease_ends_nothing(self, store, other, wait):
        """Who is late with a failed letter can't know that another process has it: a copy may be left, none is lost."""
        kept = letter()
        store.put(kept)
        (late,) = store.receive(1, lease=LEASE)
        wait(LEASE)
        (current,) = other.receive(1, lease=LEASE)
        store.release(late, structs.replace(kept, replay_count=1))
        other.release(current, structs.replace(kept, replay_count=1))
        assert set(ids(store.receive(10, lease=LEASE))) == {kept.id}
