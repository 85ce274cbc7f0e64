"""Giving back what is held, and seeing whether it is held elsewhere."""

from __future__ import annotations

import pytest

from ninelives.dead_letters.holding import are_one, claim_copy, give_back_all
from ninelives.dead_letters.memory import MemoryStore
from ninelives.errors import LetterBusyError, StoreError
from ninelives.testing.contracts.letters import letter


class Interrupted(MemoryStore):
    """A store that raises `error` when the second letter is given back, or when several are at once."""

    error: BaseException
    released = 0

    def release(self, lease, letter=None):
        self.released += 1
        if self.released == 2:
            raise self.error
        super().release(lease, letter)

    def release_many(self, releases):
        given = list(releases)
        if len(given) > 1:
            raise StoreError("not at once")
        super().release_many(given)


class Unsearchable(MemoryStore):
    """A store that shows only some of its letters."""

    searchable = False


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_an_interrupt_keeps_no_others(error):
    """Ctrl-C while letters are given back comes out when the others are free."""
    store, letters = Interrupted(), [letter(number) for number in range(4)]
    store.error = error
    store.put_many(letters)
    leases = store.claim([one.id for one in letters], lease=60)
    with pytest.raises(type(error)):
        give_back_all(store, leases)
    free = [letters[number].id for number in (0, 2, 3)]
    assert len(store.claim(free, lease=60)) == 3


def test_several_are_given_back_at_once():
    """Several letters are given back by one call; where one of them is lost, the others one by one, and it is told.

    For none at all there is no call.
    """

    class Counting(MemoryStore):
        calls = 0

        def release_many(self, releases):
            self.calls += 1
            super().release_many(releases)

    store, letters = Counting(), [letter(number) for number in range(4)]
    store.put_many(letters)
    leases = store.claim([one.id for one in letters], lease=60)
    give_back_all(store, leases)
    assert store.calls == 1
    give_back_all(store, [])
    assert store.calls == 1
    again = store.claim([one.id for one in letters], lease=60)
    give_back_all(store, [*again[:3], leases[3]])
    assert store.calls == 1 + 1 + 4
    assert len(store.receive(4, lease=60)) == 3


def test_an_interrupt_while_several_are_given_back():
    """Ctrl-C while the store gives several back comes out when they are free."""

    class Once(MemoryStore):
        interrupted = False

        def release_many(self, releases):
            if not self.interrupted:
                self.interrupted = True
                raise KeyboardInterrupt
            super().release_many(releases)

    store, letters = Once(), [letter(number) for number in range(4)]
    store.put_many(letters)
    with pytest.raises(KeyboardInterrupt):
        give_back_all(store, store.claim([one.id for one in letters], lease=60))
    assert len(store.receive(4, lease=60)) == 4


def test_a_copy_is_claimed_where_there_is_one():
    """A letter that stands in another store too is ours there; one that does not, or can't be looked for, is not."""
    here, there, one = MemoryStore(), MemoryStore(), letter()
    there.put(one)
    copy = claim_copy(here, there, one.id, 60)
    assert copy is not None
    assert copy.letter == one
    assert claim_copy(here, there, "another", 60) is None
    assert claim_copy(here, Unsearchable(), one.id, 60) is None
    with pytest.raises(LetterBusyError):
        claim_copy(here, there, one.id, 60)
    with pytest.raises(LetterBusyError):
        claim_copy(here, here, "any", 60)


def test_a_copy_that_is_free_is_no_sign_of_one_store():
    """Only a letter that is held in both may be one letter; a copy that is looked at stays free."""
    here, there, one = MemoryStore(), MemoryStore(), letter()
    there.put(one)
    assert not are_one(here, there, one.id)
    assert len(there.claim([one.id], lease=60)) == 1
    assert are_one(here, there, one.id)
    assert are_one(here, here, one.id)


@pytest.mark.parametrize("transient", [True, False])
def test_a_store_that_can_not_be_asked(transient):
    """That a store is down is told; that it refuses for good means that there is no copy to be claimed."""

    class Broken(MemoryStore):
        def claim(self, letter_ids, *, lease):
            raise StoreError("no", transient=transient)

    if transient:
        with pytest.raises(StoreError, match="no"):
            are_one(MemoryStore(), Broken(), "one")
    else:
        assert not are_one(MemoryStore(), Broken(), "one")
