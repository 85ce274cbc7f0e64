"""The scheme ``file:``: its addresses, its options, and what its discovery costs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import ninelives_file
from ninelives import Address, ConfigurationError, Plugins
from ninelives.testing.contracts.letters import letter
from ninelives_file import plugin
from ninelives_file.factory import file_store


def test_the_scheme_is_registered(tmp_path):
    """`file:` is a file store at the address's path; making it touches no file."""
    store = Plugins(plugin).open_store(f"file:{tmp_path}/missing/dlq.json")
    assert isinstance(store, ninelives_file.FileStore)
    assert os.listdir(tmp_path) == []


def test_paths_are_made_absolute(tmp_path, monkeypatch):
    """A relative path is meant from where the store was made; without one it is `./local_dlq.json`."""
    monkeypatch.chdir(tmp_path)
    given, default = file_store(Address.parse("file:./x%20y.json")), file_store(Address.parse("file:"))
    monkeypatch.chdir("/")
    given.put(letter())
    default.put(letter())
    assert sorted(os.listdir(tmp_path)) == ["local_dlq.json", "x y.json"]
    assert default.name == f"file:{tmp_path}/local_dlq.json"


def test_options_are_read(path):
    """`fsync=off` and `lock_timeout=` are what they are as arguments."""
    store = file_store(Address.parse(f"file:{path}?fsync=off&lock_timeout=2.5"))
    assert (store._journal.where.durable, store._journal.where.lock_timeout) == (False, 2.5)
    store = file_store(Address.parse(f"file:{path}?fsync=on"))
    assert (store._journal.where.durable, store._journal.where.lock_timeout) == (True, 30.0)


@pytest.mark.parametrize(
    ("address", "problems"),
    [
        ("file:x?sync=on", ["option 'sync': expected one of: fsync, lock_timeout"]),
        ("file:x?fsync=maybe&lock_timeout=soon", ["expected on or off", "expected a number of seconds"]),
        ("file:x?lock_timeout=-1", ["expected a number of seconds"]),
        ("file:x?lock_timeout=nan", ["expected a number of seconds"]),
        ("file:x?lock_timeout=inf", ["expected a number of seconds"]),
        ("file:x%00y?fsync=1", ["without NUL", "expected on or off"]),
    ],
)
def test_wrong_addresses_are_refused(address, problems):
    """An unknown option, a wrong value or an impossible path is refused at once, each with its place."""
    with pytest.raises(ConfigurationError) as caught:
        file_store(Address.parse(address))
    assert len(caught.value.problems) == len(problems)
    assert all(text in str(problem) for text, problem in zip(problems, caught.value.problems, strict=True))


def test_discovery_imports_no_store():
    """Finding the plugin imports nothing of the store."""
    code = "import sys, ninelives_file.plugin; print([name for name in sys.modules if 'ninelives_file' in name])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found == "['ninelives_file', 'ninelives_file.plugin']\n"


def test_the_package_has_what_it_says():
    """The package's names can be had from it, and no other can."""
    assert all(hasattr(ninelives_file, name) for name in ninelives_file.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Fridge'"):
        _ = ninelives_file.Fridge
