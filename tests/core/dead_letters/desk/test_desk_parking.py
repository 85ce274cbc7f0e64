"""Notes, and parking and its way back: in the letters, and where they are kept."""

from __future__ import annotations

import pytest

from ninelives import DeadLetterQueue, StoreError, UnsupportedError
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore

ALL = LetterFilter()


def ids(letters):
    return [letter.id for letter in letters]


def test_a_note_needs_a_text(bureau):
    """An empty note says nothing."""
    with pytest.raises(ValueError, match="a note needs a text"):
        bureau.desk(bureau.store()).note("x", " \n")


def test_a_note_is_in_the_letter(office, make):
    """When, who, with what, and the text; the newest last."""
    letter = make(message=1, notes=("first",))
    desk = office.desk(office.store("store", letter))
    desk.note(letter.id, "asked\nTom")
    noted = desk.get(letter.id)
    assert noted.notes[0] == "first"
    assert noted.notes[1].endswith("+00:00 alice@web-1 (ninelives dlq): asked\\nTom")
    assert (noted.message, noted.state) == (1, "waiting")


def test_parking_and_back(office, make):
    """A parked letter is not handed out; one that waits again is, with its failed replays still counted."""
    letter = make(message=1, replay_count=5)
    store = office.store("store", letter)
    desk = office.desk(store)
    assert desk.park(letter.id).done == 1
    assert (desk.get(letter.id).state, store.receive(1, lease=60)) == ("parked", [])
    assert desk.unpark(letter.id, "fixed").done == 1
    waiting = desk.get(letter.id)
    assert (waiting.state, waiting.replay_count) == ("waiting", 5)
    assert [note.split("): ")[1] for note in waiting.notes] == ["parked", "unparked: fixed"]
    assert len(store.receive(1, lease=60)) == 1


def test_what_is_so_already_is_skipped(office, make):
    """To park a parked letter, or unpark one that waits, changes and tells nothing."""
    parked, waiting = make(0, state="parked"), make(1)
    store = office.store("store", parked, waiting)
    desk = office.desk(store)
    report = desk.park(parked.id)
    assert (report.done, report.skipped, report.ok, report.reasons) == (0, 1, True, {parked.id: "it is parked already"})
    assert desk.unpark(waiting.id).reasons == {waiting.id: "it is not parked"}
    assert office.events.recorded == []
    assert desk.letters(limit=9).letters == (parked, waiting)
    assert len(store.claim([parked.id, waiting.id], lease=60)) == 2


def test_parking_goes_where_parked_letters_are_kept(office, make):
    """With a place for parked letters they go there, and wait there again when they are unparked."""
    letter = make(message=1)
    store, park = office.store("store", letter), office.store("park")
    desk = office.desk(store, park=park)
    assert desk.park(letter.id, "later").done == 1
    assert (store.count(), park.get(letter.id).state) == (0, "parked")
    assert desk.unpark(letter.id).done == 1
    assert (store.count(), park.get(letter.id).state) == (0, "waiting")


def test_a_store_that_keeps_no_parked_letters(bureau, make):
    """They go to the fallback; without one, parking is refused before anything is done, and says what works."""
    letter = make(message=1)
    store = bureau.only(letter)
    with pytest.raises(
        UnsupportedError, match=r"store: keeps no parked letters, and there is no park= and no fallback"
    ):
        bureau.desk(store).park(letter.id)
    fallback = bureau.store("fallback")
    desk = bureau.desk(store, fallback)
    assert desk.park(letter.id).done == 1
    assert (store.inside.count(), fallback.get(letter.id).state) == (0, "parked")


def test_a_fallback_that_keeps_no_parked_letters(bureau, make):
    """A letter that is in a store which can't keep it, with none beside, stays; the others are parked."""
    letters = [make(number, message=1) for number in range(2)]
    desk = bureau.desk(bureau.store("store", letters[0]), bureau.only(letters[1]))
    report = desk.park([letter.id for letter in letters])
    assert (report.done, report.failed) == (1, 1)
    assert "keeps no parked letters" in report.reasons[letters[1].id]


def test_a_place_that_takes_no_more(bureau, make):
    """If the place for parked letters fails, the letter stays where it is, as it was."""

    class Full(MemoryStore):
        def put(self, letter):
            raise StoreError("full", transient=False)

    letter = make(message=1)
    store = bureau.store("store", letter)
    report = bureau.desk(store, park=Full()).park(letter.id)
    assert report.failed == 1
    assert store.get(letter.id) == letter
    assert len(store.receive(1, lease=60)) == 1


def test_two_names_of_one_store(bureau, make):
    """Where the place for parked letters is the very store, under another name, no letter is lost."""
    letter = make(message=1)
    store = bureau.store("store", letter)
    desk = bureau.desk(store, park=store)
    assert desk.park(letter.id).done == 1
    assert store.get(letter.id).state == "parked"


def test_a_letter_that_was_unparked_fails_once_more(bureau):
    """An unparked letter whose replay fails again is parked at once: its failures are still counted."""

    def failing(_message):
        raise ValueError("still broken")

    store = bureau.store()
    queue = DeadLetterQueue(store=store, reprocessor=failing, max_replays=2, clock=bureau.clock)
    letter_id = queue.send_to_dlq("x")
    for _ in range(2):
        queue.reprocess_message(letter_id)
    desk = queue.desk()
    assert desk.get(letter_id).state == "parked"
    desk.unpark(letter_id)
    queue.reprocess_message(letter_id)
    assert (desk.get(letter_id).state, desk.get(letter_id).replay_count) == ("parked", 3)


def test_parking_when_the_lease_has_ended(bureau, make):
    """A letter whose turn comes after its lease goes nowhere else: who took it meanwhile may have run it."""
    letters = [make(number) for number in range(5)]
    store, park = bureau.store("store", *letters), bureau.store("park")

    def run_the_next(progress):
        if progress.done == 1:
            bureau.clock.advance(61)
            (lease,) = store.claim([letters[1].id], lease=60)
            store.ack(lease)

    report = bureau.desk(store, park=park).park(ids(letters), progress=run_the_next)
    assert (report.done, report.busy) == (1, 4)
    assert "had ended before its turn came" in report.reasons[letters[1].id]
    assert (ids(park.browse(ALL, limit=9).letters), store.count()) == ([letters[0].id], 3)
