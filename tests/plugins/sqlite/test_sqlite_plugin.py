"""The addresses of the scheme ``sqlite:``, beyond what they have in common with those of other local stores."""

from __future__ import annotations

import pytest

from ninelives import Address, ConfigurationError
from ninelives.testing.contracts.letters import letter
from ninelives_sqlite.factory import sqlite_store


def test_a_very_long_timeout_is_one(path):
    """A timeout that is longer than SQLite can count is as long as that."""
    store = sqlite_store(Address.parse(f"sqlite:{path}?timeout=1e300"))
    store.put(letter())
    assert store.count() == 1
    store.close()


def test_a_database_in_memory_is_refused():
    """SQLite's name for a database in memory is refused, and the store that keeps letters in memory is named."""
    with pytest.raises(ConfigurationError, match="letters are kept in memory by the store memory:"):
        sqlite_store(Address.parse("sqlite::memory:"))
