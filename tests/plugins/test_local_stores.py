"""What the stores on a local disk have in common, beyond what every store promises."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import ninelives_file.plugin
import ninelives_sqlite.plugin
from ninelives import (
    Address,
    ConfigurationError,
    LetterBusyError,
    LetterFilter,
    LetterNotFoundError,
    Plugins,
    StoreError,
)
from ninelives.dead_letters.groups import groups_of
from ninelives.testing import FakeClock
from ninelives.testing.contracts.letters import letter
from ninelives_file.factory import file_store
from ninelives_sqlite.factory import sqlite_store


class Kind(NamedTuple):
    """A kind of store: its scheme, package, class and factory, its usual file, and how its time-out is called."""

    scheme: str
    package: ModuleType
    store: Callable[..., Any]
    factory: Callable[[Address], Any]
    file: str
    timeout: str
    settings: Callable[[Any], Any]


KINDS = [
    Kind(
        "file",
        ninelives_file,
        ninelives_file.FileStore,
        file_store,
        "local_dlq.json",
        "lock_timeout",
        lambda store: (store._journal.where.durable, store._journal.where.lock_timeout),
    ),
    Kind(
        "sqlite",
        ninelives_sqlite,
        ninelives_sqlite.SqliteStore,
        sqlite_store,
        "dlq.db",
        "timeout",
        lambda store: (store._database.where.durable, store._database.where.timeout),
    ),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.scheme)
def kind(request):
    return request.param


@pytest.fixture
def path(tmp_path):
    return tmp_path / "letters"


@pytest.fixture
def store(kind, path):
    store = kind.store(path, clock=FakeClock(), fsync=False)
    yield store
    store.close()


def test_the_scheme_is_registered(kind, tmp_path):
    """The scheme is a store at the address's path; making it touches no file."""
    store = Plugins(kind.package.plugin).open_store(f"{kind.scheme}:{tmp_path}/missing/letters")
    assert isinstance(store, kind.store)
    assert os.listdir(tmp_path) == []


def test_paths_are_made_absolute(kind, tmp_path, monkeypatch):
    """A relative path is meant from where the store was made; without one there is a file that is usual."""
    monkeypatch.chdir(tmp_path)
    given, usual = (kind.factory(Address.parse(f"{kind.scheme}:{path}")) for path in ("./x%20y.z", ""))
    monkeypatch.chdir("/")
    for store in (given, usual):
        store.put(letter())
        store.close()
    assert sorted(os.listdir(tmp_path)) == [kind.file, "x y.z"]
    assert usual.name == f"{kind.scheme}:{tmp_path}/{kind.file}"


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ("", (True, 30.0)),
        ("?fsync=on", (True, 30.0)),
        ("?fsync=off&TIMEOUT=2.5", (False, 2.5)),
        ("?TIMEOUT=0", (True, 0.0)),
    ],
)
def test_options_are_read(kind, path, options, settings):
    """`fsync=off` and the time-out are what they are as arguments."""
    store = kind.factory(Address.parse(f"{kind.scheme}:{path}{options.replace('TIMEOUT', kind.timeout)}"))
    assert kind.settings(store) == settings


@pytest.mark.parametrize(
    ("address", "problems"),
    [
        ("x?sync=on", ["option 'sync': expected one of: fsync, TIMEOUT"]),
        ("x?fsync=maybe&TIMEOUT=soon", ["expected on or off", "expected a number of seconds, 0 or more"]),
        ("x?TIMEOUT=-1", ["option 'TIMEOUT' is '-1': expected a number of seconds, 0 or more"]),
        ("x?TIMEOUT=nan", ["expected a number of seconds"]),
        ("x?TIMEOUT=inf", ["expected a number of seconds"]),
        ("x%00y?fsync=1", ["without NUL", "expected on or off"]),
        ("//ops:hunter2@host/x", ["expected a path on this machine, without user and host"]),
    ],
)
def test_wrong_addresses_are_refused(kind, address, problems):
    """An unknown option, a wrong value or an impossible path is refused at once, each with its place."""
    with pytest.raises(ConfigurationError) as caught:
        kind.factory(Address.parse(f"{kind.scheme}:{address.replace('TIMEOUT', kind.timeout)}"))
    assert len(caught.value.problems) == len(problems)
    for problem, text in zip(caught.value.problems, problems, strict=True):
        assert text.replace("TIMEOUT", kind.timeout) in str(problem)


def test_discovery_imports_no_store(kind):
    """Finding the plugin imports nothing of the store."""
    name = kind.package.__name__
    code = f"import sys, {name}.plugin; print([name for name in sys.modules if {name!r} in name])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found == f"['{name}', '{name}.plugin']\n"


def test_the_package_has_what_it_says(kind):
    """The package's names can be had from it, and no other can."""
    assert all(hasattr(kind.package, name) for name in kind.package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Fridge'"):
        _ = kind.package.Fridge


def test_before_the_first_letter_there_is_no_file(path, store):
    """Until a letter comes there is nothing, and no file is made by looking, claiming or closing."""
    assert (store.count(), store.count(LetterFilter(state="waiting"))) == (0, 0)
    assert store.browse(LetterFilter(), limit=9).letters == ()
    assert (store.receive(9, lease=60), store.purge(LetterFilter(state="waiting")), store.problems()) == ([], 0, ())
    assert (store.list_ids(LetterFilter(), limit=9).ids, store.expire(letter().created, limit=9)) == ((), [])
    assert groups_of(store, LetterFilter(), limit=9) == []
    with pytest.raises(LetterNotFoundError, match=path.name):
        store.claim(["x"], lease=60)
    store.close()
    assert not path.exists()


def test_a_letter_that_can_not_be_written_as_json(path, store):
    """A letter that JSON can't hold is refused before anything is written, and trying again is said to be in vain."""
    with pytest.raises(StoreError, match="can't be kept") as caught:
        store.put_many([letter(1), letter(2, message=object())])
    assert not caught.value.transient
    assert not path.exists()


def test_a_release_keeps_the_id(store):
    """A letter can't be given back as another one."""
    store.put(letter(1))
    (lease,) = store.receive(1, lease=60)
    with pytest.raises(StoreError, match="can't become"):
        store.release(lease, letter(2))
    assert store.get(lease.letter.id) == lease.letter


def test_a_claim_names_a_letter_once(store):
    """An id that is given twice is claimed once."""
    kept = letter()
    store.put(kept)
    (lease,) = store.claim([kept.id, kept.id], lease=60)
    store.ack(lease)
    assert store.count() == 0


@pytest.mark.parametrize("cursor", ["", "x", "soon/id"])
def test_a_foreign_cursor_is_refused(store, cursor):
    """A cursor that no page has given is refused, with what is expected."""
    for look in (store.browse, store.list_ids):
        with pytest.raises(StoreError, match="one that browse"):
            look(LetterFilter(), limit=1, cursor=cursor)


def test_a_page_of_nothing_goes_nowhere(store):
    """A page of no letters leaves the cursor where it was."""
    store.put_many([letter(1), letter(2)])
    first = store.browse(LetterFilter(), limit=1)
    again = store.browse(LetterFilter(), limit=0, cursor=first.cursor)
    assert (again.letters, again.cursor) == ((), first.cursor)


def test_who_finds_it_held_is_told_until_when(store):
    """Who wants a letter that someone else holds is told when their lease ends."""
    store.put(letter())
    (lease,) = store.receive(1, lease=60)
    with pytest.raises(LetterBusyError, match="until ") as caught:
        store.claim([lease.letter.id], lease=60)
    assert lease.until.isoformat(timespec="seconds") in str(caught.value)
