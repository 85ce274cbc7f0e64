"""What is written into letters, a hundred at once, is told of each when it is written."""

from __future__ import annotations

import pytest

from ninelives.dead_letters.claim_many import BATCH
from ninelives.dead_letters.memory import MemoryStore

STATES = {"noted": "waiting", "parked": "parked", "unparked": "waiting"}
"""What is written into letters, and the state that they have then."""


def ids(letters):
    return [letter.id for letter in letters]


class Counting(MemoryStore):
    """It knows how often letters were given back, and can be interrupted while they are."""

    interrupted = False

    def __init__(self, *, clock):
        super().__init__(clock=clock)
        self.given_back = []

    def release_many(self, releases):
        given = list(releases)
        self.given_back.append(len(given))
        if self.interrupted:
            self.interrupted = False
            raise KeyboardInterrupt
        super().release_many(given)


@pytest.mark.parametrize("action", STATES, indirect=True)
def test_a_hundred_are_written_at_once(bureau, make, action, do, state):
    """What is written into letters is written a hundred at a time, and told of each when it is written."""
    store = Counting(clock=bureau.clock)
    letters = [make(number, state=state) for number in range(BATCH + 20)]
    store.put_many(letters)
    desk = bureau.desk(store)
    assert do(desk, ids(letters)).done == len(letters)
    assert store.given_back == [BATCH, 20]
    assert [event.letter_id for event in bureau.told("letter_changed")] == ids(letters)
    assert {letter.state for letter in desk.letters(limit=200).letters} == {STATES[action]}
    assert {len(letter.notes) for letter in desk.letters(limit=200).letters} == {1}


@pytest.mark.parametrize("action", ["parked", "unparked"], indirect=True)
def test_those_that_need_nothing_are_written_with_none(office, make, action, do):
    """Among several, those that are so already stay as they are, free and untold; each is counted as what it is."""
    letters = [make(number, state=("waiting", "parked")[number % 2]) for number in range(6)]
    store = office.store("store", *letters)
    report = do(office.desk(store), ids(letters))
    assert (report.done, report.skipped, report.ok) == (3, 3, True)
    alike = [letter for letter in letters if letter.state == STATES[action]]
    assert report.reasons == dict.fromkeys(
        ids(alike), "it is parked already" if action == "parked" else "it is not parked"
    )
    assert [store.get(letter.id) for letter in alike] == alike
    assert len(office.told("letter_changed")) == 3
    assert len(store.claim(ids(letters), lease=60)) == 6


@pytest.mark.parametrize("action", STATES, indirect=True)
def test_an_interrupt_while_they_are_written(bureau, make, do, state):
    """Ctrl-C while the store writes: none is told as done, and all are free."""
    store = Counting(clock=bureau.clock)
    letters = [make(number, state=state) for number in range(3)]
    store.put_many(letters)
    store.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        do(bureau.desk(store), ids(letters))
    assert bureau.events.recorded == []
    assert [letter.letter for letter in store.claim(ids(letters), lease=60)] == letters


@pytest.mark.parametrize("action", STATES, indirect=True)
def test_what_was_written_is_told_whatever_comes_then(office, make, do, state):
    """Ctrl-C after they were written hides none of them: each is told."""

    def interrupt(_):
        raise KeyboardInterrupt

    letters = [make(number, state=state) for number in range(3)]
    store = office.store("store", *letters)
    with pytest.raises(KeyboardInterrupt):
        do(office.desk(store), ids(letters), progress=interrupt)
    assert [event.letter_id for event in office.told("letter_changed")] == ids(letters)
