"""What has to hold of an operation as a whole, over all its stores, also once it is done again to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ninelives.dead_letters.desk import Desk
from ninelives.testing import FakeClock
from proof.checking import AFTER_ALL_LEASES, Fault, found_in
from proof.ledger import Ledger
from proof.scenarios import replaying
from proof.stores import Kind

__all__ = ["AFTERWARDS", "Left"]


class Left(NamedTuple):
    """What a killed process has left."""

    folder: Path
    kind: Kind
    clock: FakeClock
    ledger: Ledger

    def store(self, name: str = "home") -> Any:
        """The store of that name."""
        return self.kind.open(self.folder / name, self.clock)

    def ids(self, name: str = "home") -> set[str]:
        """The letters in it."""
        if not (self.folder / name).exists():
            return set()
        store = self.store(name)
        found = {letter.id for letter in found_in(store)}
        store.close()
        return found

    def meant(self) -> set[str]:
        """The letters that it was about."""
        return set(self.ledger.said("meant"))


def convert(left: Left) -> Iterator[Fault]:
    """Every letter of the old file is there."""
    for name in left.meant() - left.ids():
        yield Fault("lost", f"letter {name} of the old file is not there")


def move(left: Left) -> Iterator[Fault]:
    """Each letter is in one of the two stores; when it is moved again, in the target only."""
    for name in left.meant() - left.ids() - left.ids("target"):
        yield Fault("lost", f"letter {name} is in neither of the stores")
    left.clock.advance(AFTER_ALL_LEASES)
    home, target = left.store(), left.store("target") if (left.folder / "target").exists() else None
    if target is not None:
        source = Desk.at(home, clock=left.clock)
        source.move(tuple(left.meant()), Desk.at(target, clock=left.clock))
        target.close()
    home.close()
    if target is not None:
        for name in left.meant() & left.ids():
            yield Fault("doubled", f"letter {name} is still at home, though it was moved again")
        for name in left.meant() - left.ids("target"):
            yield Fault("lost", f"letter {name} is not where it was moved to")


def replay(left: Left) -> Iterator[Fault]:
    """What was not run is there; when it is replayed again all are gone, and were run."""
    meant, ran = left.meant(), Counter(left.ledger.said("ran"))
    for name in meant - left.ids() - ran.keys():
        yield Fault("lost", f"letter {name} is gone, and was never run")
    for name in (name for name, number in ran.items() if number > 1):
        yield Fault("doubled", f"letter {name} was run {ran[name]} times by one replay")
    left.clock.advance(AFTER_ALL_LEASES)
    there, store, again = left.ids(), left.store(), list[str]()
    with replaying(store, left.clock, again.append) as pipeline:
        pipeline.replay()
    store.close()
    for name in meant & left.ids():
        yield Fault("stuck", f"letter {name} is still there, though it was replayed again")
    for name in meant & there:
        if again.count(name) != 1:
            yield Fault("doubled", f"letter {name} was run {again.count(name)} times by one replay")


def import_(left: Left) -> Iterator[Fault]:
    """When the same lines are imported again each letter is there once."""
    lines = left.ledger.said("lines")
    if not (left.folder / "home").exists() or not lines:
        return
    store = left.store()
    Desk.at(store, clock=left.clock).import_lines(line.encode() for line in lines)
    names = [letter.id for letter in found_in(store)]
    store.close()
    for name in left.meant():
        if names.count(name) != 1:
            yield Fault(
                "lost" if name not in names else "doubled",
                f"letter {name} was imported, and is there {names.count(name)} times",
            )


AFTERWARDS: dict[str, Callable[[Left], Iterator[Fault]]] = {
    "convert": convert,
    "move": move,
    "replay": replay,
    "import": import_,
    "popping-move": move,
    "popping-replay": replay,
}
