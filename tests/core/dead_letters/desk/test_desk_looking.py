"""Looking: several stores as if they were one; nothing is claimed, nothing is changed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ninelives import LetterNotFoundError, StoreError, UnsupportedError
from ninelives.dead_letters import looking
from ninelives.dead_letters.letter import ErrorRecord, LetterFilter
from ninelives.dead_letters.memory import MemoryStore

ALL = LetterFilter()


def ids(letters):
    return [letter.id for letter in letters]


def all_pages(desk, chosen=ALL, limit=2):
    found, cursor = [], None
    while True:
        page = desk.letters(chosen, limit=limit, cursor=cursor)
        assert len(page.letters) <= limit
        found += page.letters
        if (cursor := page.cursor) is None:
            return found


@pytest.fixture
def three(office, make):
    """Seven letters in three stores, and a desk at them."""
    letters = [make(number, message=number, pipeline=f"p{number % 2}") for number in range(7)]
    stores = [
        office.store(name, *some) for name, some in zip("abc", (letters[:3], letters[3:4], letters[4:]), strict=True)
    ]
    return office.desk(*stores), letters


class Down(MemoryStore):
    """A store that can't be read while `down`."""

    down = True

    def browse(self, filter, *, limit, cursor=None):
        if self.down:
            raise StoreError("no answer")
        return super().browse(filter, limit=limit, cursor=cursor)

    def list_ids(self, filter, *, limit, cursor=None):
        if self.down:
            raise StoreError("no answer")
        return super().list_ids(filter, limit=limit, cursor=cursor)

    def get(self, letter_id):
        if self.down:
            raise StoreError("no answer")
        return super().get(letter_id)

    def groups(self, filter, *, limit):
        if self.down:
            raise StoreError("no answer")
        return super().groups(filter, limit=limit)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_every_letter_is_on_one_page(three, limit):
    """The pages go through all stores, oldest first in each; what matches stands on one of them, once."""
    desk, letters = three
    assert all_pages(desk, limit=limit) == letters
    assert all_pages(desk, LetterFilter(pipeline="p1"), limit=limit) == letters[1::2]


def test_looking_claims_nothing(three):
    """After all the ways of looking every letter can be claimed."""
    desk, letters = three
    (
        desk.letters(limit=9),
        desk.get(letters[0].id),
        desk.groups(limit=9),
        desk.stats(),
        desk.select(ALL, all_letters=True),
    )
    assert [*desk.export()]
    for place in desk.places:
        assert len(place.store.receive(9, lease=60)) == place.store.count()


def test_a_letter_in_two_stores_is_shown_once(office, make):
    """A letter that is in two stores stands where it is found first."""
    letters = [make(number, message=number) for number in range(4)]
    desk = office.desk(office.store("a", *letters[:3]), office.store("b", *letters[1:]))
    assert all_pages(desk) == letters
    assert desk.select(ALL, all_letters=True) == ids(letters)


def test_no_letters(office):
    """Of no letters there is one empty page."""
    desk = office.desk(office.store("a"), office.store("b"))
    page = desk.letters(limit=5)
    assert (page.letters, page.cursor) == ((), None)
    assert desk.letters(limit=0).letters == ()
    assert desk.groups(limit=5) == []
    assert (desk.stats().total, desk.stats().oldest, desk.stats().newest) == (0, None, None)


@pytest.mark.parametrize("cursor", ["x", "7:", ":", "1", "-1:", "0:nonsense"])
def test_a_cursor_that_no_page_gave(three, cursor):
    """A cursor that is none of ours is told."""
    with pytest.raises(StoreError, match="cursor"):
        three[0].letters(limit=1, cursor=cursor)


def test_a_letter_is_found_wherever_it_is(three):
    """`get` asks each store; what is not there names where it was looked for."""
    desk, letters = three
    assert [desk.get(letter.id) for letter in letters] == letters
    with pytest.raises(LetterNotFoundError, match="there is no letter nope in store:, fallback:, park:"):
        desk.get("nope")


def test_a_letter_that_can_not_be_read(tmp_path, bureau, make):
    """A letter of a newer schema is in its file, and that is said; another store's failure to explain is not."""
    from ninelives_file import FileStore

    class Odd(MemoryStore):
        def problems(self):
            raise OSError("torn")

    letter = make(schema=2)
    store = FileStore(tmp_path / "dlq.json", clock=bureau.clock)
    store.put(letter)
    desk = bureau.desk(Odd(), store)
    with pytest.raises(LetterNotFoundError, match=r"is in fallback:, but can't be read: it is of schema 2.*upgrade"):
        desk.get(letter.id)
    with pytest.raises(LetterNotFoundError, match="is in fallback:, but can't be read: it is of schema 2"):
        desk.edit(letter.id, lambda payload: payload)


