"""The operations during which a process is killed: a function each, which says where the killing may begin."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from msgspec.structs import replace

from ninelives import Pipeline, current_call
from ninelives.clock import Clock
from ninelives.dead_letters.desk import Desk
from ninelives.dead_letters.letter import DeadLetter, ErrorRecord, LetterFilter, encode_letter
from ninelives.dead_letters.store import Lease
from ninelives.ids import new_id
from ninelives.settings import load_settings
from proof.ledger import Ledger
from proof.stores import Kind

__all__ = ["SCENARIOS", "Scenario", "World", "replaying"]

THREADS = 8
OPERATION = "shop:send"
SETTINGS = load_settings(environ={})


class World:
    """What an operation has to do with.

    Args:
        folder: Where its stores are.
        kind: What kind they are of.
        clock: Stands still while an operation goes on.
        chance: Says how much of what.
        ledger: Where it is written.
        begin: To be called where the killing may begin.
    """

    def __init__(
        self, folder: Path, kind: Kind, clock: Clock, chance: Random, ledger: Ledger, begin: Callable[[], object] = bool
    ) -> None:
        self.folder, self.kind, self.clock, self.chance, self.ledger = folder, kind, clock, chance, ledger
        self.begin = begin
        self._opened: list[Any] = []
        self._made = 0

    def store(self, name: str = "home") -> Any:
        """The store of that name."""
        (self.folder / name).mkdir(exist_ok=True)
        self._opened.append(self.kind.recorded(self.folder / name, self.clock, self.ledger))
        return self._opened[-1]

    def close(self) -> None:
        """Close its stores."""
        for store in self._opened:
            store.close()

    def letter(self, size: int | None = None, **fields: Any) -> DeadLetter:
        """A new letter; its message says its id over and over, so that a mixture of two shows."""
        name, now = new_id(), self.clock.now() + timedelta(milliseconds=self._made)
        self._made += 1
        length = size if size is not None else int(200 * 100 ** self.chance.random())
        given = {"id": name, "key": name, "message": [name] * (length // 39), "pipeline": "shop", **fields}
        return DeadLetter(**given, created=now, first_failed=now, last_failed=now)

    def letters(self, number: int, size: int | None = None, **fields: Any) -> list[DeadLetter]:
        """New letters."""
        return [self.letter(size, **fields) for _ in range(number)]

    def filled(self, number: int = 12, **fields: Any) -> tuple[Any, list[DeadLetter]]:
        """The store with so many new letters in it, and these."""
        store, letters = self.store(), self.letters(number, **fields)
        store.put_many(letters)
        return store, letters

    def handed(self, number: int = 12, **fields: Any) -> tuple[Any, list[Lease]]:
        """The store, and leases of new letters in it, each of its own."""
        store, letters = self.filled(number, **fields)
        return store, [store.claim([one.id], lease=600)[0] for one in letters]

    def some(self, things: list[Any], most: int = 3) -> Iterator[list[Any]]:
        """All of them, a few at a time."""
        while things:
            number = self.chance.randrange(1, most + 1)
            yield things[:number]
            things = things[number:]


def put(world: World) -> None:
    store = world.store()
    world.begin()
    for few in world.some(world.letters(12)):
        store.put(few[0])
        store.put_many(few[1:])


def receive(world: World) -> None:
    store, letters = world.filled()
    world.begin()
    for few in world.some(letters[:6]):
        store.claim([one.id for one in few], lease=world.chance.choice([60, 600]))
    while leases := store.receive(world.chance.randrange(1, 4), lease=world.chance.choice([60, 600])):
        store.renew(leases[0], 900)


def ack(world: World) -> None:
    store, leases = world.handed()
    world.begin()
    for few in world.some(leases):
        store.ack(few[0])
        store.ack_many(few[1:])


def release(world: World) -> None:
    store, leases = world.handed()
    world.begin()
    for lease in leases:
        again = replace(lease.letter, replay_count=lease.letter.replay_count + 1, notes=("it failed again",))
        store.release(lease, world.chance.choice([None, again, replace(again, state="parked")]))


def purge(world: World) -> None:
    store, letters = world.filled()
    due = world.letters(6, expires=world.clock.now())
    store.put_many(due)
    world.begin()
    for few in world.some(letters):
        store.purge(LetterFilter(ids=frozenset(one.id for one in few)))
    for _ in due:
        store.expire(world.clock.now(), limit=2)


def compaction(world: World) -> None:
    """Large letters go, small ones stay: most of the store is of no use again and again."""
    store, _ = world.filled(4, size=400)
    store.receive(2, lease=600)
    world.kind.tidy_early()
    world.begin()
    for _ in range(4):
        large = world.letters(5, size=9000)
        store.put_many(large)
        for few in world.some(large):
            store.ack_many(store.claim([one.id for one in few], lease=600))


def bulk(world: World) -> None:
    """So much at once that the writing of it takes a while."""
    store = world.store()
    parts = [world.letters(120, size=5000) for _ in range(2)]
    world.begin()
    for letters in parts:
        store.put_many(letters)
        store.ack_many(store.claim([one.id for one in letters[:100]], lease=600))


def create(world: World) -> None:
    """The first that is ever done with a store."""
    world.begin()
    world.store().put(world.letter())
    world.store().put_many(world.letters(2))


def convert(world: World) -> None:
    """A file of letters as hand-written queues keep them; where there is such a file already it is left as it is."""
    path = world.folder / "home" / "letters.json"
    path.parent.mkdir(exist_ok=True)
    names = [new_id() for _ in range(20)]
    items = [{"message_id": name, "message": name, "timestamp": "2025-12-01T12:00:00+00:00"} for name in names]
    path.write_text(json.dumps(items))
    world.ledger.say("meant", *names)
    world.begin()
    world.store().put(world.letter())


def threads(world: World) -> None:
    """Eight at once, each with letters of its own; half of them take letters away too."""
    store = world.store()
    work = [(world.letters(4), number % 2) for number in range(THREADS)]
    problems: list[BaseException] = []

    def one(letters: list[DeadLetter], taken: int) -> None:
        try:
            for letter in letters:
                store.put(letter)
                for lease in store.receive(taken, lease=600):
                    store.ack(lease)
        except Exception as error:
            problems.append(error)

    crowd = [threading.Thread(target=one, args=part) for part in work]
    world.begin()
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    if problems:
        raise problems[0]


def replay(world: World) -> None:
    """Half of the letters fail again; that one was run is written down before the run returns."""
    store, letters = world.filled(operation=OPERATION, message=None, args=[], kwargs={}, error=ErrorRecord(type="x"))
    world.ledger.say("meant", *(one.id for one in letters))

    def ran(letter_id: str) -> None:
        if world.chance.random() < 0.5:
            raise OSError("it failed again")
        world.ledger.say("ran", letter_id)

    with replaying(store, world.clock, ran) as pipeline:
        world.begin()
        with world.ledger.doing("replay"):
            pipeline.replay(concurrency=world.chance.choice([1, 1, 4]))


@contextmanager
def replaying(store: Any, clock: Clock, ran: Callable[[str], object]) -> Iterator[Pipeline]:
    """A pipeline whose function tells this which letter it is run for."""

    def send() -> None:
        call = current_call()
        assert call is not None
        assert call.letter is not None
        ran(call.letter.id)

    options = {"store": store, "lease": 300, "max_replays": 100}
    with Pipeline("shop", chain=["dead_letter"], dead_letter=options, clock=clock, settings=SETTINGS) as pipeline:
        pipeline.register(send, OPERATION)
        yield pipeline


def move(world: World) -> None:
    store, letters = world.filled()
    target = world.store("target")
    world.ledger.say("meant", *(one.id for one in letters))
    world.begin()
    with world.ledger.doing("move"):
        desk_of(world, store).move(tuple(one.id for one in letters), desk_of(world, target))


def desk_of(world: World, store: Any) -> Desk:
    return Desk.at(store, clock=world.clock)


def import_(world: World) -> None:
    store, letters = world.store(), world.letters(12)
    lines = [encode_letter(one) for one in letters]
    world.ledger.say("meant", *(one.id for one in letters))
    world.ledger.say("lines", *(line.decode() for line in lines))
    world.begin()
    with world.ledger.doing("import"):
        desk_of(world, store).import_lines(line + b"\n" for line in lines)


def desk(world: World) -> None:
    """What is done to letters by hand."""
    store, letters = world.filled()
    ids = [one.id for one in letters]
    by_hand = desk_of(world, store)
    world.begin()
    with world.ledger.doing("desk"):
        by_hand.note(ids[:3], "look at this")
        by_hand.park(ids[2:6], "waiting for the fix")
        by_hand.unpark(ids[4:6])
        by_hand.purge(ids[5:9], "not needed")
        by_hand.edit(ids[11], lambda payload: {**payload, "message": "another"})


class Scenario(NamedTuple):
    """An operation to be killed in.

    Attributes:
        run: Does it.
        lives: How often it is done in one place, each time with what the one before has left.
        stores: The kinds of stores that have it; none: all.
    """

    run: Callable[[World], None]
    lives: int = 10
    stores: tuple[str, ...] = ()


SCENARIOS = {
    "put": Scenario(put),
    "receive": Scenario(receive),
    "ack": Scenario(ack),
    "release": Scenario(release),
    "purge": Scenario(purge),
    "compaction": Scenario(compaction),
    "bulk": Scenario(bulk, lives=3),
    "create": Scenario(create, lives=1),
    "convert": Scenario(convert, lives=1, stores=("file",)),
    "threads": Scenario(threads),
    "replay": Scenario(replay),
    "move": Scenario(move),
    "import": Scenario(import_),
    "desk": Scenario(desk),
}
