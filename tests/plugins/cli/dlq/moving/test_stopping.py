"""Ctrl-C and SIGTERM while letters run: the one in hand is finished, the others are given back, nothing is lost."""

from __future__ import annotations

import os
import pty
import signal

import pytest

# It says when it has a letter in hand, and goes on when it is told to.
SYNC = """
@pipeline
def charge(order):
    print("charging", order, flush=True)
    os.read(0, 1)
    done(order)
"""
ASYNC = """
import asyncio

@pipeline
async def charge(order):
    print("charging", order, flush=True)
    await asyncio.to_thread(os.read, 0, 1)
    done(order)
"""
WAITS = """
import asyncio

@pipeline
async def charge(order):
    print("charging", order, flush=True)
    await asyncio.Event().wait()
"""
REPLAY = ("dlq", "replay", "--app", "shop:pipeline", "--all")
SIGNALS = pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])


@SIGNALS
@pytest.mark.parametrize("text", [SYNC, ASYNC], ids=["sync", "async"])
def test_the_first_signal_finishes_what_is_in_hand(talking, keep, kept, free, shop, done, text, number, status):
    """The letter in hand is finished, the others are free at once, and the status says which signal it was."""
    shop(text)
    _, *others = keep(5)
    with talking(*REPLAY) as process:
        assert process.stderr.readline() == "charging 0\n"
        process.send_signal(number)
        assert process.stderr.readline().startswith("Stopping: what is in hand is finished, the rest stays.")
        out, err = process.communicate("\n", timeout=60)
    assert process.returncode == status
    assert out.splitlines()[1].split()[:2] == ["replayed", "1"]
    assert err == "Ended early: asked to stop. The rest is as it was.\n"
    assert done() == ["0"]
    assert list(kept()) == free() == [one.id for one in others]


@pytest.mark.parametrize(
    ("number", "status", "said"), [(signal.SIGINT, 130, "Interrupted.\n"), (signal.SIGTERM, 143, "")]
)
@pytest.mark.parametrize("text", [SYNC, WAITS], ids=["sync", "async"])
def test_the_second_signal_interrupts(talking, keep, kept, free, shop, done, text, number, status, said):
    """The call in hand is broken off, its letter comes back uncounted like the others, and no traceback is shown."""
    shop(text)
    letters = keep(3)
    with talking(*REPLAY) as process:
        assert process.stderr.readline() == "charging 0\n"
        process.send_signal(number)
        assert process.stderr.readline().startswith("Stopping: ")
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (status, "", said)
    assert done() == []
    assert list(kept()) == free() == [one.id for one in letters]
    assert [one.replay_count for one in kept().values()] == [0, 0, 0]


def test_a_signal_after_the_last_letter_changes_nothing(talking, keep, kept, shop, done):
    """Where nothing was left to do, being asked to stop is no failure."""
    shop(SYNC)
    keep(1)
    with talking(*REPLAY) as process:
        assert process.stderr.readline() == "charging 0\n"
        process.send_signal(signal.SIGTERM)
        assert process.stderr.readline().startswith("Stopping: ")
        process.communicate("\n", timeout=60)
    assert process.returncode == 0
    assert (done(), kept()) == (["0"], {})


def test_a_rate_does_not_hold_up_the_end(talking, keep, kept, shop):
    """Someone who waits for a slow rate is not kept waiting: the signal ends the wait."""
    shop('@pipeline\ndef charge(order):\n    print("charging", order, flush=True)\n')
    keep(3)
    with talking(*REPLAY, "--rate", "0.001") as process:
        assert process.stderr.readline() == "charging 0\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert len(kept()) == 2


LOUD = """
{kind}def charge(order):
    print("charging", order, flush=True)
    with open("go") as go:
        go.read()
    print("charged", order, flush=True)
    done(order)
"""


def read_until(terminal: int, text: bytes) -> None:
    shown = b""
    while text not in shown:
        shown += os.read(terminal, 65_536)


@pytest.mark.parametrize("kind", ["@pipeline\n", "@pipeline\nasync "], ids=["sync", "async"])
def test_a_terminal_that_goes_away_loses_nothing(program, keep, kept, free, shop, done, tmp_path, kind):
    """Where a connection breaks, the letter in hand is finished, whatever it prints, the others are free at once."""
    shop(LOUD.format(kind=kind))
    _, *others = keep(3)
    os.mkfifo(tmp_path / "go")
    ours, theirs = pty.openpty()
    with program.start(*REPLAY, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        read_until(ours, b"charging 0")
        process.send_signal(signal.SIGTERM)
        read_until(ours, b"Stopping: ")
        process.send_signal(signal.SIGHUP)
        os.close(ours)
        tmp_path.joinpath("go").write_text("on")
        process.wait(timeout=60)
    assert process.returncode == 143
    assert done() == ["0"]
    assert list(kept()) == free() == [one.id for one in others]