def test_one_store_that_is_down(bureau, make, caplog):
    """While one store can't be read, the letters of the others are shown, and the log says whose are not."""
    letter = make(message=1)
    desk = bureau.desk(Down(), bureau.store("b", letter))
    assert desk.letters(limit=5).letters == (letter,)
    assert "letters in store: are not shown: store:" in caplog.text
    assert desk.get(letter.id) == letter
    with pytest.raises(StoreError, match="no answer"):
        desk.get("nope")
    with pytest.raises(StoreError, match="no answer"):
        desk.groups(limit=5)


def test_all_stores_down(bureau):
    """If none can be read, that is an error."""
    for desk in (bureau.desk(Down()), bureau.desk(Down(), Down())):
        with pytest.raises(StoreError, match="no answer"):
            desk.letters(limit=5)
        with pytest.raises(StoreError, match="no answer"):
            desk.stats()


def test_a_store_that_goes_down_between_pages(bureau, make):
    """A store that was begun and can't be read on is an error: the rest must not seem to be all."""
    store = Down(clock=bureau.clock)
    store.down = False
    store.put_many(make(number) for number in range(3))
    desk = bureau.desk(store, bureau.store("b"))
    cursor = desk.letters(limit=2).cursor
    store.down = True
    with pytest.raises(StoreError, match="no answer"):
        desk.letters(limit=2, cursor=cursor)


def test_the_last_store_goes_down_between_pages(bureau, make, caplog):
    """A store that is not begun yet may be down: the pages before were shown."""
    down = Down()
    desk = bureau.desk(bureau.store("a", make(0), make(1)), down)
    cursor = desk.letters(limit=2).cursor
    assert desk.letters(limit=2, cursor=cursor).letters == ()
    assert "letters in fallback: are not shown" in caplog.text


def test_what_is_in_a_store_that_is_down_may_be_shown_twice(bureau, make):
    """Whether a letter is in a store that can't be read can't be known: it is shown where it is found."""
    letter = make(message=1)
    down = Down(clock=bureau.clock)
    down.put(letter)
    assert bureau.desk(down, bureau.store("b", letter)).letters(limit=5).letters == (letter,)


def test_a_store_that_can_not_be_looked_through(bureau, make):
    """A store that can do no more than every store can says so, whatever is asked."""
    desk = bureau.desk(bureau.only(make(0)))
    for look in (lambda: desk.letters(limit=5), lambda: desk.get("x"), desk.count):
        with pytest.raises(UnsupportedError, match="store: can't be looked through"):
            look()
    for look in (lambda: desk.select(LetterFilter(pipeline="a")), desk.export):
        with pytest.raises(UnsupportedError, match="store: has no search"):
            look()
    with pytest.raises(UnsupportedError, match="can't be"):
        desk.groups(limit=5)
    with pytest.raises(UnsupportedError, match="can't be"):
        desk.stats()


def test_counting(three):
    """`count` counts in all stores, all letters or those that match."""
    desk, _ = three
    assert (desk.count(), desk.count(LetterFilter(pipeline="p1"))) == (7, 3)


def test_selecting(three):
    """What is selected is fixed then: ids as they are given, a filter's as they are in the stores."""
    desk, letters = three
    assert desk.select(["x", "y", "x"]) == ["x", "y"]
    assert desk.select("x") == ["x"]
    assert desk.select(LetterFilter(pipeline="p1")) == ids(letters[1::2])
    with pytest.raises(ValueError, match="all_letters=True"):
        desk.select(ALL)


def test_very_many_ids_are_listed_in_pages(office, make, monkeypatch):
    """More ids than are read at once are all selected."""
    monkeypatch.setattr(looking, "_IDS", 3)
    letters = [make(number) for number in range(10)]
    assert office.desk(office.store("a", *letters)).select(ALL, all_letters=True) == ids(letters)


def test_selecting_where_nothing_lists_ids(bureau, make):
    """A store that only shows its letters is looked through page by page."""

    class Plain:
        def __init__(self, inside):
            self.inside = inside
            for name in ("put", "receive", "release", "ack", "close", "browse", "get", "count", "claim"):
                setattr(self, name, getattr(inside, name))

    letters = [make(number) for number in range(250)]
    desk = bureau.desk(Plain(bureau.store("a", *letters)))
    assert desk.select(ALL, all_letters=True) == ids(letters)
    assert desk.groups(limit=1)[0].count == 250
    assert desk.note(ALL, "seen", all_letters=True).done == 250
    assert desk.purge(ALL, all_letters=True).done == 250


