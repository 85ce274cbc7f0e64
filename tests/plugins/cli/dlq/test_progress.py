"""How far something is: a bar, lines or nothing, and always on stderr."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import dataclass

import pytest

from ninelives.testing import FakeClock
from ninelives_cli.dlq.progress import Lines, showing


@dataclass
class Far:
    done: int
    total: int | None = None
    failed: int = 0


def test_lines_come_now_and_then(capsys):
    """Where no bar can be drawn a line comes every ten seconds, and none for what takes less."""
    clock = FakeClock()
    lines = Lines("replaying", clock.monotonic)
    for done in range(1, 26):
        clock.advance(1)
        lines(Far(2 * done, 60, done // 20))
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "replaying: 20 of 60, 2/s\nreplaying: 40 of 60, 1 failed, 2/s\n"


def test_a_total_that_is_not_known_is_not_said(capsys):
    """What a store can't count is counted as it comes."""
    clock = FakeClock()
    lines = Lines("importing", clock.monotonic)
    clock.advance(10)
    lines(Far(500))
    assert capsys.readouterr().err == "importing: 500, 50/s\n"


@pytest.mark.parametrize("hidden", [True, False])
def test_piped_something_short_says_nothing(capsys, hidden):
    """What is hidden says nothing, and no more does what takes less than ten seconds."""
    with showing("replaying", hidden=hidden) as show:
        show(Far(1, 2))
    assert capsys.readouterr() == ("", "")


DRAWS = """
import sys
from dataclasses import dataclass
from ninelives_cli.dlq.progress import showing

@dataclass
class Far:
    done: int
    total: int | None
    failed: int

with showing("replaying") as show:
    show(Far(1, None, 0))
    show(Far(30, 40, 2))
    print("from the function")
"""


def drawn(stdout: int | None, **environ: str) -> tuple[str, str]:
    """What the terminal on stderr was sent, and stdout if that is none."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "PYTHONUTF8": "1", **environ}
    program = [sys.executable, "-c", DRAWS]
    with subprocess.Popen(
        program, stdout=theirs if stdout is None else stdout, stderr=theirs, env=environ, text=True
    ) as process:
        os.close(theirs)
        shown = b"".join(iter(lambda: read(ours), b""))
        out = process.stdout.read() if process.stdout else ""
    os.close(ours)
    assert process.returncode == 0
    return shown.decode(), out


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that nobody holds the other end any more
        return b""


def test_a_terminal_gets_a_bar():
    """On a terminal there is a bar with the count, the failures and the rate; what others print stands above it."""
    shown, _ = drawn(None)
    assert "replaying" in shown
    assert "30 of 40  2 failed, " in shown
    assert "from the function\r\n" in shown


def test_stdout_is_left_alone():
    """The bar is on stderr, and what a function prints to stdout goes there."""
    shown, out = drawn(subprocess.PIPE)
    assert "30 of 40" in shown
    assert out == "from the function\n"


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"PYTHONIOENCODING": "ascii"}])
def test_a_poor_terminal_gets_no_bar(environ):
    """A terminal that can't be drawn on gets lines, as a pipe does."""
    shown, _ = drawn(None, **environ)
    assert shown == "from the function\r\n"
