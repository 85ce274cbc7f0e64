"""Doing something to many letters: each is claimed, one that fails does not stop the others, nothing is half done."""

from __future__ import annotations

from functools import partial
from threading import Barrier, Event, Thread

import pytest
from msgspec import structs

from ninelives import DeadLetterQueue, LetterBusyError, StoreError, UnsupportedError
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.moving import BATCH
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.tended import MAX_REASONS

ALL = LetterFilter()
ACTIONS = {
    "noted": lambda desk, what, **more: desk.note(what, "seen", **more),
    "parked": lambda desk, what, **more: desk.park(what, "why", **more),
    "unparked": lambda desk, what, **more: desk.unpark(what, "why", **more),
    "purged": lambda desk, what, **more: desk.purge(what, "why", **more),
}
STATE_BEFORE = {"unparked": "parked"}
STATES = {"noted": "waiting", "parked": "parked", "unparked": "waiting"}


@pytest.fixture(params=list(ACTIONS))
def action(request):
    """One of what can be done."""
    return request.param


@pytest.fixture
def do(action):
    """Does it."""
    return ACTIONS[action]


@pytest.fixture
def letters(make, action):
    """Five letters that it can be done to."""
    return [make(number, message=number, state=STATE_BEFORE.get(action, "waiting")) for number in range(5)]


def ids(letters):
    return [letter.id for letter in letters]


# --- what is the same of all ------------------------------------------------------------------------------------------


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


def test_done_to_what_a_filter_means(office, make, action, do):
    """It is done to all that match, and free again."""
    state = STATE_BEFORE.get(action, "waiting")
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


def test_of_very_many_reasons_some_are_kept(bureau, do):
    """The report stays small, whatever the number of letters."""
    report = do(bureau.desk(bureau.store()), (f"letter {number}" for number in range(MAX_REASONS + 50)))
    assert (report.missing, len(report.reasons)) == (MAX_REASONS + 50, MAX_REASONS)


def test_a_letter_of_a_newer_schema(bureau, make, action, do):
    """It is left as it is, and told: what it means is not known here."""
    newer = make(0, schema=2, state=STATE_BEFORE.get(action, "waiting"))
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


class Torn(MemoryStore):
    """A store that gives a letter away in the middle: the first claim finds another letter than was looked at."""

    def claim(self, letter_ids, *, lease):
        leases = super().claim(letter_ids, lease=lease)
        return [type(one)(self.changed(one.letter), one.token, one.until) for one in leases]


def test_what_matches_no_more_is_left(bureau, make, action, do):
    """A letter that was changed between looking and claiming, and matches no more, is left as it is."""
    store = Torn(clock=bureau.clock)
    store.changed = lambda letter: type(letter)(
        **{name: getattr(letter, name) for name in letter.__struct_fields__} | {"pipeline": "b"}
    )
    letter = make(pipeline="a", state=STATE_BEFORE.get(action, "waiting"))
    store.put(letter)
    report = do(bureau.desk(store), LetterFilter(pipeline="a"))
    assert (report.done, report.skipped, report.ok) == (0, 1, True)
    assert store.get(letter.id) == letter
    assert len(store.receive(1, lease=60)) == (0 if action == "unparked" else 1)


class Gone(MemoryStore):
    """A store whose letters go between looking and claiming."""

    def list_ids(self, filter, *, limit, cursor=None):
        page = super().list_ids(filter, limit=limit, cursor=cursor)
        self.ack_many(self.receive(2, lease=60))
        return page


@pytest.mark.parametrize("action", ["noted", "parked", "purged"], indirect=True)  # parked ones do not go by themselves
def test_what_goes_meanwhile_is_no_failure(bureau, make, do):
    """Of the letters that a filter meant, those that someone else has finished with need nothing any more."""
    store = Gone(clock=bureau.clock)
    store.put_many(make(number) for number in range(5))
    report = do(bureau.desk(store), ALL, all_letters=True)
    assert (report.done, report.skipped, report.missing, report.ok) == (3, 2, 0, True)


@pytest.mark.parametrize("work", ["purged", "moved"])
def test_several_at_once(office, make, work):
    """Several that do the same to the same letters: each letter is done once, and nobody fails."""
    here, there = office.store("here", *(make(number) for number in range(BATCH * 3))), office.store("there")
    barrier, reports = Barrier(4), []

    def run():
        desk = office.desk(here)
        barrier.wait(timeout=30)
        act = desk.purge if work == "purged" else partial(desk.move, target=there)
        reports.append(act(ALL, all_letters=True))

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sum(report.done for report in reports) == BATCH * 3
    assert [(report.failed, report.missing) for report in reports] == [(0, 0)] * 4
    assert (here.count(), there.count()) == (0, BATCH * 3 if work == "moved" else 0)