# --- groups and numbers -----------------------------------------------------------------------------------------------


def failed(make, number, kind, pipeline="shop", **fields):
    error = ErrorRecord(type=kind, message=f"no {number}")
    return make(number, pipeline=pipeline, operation="shop:send", args=[], error=error, fingerprint=kind, **fields)


@pytest.fixture
def errors(office, make):
    """A desk at two stores with letters of three kinds."""
    first = [failed(make, number, "TimeoutError") for number in range(4)]
    second = [failed(make, 10 + number, "KeyError", state="parked") for number in range(5)]
    both = [failed(make, 20 + number, "TimeoutError") for number in range(2)]
    other = [failed(make, 30, "OSError", "mail"), make(31, message=1)]
    return office.desk(office.store("a", *first, *other), office.store("b", *second, *both))


def test_groups_of_several_stores_are_one(errors):
    """Letters of one kind are one group, wherever they are; the largest first."""
    groups = errors.groups(limit=9)
    assert [(group.error_type, group.count, group.parked) for group in groups][:2] == [
        ("TimeoutError", 6, 0),
        ("KeyError", 5, 5),
    ]
    assert {group.error_type for group in groups[2:]} == {"OSError", ""}
    first = groups[0]
    assert first.error_message == "no 21"
    assert errors.get(first.example).error.message == "no 21"
    assert first.last - first.first == timedelta(seconds=21)
    assert [group.error_type for group in errors.groups(LetterFilter(state="parked"), limit=9)] == ["KeyError"]


def test_what_is_small_in_each_may_be_large_together(office, make):
    """The limit is one of what is shown, not of what is counted."""
    a = office.store(
        "a", *(failed(make, number, "A") for number in range(3)), *(failed(make, 9, "C") for _ in range(2))
    )
    b = office.store(
        "b", *(failed(make, number, "B") for number in range(3)), *(failed(make, 9, "C") for _ in range(2))
    )
    assert [(group.error_type, group.count) for group in office.desk(a, b).groups(limit=1)] == [("C", 4)]


def test_a_letter_of_another_age_hinders_no_others(office, make):
    """A letter with moments that UTC has no date for, written by someone else, is like any other."""
    early = datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))
    late = datetime.max.replace(tzinfo=timezone(-timedelta(hours=1)))
    letters = [make(1), *(make(2, created=at, first_failed=at, last_failed=at, expires=at) for at in (early, late))]
    desk = office.desk(office.store("store", *letters))
    (group,) = desk.groups(limit=9)
    assert (group.count, group.last, desk.stats().total, len(desk.letters(limit=9).letters)) == (3, late, 3, 3)
    assert sorted(desk.select(ALL, all_letters=True)) == sorted(ids(letters))
    assert desk.note(ids(letters), "of another age").done == 3


def test_numbers(errors):
    """`stats` counts by state, pipeline, error and store, and says how old the letters are."""
    stats = errors.stats()
    assert (stats.total, stats.by_state) == (13, {"waiting": 8, "parked": 5})
    assert stats.by_pipeline == {"shop": 11, "mail": 1, None: 1}
    assert stats.by_error == {"TimeoutError": 6, "KeyError": 5, "OSError": 1, "": 1}
    assert stats.newest - stats.oldest == timedelta(seconds=31)
    assert [(place.name, place.letters, place.problem) for place in stats.places] == [
        ("store:", 6, None),
        ("fallback:", 7, None),
    ]
    assert errors.stats(LetterFilter(pipeline="mail")).by_error == {"OSError": 1}


def test_numbers_where_some_can_not_be_had(bureau, make):
    """A store that is down, or has no search, says so in its place; what it says of its letters is counted."""

    class Unsearchable(MemoryStore):
        searchable = False
        groups = None

    some = Unsearchable(clock=bureau.clock)
    some.put(make(0))
    stats = bureau.desk(bureau.store("a", make(1)), some, Down()).stats()
    assert (stats.total, stats.by_state) == (2, {"waiting": 1, "parked": 0})
    assert [place.letters for place in stats.places] == [1, 1, None]
    assert "no search" in stats.places[1].problem
    assert "no answer" in stats.places[2].problem
