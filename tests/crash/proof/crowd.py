"""Eight processes at one store at once: each letter is acknowledged once or there, and no two hold one."""

from __future__ import annotations

import os
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NoReturn

from msgspec import Struct, field
from msgspec.structs import replace

from ninelives.clock import SYSTEM_CLOCK
from ninelives.dead_letters.store import Lease
from ninelives.errors import LeaseLostError
from proof.checking import Fault, found_in
from proof.ledger import Ledger, Note
from proof.scenarios import World
from proof.stores import KINDS, Kind

__all__ = ["PROCESSES", "Sum", "crowd"]

PROCESSES = 8

_LONG, _SHORT = 600.0, 0.02
"""Seconds of a lease: one that outlasts the crowd, and one that ends while its holder dawdles."""


class Sum(Struct, kw_only=True):
    """What eight processes have done.

    Attributes:
        store: The kind of store.
        put, acked, there: How many letters were put, acknowledged, and are there at the end.
        received: How often a letter was handed out.
        late: How often a holder came too late, and was told so.
        seconds: How long it took.
        faults: What was wrong.
    """

    store: str
    put: int = 0
    acked: int = 0
    there: int = 0
    received: int = 0
    late: int = 0
    seconds: float = 0.0
    faults: list[Fault] = field(default_factory=list)


_Claim = tuple[str, str]  # a letter and a token


class Hold(Struct, frozen=True):
    """That somebody held a letter from when to when, for certain."""

    start: float
    end: float


def crowd(store: str, seed: str, *, turns: int | None = None, seconds: float | None = None) -> Sum:
    """Let them put, receive, acknowledge and give back at random.

    Args:
        store: The kind of store, by its name.
        seed: Makes each of them do what it does.
        turns: How many things each of them does; None: as many as it can.
        seconds: For how long.
    """
    kind, began = KINDS[store], time.perf_counter()
    ledgers = [Ledger(1 << 26) for _ in range(PROCESSES)]
    with tempfile.TemporaryDirectory(prefix="ninelives-crowd-") as folder:
        _together(kind, Path(folder), ledgers, seed, turns, seconds)
        total = Sum(store=store, seconds=time.perf_counter() - began)
        home = kind.open(Path(folder) / "home", None)
        _add_up(total, [ledger.notes() for ledger in ledgers], Counter(letter.id for letter in found_in(home)))
        home.close()
    for number, ledger in enumerate(ledgers):
        total.faults += (Fault("failed", f"process {number}: {said}") for said in ledger.said("failed"))
        total.late += len(ledger.said("late"))
        ledger.close()
    return total


def _together(
    kind: Kind, folder: Path, ledgers: list[Ledger], seed: str, turns: int | None, seconds: float | None
) -> None:
    (folder / "home").mkdir()
    waits, starts = os.pipe()
    started: list[int] = []
    for number, ledger in enumerate(ledgers):
        process = os.fork()
        if process == 0:
            os.close(starts)
            os.read(waits, 1)  # until the other end is closed: all begin at once
            chance = Random(f"{seed} {number}")
            _one(_Worker(kind, folder, ledger, chance), turns, seconds)
        started.append(process)
    os.close(starts)
    os.close(waits)
    for process in started:
        os.waitpid(process, 0)


def _one(worker: _Worker, turns: int | None, seconds: float | None) -> NoReturn:
    try:
        end, turn = time.monotonic() + (seconds or 1e9), 0
        while (turns is None or turn < turns) and time.monotonic() < end:
            worker.turn()
            turn += 1
    except BaseException:
        worker.ledger.say("failed", traceback.format_exc())
    finally:
        os._exit(0)


