"""A store that writes down what it is asked before it does it, and what came of it after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.store import Lease
from proof.ledger import Becomes, Ledger

if TYPE_CHECKING:
    from ninelives.dead_letters.memory import MemoryStore as Whole  # one that can do everything
else:
    Whole = object

__all__ = ["Recording", "recording"]

MANY = 10_000


class Recording(Whole):
    """Comes before a store's class among the bases of its own; `ledger` and `place` are set by whoever makes it."""

    ledger: Ledger
    place: str

    def put(self, letter: DeadLetter) -> None:
        with self.ledger.doing("put", self.place, {letter.id: letter}):
            super().put(letter)

    def put_many(self, letters: Iterable[DeadLetter]) -> None:
        given = list(letters)
        with self.ledger.doing("put_many", self.place, {one.id: one for one in given}):
            super().put_many(given)

    def receive(self, max_letters: int, *, lease: float) -> list[Lease]:
        with self.ledger.doing("receive", self.place, touches=None) as outcome:
            leases = super().receive(max_letters, lease=lease)
            outcome.holds(leases)
        return leases

    def claim(self, letter_ids: Sequence[str], *, lease: float) -> list[Lease]:
        with self.ledger.doing("claim", self.place, touches=letter_ids) as outcome:
            leases = super().claim(letter_ids, lease=lease)
            outcome.holds(leases)
        return leases

    def renew(self, lease: Lease, seconds: float) -> Lease:
        with self.ledger.doing("renew", self.place, touches=[lease.letter.id]) as outcome:
            longer = super().renew(lease, seconds)
            outcome.holds([longer])
        return longer

    def ack(self, lease: Lease) -> None:
        with self.ledger.doing("ack", self.place, {lease.letter.id: None}, [lease.letter.id], lease.token):
            super().ack(lease)

    def ack_many(self, leases: Iterable[Lease]) -> None:
        given = list(leases)
        ids = [lease.letter.id for lease in given]
        with self.ledger.doing("ack_many", self.place, dict.fromkeys(ids), ids):
            super().ack_many(given)

    def release(self, lease: Lease, letter: DeadLetter | None = None) -> None:
        record: Becomes = {} if letter is None else {letter.id: letter}
        with self.ledger.doing("release", self.place, record, [lease.letter.id], lease.token):
            super().release(lease, letter)

    def release_many(self, releases: Iterable[tuple[Lease, DeadLetter | None]]) -> None:
        given = list(releases)
        records: Becomes = {letter.id: letter for _, letter in given if letter is not None}
        with self.ledger.doing("release_many", self.place, records, [lease.letter.id for lease, _ in given]):
            super().release_many(given)

    def purge(self, filter: LetterFilter) -> int:
        """Of letters that are named, and that nobody holds: so that it is known which are gone."""
        with self.ledger.doing("purge", self.place, dict.fromkeys(filter.ids or ())):
            return super().purge(filter)

    def expire(self, now: datetime, *, limit: int) -> list[DeadLetter]:
        with self.ledger.doing("expire", self.place):
            there = self.browse(LetterFilter(), limit=MANY).letters
            due = {one.id: None for one in there if one.expires is not None and one.expires <= now}
            with self.ledger.doing("expire", self.place, {**due}) as outcome:
                gone = super().expire(now, limit=limit)
                outcome.letters = {one.id: None for one in gone}
        return gone


def recording(store: type[Any]) -> type[Any]:
    """The class of such a store that writes everything down."""
    return type(f"Recording{store.__name__}", (Recording, store), {})
