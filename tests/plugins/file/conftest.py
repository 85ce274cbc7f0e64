"""What the tests of the file store share."""

from __future__ import annotations

import pytest

from ninelives.testing import FakeClock
from ninelives_file import FileStore


@pytest.fixture
def store_kind():
    return "file"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "dlq.json"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store(path, clock):
    """Without syncs: tests of durability make their own."""
    return FileStore(path, clock=clock, fsync=False)
