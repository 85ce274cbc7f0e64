"""What the tests of the SQLite store share."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ninelives.testing import FakeClock
from ninelives_sqlite import SqliteStore

CHILDREN = Path(__file__).with_name("sqlite_children.py")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "dlq.db"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store(path, clock):
    """Without syncs: tests of durability make their own."""
    store = SqliteStore(path, clock=clock, fsync=False)
    yield store
    store.close()


@pytest.fixture
def sql(path):
    """Does something to the database by hand, as someone with the ``sqlite3`` program would; what it answers."""

    def run(statement, *values):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    return run


@pytest.fixture
def child():
    """Starts a program of `sqlite_children.py`; what still runs at the end is ended."""
    # They are killed, or measured: none of them tells coverage anything.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    started = []

    def start(name, *args):
        command = [sys.executable, str(CHILDREN), name, *map(str, args)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=environment, text=True, stdin=pipe, stdout=pipe)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def output(child):
    """What a program of `sqlite_children.py` prints, as lines."""

    def run(name, *args):
        process = child(name, *args)
        printed, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return printed.splitlines()

    return run
