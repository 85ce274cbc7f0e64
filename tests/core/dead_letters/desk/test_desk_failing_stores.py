"""Stores that fail while something is done to letters: one letter does not stop the others, a store does."""

from __future__ import annotations

import pytest

from ninelives import LetterBusyError, StoreError
from ninelives.dead_letters.letter import LetterFilter

ALL = LetterFilter()


def ids(letters):
    return [letter.id for letter in letters]


def test_one_that_fails_does_not_stop_the_others(bureau, failing, letters, do):
    """A letter that its store refuses is told, and free; the others are done."""
    store = failing(bureau.clock, [None, StoreError("too odd", transient=False), OSError("torn"), None, None])
    store.put_many(letters)
    report = do(bureau.desk(store), ALL, all_letters=True)
    assert (report.done, report.failed) == (3, 2)
    assert report.reasons == {
        letters[1].id: "store:: too odd",
        letters[2].id: "store:: builtins.OSError: torn",
    }
    assert len(store.claim(ids(letters[1:3]), lease=60)) == 2


def test_a_store_that_can_not_be_reached_stops_it(bureau, failing, letters, action, do):
    """Two failures in a row that may pass are the store's: it ends, and says how many were done by then."""
    store = failing(bureau.clock, [None, None, StoreError("down"), StoreError("down")])
    store.put_many(letters)
    with pytest.raises(StoreError, match=rf"^2 letters were {action}, then store:.*down") as caught:
        do(bureau.desk(store), ALL, all_letters=True)
    assert caught.value.transient
    left = ids(store.browse(ALL, limit=9).letters)
    assert len(store.claim(left, lease=60)) == len(left)


def test_a_store_that_can_not_be_asked(bureau, failing, letters, do):
    """Where claiming fails, it ends; nothing was done, and nothing is said of that."""
    for what in (ids(letters), LetterFilter(since=letters[0].created)):
        store = failing(bureau.clock, claims=[OSError("no such device")] * 2)
        store.put_many(letters)
        with pytest.raises(StoreError, match=r"^store:.*no such device"):
            do(bureau.desk(store), what)


def test_claiming_that_fails_in_the_middle(bureau, failing, letters, do):
    """Of letters that are claimed one by one because one is held, those that were claimed are free again."""
    busy = LetterBusyError("held")
    store = failing(bureau.clock, claims=[busy, None, None, OSError("gone")])
    store.put_many(letters)
    with pytest.raises(StoreError, match="gone"):
        do(bureau.desk(store), ALL, all_letters=True)
    assert len(store.claim(ids(letters), lease=60)) == 5
