"""What is the same of all that can be done to letters: which are meant, and what is told of those that it can't."""

from __future__ import annotations

import pytest

from ninelives.dead_letters.desk.report import MAX_REASONS
from ninelives.dead_letters.letter import LetterFilter

ALL = LetterFilter()


def ids(letters):
    return [letter.id for letter in letters]


def test_done_to_ids(office, letters, action, do):
    """It is done to each of the ids, once, whatever order and repetition; the others stay as they are."""
    desk = office.desk(office.store("store", *letters))
    chosen = [letters[3].id, letters[1].id, letters[3].id]
    report = do(desk, chosen)
    assert (report.done, report.ok, report.reasons) == (2, True, {})
    told = office.told("letter_changed")
    assert [event.letter_id for event in told] == chosen[:2]
    assert {event.action for event in told} == {action}
    assert {event.note for event in told} == ({"seen"} if action == "noted" else {"why"})
    left = [letters[0], letters[2], letters[4]]
    assert [letter for letter in desk.letters(limit=9).letters if letter.id not in chosen] == left


def test_done_to_one_id(office, letters, action, do):
    """One id is an id, not a row of characters."""
    desk = office.desk(office.store("store", *letters))
    assert do(desk, letters[0].id).done == 1
    assert [event.action for event in office.told("letter_changed")] == [action]


def test_done_to_what_a_filter_means(office, make, action, do, state):
    """It is done to all that match, and free again."""
    letters = [make(number, message=number, state=state, pipeline=f"p{number % 2}") for number in range(7)]
    store = office.store("store", *letters)
    desk = office.desk(store)
    assert do(desk, LetterFilter(pipeline="p1")).done == 3
    assert {event.letter_id for event in office.told("letter_changed")} == set(ids(letters[1::2]))
    assert len(store.claim(ids(desk.letters(limit=9).letters), lease=60)) == (4 if action == "purged" else 7)


def test_an_empty_filter_has_to_be_said(office, letters, do):
    """Every letter is meant only where that is said."""
    desk = office.desk(office.store("store", *letters))
    with pytest.raises(ValueError, match="an empty filter means every letter: pass all_letters=True to say so"):
        do(desk, ALL)
    assert desk.letters(limit=9).letters == tuple(letters)
    assert do(desk, ALL, all_letters=True).done == 5


@pytest.mark.parametrize("what", [7, [7], None, [None, "x"], [b"id"]])
def test_what_is_neither_ids_nor_a_filter(bureau, what, do):
    """What no letters can be meant by is refused."""
    with pytest.raises(TypeError, match="expected ids of letters, or a LetterFilter"):
        do(bureau.desk(bureau.store()), what)


def test_nothing_that_is_meant(office, letters, do):
    """No ids, or a filter that matches nothing: nothing is done, and that is well."""
    desk = office.desk(office.store("store", *letters))
    for what in ([], LetterFilter(pipeline="nobody")):
        report = do(desk, what)
        assert (report.done, report.ok) == (0, True)


def test_what_is_held_or_missing_is_told(office, letters, do):
    """A letter that someone else holds is busy, one that is not there missing; the others are done."""
    store = office.store("store", *letters)
    desk = office.desk(store)
    store.claim([letters[1].id], lease=60)
    report = do(desk, [*ids(letters[:3]), "nope"])
    assert (report.done, report.busy, report.missing, report.ok) == (2, 1, 1, False)
    assert set(report.reasons) == {letters[1].id, "nope"}
    assert "there is no letter nope in store:" in report.reasons["nope"]
    assert desk.get(letters[1].id) == letters[1]


def test_of_what_a_filter_means_those_held_stay(office, letters, do):
    """Of many, those that someone else holds are told as busy, each by itself."""
    store = office.store("store", *letters)
    store.claim([letters[1].id], lease=60)
    report = do(office.desk(store), ALL, all_letters=True)
    assert (report.done, report.busy) == (4, 1)
    assert store.get(letters[1].id) == letters[1]


def test_letters_in_each_place_are_found(office, letters, do):
    """An id is looked for in the store, the fallback and where parked letters are; a filter goes through all."""
    stores = [office.store(name, letter) for name, letter in zip(("a", "b", "c"), letters, strict=False)]
    desk = office.desk(*stores)
    assert do(desk, ids(letters[:2])).done == 2
    assert do(desk, LetterFilter(ids=frozenset([letters[2].id]))).done == 1


def test_a_letter_in_two_places_is_done_once(office, letters, do):
    """A crash may have left a letter in two stores: a filter means it once."""
    desk = office.desk(office.store("a", letters[0]), office.store("b", *letters[:2]))
    report = do(desk, ALL, all_letters=True)
    assert (report.done, report.busy, report.skipped) == (2, 0, 0)


def test_of_very_many_reasons_some_are_kept(bureau, do):
    """The report stays small, whatever the number of letters."""
    report = do(bureau.desk(bureau.store()), (f"letter {number}" for number in range(MAX_REASONS + 50)))
    assert (report.missing, len(report.reasons)) == (MAX_REASONS + 50, MAX_REASONS)


def test_a_letter_of_a_newer_schema(bureau, make, do, state):
    """It is left as it is, and told: what it means is not known here."""
    newer = make(0, schema=2, state=state)
    store = bureau.store("store", newer)
    report = do(bureau.desk(store), [newer.id])
    assert (report.failed, report.done) == (1, 0)
    assert "of schema 2, and this version knows 1: upgrade ninelives" in report.reasons[newer.id]
    assert store.get(newer.id) == newer


def test_a_newer_letter_in_a_file(tmp_path, bureau, make, do):
    """A file's line that can't be read is told as what it is, when its letter is asked for."""
    from ninelives_file import FileStore

    store = FileStore(tmp_path / "dlq.json", clock=bureau.clock)
    letter = make(schema=2)
    store.put(letter)
    report = do(bureau.desk(store), [letter.id])
    assert report.missing == 1
    assert f"letter {letter.id} is in store:, but can't be read: it is of schema 2" in report.reasons[letter.id]
