"""Moving by hand: put there, then gone here; ids kept, a note and an event for each, and what is refused stays."""

from __future__ import annotations

from threading import Event

import pytest

from ninelives import ConfigurationError, LetterTooLargeError, StoreError, UnsupportedError
from ninelives.dead_letters.claim_many import BATCH
from ninelives.dead_letters.desk import Desk
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.places import Place

ALL = LetterFilter()


def ids(letters):
    return [letter.id for letter in letters]


def inside(store):
    return store.browse(ALL, limit=1000).letters


@pytest.fixture
def letters(make):
    """Five letters, two of them parked."""
    return [make(number, message=number, state="parked" if number > 2 else "waiting") for number in range(5)]


class Target(MemoryStore):
    """A store that refuses letters as `refuses` says, by id."""

    def __init__(self, refuses=None, at_once=None):
        super().__init__()
        self.refuses = refuses or {}
        self.at_once = at_once

    def put(self, letter):
        if letter.id in self.refuses:
            raise self.refuses[letter.id]
        super().put_many([letter])

    def put_many(self, letters):
        raise self.at_once or StoreError("one by one, please", transient=False)


def test_all_are_moved(office, letters):
    """They are there, and gone here; parked ones stay parked; each has a note and an event."""
    here, there = office.store("here", *letters), office.store("there")
    report = office.desk(here).move(ALL, Place(there, "there:"), "the old file grew", all_letters=True)
    assert (report.done, report.ok, here.count()) == (5, True, 0)
    arrived = inside(there)
    assert ids(arrived) == ids(letters)
    assert [letter.state for letter in arrived] == ["waiting"] * 3 + ["parked"] * 2
    said = "alice@web-1 (ninelives dlq): moved from store: to there:: the old file grew"
    assert all(letter.notes[-1].endswith(said) for letter in arrived)
    told = office.told("letter_changed")
    assert [(event.letter_id, event.action) for event in told] == [(letter.id, "moved") for letter in letters]
    assert told[0].note == "to there:: the old file grew"


def test_what_a_filter_means_is_moved(office, letters):
    """A filter with a state means the letters in it."""
    here, there = office.store("here", *letters), office.store("there")
    assert office.desk(here).move(LetterFilter(state="waiting"), there).done == 3
    assert ids(inside(here)) == ids(letters[3:])
    assert office.desk(here).move(LetterFilter(state="parked"), there).done == 2


def test_ids_are_moved(office, letters):
    """Ids are moved from wherever they are; one that is held, or not there, is told."""
    here, also, there = office.store("a", *letters[:2]), office.store("b", *letters[2:]), office.store("there")
    here.claim([letters[0].id], lease=60)
    report = office.desk(here, also).move([*ids(letters[:3]), "nope"], there)
    assert (report.done, report.busy, report.missing) == (2, 1, 1)
    assert ids(inside(there)) == ids(letters[1:3])


def test_many_are_moved_in_batches(bureau, make):
    """More than fit into one batch are moved all the same, and progress is told of each."""
    letters = [make(number) for number in range(BATCH * 2 + 5)]
    here, there, told = bureau.store("here", *letters), bureau.store("there"), []
    report = bureau.desk(here).move(ALL, there, all_letters=True, progress=told.append)
    assert (report.done, there.count(), here.count()) == (len(letters), len(letters), 0)
    assert (told[-1].done, told[-1].total, len(told)) == (len(letters), len(letters), len(letters))


def test_stopping(bureau, make):
    """Once `stop` is set, the batch in hand is finished and no other is begun."""
    letters = [make(number) for number in range(BATCH + 5)]
    here, there, stop = bureau.store("here", *letters), bureau.store("there"), Event()
    report = bureau.desk(here).move(ALL, there, all_letters=True, stop=stop, progress=lambda _: stop.set())
    assert (report.done, report.stopped, there.count(), here.count()) == (BATCH, True, BATCH, 5)
    assert len(here.receive(9, lease=60)) == 5


