"""What every store promises: it keeps, hands out, takes back and forgets, each at the right time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec import structs

from ninelives.dead_letters.places import parks
from ninelives.dead_letters.store import DeadLetterStore
from ninelives.errors import LeaseLostError, UnsupportedError
from ninelives.testing.clock import FakeClock
from ninelives.testing.contracts.letters import LEASE, ids, letter, whole_letter
from ninelives.testing.contracts.store_crowds import StoreCrowds

__all__ = ["LEASE", "StoreBasics", "ids"]


class StoreBasics(StoreCrowds):
    """The fixtures of `StoreContract`, and the promises that every store makes.

    Attributes:
        keeps_order: Whether letters are handed out oldest first.
        replaces: Whether a letter that is put again takes the place of the first.
    """

    keeps_order = True
    replaces = True

    @pytest.fixture
    def clock(self) -> FakeClock:
        """The clock that the store is made with."""
        return FakeClock()

    @pytest.fixture
    def store(self, clock: FakeClock) -> DeadLetterStore:
        """The store that is tested: empty, and new for each test."""
        raise NotImplementedError("override the fixture 'store': return a new, empty store that tells time by 'clock'")

    @pytest.fixture
    def other(self, store: DeadLetterStore) -> DeadLetterStore:
        """A second store on the same letters, as another process would have it."""
        return store

    @pytest.fixture
    def wait(self, clock: FakeClock) -> Callable[[float], None]:
        """Lets so many seconds pass for the store."""
        return clock.advance

    def test_it_is_a_store(self, store: DeadLetterStore) -> None:
        """It has what every store has."""
        assert isinstance(store, DeadLetterStore)

    def test_there_is_nothing_at_first(self, store: DeadLetterStore) -> None:
        """An empty store hands out nothing, and that is no error."""
        assert store.receive(10, lease=LEASE) == []

    def test_nothing_of_a_letter_is_lost(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """A letter comes out as it went in: every field, any text, and what a newer version has added."""
        kept = whole_letter()
        store.put(kept)
        (lease,) = other.receive(10, lease=LEASE)
        for name in kept.__struct_fields__:
            assert getattr(lease.letter, name) == getattr(kept, name), name

    def test_oldest_first(self, store: DeadLetterStore) -> None:
        """Letters are handed out oldest first, and no more than were asked for."""
        kept = [letter(number) for number in range(5)]
        for one in kept if self.keeps_order else []:
            store.put(one)
        if self.keeps_order:
            assert ids(store.receive(2, lease=LEASE)) == [one.id for one in kept[:2]]
            assert ids(store.receive(10, lease=LEASE)) == [one.id for one in kept[2:]]
        assert store.receive(0, lease=LEASE) == []

    def test_held_letters_are_nobody_elses(
        self, store: DeadLetterStore, other: DeadLetterStore, wait: Callable[[float], None]
    ) -> None:
        """What one receiver holds no other gets, until the moment when the lease ends; then it comes back."""
        store.put(letter())
        (lease,) = store.receive(1, lease=LEASE)
        assert other.receive(1, lease=LEASE) == []
        wait(LEASE - 1)
        assert other.receive(1, lease=LEASE) == []
        wait(1)
        (again,) = other.receive(1, lease=LEASE)
        assert again.letter == lease.letter
        assert again.token != lease.token

    def test_acknowledged_letters_are_gone(
        self, store: DeadLetterStore, other: DeadLetterStore, wait: Callable[[float], None]
    ) -> None:
        """An acknowledged letter never comes back; the others do."""
        store.put(letter(1))
        store.put(letter(2))
        first, second = store.receive(2, lease=LEASE)
        store.ack(first)
        wait(LEASE)
        assert ids(other.receive(10, lease=LEASE)) == [second.letter.id]

    def test_acknowledging_twice_is_no_error(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """Who is not sure that a letter was acknowledged may do it again."""
        store.put(letter())
        (lease,) = store.receive(1, lease=LEASE)
        store.ack(lease)
        store.ack(lease)
        other.ack(lease)

    def test_released_letters_are_back_at_once(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """A letter that was given back is there for the next receiver, unchanged."""
        kept = whole_letter()
        store.put(kept)
        (lease,) = store.receive(1, lease=LEASE)
        store.release(lease)
        (again,) = other.receive(10, lease=LEASE)
        assert again.letter == kept

    def test_a_release_updates_the_record(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """A letter can be given back with a new record; it is still one letter."""
        store.put(whole_letter())
        (lease,) = store.receive(1, lease=LEASE)
        newer = structs.replace(lease.letter, replay_count=4, notes=(*lease.letter.notes, "failed again"))
        store.release(lease, newer)
        assert [lease.letter for lease in other.receive(10, lease=LEASE)] == [newer]

    def test_parked_letters_are_not_handed_out(self, store: DeadLetterStore) -> None:
        """A parked letter is never received, whether it came parked or was parked when it was given back.

        A store that says ``parks = False`` takes none: it refuses them, and a letter that it has stays as it was.
        """
        if not parks(store):
            _refuses_parked_letters(store)
            return
        store.put(letter(1, state="parked"))
        store.put(letter(2))
        (lease,) = store.receive(10, lease=LEASE)
        assert lease.letter.state == "waiting"
        store.release(lease, structs.replace(lease.letter, state="parked"))
        assert store.receive(10, lease=LEASE) == []

    def test_a_lost_lease_ends_nothing(
        self, store: DeadLetterStore, other: DeadLetterStore, wait: Callable[[float], None]
    ) -> None:
        """Who is too late, because someone else has taken the letter, is told so, and changes nothing."""
        kept = letter()
        store.put(kept)
        (late,) = store.receive(1, lease=LEASE)
        wait(LEASE)
        (current,) = other.receive(1, lease=LEASE)
        with pytest.raises(LeaseLostError):
            store.ack(late)
        with pytest.raises(LeaseLostError):
            store.release(late, structs.replace(kept, replay_count=99))
        assert store.receive(1, lease=LEASE) == []
        other.release(current)
        assert [lease.letter for lease in store.receive(1, lease=LEASE)] == [kept]

    def test_who_is_late_but_alone_is_not_too_late(self, store: DeadLetterStore, wait: Callable[[float], None]) -> None:
        """A lease that has ended can still be acknowledged and given back while nobody else took the letter."""
        store.put(letter(1))
        store.put(letter(2))
        first, second = store.receive(2, lease=LEASE)
        wait(LEASE * 2)
        store.ack(first)
        store.release(second)
        assert ids(store.receive(10, lease=LEASE)) == [second.letter.id]

    def test_the_same_id_replaces(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """A letter that is put again takes the place of the first."""
        kept = letter(message="first")
        store.put(kept)
        if self.replaces:
            newer = structs.replace(kept, message="second")
            other.put(newer)
            assert [lease.letter for lease in store.receive(10, lease=LEASE)] == [newer]

    def test_letters_outlast_a_close(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """Closing frees what is held, twice without harm; the letters are still there for whoever opens them."""
        kept = letter()
        store.put(kept)
        store.close()
        store.close()
        assert ids(other.receive(10, lease=LEASE)) == [kept.id]


def _refuses_parked_letters(store: DeadLetterStore) -> None:
    with pytest.raises(UnsupportedError):
        store.put(letter(1, state="parked"))
    store.put(letter(2))
    (lease,) = store.receive(10, lease=LEASE)
    with pytest.raises(UnsupportedError):
        store.release(lease, structs.replace(lease.letter, state="parked"))
    store.release(lease)
    assert [again.letter for again in store.receive(10, lease=LEASE)] == [lease.letter]
