"""Doing something to the letters of a store without search: by their ids, or all."""

from __future__ import annotations

from threading import Event

import pytest

from ninelives import StoreError, UnsupportedError
from ninelives.dead_letters.claim_many import BATCH
from ninelives.dead_letters.letter import LetterFilter

ALL = LetterFilter()


def test_a_store_without_search_takes_no_filter(bureau, letters, do):
    """The error says what works instead, and nothing is done, not even where it could be."""
    desk = bureau.desk(bureau.store("a", letters[0]), bureau.only(*letters[1:]))
    for what in (LetterFilter(pipeline="x"), LetterFilter(text="x")):
        with pytest.raises(UnsupportedError, match="fallback: has no search: name letters by their ids, or move all"):
            do(desk, what)
    assert bureau.events.recorded == []


@pytest.mark.parametrize("action", ["noted", "purged"], indirect=True)
def test_a_store_without_search_takes_ids_and_all(bureau, make, action, do):
    """Ids are looked for among what it gives; every letter can be had too, each once."""
    letters = [make(number, message=number) for number in range(BATCH + 30)]
    store = bureau.only(*letters)
    desk = bureau.desk(store)
    assert do(desk, [letters[3].id, "nope"]).done == 1
    told = []
    report = do(desk, ALL, all_letters=True, progress=told.append)
    assert report.done == len(letters) - (action == "purged")
    assert {one.total for one in told} == {None}
    assert store.inside.count() == (0 if action == "purged" else len(letters))
    assert len(store.receive(500, lease=60)) == store.inside.count()


def test_stopping_at_a_store_without_search(bureau, make):
    """Once `stop` is set, no more is received, and what was is free."""
    stop, store = Event(), bureau.only(*(make(number) for number in range(BATCH + 5)))
    report = bureau.desk(store).note(ALL, "seen", all_letters=True, stop=stop, progress=lambda _: stop.set())
    assert (report.done, report.stopped) == (1, True)
    assert len(store.receive(500, lease=60)) == BATCH + 5


def test_all_of_a_store_that_gives_the_same_again(bureau, make):
    """Where leases end before all were seen, it stops at what comes again."""
    letters = [make(number) for number in range(5)]
    store = bureau.only(*letters)
    desk = bureau.desk(store)
    report = desk.note(ALL, "seen", all_letters=True, progress=lambda _: bureau.clock.advance(61))
    assert report.done == 5


def test_a_store_without_search_that_fails(bureau, letters, do):
    """It ends, and what was had is free."""
    store = bureau.only(*letters)
    store.receive = None
    with pytest.raises(StoreError, match="NoneType"):
        do(bureau.desk(store, bureau.store("fallback")), ALL, all_letters=True)
