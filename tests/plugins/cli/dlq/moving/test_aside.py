"""What a user's program prints while it runs: never on stdout, and never in the way of its work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO

import pytest

from ninelives_cli.dlq.aside import aside

REPLAY = ("dlq", "replay", "--app", "shop:pipeline", "--all")
LOUD = """
import subprocess, sys
subprocess.run(["echo", "imported"])

@pipeline
def charge(order):
    subprocess.run(["echo", "child"])
    print("charging", order)
    print("to stderr", order, file=sys.stderr)
    sys.stdout.flush()
    done(order)
"""


def test_what_other_programs_print_is_no_output_of_ours(program, keep, shop):
    """What a function starts inherits stderr as its stdout: with --json there is one object, and nothing else."""
    shop(LOUD)
    keep(1)
    ended = program(*REPLAY, "--json")
    assert json.loads(ended.stdout)["replayed"] == 1
    assert ended.stderr.splitlines() == ["imported", "child", "charging 0", "to stderr 0"]


@pytest.mark.parametrize("full", [True, False], ids=["full disk", "broken pipe"])
def test_a_function_does_not_fail_because_nobody_can_read_what_it_prints(program, keep, kept, shop, done, full):
    """Where stderr can't be written, letters run all the same, and are not counted as failed: the money has moved."""
    shop(LOUD.replace("subprocess.run", "str"))
    keep(3)
    if full:
        there = os.open("/dev/full", os.O_WRONLY)
    else:
        nobody, there = os.pipe()
        os.close(nobody)
    try:
        with program.start(*REPLAY, stdout=-1, stderr=there) as process:
            out, _ = process.communicate(timeout=60)
    finally:
        os.close(there)
    assert (out, process.returncode) == ("outcome   letters\nreplayed        3  succeeded, and gone\n", 0)
    assert (done(), kept()) == (["0", "1", "2"], {})


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_is_closed_is_no_obstacle(program, keep, kept, shop, done, stream):
    """Nothing is put where a closed stream was: the store's own file may stand there."""
    shop(LOUD)
    keep(2)
    assert program.closed(stream, *REPLAY).returncode == 0
    assert (done(), kept()) == (["0", "1"], {})


PRINTS = """
import os, sys
from ninelives_cli.dlq.aside import aside

try:
    with aside():
        os.system("echo a program")
        print("text")
        sys.stdout.buffer.write(b"bytes\\n")
        sys.stdout.writelines(["lines\\n"])
        sys.stdout.close()
        1 / 0
except ZeroDivisionError:
    print("after", sys.stdout.fileno(), flush=True)
    os.system("echo a program after")
"""


def test_stdout_is_as_it_was_afterwards():
    """Whatever ends it, what is printed then is on stdout again; meanwhile it can do all that stderr can."""
    ended = subprocess.run([sys.executable, "-c", PRINTS], capture_output=True, text=True, check=True)
    assert ended.stdout == "after 1\na program after\n"
    assert sorted(ended.stderr.splitlines()) == ["a program", "bytes", "lines", "text"]


def test_streams_that_are_no_files_do(monkeypatch):
    """Where tests put streams of their own, what is printed goes to theirs."""
    out, err = StringIO(), StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with aside():
        assert sys.stdout.write("meanwhile\n") == 10
        assert sys.stderr.write("text") == 4
    sys.stdout.write("after\n")
    assert (out.getvalue(), err.getvalue()) == ("after\n", "meanwhile\ntext")


def test_a_program_without_stderr_prints_to_nobody(monkeypatch):
    """With stderr closed there is still a stdout that a function can ask things of."""
    monkeypatch.setattr(sys, "stderr", None)
    with aside():
        sys.stdout.write("meanwhile\n")
        sys.stderr.flush()
    assert sys.stderr is None
