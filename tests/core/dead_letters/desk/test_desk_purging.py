"""Purging: deleted from every store, each told, and no copy comes back unsaid."""

from __future__ import annotations

import pytest

from ninelives import LetterBusyError
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore

ALL = LetterFilter()


def ids(letters):
    return [letter.id for letter in letters]


def test_each_purged_letter_is_told(office, make):
    """Each deleted letter is a `letter_purged` and a `letter_changed`."""
    letters = [make(number, message=number, replay_count=number) for number in range(3)]
    store = office.store("store", *letters)
    assert office.desk(store).purge(ALL, "old", all_letters=True).done == 3
    assert store.count() == 0
    assert office.events.names == ["letter_purged", "letter_changed"] * 3
    assert [event.replay_count for event in office.told("letter_purged")] == [0, 1, 2]
    assert {event.note for event in office.told("letter_changed")} == {"old"}


def test_what_was_purged_is_told_whatever_comes_then(office, make):
    """Ctrl-C after they were deleted hides none of them: each is told."""

    def interrupt(_):
        raise KeyboardInterrupt

    store = office.store("store", *(make(number) for number in range(3)))
    with pytest.raises(KeyboardInterrupt):
        office.desk(store).purge(ALL, all_letters=True, progress=interrupt)
    assert (store.count(), len(office.told("letter_purged"))) == (0, 3)


@pytest.mark.parametrize("by_id", [True, False])
def test_a_purged_letter_is_gone_from_all_stores(office, make, by_id):
    """A crash may have left a letter in two stores: it is purged from both, told once, and does not come back."""
    letters = [make(number) for number in range(3)]
    store, fallback = office.store("store", *letters[:2]), office.store("fallback", *letters)
    desk = office.desk(store, fallback, office.only(letters[0]))
    report = desk.purge(ids(letters)) if by_id else office.desk(store, fallback).purge(ALL, all_letters=True)
    assert (report.done, report.ok, store.count(), fallback.count()) == (3, True, 0, 0)
    assert [event.letter_id for event in office.told("letter_purged")] == ids(letters)


def test_a_copy_that_can_not_be_purged_is_told(bureau, failing, make, caplog):
    """Where a purged letter may come back, as another copy is held or its store is down, the log says so."""
    letter = make(message="hunter2")
    fallback = failing(bureau.clock, claims=[None, LetterBusyError("held until noon")])
    fallback.put(letter)
    (lease,) = fallback.claim([letter.id], lease=600)
    assert bureau.desk(bureau.store("a", letter), fallback).purge(letter.id).done == 1
    fallback.release(lease)
    fallback.claims = [OSError("no such device")]
    assert bureau.desk(bureau.store("b", letter), fallback).purge(letter.id).done == 1
    assert caplog.messages == [
        f"letter {letter.id} was purged, but another copy of it is still in fallback:: held until noon",
        "copies of letters that were purged may still be in fallback:: fallback:: builtins.OSError: no such device",
    ]


def test_an_interrupt_while_they_are_purged(bureau, make):
    """Ctrl-C while the store deletes: what is still there is free."""

    class Interrupted(MemoryStore):
        def ack_many(self, leases):
            raise KeyboardInterrupt

    letters = [make(number) for number in range(3)]
    store = Interrupted(clock=bureau.clock)
    store.put_many(letters)
    with pytest.raises(KeyboardInterrupt):
        bureau.desk(store).purge(ALL, all_letters=True)
    assert len(store.claim(ids(letters), lease=60)) == 3
