"""Ways to be killed in the middle of something."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import sqlite3
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from msgspec import Struct

from proof.ledger import Ledger

__all__ = ["Death", "Measure", "Steps", "cut_off", "next_death"]

# What stores ask the system for that changes something, or makes others wait.
_CALLS = ("open", "fsync", "ftruncate", "replace", "link", "unlink", "close", "fchmod")
_LITTLE = 500  # bytes that an operation writes at least, where files end smaller than they began
_INSTRUCTIONS = 50
"""SQLite's own instructions between two steps."""


class Measure(Struct, frozen=True):
    """What an operation takes when it is left alone.

    Attributes:
        steps: How many steps it has.
        seconds: How long it takes.
        growth: By how many bytes files grow.
        commits: How many transactions SQLite commits, or writes back.
    """

    steps: int = 0
    seconds: float = 0.0
    growth: int = 0
    commits: int = 0


class Death(Struct, frozen=True):
    """When and how to die; where nothing is given, not at all.

    Attributes:
        step: SIGKILL at this step.
        seconds: SIGKILL from outside, so long after the beginning.
        commit: SIGKILL so long after the beginning of this commit of SQLite's.
        growth: In the middle of the write that takes a file past so many bytes more than it has.
    """

    step: int | None = None
    seconds: float | None = None
    commit: int | None = None
    growth: int | None = None


def next_death(chance: Random, measure: Measure, *, torn: bool) -> Death:
    """Any moment of an operation like that."""
    if torn:
        return Death(growth=chance.randrange(max(measure.growth, _LITTLE)))
    if measure.commits and chance.random() < 0.5:
        # A commit is one call into C: its writes come at once, its sync takes the rest.
        return Death(commit=chance.randrange(1, measure.commits + 1), seconds=10 ** chance.uniform(-5, -2))
    if chance.random() < 0.75:
        return Death(step=chance.randrange(1, measure.steps + 1))
    return Death(seconds=chance.uniform(0, measure.seconds))


class Steps:
    """Counts what this process asks of the system, and is killed at one of these steps.

    Before and after each call is a step; with a write, before it is a part of it. Of SQLite, whose calls are made in C,
    before and after a statement, and so many instructions of it; in a commit, a while after it has begun.

    Args:
        death: Where to die.
        chance: How much of a write is made.
        ledger: Told what was going on.
    """

    def __init__(self, death: Death, chance: Random, ledger: Ledger) -> None:
        self.count = 0
        self.commits = 0
        self._watching = False
        self._numbers = count(1)
        self._death = death
        self._chance = chance
        self._ledger = ledger

    def begin(self) -> None:
        """Watch from now on, to the end of the process."""
        self._watching = True
        for name in _CALLS:
            setattr(os, name, self._watched(name, getattr(os, name)))
        os.write = self._torn(os.write)
        fcntl.flock = self._watched("flock", fcntl.flock)

    def watch_sqlite(self) -> None:
        """Make connections that are watched; before the first one is made."""
        steps = self

        class Watched(sqlite3.Connection):
            def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:
                steps.step(word := sql.split(None, 1)[0].upper())
                if word == "COMMIT" or "checkpoint" in sql:
                    steps.commit()
                result = super().execute(sql, *given)
                steps.step(word)
                return result

        connect: Callable[..., Any] = sqlite3.connect

        def watched(*args: Any, **kwargs: Any) -> Any:
            connection = connect(*args, **{"factory": Watched, **kwargs})
            connection.set_progress_handler(lambda: steps.step("instructions"), _INSTRUCTIONS)
            return connection

        sqlite3.connect = watched

    def step(self, name: str, last: Callable[[], object] = bool) -> None:
        """One more; where it is the last one, do this and die."""
        if not self._watching:
            return
        self.count = number = next(self._numbers)
        if number == self._death.step:
            last()
            self._ledger.say("died", name)
            die()

    def commit(self) -> None:
        """One more commit begins; where it is the last one, die while it goes on."""
        if not self._watching:
            return
        self.commits += 1
        if self.commits == self._death.commit:
            self._ledger.say("died", "in COMMIT")
            threading.Timer(self._death.seconds or 0.0, die).start()

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.step(name)
            result = call(*args, **kwargs)
            self.step(name)
            return result

        return watched

    def _torn(self, write: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
        def watched(descriptor: int, data: Any) -> int:
            self.step("write", lambda: write(descriptor, data[: self._chance.randrange(len(data))]))
            result = write(descriptor, data)
            self.step("write")
            return result

        return watched


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody comes here")


def cut_off(folder: Path, growth: int, chance: Random) -> None:
    """Be killed by the system in the middle of the write that takes a file so far beyond its size, at that byte."""
    sizes = sorted(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    size = chance.choice(sizes) if sizes else 0
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it, and the write would only fail
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + growth, size + growth))
