"""The database keeps every promise of a store: in one hand, and in two."""

from __future__ import annotations

import pytest

from ninelives.testing.contracts import StoreContract
from ninelives_sqlite import SqliteStore


class TestSqliteStore(StoreContract):
    """One object does everything."""

    @pytest.fixture
    def store(self, tmp_path, clock):
        return SqliteStore(tmp_path / "dlq.db", clock=clock)


class TestTwoHandles(TestSqliteStore):
    """Two objects share the database, as two processes would."""

    @pytest.fixture
    def other(self, tmp_path, clock):
        return SqliteStore(tmp_path / "dlq.db", clock=clock)
