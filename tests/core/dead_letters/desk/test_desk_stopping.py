"""How far it is that something is done to letters, stopping it, and Ctrl-C: nothing stays claimed or half done."""

from __future__ import annotations

from threading import Event

import pytest
from msgspec import structs

from ninelives.dead_letters.claim_many import BATCH
from ninelives.dead_letters.letter import LetterFilter

ALL = LetterFilter()


def ids(letters):
    return [letter.id for letter in letters]


def test_progress_is_told(office, letters, do):
    """After each letter the callback is told how far it is, with the total."""
    store = office.store("store", *letters)
    store.claim([letters[1].id], lease=60)
    told = []
    do(office.desk(store), ALL, all_letters=True, progress=told.append)
    assert [one.done for one in told] == [1, 2, 3, 4, 5]
    assert {one.total for one in told} == {5}
    assert told[-1].failed == 1
    do(office.desk(store), ["nope", "nor"], progress=told.append)
    assert [(one.done, one.total, one.failed) for one in told[5:]] == [(1, 2, 1), (2, 2, 2)]


def test_stopping_begins_no_more(office, letters, do):
    """Once `stop` is set no letter is begun; what was claimed is free again."""
    stop = Event()
    stop.set()
    store = office.store("store", *letters)
    for what in (ids(letters), LetterFilter(since=letters[0].created)):
        report = do(office.desk(store), what, stop=stop)
        assert (report.done, report.stopped, report.ok) == (0, True, False)
    stop.clear()
    many = [structs.replace(letters[0], id=f"letter {number}") for number in range(BATCH + 5)]
    store.put_many(many)
    report = do(office.desk(store), ids(many), stop=stop, progress=lambda _: stop.set())
    assert (report.done, report.stopped) == (BATCH, True)  # what is in hand is finished
    assert len(store.claim([*ids(letters), *ids(many[BATCH:])], lease=60)) == 10


def test_stopping_between_ids(office, letters, do):
    """Where ids are claimed one by one, as one of them is not there, no other is claimed once `stop` is set."""
    stop, store = Event(), office.store("store", *letters)
    report = do(office.desk(store), [*ids(letters), "nope"], stop=stop, progress=lambda _: stop.set())
    assert (report.done, report.missing, report.stopped) == (1, 0, True)
    assert len(store.claim(ids(letters[1:]), lease=60)) == 4


def test_an_interrupt_gives_back_what_is_claimed(office, letters, do):
    """Ctrl-C in the middle leaves nothing claimed."""

    def interrupt(_):
        raise KeyboardInterrupt

    store = office.store("store", *letters)
    with pytest.raises(KeyboardInterrupt):
        do(office.desk(store), LetterFilter(since=letters[0].created), progress=interrupt)
    left = ids(store.browse(ALL, limit=9).letters)
    assert len(store.claim(left, lease=60)) == len(left)


def test_an_interrupt_while_they_are_looked_at(bureau, make):
    """Ctrl-C right after claiming: what was claimed is free."""

    def interrupt(_):
        raise KeyboardInterrupt

    letters = [make(0), make(1, schema=2), make(2)]
    store = bureau.store("store", *letters)
    with pytest.raises(KeyboardInterrupt):
        bureau.desk(store).purge(ALL, all_letters=True, progress=interrupt)
    assert len(store.claim(ids(letters), lease=60)) == 3
