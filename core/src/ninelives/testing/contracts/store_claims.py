"""What a store promises that can claim by id, prolong a lease, or do several at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec import structs

from ninelives.dead_letters.store import DeadLetterStore
from ninelives.errors import LeaseLostError, LetterBusyError, LetterNotFoundError
from ninelives.testing.contracts.capabilities import batched, claimable, parked_if_it_can, releasing, renewable
from ninelives.testing.contracts.letters import letter
from ninelives.testing.contracts.store_basics import LEASE, StoreBasics, ids

__all__ = ["StoreClaims"]


class StoreClaims(StoreBasics):
    """The promises of `Claimable`, `Renewable`, `Batched` and `Releasing`."""

    def test_a_letter_is_claimed_by_its_id(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """A letter can be claimed by its id, a parked one too; then it is held like any other."""
        claimed = claimable(store)
        kept = [letter(1, state=parked_if_it_can(store)), letter(2), letter(3)]
        for one in kept:
            store.put(one)
        leases = claimed.claim([kept[0].id, kept[2].id], lease=LEASE)
        assert [lease.letter for lease in leases] == [kept[0], kept[2]]
        assert ids(other.receive(10, lease=LEASE)) == [kept[1].id]
        for lease in leases:
            other.ack(lease)
        with pytest.raises(LetterNotFoundError):
            claimed.claim([kept[0].id], lease=LEASE)

    def test_a_claim_is_of_all_or_none(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """Where one of several letters is not there, or held by someone else, none of them is claimed."""
        claimed = claimable(store)
        kept = [letter(1), letter(2), letter(3)]
        for one in kept:
            store.put(one)
        (held,) = claimable(other).claim([kept[1].id], lease=LEASE)
        with pytest.raises(LetterBusyError):
            claimed.claim([kept[0].id, kept[1].id], lease=LEASE)
        with pytest.raises(LetterNotFoundError):
            claimed.claim([kept[0].id, "none"], lease=LEASE)
        other.release(held)
        assert len(claimed.claim([one.id for one in kept], lease=LEASE)) == 3

    def test_a_claim_ends_like_any_lease(
        self, store: DeadLetterStore, other: DeadLetterStore, wait: Callable[[float], None]
    ) -> None:
        """A letter claimed by its id can be claimed by another from the moment when the lease ends."""
        claimed, another = claimable(store), claimable(other)
        kept = letter()
        store.put(kept)
        (late,) = claimed.claim([kept.id], lease=LEASE)
        wait(LEASE - 1)
        with pytest.raises(LetterBusyError):
            another.claim([kept.id], lease=LEASE)
        wait(1)
        another.claim([kept.id], lease=LEASE)
        with pytest.raises(LeaseLostError):
            store.ack(late)

    def test_a_renewed_lease_lasts_from_now(
        self, store: DeadLetterStore, other: DeadLetterStore, wait: Callable[[float], None]
    ) -> None:
        """A lease can be prolonged: it then ends so many seconds from now, and its holder can still end it."""
        renewed = renewable(store)
        store.put(letter())
        (lease,) = store.receive(1, lease=LEASE)
        wait(LEASE - 1)
        longer = renewed.renew(lease, LEASE)
        assert (longer.letter, longer.until > lease.until) == (lease.letter, True)
        wait(LEASE - 1)
        assert other.receive(1, lease=LEASE) == []
        wait(1)
        store.ack(longer)
        assert other.receive(1, lease=LEASE) == []

    def test_a_lost_lease_can_not_be_renewed(
        self, store: DeadLetterStore, other: DeadLetterStore, wait: Callable[[float], None]
    ) -> None:
        """Who has lost a letter to another can't get it back by prolonging."""
        renewed = renewable(store)
        store.put(letter())
        (late,) = store.receive(1, lease=LEASE)
        wait(LEASE)
        other.receive(1, lease=LEASE)
        with pytest.raises(LeaseLostError):
            renewed.renew(late, LEASE)

    def test_several_at_once(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """Several letters can be kept, and acknowledged, at once; none at all is no error."""
        several = batched(store)
        kept = [letter(number) for number in range(25)]
        several.put_many(iter(kept))
        several.put_many([])
        leases = other.receive(20, lease=LEASE)
        assert len(leases) == 20
        several.ack_many(iter(leases))
        several.ack_many(iter(leases))
        several.ack_many([])
        assert len(other.receive(20, lease=LEASE)) == 5

    def test_several_are_given_back_at_once(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """Several letters are free again at once, each with its updated record if it has one; none at all is well."""
        several = releasing(store)
        kept = [letter(number) for number in range(25)]
        for one in kept:
            store.put(one)
        leases = store.receive(20, lease=LEASE)
        held = {lease.letter.id: lease for lease in leases}
        changed = {lease.letter.id: structs.replace(lease.letter, notes=("seen",)) for lease in leases[::2]}
        several.release_many((lease, changed.get(name)) for name, lease in held.items())
        several.release_many([])
        found = {lease.letter.id: lease.letter for lease in other.receive(30, lease=LEASE)}
        assert found == {one.id: changed.get(one.id, one) for one in kept}

    def test_what_is_given_back_is_all_or_none(
        self, store: DeadLetterStore, other: DeadLetterStore, wait: Callable[[float], None]
    ) -> None:
        """Where one of several letters was lost to another, all stay as they are: the others are still held."""
        several = releasing(store)
        kept = [letter(number) for number in range(3)]
        for one in kept:
            store.put(one)
        (lost,) = store.receive(1, lease=LEASE)
        wait(LEASE)
        (theirs,) = other.receive(1, lease=LEASE * 2)
        mine = store.receive(2, lease=LEASE)
        updates = [(lease, structs.replace(lease.letter, notes=("lost",))) for lease in (mine[0], lost, mine[1])]
        with pytest.raises(LeaseLostError):
            several.release_many(updates)
        assert other.receive(3, lease=LEASE) == []
        several.release_many([(lease, None) for lease in mine])
        other.release(theirs)
        assert [lease.letter for lease in other.receive(3, lease=LEASE)] == kept
