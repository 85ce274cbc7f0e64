"""The file keeps every promise of a store: in one hand, and in two."""

from __future__ import annotations

import pytest

from ninelives.testing.contracts import StoreContract
from ninelives_file import FileStore


class TestFileStore(StoreContract):
    """One object does everything."""

    @pytest.fixture
    def store(self, tmp_path, clock):
        return FileStore(tmp_path / "dlq.json", clock=clock)


class TestTwoHandles(TestFileStore):
    """Two objects share the file, as two processes would."""

    @pytest.fixture
    def other(self, tmp_path, clock):
        return FileStore(tmp_path / "dlq.json", clock=clock)