def test_to_move_again_mends_what_a_crash_left(bureau, letters):
    """A letter that is in both stores is in the target alone afterwards."""
    here, there = bureau.store("here", *letters), bureau.store("there", *letters[:2])
    assert bureau.desk(here).move(ALL, there, all_letters=True).done == 5
    assert (here.count(), there.count()) == (0, 5)


def test_the_places_that_are_the_target_are_left_out(bureau, letters):
    """From a store and its fallback into the fallback: what is there stays there."""
    store, fallback = bureau.store("a", *letters[:3]), bureau.store("b", *letters[3:])
    assert bureau.desk(store, fallback).move(ALL, fallback, all_letters=True).done == 3
    assert ids(inside(fallback)) == ids(letters)


def test_a_store_is_not_moved_onto_itself(bureau, letters):
    """To move letters to where they are is refused."""
    store = bureau.store("a", *letters)
    with pytest.raises(
        ConfigurationError, match=r"move\(target=\).*expected another store than the one that the letters"
    ):
        bureau.desk(store).move(ALL, store, all_letters=True)
    assert list(inside(store)) == letters


def test_two_who_move_letters_across(office, make):
    """Of two who move the same letter to each other's store, one is told that it is held: it is never lost."""
    first, shared, other = (make(number) for number in range(3))
    here, there = office.store("here", first, shared), office.store("there", other)
    back = []

    def move_back():
        """When all has arrived there, and is not yet gone from here."""
        back.append(office.desk(there).move([other.id, shared.id], here))

    acks = here.ack_many
    here.ack_many = lambda leases: (move_back(), acks(leases))
    report = office.desk(here).move([first.id, shared.id], there)
    assert (report.done, back[0].done, back[0].busy) == (2, 1, 1)
    assert "someone else" in back[0].reasons[shared.id]
    assert (ids(inside(here)), ids(inside(there))) == ([other.id], [first.id, shared.id])
    assert len(there.receive(9, lease=60)) == 2


@pytest.mark.parametrize("office", ["file", "sqlite"], indirect=True)
def test_a_store_under_another_name_is_seen(office, letters, tmp_path):
    """Where both turn out to be one store, nothing is moved, and nothing lost."""
    store = office.store("one", *letters)
    with pytest.raises(StoreError, match="are both one store"):
        office.desk(store).move(ALL, type(store)(tmp_path / "one", clock=office.clock), all_letters=True)
    assert list(inside(store)) == letters
    assert len(store.claim(ids(letters), lease=60)) == 5


def test_the_target_may_be_a_desk_or_an_address(bureau, letters, tmp_path):
    """A desk means its first store; what is opened by its address is closed again."""
    here, there = bureau.store("here", *letters), bureau.store("there")
    assert bureau.desk(here).move(letters[0].id, bureau.desk(there)).done == 1
    with Desk.at(f"file:{tmp_path}/dlq.json") as desk:
        assert bureau.desk(here).move(ALL, f"file:{tmp_path}/dlq.json", all_letters=True).done == 4
        assert desk.count() == 4
        assert f"to file:{tmp_path}/dlq.json" in desk.letters(limit=1).letters[0].notes[-1]
    with pytest.raises(ConfigurationError, match="nosuch"):
        bureau.desk(here).move(ALL, "nosuch:x", all_letters=True)
    with pytest.raises(ConfigurationError, match="expected an address, or a store"):
        bureau.desk(here).move(ALL, 7, all_letters=True)


def test_what_the_target_refuses_stays(bureau, letters):
    """A letter that is too large for the target is told, and stays as it was, free."""
    here = bureau.store("here", *letters)
    there = Target({letters[1].id: LetterTooLargeError("1 MiB at most")})
    report = bureau.desk(here).move(ALL, there, all_letters=True)
    assert (report.done, report.failed, report.ok) == (4, 1, False)
    assert "1 MiB at most" in report.reasons[letters[1].id]
    assert list(inside(here)) == [letters[1]]
    assert len(here.receive(9, lease=60)) == 1


