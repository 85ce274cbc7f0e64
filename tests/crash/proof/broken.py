"""Stores and operations that lose letters, or hand them out twice: what looks for that has to find it in these."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from ninelives.dead_letters.letter import DeadLetter, LetterFilter, encode_letter
from ninelives.dead_letters.store import Lease
from ninelives.errors import StoreError
from ninelives.ids import new_id
from ninelives_file import FileStore
from ninelives_sqlite import SqliteStore
from proof.scenarios import OPERATION, Scenario, World
from proof.stores import KINDS, Kind

__all__ = ["BROKEN_KINDS", "BROKEN_SCENARIOS"]


class Forgetful(FileStore):
    """Writes a letter when the next one comes."""

    _last: DeadLetter | None = None

    def put(self, letter: DeadLetter) -> None:
        last, self._last = self._last, letter
        if last is not None:
            super().put(last)


class Dropping(FileStore):
    """Takes the last line for a torn one when it opens the file."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, **options)
        if path.exists():
            whole = path.read_bytes()
            path.write_bytes(whole[: whole[:-1].rfind(b"\n") + 1])


class Popping(FileStore):
    """Takes a letter out, and puts it in again with its new record."""

    def release(self, lease: Lease, letter: DeadLetter | None = None) -> None:
        FileStore.ack_many(self, [lease])
        super().put(letter or lease.letter)


class PoppingSqlite(SqliteStore):
    """Does the same in a database: in two transactions instead of one."""

    def release(self, lease: Lease, letter: DeadLetter | None = None) -> None:
        SqliteStore.ack_many(self, [lease])
        super().put(letter or lease.letter)


class Generous(FileStore):
    """Knows nothing of claims that were made before it was opened."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, **options)
        _release_all(self)


class Greedy(FileStore):
    """Gives out what others hold."""

    def receive(self, max_letters: int, *, lease: float) -> list[Lease]:
        _release_all(self)
        return super().receive(max_letters, lease=lease)


class Lazy(FileStore):
    """Removes a letter when the next one is to be removed."""

    _last: Iterable[Lease] = ()

    def ack_many(self, leases: Iterable[Lease]) -> None:
        last, self._last = self._last, list(leases)
        super().ack_many(last)


class InPlace(FileStore):
    """Writes the whole file anew for each letter, over the old one."""

    def put(self, letter: DeadLetter) -> None:
        path = Path(self.path)
        before = path.read_bytes() if path.exists() else b""
        _write(path, before + encode_letter(letter) + b"\n", os.O_TRUNC)


class Joining(FileStore):
    """Appends without a look at what stands there."""

    def put(self, letter: DeadLetter) -> None:
        _write(Path(self.path), encode_letter(letter) + b"\n", os.O_APPEND)


class Locking(FileStore):
    """Locks with a file that stays where it is when its maker is killed."""

    def put(self, letter: DeadLetter) -> None:
        self._lock()
        super().put(letter)
        os.unlink(f"{self.path}.lock")

    def receive(self, max_letters: int, *, lease: float) -> list[Lease]:
        if os.path.exists(f"{self.path}.lock"):
            raise StoreError("somebody has it locked")
        return super().receive(max_letters, lease=lease)

    def _lock(self) -> None:
        os.close(os.open(f"{self.path}.lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY))


class Copying(FileStore):
    """Gives a letter that failed again a new name."""

    def release(self, lease: Lease, letter: DeadLetter | None = None) -> None:
        super().release(lease)
        super().put(replace(letter or lease.letter, id=new_id()))


class Clinging(FileStore):
    """Holds on to letters for much longer than it was asked to."""

    def receive(self, max_letters: int, *, lease: float) -> list[Lease]:
        return super().receive(max_letters, lease=lease * 1_000_000)


class Mixing(FileStore):
    """Writes the record of one letter with the message of another."""

    def put_many(self, letters: Iterable[DeadLetter]) -> None:
        given = list(letters)
        super().put_many(replace(one, message=given[0].message) for one in given)


def popping_move(world: World) -> None:
    """Takes a letter out of one store, and puts it into another."""
    store, leases = world.handed()
    target = world.store("target")
    world.ledger.say("meant", *(lease.letter.id for lease in leases))
    world.begin()
    for lease in leases:
        store.ack(lease)
        target.put(lease.letter)


def popping_replay(world: World) -> None:
    """Takes a letter out of its store, and runs it."""
    store, leases = world.handed(operation=OPERATION, message=None, args=[], kwargs={})
    world.ledger.say("meant", *(lease.letter.id for lease in leases))
    world.begin()
    for lease in leases:
        store.ack(lease)
        os.close(os.open(os.devnull, os.O_RDONLY))  # the run, in which one may be killed
        world.ledger.say("ran", lease.letter.id)


def _release_all(store: FileStore) -> None:
    ids = [letter.id for letter in store.browse(LetterFilter(), limit=10_000).letters]
    if ids:
        _write(Path(store.path), msgspec.json.encode({"op": "release", "ids": ids}) + b"\n", os.O_APPEND)


def _write(path: Path, data: bytes, flag: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flag, 0o600)
    os.write(descriptor, data)
    os.close(descriptor)


BROKEN_KINDS = {
    "popping-sqlite": KINDS["sqlite"]._replace(where="proof.broken:PoppingSqlite"),
} | {
    store.__name__.lower(): Kind(f"proof.broken:{store.__name__}", "letters.json", "lock_timeout")
    for store in (
        Forgetful,
        Dropping,
        Popping,
        Generous,
        Greedy,
        Lazy,
        InPlace,
        Joining,
        Locking,
        Copying,
        Clinging,
        Mixing,
    )
}

BROKEN_SCENARIOS = {"popping-move": Scenario(popping_move), "popping-replay": Scenario(popping_replay)}
