"""A claimed letter's way back or out."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from ninelives.dead_letters.claims import LOOK_THROUGH, Claimed, claim
from ninelives.dead_letters.failures import failure_said
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.making import LetterMaker
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.places import Place
from ninelives.errors import LeaseLostError, LetterBusyError, LetterNotFoundError, StoreError
from ninelives.events import LetterParked, LetterReplayed, ReplayFailed
from ninelives.testing.clock import FakeClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def letter(letter_id="1", **fields):
    return DeadLetter(id=letter_id, key=letter_id, created=NOW, first_failed=NOW, last_failed=NOW, **fields)


class Plain:
    """A store that can do no more than every store can."""

    def __init__(self, clock):
        self.inner = MemoryStore(clock=clock)
        self.unreleasable = set()

    def put(self, letter):
        self.inner.put(letter)

    def receive(self, max_letters, *, lease):
        return self.inner.receive(max_letters, lease=lease)

    def ack(self, lease):
        self.inner.ack(lease)

    def release(self, lease, letter=None):
        if lease.letter.id in self.unreleasable:
            raise OSError("gone")
        self.inner.release(lease, letter)

    def close(self):
        self.inner.close()


class Down(MemoryStore):
    """A store that raises the same error whatever is asked of it."""

    def __init__(self, error):
        super().__init__(clock=FakeClock())
        self.error = error

    def claim(self, letter_ids, *, lease):
        raise self.error

    def ack(self, lease):
        raise self.error

    def release(self, lease, letter=None):
        raise self.error


@pytest.fixture
def clock():
    return FakeClock()


def place(store, *letters, name="here"):
    for one in letters:
        store.put(one)
    return Place(store, name)


@pytest.fixture(params=[MemoryStore, Plain])
def store(request, clock):
    return Plain(clock) if request.param is Plain else MemoryStore(clock=clock)


def test_a_letter_is_claimed_by_its_id(store):
    """One letter is ours, wherever it is; the others can still be had."""
    here = place(store, letter("1"), letter("2"), letter("3"))
    lease, found = claim([place(MemoryStore()), here], "2", 60)
    assert (lease.letter.id, found) == ("2", here)
    assert [one.letter.id for one in store.receive(9, lease=1)] == ["1", "3"]


def test_it_comes_back_when_its_lease_ends(store, clock):
    """A claim holds for its lease and no longer."""
    here = place(store, letter())
    claim([here], "1", 60)
    clock.advance(59)
    with pytest.raises((LetterBusyError, LetterNotFoundError)):
        claim([here], "1", 60)
    clock.advance(1)
    assert claim([here], "1", 60)


def test_what_is_nowhere_is_not_found(store):
    """An id that no store has is told with the stores' names."""
    with pytest.raises(LetterNotFoundError, match="no letter 7 in there, here"):
        claim([place(MemoryStore(), name="there"), place(store, letter())], "7", 60)
    assert store.receive(9, lease=1)


def test_what_another_holds_is_busy(clock):
    """A letter that someone else holds is told as busy, and not looked for elsewhere."""
    here = place(MemoryStore(clock=clock), letter())
    claim([here], "1", 60)
    with pytest.raises(LetterBusyError):
        claim([here], "1", 60)


@pytest.mark.parametrize("error", [StoreError("down"), OSError("down")])
def test_a_store_that_is_down_hides_no_letter_of_the_other(clock, error):
    """Where the store can't be reached the fallback's letters can be claimed; where neither has it, that is told."""
    fallback = place(MemoryStore(clock=clock), letter(), name="fallback")
    assert claim([place(Down(error)), fallback], "1", 60)[1] is fallback
    with pytest.raises(StoreError, match="down"):
        claim([place(Down(error)), fallback], "2", 60)


def test_a_store_that_is_searched_in_vain_gives_all_back(clock):
    """Only so many letters of a store that can't be searched are looked at, and all of them come back."""
    store = Plain(clock)
    here = place(store, *(letter(f"{number:03}") for number in range(LOOK_THROUGH + 20)))
    with pytest.raises(LetterNotFoundError):
        claim([here], "119", 60)
    assert len(store.receive(999, lease=1)) == LOOK_THROUGH + 20


def test_one_that_can_not_be_given_back_keeps_no_other(clock, caplog):
    """A letter that was looked at and can't be given back keeps neither the one that was meant nor the rest."""
    store = Plain(clock)
    store.unreleasable = {"1"}
    lease, _ = claim([place(store, letter("1"), letter("2"), letter("3"))], "3", 60)
    assert lease.letter.id == "3"
    assert [one.letter.id for one in store.receive(9, lease=1)] == ["2"]
    assert "letter 1 comes back when its lease ends: builtins.OSError: gone" in caplog.text