# --- stores that fail -------------------------------------------------------------------------------------------------


class Failing(MemoryStore):
    """A store whose ways of changing a letter fail as `errors` says: one error a letter, None for none."""

    def __init__(self, clock, errors=(), claims=()):
        super().__init__(clock=clock)
        self.errors = list(errors)
        self.claims = list(claims)

    def fail(self):
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error

    def claim(self, letter_ids, *, lease):
        if self.claims and (error := self.claims.pop(0)) is not None:
            raise error
        return super().claim(letter_ids, lease=lease)

    def release(self, lease, letter=None):
        if letter is not None:
            self.fail()
        super().release(lease, letter)

    def ack(self, lease):
        self.fail()
        super().ack_many([lease])

    def ack_many(self, leases):
        raise StoreError("not at once")

    def release_many(self, releases):
        given = list(releases)
        if len(given) > 1:
            raise StoreError("not at once")
        super().release_many(given)


def test_one_that_fails_does_not_stop_the_others(bureau, letters, do):
    """A letter that its store refuses is told, and free; the others are done."""
    store = Failing(bureau.clock, [None, StoreError("too odd", transient=False), OSError("torn"), None, None])
    store.put_many(letters)
    report = do(bureau.desk(store), ALL, all_letters=True)
    assert (report.done, report.failed) == (3, 2)
    assert report.reasons == {
        letters[1].id: "store:: too odd",
        letters[2].id: "store:: builtins.OSError: torn",
    }
    assert len(store.claim(ids(letters[1:3]), lease=60)) == 2


def test_a_store_that_can_not_be_reached_stops_it(bureau, letters, action, do):
    """Two failures in a row that may pass are the store's: it ends, and says how many were done by then."""
    store = Failing(bureau.clock, [None, None, StoreError("down"), StoreError("down")])
    store.put_many(letters)
    with pytest.raises(StoreError, match=rf"^2 letters were {action}, then store:.*down") as caught:
        do(bureau.desk(store), ALL, all_letters=True)
    assert caught.value.transient
    left = ids(store.browse(ALL, limit=9).letters)
    assert len(store.claim(left, lease=60)) == len(left)


def test_a_store_that_can_not_be_asked(bureau, letters, do):
    """Where claiming fails, it ends; nothing was done, and nothing is said of that."""
    for what in (ids(letters), LetterFilter(since=letters[0].created)):
        store = Failing(bureau.clock, claims=[OSError("no such device")] * 2)
        store.put_many(letters)
        with pytest.raises(StoreError, match=r"^store:.*no such device"):
            do(bureau.desk(store), what)


def test_claiming_that_fails_in_the_middle(bureau, letters, do):
    """Of letters that are claimed one by one because one is held, those that were claimed are free again."""
    busy = LetterBusyError("held")
    store = Failing(bureau.clock, claims=[busy, None, None, OSError("gone")])
    store.put_many(letters)
    with pytest.raises(StoreError, match="gone"):
        do(bureau.desk(store), ALL, all_letters=True)
    assert len(store.claim(ids(letters), lease=60)) == 5


class Late(MemoryStore):
    """A store that hands a letter to someone else right after it was claimed, as if the lease had ended."""

    def claim(self, letter_ids, *, lease):
        leases = super().claim(letter_ids, lease=lease)
        self.clock.advance(lease + 1)
        super().claim(letter_ids[1:2], lease=60)
        return leases


def test_a_lease_that_ended(bureau, letters, do):
    """A letter that someone else took meanwhile is busy, and stays as they have it."""
    store = Late(clock=bureau.clock)
    store.clock = bureau.clock
    store.put_many(letters)
    report = do(bureau.desk(store), LetterFilter(since=letters[0].created))
    assert (report.done, report.busy, report.failed) == (4, 1, 0)
    assert store.get(letters[1].id) == letters[1]


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


# --- several at once --------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("name", STATES)
def test_a_hundred_are_written_at_once(bureau, make, name):
    """What is written into letters is written a hundred at a time, and told of each when it is written."""
    store = Counting(clock=bureau.clock)
    letters = [make(number, state=STATE_BEFORE.get(name, "waiting")) for number in range(BATCH + 20)]
    store.put_many(letters)
    desk = bureau.desk(store)
    assert ACTIONS[name](desk, ids(letters)).done == len(letters)
    assert store.given_back == [BATCH, 20]
    assert [event.letter_id for event in bureau.told("letter_changed")] == ids(letters)
    assert {letter.state for letter in desk.letters(limit=200).letters} == {STATES[name]}
    assert {len(letter.notes) for letter in desk.letters(limit=200).letters} == {1}


