"""What the tests of the file store share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ninelives.testing import FakeClock
from ninelives_file import FileStore

CHILDREN = Path(__file__).with_name("children.py")


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


@pytest.fixture
def child():
    """Starts a program of `children.py`; what still runs at the end is ended."""
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
    """What a program of `children.py` prints, as lines."""

    def run(name, *args):
        process = child(name, *args)
        printed, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return printed.splitlines()

    return run