def test_one_that_fails_alone_stays(bureau, letters):
    """One letter that the target could not take, though it may pass, does not stop the others."""
    here, there = bureau.store("here", *letters), Target({letters[1].id: StoreError("hiccup")})
    report = bureau.desk(here).move(ALL, there, all_letters=True)
    assert (report.done, report.failed) == (4, 1)
    assert "hiccup" in report.reasons[letters[1].id]


def test_a_target_that_is_down(bureau, letters):
    """It ends with what the target said, and how many were moved; nothing is lost, all is free."""
    here = bureau.store("here", *letters)
    with pytest.raises(StoreError, match=r"^Target: down$"):
        bureau.desk(here).move(ALL, Target(at_once=StoreError("down")), all_letters=True)
    there = Target({letters[2].id: StoreError("full"), letters[3].id: StoreError("full")})
    with pytest.raises(StoreError, match=r"^2 letters were moved, then Target: .*full$"):
        bureau.desk(here).move(ALL, there, all_letters=True)
    assert ids(inside(there)) == ids(letters[:2])
    assert len(here.claim(ids(letters[2:]), lease=60)) == 3


def test_a_source_that_goes_down(bureau, letters):
    """If the source fails when all have arrived, they are in both, none is lost, and to move again mends it."""

    class Source(MemoryStore):
        error = OSError("gone")

        def ack_many(self, leases):
            if self.error is not None:
                raise self.error
            super().ack_many(leases)

    here, there = Source(), bureau.store("there")
    here.put_many(letters)
    with pytest.raises(StoreError, match=r"^store:: builtins.OSError: gone$"):
        bureau.desk(here).move(ALL, there, all_letters=True)
    assert (here.count(), there.count()) == (5, 5)
    here.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        bureau.desk(here).move(ALL, there, all_letters=True)
    here.error = None
    assert bureau.desk(here).move(ALL, there, all_letters=True).done == 5
    assert (here.count(), there.count()) == (0, 5)


def test_a_source_that_goes_down_in_the_middle(bureau, make):
    """What is gone from a source that forgets one by one was moved, and is told; the others are free."""
    letters = [make(number) for number in range(5)]
    here, there = bureau.only(*letters), bureau.store("there")
    acks = [None, None, StoreError("gone")]

    def ack(lease):
        if (error := acks.pop(0)) is not None:
            raise error
        here.inside.ack(lease)

    here.ack = ack
    with pytest.raises(StoreError, match=r"^2 letters were moved, then store:.*gone$"):
        bureau.desk(here).move(ALL, there, all_letters=True)
    assert [event.letter_id for event in bureau.told("letter_changed")] == ids(letters[:2])
    assert (here.inside.count(), there.count()) == (3, 5)
    assert len(here.receive(9, lease=60)) == 3


def test_an_interrupt_gives_back_what_has_not_arrived(bureau, letters):
    """Ctrl-C while the target is written: what is not there is here, and free."""

    class Interrupted(MemoryStore):
        def put_many(self, letters):
            raise KeyboardInterrupt

    here = bureau.store("here", *letters)
    with pytest.raises(KeyboardInterrupt):
        bureau.desk(here).move(ALL, Interrupted(), all_letters=True)
    with pytest.raises(KeyboardInterrupt):
        bureau.desk(here).move(ALL, Target({letters[2].id: KeyboardInterrupt()}), all_letters=True)
    assert len(here.claim(ids(letters), lease=60)) == 5


def test_a_store_without_search(bureau, make):
    """All of its letters can be moved, as the error of a filter says."""
    letters = [make(number) for number in range(BATCH + 5)]
    here, there = bureau.only(*letters), bureau.store("there")
    with pytest.raises(UnsupportedError, match="move all of them to a store that has"):
        bureau.desk(here).move(LetterFilter(pipeline="x"), there)
    assert bureau.desk(here).move(ALL, there, all_letters=True).done == len(letters)
    assert (here.inside.count(), there.count()) == (0, len(letters))


def test_an_empty_filter_has_to_be_said(bureau, letters):
    """To move every letter has to be said."""
    with pytest.raises(ValueError, match="all_letters=True"):
        bureau.desk(bureau.store("here", *letters)).move(ALL, bureau.store("there"))
