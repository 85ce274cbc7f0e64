"""The scheme ``sqlite:``: its addresses, its options, and what its discovery costs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import ninelives_sqlite
from ninelives import Address, ConfigurationError, Plugins
from ninelives.testing.contracts.letters import letter
from ninelives_sqlite import plugin
from ninelives_sqlite.factory import sqlite_store


def test_the_scheme_is_registered(tmp_path):
    """`sqlite:` is a SQLite store at the address's path; making it touches no file."""
    store = Plugins(plugin).open_store(f"sqlite:{tmp_path}/missing/dlq.db")
    assert isinstance(store, ninelives_sqlite.SqliteStore)
    assert os.listdir(tmp_path) == []


def test_paths_are_made_absolute(tmp_path, monkeypatch):
    """A relative path is meant from where the store was made; without one it is `./dlq.db`."""
    monkeypatch.chdir(tmp_path)
    given, default = sqlite_store(Address.parse("sqlite:./x%20y.db")), sqlite_store(Address.parse("sqlite:"))
    monkeypatch.chdir("/")
    for store in (given, default):
        store.put(letter())
        store.close()
    assert sorted(os.listdir(tmp_path)) == ["dlq.db", "x y.db"]
    assert default.name == f"sqlite:{tmp_path}/dlq.db"


def test_options_are_read(path):
    """`fsync=off` and `timeout=` are what they are as arguments."""
    store = sqlite_store(Address.parse(f"sqlite:{path}?fsync=off&timeout=2.5"))
    assert (store._database.where.durable, store._database.where.timeout) == (False, 2.5)
    store = sqlite_store(Address.parse(f"sqlite:{path}?fsync=on"))
    assert (store._database.where.durable, store._database.where.timeout) == (True, 30.0)


def test_a_very_long_timeout_is_one(path):
    """A timeout that is longer than SQLite can count is as long as that."""
    store = sqlite_store(Address.parse(f"sqlite:{path}?timeout=1e300"))
    store.put(letter())
    assert store.count() == 1
    store.close()


@pytest.mark.parametrize(
    ("address", "problems"),
    [
        ("sqlite:x?sync=on", ["option 'sync': expected one of: fsync, timeout"]),
        ("sqlite:x?fsync=maybe&timeout=soon", ["expected on or off", "expected a number of seconds"]),
        ("sqlite:x?timeout=-1", ["expected a number of seconds"]),
        ("sqlite:x?timeout=nan", ["expected a number of seconds"]),
        ("sqlite:x?timeout=inf", ["expected a number of seconds"]),
        ("sqlite:x%00y?fsync=1", ["without NUL", "expected on or off"]),
        ("sqlite::memory:", ["letters are kept in memory by the store memory:"]),
    ],
)
def test_wrong_addresses_are_refused(address, problems):
    """An unknown option, a wrong value or an impossible path is refused at once, each with its place."""
    with pytest.raises(ConfigurationError) as caught:
        sqlite_store(Address.parse(address))
    assert len(caught.value.problems) == len(problems)
    assert all(text in str(problem) for text, problem in zip(problems, caught.value.problems, strict=True))


def test_discovery_imports_no_store():
    """Finding the plugin imports nothing of the store."""
    code = "import sys, ninelives_sqlite.plugin; print([name for name in sys.modules if 'ninelives_sqlite' in name])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found == "['ninelives_sqlite', 'ninelives_sqlite.plugin']\n"


def test_the_package_has_what_it_says():
    """The package's names can be had from it, and no other can."""
    assert all(hasattr(ninelives_sqlite, name) for name in ninelives_sqlite.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Fridge'"):
        _ = ninelives_sqlite.Fridge
