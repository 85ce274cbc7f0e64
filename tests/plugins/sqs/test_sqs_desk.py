"""A desk at SQS, which can't be searched and can't keep parked letters: what it can, and what it says of the rest."""

from __future__ import annotations

import pytest

from ninelives import LetterNotFoundError, StoreError, UnsupportedError
from ninelives.dead_letters.desk import Desk
from ninelives.dead_letters.letter import LetterFilter, encode_letter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.paths import set_path
from ninelives.dead_letters.places import Place, Places
from ninelives.dead_letters.who import Who
from ninelives.testing import RecordingListener
from ninelives.testing.contracts.letters import letter

ALL = LetterFilter()
WHO = Who("alice", "web-1", "ninelives dlq")


@pytest.fixture
def letters(store):
    """Six letters in the queue."""
    made = [letter(number, operation="shop:send", args=[{"to": number}], kwargs={}) for number in range(6)]
    store.put_many(made)
    return made


@pytest.fixture
def events():
    return RecordingListener()


@pytest.fixture
def desk(store, clock, events):
    return Desk(Places(Place(store, store.name)), by=WHO, emit=events, clock=clock)


def settled(desk, letter_id):
    """The letter as the queue has it, not as it was seen."""
    desk.close()
    return desk.get(letter_id)


def test_ids_are_found(desk, letters, events):
    """A note goes to the letter with that id, which is free again; all others stay as they are."""
    report = desk.note([letters[2].id, "nope"], "asked Tom")
    assert (report.done, report.missing) == (1, 1)
    assert "nope is not among the" in report.reasons["nope"]
    assert settled(desk, letters[2].id).notes[0].endswith("asked Tom")
    assert desk.count() == 6
    assert [event.letter_id for event in events.recorded] == [letters[2].id]


def test_many_ids_cost_one_look(desk, letters, messages):
    """Several letters are looked for together: each look counts as a receive, and may cost a letter its place."""
    assert desk.note([one.id for one in letters[:4]], "asked Tom").done == 4
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in messages()} <= {"1", "2"}


def test_it_can_be_edited(desk, letters):
    """The edited letter takes the old one's place."""
    desk.edit(letters[1].id, lambda payload: set_path(payload, "args[0].to", "Tom"))
    edited = settled(desk, letters[1].id)
    assert (edited.args, edited.original["args"]) == ([{"to": "Tom"}], [{"to": 1}])
    assert desk.count() == 6
    with pytest.raises(LetterNotFoundError, match="nope"):
        desk.edit("nope", lambda payload: payload)


def test_it_shows_what_it_can(desk, letters, store):
    """Looking shows the first letters that it gives; counting counts all of them, and about."""
    assert {one.id for one in desk.letters(limit=10).letters} == {one.id for one in letters}
    assert desk.get(letters[0].id).id == letters[0].id
    assert desk.count() == 6
    stats = desk.stats()
    assert (stats.total, stats.by_error, stats.places[0].letters) == (6, {}, 6)
    assert store.name in stats.places[0].problem
    for look in (lambda: desk.groups(limit=5), lambda: desk.count(LetterFilter(pipeline="shop"))):
        with pytest.raises(UnsupportedError, match="sqs:"):
            look()


@pytest.mark.parametrize(
    "what",
    [
        lambda desk, chosen: desk.note(chosen, "x"),
        lambda desk, chosen: desk.unpark(chosen),
        lambda desk, chosen: desk.purge(chosen),
        lambda desk, chosen: desk.move(chosen, MemoryStore()),
        lambda desk, chosen: desk.select(chosen),
        lambda desk, chosen: desk.export(chosen),
    ],
)
def test_a_filter_is_refused(desk, letters, what):
    """SQS has no search, which is said, with what works instead."""
    with pytest.raises(
        UnsupportedError, match=r"^sqs:.* has no search: name letters by their ids, or move all of them"
    ):
        what(desk, LetterFilter(error_type="TimeoutError"))
    assert desk.count() == 6


def test_parking_needs_another_place(desk, letters, store, clock, events):
    """SQS keeps no parked letters: alone it refuses, with a fallback they go there."""
    with pytest.raises(UnsupportedError, match=r"^sqs:.* keeps no parked letters"):
        desk.park(letters[0].id)
    fallback = MemoryStore(clock=clock)
    both = Desk(Places(Place(store, store.name), Place(fallback, "memory:")), by=WHO, emit=events, clock=clock)
    assert both.park([letters[0].id], "later").done == 1
    assert (fallback.get(letters[0].id).state, desk.count()) == ("parked", 5)


def test_all_can_be_moved_and_searched_there(desk, letters, clock, events):
    """What the error advises works: all letters move to a store that can be searched."""
    target = MemoryStore(clock=clock)
    assert desk.move(ALL, target, all_letters=True).done == 6
    assert (desk.count(), target.count()) == (0, 6)
    assert events.names == ["letter_changed"] * 6


def test_all_can_be_purged(desk, letters, events):
    """Every letter can be had, and deleted."""
    assert desk.purge(ALL, "old", all_letters=True).done == 6
    assert desk.count() == 0
    assert events.names == ["letter_purged", "letter_changed"] * 6


def test_every_letter_gets_its_note_once(desk, letters, clock):
    """A changed letter is a new message, which comes again: it is not noted again."""
    assert desk.note(ALL, "seen", all_letters=True).done == 6
    assert [len(settled(desk, one.id).notes) for one in letters] == [1] * 6
    assert desk.count() == 6


def test_moving_into_it(desk, clock, events):
    """Waiting letters move into SQS; parked ones, which it can't keep, stay and are told."""
    source = MemoryStore(clock=clock)
    source.put_many([letter(0, message=0), letter(1, message=1, state="parked")])
    there = Desk(Places(Place(source, "memory:")), by=WHO, emit=events, clock=clock)
    report = there.move(ALL, desk, all_letters=True)
    assert (report.done, report.failed, source.count(), desk.count()) == (1, 1, 1, 1)


def test_importing_into_it(desk):
    """Letters are sent; what is there already can't be known."""
    lines = [encode_letter(letter(number, message=number)) for number in range(3)]
    assert desk.import_lines(lines).imported == 3
    assert desk.count() == 3


def test_exporting_ids(desk, letters):
    """Letters that are named can be exported."""
    assert len([*desk.export([letters[0].id, letters[4].id])]) == 2


def test_a_note_that_makes_it_too_large(make_store, make_queue, clock, events):
    """A letter that would outgrow the queue stays as it was, and is told."""
    store = make_store(make_queue("small", MaximumMessageSize="1024"))
    one = letter(0, message="x" * 100)
    store.put(one)
    desk = Desk(Places(Place(store, store.name)), by=WHO, emit=events, clock=clock)
    report = desk.note(one.id, "y" * 700)
    assert (report.failed, report.done) == (1, 0)
    assert settled(desk, one.id).notes == ()
    with pytest.raises(StoreError, match="sqs:"):
        desk.edit(one.id, lambda _: {"args": ["z" * 2000], "kwargs": {}} if one.args else {"message": "z" * 2000})
    assert desk.note(one.id, "y").done == 1
