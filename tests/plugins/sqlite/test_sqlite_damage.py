"""A record that can't be read, or is of a newer version, is shown, skipped, counted and kept."""

from __future__ import annotations

import pytest

from ninelives import LetterFilter, LetterNotFoundError
from ninelives.testing.contracts.letters import letter
from ninelives_sqlite import SqliteStore, opening
from ninelives_sqlite.rows import set_aside

DAMAGE = {
    "no JSON": ("oops", "it is no letter: "),
    "no letter": ('{"schema": 1, "id": "x"}', "it is no letter: "),
    "of a newer schema": ('{"schema": 99}', "of schema 99, and this version reads 1: upgrade ninelives"),
    "no text": (b'{"schema": \xff', "it is no letter: "),
    "too deep": ('{"schema": 1, "message": ' + "[" * 100_000, "it is no letter: "),
}


@pytest.fixture(params=list(DAMAGE))
def damaged(request, store, sql):
    """A store with a damaged row between two letters; what is wrong with it."""
    record, why = DAMAGE[request.param]
    store.put_many([letter(number, pipeline="p", expires=letter(50).created) for number in (1, 2, 3)])
    sql("UPDATE letters SET record = ? WHERE number = 2", record)
    return store, why


def numbers(letters):
    return [one.created.second for one in letters]


LOOKS = {
    "browse": lambda store: store.browse(LetterFilter(), limit=9).letters,
    "a page of two": lambda store: store.browse(LetterFilter(), limit=2).letters,
    "receive": lambda store: [lease.letter for lease in store.receive(2, lease=60)],
    "expire": lambda store: store.expire(letter(60).created, limit=2),
    "text": lambda store: store.browse(LetterFilter(text="schema"), limit=9).letters,
}


@pytest.mark.parametrize("look", list(LOOKS))
def test_it_is_passed_over(damaged, look):
    """Whatever meets a damaged row passes it over, from the first time on; all else goes on as if it were not there."""
    store, _ = damaged
    assert numbers(LOOKS[look](store)) == [1, 3]
    assert len(store.problems()) == 1
    assert store.count() == (0 if look == "expire" else 2)


def test_it_is_shown(damaged, sql):
    """`problems` shows its number, its id, what is wrong and how it begins; it stays, and can be mended by hand."""
    store, why = damaged
    (bad,) = store.problems()
    (kept,) = sql("SELECT id, record FROM letters WHERE number = 2")
    assert (bad.row, bad.id) == (2, kept[0])
    assert why in bad.why
    assert len(bad.text) <= 200
    assert store.problems() == (bad,)
    assert (store.count(), store.count(LetterFilter(pipeline="p"))) == (2, 2)
    with pytest.raises(LetterNotFoundError):
        store.get(bad.id)
    mended = letter(2, id=bad.id, pipeline="p")
    store.put(mended)
    assert (store.problems(), store.count(), store.get(bad.id)) == ((), 3, mended)


def test_groups_do_without_it(store, sql):
    """A group whose example turns out to be damaged has another one."""
    store.put_many([letter(number, pipeline="p") for number in (1, 2, 3)])
    sql("UPDATE letters SET record = 'oops' WHERE number = 3")
    (group,) = store.groups(LetterFilter(), limit=9)
    assert (group.count, group.last, group.example) == (
        2,
        letter(2).created,
        store.list_ids(LetterFilter(), limit=9).ids[1],
    )


def test_purging_leaves_it(store, sql):
    """A damaged row is not deleted with the letters that match."""
    store.put_many([letter(number, tags={"a": "1"}) for number in (1, 2, 3)])
    sql("UPDATE letters SET record = 'oops' WHERE number = 2")
    assert store.purge(LetterFilter(tags={"a": "1"})) == 2
    assert [bad.row for bad in store.problems()] == [2]


def test_a_letter_of_a_newer_schema_is_kept(store):
    """A letter that a newer version has put is passed over and shown, whoever has put it, and counted by nobody."""
    store.put_many([letter(1), letter(2, schema=99), letter(3)])
    assert numbers(store.browse(LetterFilter(), limit=9).letters) == [1, 3]
    assert (store.count(), store.count(LetterFilter(state="waiting"))) == (2, 2)
    assert numbers(lease.letter for lease in store.receive(9, lease=60)) == [1, 3]
    (bad,) = store.problems()
    assert "schema 99" in bad.why
    assert store.purge(LetterFilter(state="waiting")) == 0


def test_a_row_that_was_put_anew_stays(damaged):
    """A row that was damaged when it was read, and has been put anew since, is not passed over."""
    store, _ = damaged
    name = store.problems()[0].id
    store.put(letter(2, id=name))
    with store._database.writing() as connection:
        set_aside(connection, [2, 999])
    assert store.count() == 3


def test_a_database_that_can_not_be_written_is_read(damaged, monkeypatch):
    """Where rows can't be marked, for the database can't be written, they are passed over all the same."""
    store, _ = damaged
    store.close()
    settle = opening._settle
    monkeypatch.setattr(opening, "_settle", lambda one: (settle(one), one.execute("PRAGMA query_only = ON")))
    for _ in range(2):
        assert numbers(store.browse(LetterFilter(), limit=9).letters) == [1, 3]
    assert len(store.problems()) == 1


def test_many_rows_are_gone_through(path, clock, monkeypatch, sql):
    """`problems` goes through all rows, some at a time."""
    monkeypatch.setattr("ninelives_sqlite.looking._STEP", 2)
    store = SqliteStore(path, clock=clock, fsync=False)
    store.put_many([letter(number) for number in range(5)])
    sql("UPDATE letters SET record = 'oops' WHERE number IN (1, 4)")
    assert [bad.row for bad in store.problems()] == [1, 4]
    store.close()
