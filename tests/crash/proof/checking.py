"""Whether a store holds what it has to, after a process that used it was killed."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from ninelives.dead_letters.groups import groups_among
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.testing import FakeClock
from proof.expected import Expected, record_of
from proof.stores import Kind

__all__ = ["AFTER_ALL_LEASES", "Fault", "check", "drain", "found_in"]

AFTER_ALL_LEASES = 1000.0
"""Seconds after which nobody holds anything: no lease of the operations is longer."""

_PAGE = 50
_MANY = 10_000


class Fault(Struct, frozen=True):
    """Something that must not be.

    Attributes:
        kind: A letter is ``lost``, ``doubled``, ``changed``, ``stuck``, or a ``stray``; a store is ``shut``,
            ``damaged``, or has ``miscounted``; an operation has ``failed``, or was ``missed`` by those who kill.
        about: Which one, and what is wrong with it.
    """

    kind: str
    about: str


def check(kind: Kind, folder: Path, expected: Expected, clock: FakeClock, known: frozenset[str]) -> list[Fault]:
    """What is wrong with a store, if anything; the time is then past every lease.

    Args:
        kind: What kind of store.
        folder: Where it is.
        expected: What it has to hold.
        clock: As it was for whoever was killed.
        known: Letters that may be there besides, because they were there from the first.
    """
    try:
        store = kind.open(folder, clock, patience=0.0)  # at once: nobody alive has it
        found = found_in(store)
        faults = [
            *_content(found, expected, known),
            *_counting(store, found),
            *_handing_out(store, found, expected, clock),
        ]
        store.close()
        faults += (Fault("damaged", f"{folder.name}: {said}") for said in kind.complaints(folder / kind.file))
    except Exception:
        return [Fault("shut", f"{folder.name}: {traceback.format_exc()}")]
    return faults


def found_in(store: Any) -> list[DeadLetter]:
    """All letters, page by page."""
    page = store.browse(LetterFilter(), limit=_PAGE)
    found = list(page.letters)
    while page.cursor is not None:
        page = store.browse(LetterFilter(), limit=_PAGE, cursor=page.cursor)
        found += page.letters
    return found


def drain(kind: Kind, folder: Path, clock: FakeClock) -> list[Fault]:
    """Take every letter that is there and confirm it: then none is left, also for one who opens the store anew."""
    try:
        store = kind.open(folder, clock, patience=0.0)
        for letter in found_in(store):
            store.ack(store.claim([letter.id], lease=60)[0])
        store.close()
        again = kind.open(folder, clock, patience=0.0)
        left = [*found_in(again), *(lease.letter for lease in again.receive(_MANY, lease=60))]
        again.close()
    except Exception:
        return [Fault("shut", f"{folder.name}: {traceback.format_exc()}")]
    return [Fault("doubled", f"letter {letter.id} is there after it was taken and confirmed") for letter in left]


def _content(found: list[DeadLetter], expected: Expected, known: frozenset[str]) -> Iterator[Fault]:
    times = Counter(letter.id for letter in found)
    records = {letter.id: record_of(letter) for letter in found}
    yield from (
        Fault("doubled", f"letter {name} is there {number} times") for name, number in times.items() if number > 1
    )
    for name in expected:
        record, allowed = records.pop(name, None), expected.allows(name)
        if record in allowed:
            continue
        if record is None:
            yield Fault("lost", f"letter {name} is not there")
        elif allowed == {None}:
            yield Fault("doubled", f"letter {name} is there, though it was confirmed as done")
        else:
            yield Fault("changed", f"letter {name} is {record!r}, and was to be one of {allowed}")
    yield from (Fault("stray", f"nobody has put letter {name}") for name in records.keys() - known)


def _counting(store: Any, found: list[DeadLetter]) -> Iterator[Fault]:
    """What a store counts is what it shows."""
    ids, everything = tuple(letter.id for letter in found), LetterFilter()
    if store.count() != len(ids):
        yield Fault("miscounted", f"it counts {store.count()} letters, and shows {len(ids)}")
    if store.list_ids(everything, limit=_MANY).ids != ids:
        yield Fault("miscounted", "it lists other ids than those of the letters that it shows")
    if store.groups(everything, limit=_MANY) != groups_among(found, limit=_MANY):
        yield Fault("miscounted", "its groups are not those of the letters that it shows")


def _handing_out(store: Any, found: list[DeadLetter], expected: Expected, clock: FakeClock) -> Iterator[Fault]:
    """What is held stays so until its lease ends, and all else is handed out: once."""
    waiting = {letter.id for letter in found if letter.state == "waiting"}
    now = _received(store)
    yield from (
        Fault("doubled", f"letter {name} is held, and was given to another") for name in now if expected.is_held(name)
    )
    yield from (
        Fault("stuck", f"letter {name} is nobody's, and was not given out")
        for name in waiting - now.keys()
        if expected.is_free(name)
    )
    clock.advance(AFTER_ALL_LEASES)
    later = _received(store)
    yield from (
        Fault("doubled", f"letter {name} was given out twice") for name, number in (now + later).items() if number > 2
    )
    yield from (
        Fault("stuck", f"letter {name} was not given out when its lease had ended") for name in waiting - later.keys()
    )
    yield from (Fault("stray", f"letter {name} was given out, and is not there") for name in later.keys() - waiting)
    clock.advance(AFTER_ALL_LEASES)


def _received(store: Any) -> Counter[str]:
    """What is handed out, and how often, when everything is asked for twice."""
    leases = [lease for _ in range(2) for lease in store.receive(_MANY, lease=60)]
    return Counter(lease.letter.id for lease in leases)
