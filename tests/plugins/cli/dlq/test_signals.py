"""Being stopped: what the first and the second signal do, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from ninelives_cli.dlq.signals import Stop

WAITS = """
import signal, sys
from ninelives_cli.dlq.signals import stopping

before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
try:
    with stopping() as stop:
        print("ready", flush=True)
        stop.wait()
        print("asked", stop.status, flush=True)
        {then}
except KeyboardInterrupt:
    print("interrupted", flush=True)
finally:
    print([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before, flush=True)
"""


@pytest.fixture
def start():
    """Starts a program that waits; by what else it does in the end."""
    began: list[subprocess.Popen[str]] = []

    def start(then: str = "") -> subprocess.Popen[str]:
        program = [sys.executable, "-c", WAITS.format(then=then)]
        process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        began.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in began:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_first_signal_asks(start, number, status):
    """Ctrl-C, SIGTERM and SIGHUP set the event, say so on stderr and interrupt nothing; the handlers are restored."""
    process = start()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == (f"asked {status}\nTrue\n", 0)
    assert err == "Stopping: what is in hand is finished, the rest stays. Once more stops at once.\n"


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    ("second", "said", "status"), [(signal.SIGINT, "interrupted\nTrue\n", 0), (signal.SIGTERM, "True\n", 143)]
)
def test_the_second_signal_interrupts(start, first, second, said, status):
    """Another signal ends what is under way: Ctrl-C as Ctrl-C does, SIGTERM with its exit status."""
    process = start(then="signal.pause(); print('went on')")
    process.send_signal(first)
    assert process.stdout.readline().startswith("asked ")
    process.send_signal(second)
    out, _ = process.communicate(timeout=60)
    assert (out, process.returncode) == (said, status)


STUBBORN = """
import signal
from ninelives_cli.dlq.signals import stopping

with stopping() as stop:
    print("ready", flush=True)
    stop.wait()
    try:
        print("asked", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        signal.pause()
"""


def test_the_third_signal_kills():
    """Where even the second one ends nothing, the third one does as it would have without us."""
    program = [sys.executable, "-c", STUBBORN]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        for said in ("ready", "asked", "interrupted"):
            assert process.stdout.readline() == f"{said}\n"
            process.send_signal(signal.SIGINT)
    assert process.returncode == -signal.SIGINT


def test_the_third_signal_is_the_systems_own(monkeypatch):
    """It gets the system's own handling, and is raised once more."""
    done = []
    monkeypatch.setattr(signal, "signal", lambda *args: done.append(args))
    monkeypatch.setattr(signal, "raise_signal", done.append)
    stop = Stop()
    stop.handle(signal.SIGTERM, None)
    with pytest.raises(SystemExit):
        stop.handle(signal.SIGTERM, None)
    stop.handle(signal.SIGTERM, None)
    assert done == [(signal.SIGTERM, signal.SIG_DFL), signal.SIGTERM]
    assert stop.wait(60)


def test_what_was_ignored_stays_ignored():
    """A program that was started with Ctrl-C ignored, as in the background, is not stopped by it."""
    code = (
        "import os, signal; from ninelives_cli.dlq.signals import stopping\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "with stopping() as stop:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    stop.wait()\n"
        "    print(stop.status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "143\n"


def test_a_terminal_that_goes_away_only_asks():
    """Shells and systems send SIGHUP several times: it never interrupts, not even after another signal."""
    code = (
        "import os, signal; from ninelives_cli.dlq.signals import stopping\n"
        "with stopping() as stop:\n"
        "    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGHUP):\n"
        "        os.kill(os.getpid(), number)\n"
        "    stop.wait()\n"
        "    print(stop.status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "143\n"
