"""Killing a process again and again, and looking at what it has left."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import NoReturn

from msgspec import Struct, field

from ninelives.testing import FakeClock
from proof.afterwards import AFTERWARDS, Left
from proof.checking import Fault, check, drain, found_in
from proof.dying import Death, Measure, Steps, cut_off, next_death
from proof.expected import Expected
from proof.ledger import Ledger, Note
from proof.scenarios import SCENARIOS, World
from proof.stores import KINDS

__all__ = ["Rounds", "Tally"]

TRIES = 10
"""Of so many processes one is to be killed: the others may have come to their end before."""

PATIENCE = 120
"""Seconds after which a process that should be at its end, or killed, hangs."""

BETWEEN = "(between)"


class Tally(Struct, kw_only=True):
    """What came of it.

    Attributes:
        operation, store: What was tried, on which kind of store.
        killed: How many processes were killed by SIGKILL.
        torn: How many were killed in the middle of a write, at a byte that was chosen.
        ended: How many came to their end before: their stores are looked at too.
        inside: In which of the store's operations the killed were.
        at: What the killed were doing just then, where that is known.
        letters: How many times a letter was looked for.
        slowest: The longest that it took to open a store and to look through it, in seconds.
        faults: What was wrong.
    """

    operation: str
    store: str
    killed: int = 0
    torn: int = 0
    ended: int = 0
    inside: Counter[str] = field(default_factory=Counter)
    at: Counter[str] = field(default_factory=Counter)
    letters: int = 0
    slowest: float = 0.0
    faults: list[Fault] = field(default_factory=list)

    @property
    def hits(self) -> int:
        """How many were killed in the middle of an operation."""
        return sum(number for name, number in self.inside.items() if name != BETWEEN)

    def number(self, *kinds: str) -> int:
        """How many faults are of these kinds."""
        return sum(fault.kind in kinds for fault in self.faults)


class Rounds:
    """One operation on one kind of store.

    Args:
        operation, store: By their names.
        seed: Makes every moment what it is.
    """

    def __init__(self, operation: str, store: str, seed: str) -> None:
        self.tally = Tally(operation=operation, store=store)
        self._scenario = SCENARIOS[operation]
        self._kind = KINDS[store]
        self._chance = Random(f"{seed} {operation} {store}")
        self._ledger = Ledger()
        self._clock = FakeClock()
        self._folder = Path(tempfile.mkdtemp(prefix="ninelives-crash-"))
        self._expected: dict[str, Expected] = {}
        self._lives = 0

    def run(self, kills: int, torn: int = 0) -> Tally:
        """Kill so many processes by SIGKILL, and so many in the middle of a write."""
        try:
            measure = self._measure()
            self._repeat(kills, measure, torn=False)
            self._repeat(torn, measure, torn=True)
            self._leave()
        finally:
            shutil.rmtree(self._folder)
            self._ledger.close()
        return self.tally

    def _repeat(self, number: int, measure: Measure, *, torn: bool) -> None:
        killed = 0
        for _ in range(TRIES * number):
            if killed == number:
                return
            killed += self._round(next_death(self._chance, measure, torn=torn))
        if killed < number:
            self.tally.faults.append(Fault("missed", f"only {killed} of {number} were killed: it is over too soon"))

    def _measure(self) -> Measure:
        self._live(Death())
        steps, seconds, growth, commits = self._ledger.said("ended") or ("1", "0", "0", "0")
        self._look("a life that nobody ends")
        return Measure(int(steps), float(seconds), int(growth), int(commits))

    def _size(self) -> int:
        return sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())

    def _round(self, death: Death) -> bool:
        """Live and die once; whether it did."""
        if self._lives >= self._scenario.lives:
            self._leave()
        killed = os.WIFSIGNALED(self._live(death))
        self.tally.ended += not killed
        self.tally.torn += killed and death.growth is not None
        self.tally.killed += killed and death.growth is None
        self.tally.at.update(self._ledger.said("died"))
        self._look(f"{death}", killed=killed)
        return killed

    def _leave(self) -> None:
        """Empty the stores, see that nothing comes back, and go on in an empty folder."""
        for place in self._places():
            self.tally.faults += drain(self._kind, place, self._clock)
        self._begin_anew()

    def _begin_anew(self) -> None:
        for place in self._places():
            shutil.rmtree(place)
        self._expected.clear()
        self._lives = 0

    def _places(self) -> list[Path]:
        return sorted(self._folder.iterdir())

    def _live(self, death: Death) -> int:
        """The status that the process ends with."""
        self._lives += 1
        self._ledger.clear()
        seed, (begins, begun) = self._chance.random(), os.pipe()
        process = os.fork()
        if process == 0:
            self._child(death, Random(seed), begun)
        os.close(begun)
        if os.read(begins, 1) and death.seconds is not None and death.commit is None:
            time.sleep(death.seconds)
            os.kill(process, signal.SIGKILL)
        os.close(begins)
        _, status = os.waitpid(process, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
            self.tally.faults.append(Fault("failed", f"it hung for {PATIENCE} s [{death}]"))
        self.tally.faults += (Fault("failed", said) for said in self._ledger.said("failed"))
        return status

    def _child(self, death: Death, chance: Random, begun: int) -> NoReturn:
        signal.alarm(PATIENCE)
        try:
            size, began = 0, 0.0
            steps = Steps(death, chance, self._ledger)
            steps.watch_sqlite()

            def begin() -> None:
                nonlocal size, began
                size, began = self._size(), time.perf_counter()
                os.write(begun, b".")
                if death.growth is not None:
                    cut_off(self._folder, death.growth, chance)
                steps.begin()

            world = World(self._folder, self._kind, self._clock, chance, self._ledger, begin)
            self._scenario.run(world)
            with self._ledger.doing("close"):
                world.close()
            seconds, growth = time.perf_counter() - began, self._size() - size
            self._ledger.say("ended", *map(str, (steps.count, seconds, growth, steps.commits)))
        except BaseException:
            self._ledger.say("failed", traceback.format_exc())
        finally:
            os._exit(0)

    def _look(self, death: str, *, killed: bool = False) -> None:
        """Compare every store with what was written of it."""
        notes, faults = self._ledger.notes(), list[Fault]()
        known = frozenset(self._ledger.said("meant"))
        for place in self._places():
            expected = self._expected.setdefault(place.name, Expected())
            expected.read(note for note in notes if note.place == place.name)
            began = time.perf_counter()
            faults += check(self._kind, place, expected, self._clock, known)
            self.tally.slowest = max(self.tally.slowest, time.perf_counter() - began)
            self.tally.letters += len(list(expected))
        if killed:
            self.tally.inside[pending_in(notes)] += 1
        if (afterwards := AFTERWARDS.get(self.tally.operation)) is not None:
            faults += self._afterwards(afterwards)
        self.tally.faults += (Fault(fault.kind, f"{fault.about} [{death}]") for fault in faults)
        if faults:
            self._begin_anew()  # what was found once is not to be found in each life that follows
        else:
            self._take_as_it_is()

    def _afterwards(self, look: Callable[[Left], Iterable[Fault]]) -> list[Fault]:
        faults: list[Fault] = []
        try:
            faults.extend(look(Left(self._folder, self._kind, self._clock, self._ledger)))
        except Exception:
            faults.append(Fault("failed", traceback.format_exc()))
        return faults

    def _take_as_it_is(self) -> None:
        """What was possible is now known: the next life goes on from there."""
        for place in self._places():
            store = self._kind.open(place, self._clock)
            self._expected[place.name] = Expected(found_in(store))
            store.close()


def pending_in(notes: list[Note]) -> str:
    """What had begun and not returned: the operation, and which of its store's it was in."""
    pending = {note.number: note for note in notes if not note.done}
    for note in notes:
        if note.done:
            pending.pop(note.number, None)
    named = list(pending.values())
    if not named:
        return BETWEEN
    within = [note.what for note in named if note.place]
    return named[0].what if named[0].place or not within else f"{named[0].what}: {within[0]}"