class Breaking(Plain):
    """A store that breaks at its second receive."""

    def __init__(self, clock):
        super().__init__(clock)
        self.received = 0

    def receive(self, max_letters, *, lease):
        self.received += 1
        if self.received == 2:
            raise StoreError("broke")
        return super().receive(max_letters, lease=lease)


def test_a_search_that_breaks_gives_back(clock):
    """A store that breaks while it is looked through has what was looked at back."""
    store = Breaking(clock)
    here = place(store, *(letter(f"{number:03}") for number in range(20)))
    with pytest.raises(StoreError, match="broke"):
        claim([here], "019", 60)
    assert len(store.receive(99, lease=1)) == 20


class Ours:
    """A letter claimed in a store, and what was told of it."""

    def __init__(self, clock, store, **fields):
        self.events = []
        self.store = store
        self.place = place(store, letter(pipeline="shop", **fields))
        lease, _ = claim([self.place], "1", 60) if not isinstance(store, Down) else (None, None)
        self.claimed = Claimed(lease or self.lease(), self.place, LetterMaker(clock.now, "shop"), self.events.append, 2)

    def lease(self):
        (one,) = self.store.receive(1, lease=60)
        return one

    @property
    def told(self):
        return [(type(event), event.replay_count) for event in self.events]


def test_confirmed_it_is_gone(clock, store):
    """A letter that was done is gone, and `letter_replayed` says so."""
    ours = Ours(clock, store)
    ours.claimed.confirm()
    assert ours.told == [(LetterReplayed, 0)]
    (event,) = ours.events
    assert (event.letter_id, event.call_id, event.pipeline, event.at) == ("1", "1", "shop", clock.now())
    clock.advance(100)
    assert store.receive(9, lease=1) == []


def test_failed_it_is_back_and_parked_at_last(clock, store):
    """A letter that failed again is back with its count; the last allowed failure parks it, and each is told."""
    ours = Ours(clock, store)
    ours.claimed.fail(failure_said({"error_type": "api"}, NOW))
    assert ours.told == [(ReplayFailed, 1)]
    (lease,) = store.receive(9, lease=60)
    assert (lease.letter.replay_count, lease.letter.error.type) == (1, "api")
    again = msgspec.structs.replace(ours.claimed, lease=lease)
    assert again.fail(failure_said(None, NOW)).state == "parked"
    assert ours.told[1:] == [(ReplayFailed, 2), (LetterParked, 2)]
    assert store.receive(9, lease=1) == []


def test_a_parked_letter_is_parked_once(clock):
    """A letter that was parked before is not told as parked again."""
    ours = Ours(clock, MemoryStore(clock=clock), state="parked", replay_count=5)
    ours.claimed.fail(failure_said(None, NOW))
    assert ours.told == [(ReplayFailed, 6)]


def test_given_back_it_is_as_it_was(clock, store):
    """A letter that was not tried is back as it was, and nothing is told."""
    ours = Ours(clock, store)
    ours.claimed.give_back()
    assert [lease.letter for lease in store.receive(9, lease=1)] == [ours.claimed.letter]
    assert ours.told == []


@pytest.mark.parametrize("error", [StoreError("down"), LeaseLostError("down"), OSError("down"), KeyError("down")])
def test_what_a_store_raises_is_a_store_error(clock, caplog, error):
    """Where the end of a replay can't be recorded that is a `StoreError`, of whatever kind the store's own is."""
    ours = Ours(clock, Down(error))
    for end in (ours.claimed.confirm, lambda: ours.claimed.fail(failure_said(None, NOW))):
        with pytest.raises(StoreError, match="down") as caught:
            end()
        assert error in (caught.value, caught.value.__cause__)
    assert ours.told == []
    ours.claimed.give_back()
    assert "comes back when its lease ends" in caplog.text


def test_a_lost_lease_is_told(clock):
    """A letter that went to someone else meanwhile is not recorded as done."""
    ours = Ours(clock, MemoryStore(clock=clock))
    clock.advance(60)
    claim([ours.place], "1", 60)
    with pytest.raises(LeaseLostError):
        ours.claimed.confirm()
    with pytest.raises(LeaseLostError):
        ours.claimed.fail(failure_said(None, NOW))
