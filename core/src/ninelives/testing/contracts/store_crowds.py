"""What a store promises to many at once: no letter goes to two of them, and none is lost."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from threading import Barrier, Thread

import pytest

from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.store import DeadLetterStore, Lease
from ninelives.testing.contracts.letters import LEASE, ids, letter

__all__ = ["StoreCrowds"]

_ROUNDS = 10
"""How often receivers race for the letters: a store that is wrong now and then is to be caught."""

_TURN = 1e-6
"""Seconds after which a thread gives way to another: by default it is so long that short steps are never cut in two."""


class StoreCrowds:
    """The promises to several threads; `StoreBasics` has the fixtures."""

    def test_receivers_at_once_share_nothing(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """Of many receivers at once no two get the same letter, and together they get all; each time."""
        kept = [letter(number) for number in range(20)]
        for one in kept:
            store.put(one)
        receivers = [store, other, store, other]
        for _ in range(_ROUNDS):
            found = _received(receivers)
            _refuse_shared(kept, found)
            for number, leases in found.items():
                for lease in leases:
                    receivers[number].release(lease)

    def test_writers_at_once_lose_nothing(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """Many threads may put at once; every letter is kept, whole."""
        kept = {number: [letter(10 * number + n, message="m" * 500 * n) for n in range(5)] for number in range(4)}

        def put(number: int) -> None:
            for one in kept[number]:
                (store, other)[number % 2].put(one)

        _together(4, put)
        found = {lease.letter.id: lease.letter for lease in store.receive(50, lease=LEASE)}
        assert found == {one.id: one for part in kept.values() for one in part}


def _received(receivers: Sequence[DeadLetterStore]) -> dict[int, list[Lease]]:
    """What each of them gets, by its number, when all ask at once, twice: so that who begins late meets the others."""
    found: dict[int, list[Lease]] = {number: [] for number in range(len(receivers))}

    def receive(number: int) -> None:
        for _ in range(2):
            found[number] += receivers[number].receive(5, lease=LEASE)

    _together(len(receivers), receive)
    return found


def _refuse_shared(kept: Iterable[DeadLetter], found: dict[int, list[Lease]]) -> None:
    """Fail where a letter went to more than one, or to nobody."""
    for one in kept:
        holders = [str(number) for number, leases in found.items() for name in ids(leases) if name == one.id]
        if len(holders) > 1:
            who = f"numbers {holders[0]} and {holders[-1]} of {len(found)}"
            pytest.fail(f"two receivers got letter {one.id}, which is the first one's until its lease ends: {who}")
        if not holders:
            pytest.fail(f"no receiver got letter {one.id}, though {len(found)} asked for more than there are")


def _together(number: int, action: Callable[[int], object]) -> None:
    """Do it in so many threads that begin at once, each with its number; what one raises is raised here."""
    barrier = Barrier(number)
    errors: list[Exception] = []

    def run(which: int) -> None:
        barrier.wait()
        try:
            action(which)
        except Exception as error:
            errors.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        threads = [Thread(target=run, args=(which,)) for which in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    for error in errors:
        raise error