class _Worker:
    """One of the eight."""

    def __init__(self, kind: Kind, folder: Path, ledger: Ledger, chance: Random) -> None:
        self.ledger = ledger
        self._chance = chance
        self._world = World(folder, kind, SYSTEM_CLOCK, chance, ledger)
        self._store = self._world.store()
        self._leases: list[Lease] = []

    def turn(self) -> None:
        """Do one thing, whatever it may be."""
        chance = self._chance.random()
        if chance < 0.3:
            self._store.put(self._world.letter(300))
        elif chance < 0.35:
            self._store.put_many(self._world.letters(3, size=300))
        elif chance < 0.65 or not self._leases:
            lease = _LONG if self._chance.random() < 0.8 else _SHORT
            self._leases += self._store.receive(self._chance.randrange(1, 4), lease=lease)
        else:
            self._end(self._leases.pop(self._chance.randrange(len(self._leases))))

    def _end(self, lease: Lease) -> None:
        chance, letter = self._chance.random(), lease.letter
        try:
            if chance < 0.6:
                self._store.ack(lease)
            elif chance < 0.8:
                self._store.release(lease)
            elif chance < 0.9:
                self._store.release(lease, replace(letter, replay_count=letter.replay_count + 1))
            else:
                self._leases.append(self._store.renew(lease, _LONG))
        except LeaseLostError:
            self.ledger.say("late", letter.id)


def _add_up(total: Sum, ledgers: list[list[Note]], there: Counter[str]) -> None:
    notes = [note for ledger in ledgers for note in ledger]
    put = Counter(name for note in notes if note.done and note.what.startswith("put") for name in note.letters)
    acked: Counter[str] = sum((_acked(ledger, late=False) for ledger in ledgers), Counter())
    late: Counter[str] = sum((_acked(ledger, late=True) for ledger in ledgers), Counter())
    total.put, total.acked, total.there = put.total(), (acked + late).total(), there.total()
    total.received = sum(len(note.held) for note in notes if note.what == "receive")
    for name in put.keys() | acked.keys() | there.keys():
        least = acked[name] + there[name]
        if not least <= put[name] <= least + late[name]:
            said = f"put {put[name]} times, acknowledged {acked[name]} times, and is there {there[name]} times"
            total.faults.append(Fault("lost" if put[name] > least else "doubled", f"letter {name} was {said}"))
    holds = defaultdict[str, list[Hold]](list)
    for ledger in ledgers:
        for name, hold in _holds(ledger):
            holds[name].append(hold)
    total.faults += (Fault("doubled", f"letter {name} was held by two") for name in holds if _overlap(holds[name]))


def _acked(ledger: list[Note], *, late: bool) -> Counter[str]:
    """How often each letter was acknowledged in time; or too late: then it may have been so by another before."""
    until: dict[_Claim, float] = {}
    found: Counter[str] = Counter()
    for note in ledger:
        until |= {(name, note.token): end for name, end in note.held.items()}
        if note.what == "ack" and note.done:
            found.update(name for name in note.letters if (note.at >= until[name, note.token]) == late)
    return found


def _holds(ledger: list[Note]) -> Iterator[tuple[str, Hold]]:
    """Each time that a letter was held for certain: from the end of its claiming to the beginning of its ending."""
    claims: dict[_Claim, Hold] = {}
    for note in ledger:
        if note.what == "receive":
            claims |= {(name, note.token): Hold(note.at, until) for name, until in note.held.items()}
        elif note.what == "renew" and note.done:
            for name, until in note.held.items():
                before = claims[name, note.token]
                if before.end < note.at:  # between the two, others might have had it
                    yield name, before
                claims[name, note.token] = Hold(before.start if before.end >= note.at else note.at, until)
        elif note.what in ("ack", "release") and not note.done:
            for name in note.touches or ():
                claim = claims.pop((name, note.token))
                yield name, Hold(claim.start, min(claim.end, note.at))
    yield from ((name, claim) for (name, _), claim in claims.items())


def _overlap(holds: list[Hold]) -> bool:
    """Whether two of them are at one time."""
    real = sorted((hold for hold in holds if hold.start < hold.end), key=lambda hold: hold.start)
    return any(one.end > other.start for one, other in pairwise(real))
