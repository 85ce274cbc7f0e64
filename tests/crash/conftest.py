"""Runs what is in this folder as a program of its own: it forks, and its processes are killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def crash():
    """Tries an operation on these kinds of stores; gives the exit status, and what came of each."""
    # Those who are killed tell coverage nothing.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}

    def run(operation, *stores, **options):
        given = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        command = [sys.executable, str(Path(__file__).parent), "--operations", operation, "--stores", *stores, *given]
        done = subprocess.run([*command, "--json"], env=environment, capture_output=True, text=True, check=False)
        assert done.stdout, done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    return run