@pytest.mark.parametrize("name", ["parked", "unparked"])
def test_those_that_need_nothing_are_written_with_none(office, make, name):
    """Among several, those that are so already stay as they are, free and untold; each is counted as what it is."""
    letters = [make(number, state=("waiting", "parked")[number % 2]) for number in range(6)]
    store = office.store("store", *letters)
    report = ACTIONS[name](office.desk(store), ids(letters))
    assert (report.done, report.skipped, report.ok) == (3, 3, True)
    alike = [letter for letter in letters if letter.state == STATES[name]]
    assert report.reasons == dict.fromkeys(
        ids(alike), "it is parked already" if name == "parked" else "it is not parked"
    )
    assert [store.get(letter.id) for letter in alike] == alike
    assert len(office.told("letter_changed")) == 3
    assert len(store.claim(ids(letters), lease=60)) == 6


@pytest.mark.parametrize("name", STATES)
def test_an_interrupt_while_they_are_written(bureau, make, name):
    """Ctrl-C while the store writes: none is told as done, and all are free."""
    store = Counting(clock=bureau.clock)
    letters = [make(number, state=STATE_BEFORE.get(name, "waiting")) for number in range(3)]
    store.put_many(letters)
    store.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        ACTIONS[name](bureau.desk(store), ids(letters))
    assert bureau.events.recorded == []
    assert [letter.letter for letter in store.claim(ids(letters), lease=60)] == letters


@pytest.mark.parametrize("name", STATES)
def test_what_was_written_is_told_whatever_comes_then(office, make, name):
    """Ctrl-C after they were written hides none of them: each is told."""

    def interrupt(_):
        raise KeyboardInterrupt

    letters = [make(number, state=STATE_BEFORE.get(name, "waiting")) for number in range(3)]
    store = office.store("store", *letters)
    with pytest.raises(KeyboardInterrupt):
        ACTIONS[name](office.desk(store), ids(letters), progress=interrupt)
    assert [event.letter_id for event in office.told("letter_changed")] == ids(letters)


# --- stores without search --------------------------------------------------------------------------------------------


def test_a_store_without_search_takes_no_filter(bureau, letters, do):
    """The error says what works instead, and nothing is done, not even where it could be."""
    desk = bureau.desk(bureau.store("a", letters[0]), bureau.only(*letters[1:]))
    for what in (LetterFilter(pipeline="x"), LetterFilter(text="x")):
        with pytest.raises(UnsupportedError, match="fallback: has no search: name letters by their ids, or move all"):
            do(desk, what)
    assert bureau.events.recorded == []


@pytest.mark.parametrize("name", ["noted", "purged"])
def test_a_store_without_search_takes_ids_and_all(bureau, make, name):
    """Ids are looked for among what it gives; every letter can be had too, each once."""
    letters = [make(number, message=number) for number in range(BATCH + 30)]
    store = bureau.only(*letters)
    desk = bureau.desk(store)
    assert ACTIONS[name](desk, [letters[3].id, "nope"]).done == 1
    told = []
    report = ACTIONS[name](desk, ALL, all_letters=True, progress=told.append)
    assert report.done == len(letters) - (name == "purged")
    assert {one.total for one in told} == {None}
    assert store.inside.count() == (0 if name == "purged" else len(letters))
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


# --- what is particular to each ---------------------------------------------------------------------------------------


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


def test_a_copy_that_can_not_be_purged_is_told(bureau, make, caplog):
    """Where a purged letter may come back, as another copy is held or its store is down, the log says so."""
    letter = make(message="hunter2")
    fallback = Failing(bureau.clock, claims=[None, LetterBusyError("held until noon")])
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


def test_an_interrupt_while_they_are_looked_at(bureau, make):
    """Ctrl-C right after claiming: what was claimed is free."""

    def interrupt(_):
        raise KeyboardInterrupt

    letters = [make(0), make(1, schema=2), make(2)]
    store = bureau.store("store", *letters)
    with pytest.raises(KeyboardInterrupt):
        bureau.desk(store).purge(ALL, all_letters=True, progress=interrupt)
    assert len(store.claim(ids(letters), lease=60)) == 3


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


def test_a_store_is_named_once(bureau, tmp_path):
    """What a store says of itself with its path is told as it is; what names no store, with the store's name."""
    store = bureau.store("store")
    place = Place(store, f"file:{tmp_path}/dlq.json")
    assert said_of(place, StoreError("no room")) == f"file:{tmp_path}/dlq.json: no room"
    assert said_of(place, StoreError(f"file:{tmp_path}/dlq.json: no room")) == f"file:{tmp_path}/dlq.json: no room"
    store.path = f"{tmp_path}/dlq.json"
    said = f"dead letter file {tmp_path}/dlq.json: no room"
    assert said_of(place, StoreError(said)) == said
    assert said_of(place, OSError(f"no room: {tmp_path}/dlq.json")).startswith(
        f"{place.name}: builtins.OSError: no room"
    )
