"""Programs that end in their own ways: what was accepted is told, once, and no end takes longer than the flush time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ninelives.workers import FLUSH_SECONDS

PROGRAMS = Path(__file__).with_name("alert_children.py")
SIGNALLED = 3
SLACK = 10.0  # seconds: a machine with much to do starts and ends Python slowly


class Programs:
    """Starts programs of `alert_children.py`, and reads what their channel was sent."""

    def __init__(self, folder):
        self._told = folder / "told"
        # They are killed, or measured: none of them tells coverage anything.
        own = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "AWS_"))}
        self._environment = own
        self._folder = folder
        self.started = []

    def start(self, name, **environment):
        process = subprocess.Popen(
            [sys.executable, str(PROGRAMS), name, str(self._told)],
            env=self._environment | environment,
            cwd=self._folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.started.append(process)
        return process

    def run(self, name, **environment):
        """What it printed, and what it logged; it ended well."""
        process = self.start(name, **environment)
        printed, logged = process.communicate(timeout=60)
        assert process.returncode == 0, logged
        return printed, logged

    @property
    def told(self):
        """What arrived: process, kind, count."""
        lines = self._told.read_text().splitlines() if self._told.exists() else []
        return [tuple(json.loads(line)) for line in lines]

    @property
    def kinds(self):
        """What arrived, whoever sent it."""
        return sorted((kind, count) for _, kind, count in self.told)


@pytest.fixture
def programs(tmp_path):
    started = Programs(tmp_path)
    yield started
    for process in started.started:
        process.kill()
        process.communicate()


def test_a_handler_of_the_program_s_own_that_raises_systemexit(programs):
    """What was accepted before SIGTERM is delivered within the flush time, and the program ends as its handler says."""
    process = programs.start("signalled")
    assert process.stdout.readline() == "accepted\n"
    assert programs.told == []
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == SIGNALLED
    assert time.monotonic() - began < FLUSH_SECONDS + SLACK
    kinds = ["ConnectionError", "OSError", "TimeoutError"]
    assert programs.kinds == sorted((kind, count) for kind in kinds for count in (1, 9))


@pytest.mark.parametrize("name", ["hanging", "hanging_at_close"])
def test_a_channel_that_hangs_for_ever(programs, name):
    """The end takes the flush time at most; the other channel got all; what was not delivered is in the log."""
    began = time.monotonic()
    _, logged = programs.run(name)
    assert time.monotonic() - began < FLUSH_SECONDS + SLACK
    assert programs.kinds == [("OSError", 1), ("OSError", 9)]
    kept = [line for line in logged.splitlines() if "not_delivered_to=pager:" in line]
    assert ["no answer" in line for line in kept] == [True, True]
    assert "count=9" in kept[-1]


def test_a_forked_child(programs):
    """A child tells nothing of what its parent accepted or counted, and all of its own; so does the parent."""
    printed, _ = programs.run("forked")
    parent, child, status = map(int, printed.split())
    assert status == 0
    of_parent = sorted((kind, count) for pid, kind, count in programs.told if pid == parent)
    of_child = sorted((kind, count) for pid, kind, count in programs.told if pid == child)
    assert of_parent == [("ConnectionError", 1), ("ConnectionError", 4), ("OSError", 1), ("OSError", 9)]
    assert of_child == [("TimeoutError", 1), ("TimeoutError", 4)]
    assert len(programs.told) == len(of_parent) + len(of_child)


def test_where_nothing_runs_after_the_call(programs):
    """In Lambda an alert is delivered before `run` returns: what is frozen then sends nothing more."""
    programs.run("frozen", AWS_LAMBDA_FUNCTION_NAME="shop")
    assert programs.kinds == [("OSError", 1)]


def test_ten_thousand_failures_and_the_end(programs):
    """Ten thousand failures of one kind are one message at once, and one at the end that counts the others."""
    programs.run("many")
    assert [(kind, count) for _, kind, count in programs.told] == [("OSError", 1), ("OSError", 9_999)]


def test_ever_new_kinds(programs):
    """A flood of ever new kinds is bounded, and every failure is counted in one message."""
    programs.run("new_kinds")
    assert sum(count for _, _, count in programs.told) == 9_000
    assert len(programs.told) <= 2 * (1_000 + 1)


def test_a_pipeline_for_each_call(programs):
    """A program that builds and closes a pipeline for each call floods nobody: counts stay for the next, or the end."""
    programs.run("closing")
    assert sum(count for _, _, count in programs.told) == 100
    assert len(programs.told) <= 3
