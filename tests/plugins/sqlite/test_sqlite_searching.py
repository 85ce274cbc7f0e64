"""Letters are found by the shortest way, and by every way the same."""

from __future__ import annotations

from itertools import product

import pytest
from msgspec import structs

from ninelives import LetterFilter
from ninelives.dead_letters.letter import ErrorRecord
from ninelives.dead_letters.memory import MemoryStore
from ninelives.testing.contracts.letters import letter
from ninelives_sqlite import filters, groups, looking
from ninelives_sqlite.filters import choose
from ninelives_sqlite.places import places_of

STATES = ("waiting", "parked")
ERRORS = (None, ErrorRecord(type="shop.errors.Down"), ErrorRecord(type="mail.Down"))
LETTERS = [
    letter(
        (number * 37) % 101,
        pipeline=(None, "shop", "mail")[number % 3],
        fingerprint=f"f{number % 4}",
        state=STATES[number % 5 == 0],
        operation="a:b" if number % 2 else None,
        error=ERRORS[number % 7 % 3],
        last_failed=letter(200 - number % 50).created,
        tags={"n": str(number % 6)},
    )
    for number in range(100)
]
FILTERS = [
    LetterFilter(),
    LetterFilter(pipeline="shop"),
    LetterFilter(fingerprint="f1"),
    LetterFilter(state="waiting"),
    LetterFilter(state="parked", pipeline="mail"),
    LetterFilter(operation="a:b", fingerprint="f3"),
    LetterFilter(error_type="Down"),
    LetterFilter(error_type="shop.errors.Down"),
    LetterFilter(error_type="errors.Down"),
    LetterFilter(error_type=""),
    LetterFilter(since=letter(180).created),
    LetterFilter(until=letter(160).created, state="waiting"),
    LetterFilter(since=letter(170).created, until=letter(171).created, fingerprint="f2"),
    LetterFilter(ids=frozenset(one.id for one in LETTERS[::3]), pipeline="shop"),
    LetterFilter(tags={"n": "3"}),
    LetterFilter(tags={"n": "4"}, pipeline="mail"),
    LetterFilter(text="SHOP.errors", state="waiting"),
]
WAYS = {
    "as it is": {},
    "few are none": {"_FEW": -1},
    "no strands": {"_FEW": -1, "_STRANDS": 0},
    "one by one": {"_STEP": 1, "_STEP_OF_IDS": 1},
}


@pytest.fixture
def full(store):
    store.put_many(LETTERS)
    return store


@pytest.fixture
def memory():
    memory = MemoryStore()
    memory.put_many(LETTERS)
    return memory


@pytest.fixture(params=list(WAYS))
def way(request, monkeypatch):
    """Makes the store go another way than a few letters would need."""
    for name, value in WAYS[request.param].items():
        monkeypatch.setattr(filters if hasattr(filters, name) else looking, name, value)


def test_every_way_leads_to_the_same_letters(full, memory, way):
    """Whatever index a filter is answered by, letters, ids, counts and groups are those that memory has."""
    for wanted, limit in product(FILTERS, (3, 200)):
        expected = memory.browse(wanted, limit=limit)
        assert full.browse(wanted, limit=limit) == expected
        behind = {"limit": limit, "cursor": expected.cursor}
        assert full.browse(wanted, **behind) == memory.browse(wanted, **behind)
        assert full.list_ids(wanted, limit=limit) == memory.list_ids(wanted, limit=limit)
        assert full.list_ids(wanted, **behind) == memory.list_ids(wanted, **behind)
        assert full.count(wanted) == memory.count(wanted)
        assert full.groups(wanted, limit=limit) == memory.groups(wanted, limit=limit)


@pytest.mark.parametrize("wanted", [one for one in FILTERS if not one.empty])
def test_every_way_deletes_the_same_letters(full, memory, way, wanted, monkeypatch):
    """Whatever index is used, `purge` deletes what memory would, but for what is held, a few at a time."""
    monkeypatch.setattr("ninelives_sqlite.removing._BATCH", 7)
    held = [LETTERS[0].id, LETTERS[41].id, LETTERS[99].id]
    for each in (full, memory):
        each.claim(held, lease=60)
    memory._clock = full._clock
    for each in (full, memory):
        each.claim([LETTERS[3].id], lease=60)
    memory._claims.update(dict.fromkeys(held, memory._claims[LETTERS[3].id]))
    assert full.purge(wanted) == memory.purge(wanted)
    assert full.list_ids(LetterFilter(), limit=200) == memory.list_ids(LetterFilter(), limit=200)
    assert full.groups(LetterFilter(), limit=200) == memory.groups(LetterFilter(), limit=200)


def ways(store, wanted):
    """How SQLite says that it answers: each step, for each strand."""
    with store._database.reading() as connection:
        chosen = choose(connection, wanted)
        return [
            [
                row[3]
                for row in connection.execute(
                    f"EXPLAIN QUERY PLAN SELECT number, created, id {source} ORDER BY created, id LIMIT 9", values
                )
            ]
            for source, values in chosen.strands
        ]


def test_the_first_page_is_read_in_order(full):
    """All letters are read in the order of their index, which has all that is needed; nothing is sorted."""
    assert ways(full, LetterFilter()) == [["SCAN letters USING COVERING INDEX letters_in_order"]]


def test_letters_of_a_fingerprint_are_found_at_once(full, monkeypatch):
    """Letters of a fingerprint are read kind by kind, each in the order of its index; nothing is sorted."""
    monkeypatch.setattr(filters, "_FEW", 5)
    plans = ways(full, LetterFilter(fingerprint="f1"))
    assert len(plans) > 1
    assert plans == [["SEARCH letters USING COVERING INDEX letters_by_kind (kind=?)"]] * len(plans)


def test_a_few_are_found_and_sorted(full):
    """A few letters of a kind, of a time or of some ids are found by an index and sorted: no other is read."""
    for wanted, index in (
        (LetterFilter(pipeline="shop"), "letters_by_kind (kind=?)"),
        (LetterFilter(ids=frozenset("x")), "letters_by_id (id=?)"),
    ):
        ((first, *_, last),) = ways(full, wanted)
        assert first.startswith("SEARCH letters USING")
        assert first.endswith(index)
        assert last == "USE TEMP B-TREE FOR ORDER BY"


def test_a_few_of_a_time_are_found_by_two_indexes(full):
    """Letters that failed but once are found by when they were made, the others by when they failed last."""
    once, again = ways(full, LetterFilter(since=letter(190).created))
    assert once == ["SEARCH letters USING COVERING INDEX letters_in_order (created>?)"]
    assert again[0] == "SEARCH letters USING INDEX letters_by_time (last_failed>?)"


def test_letters_that_failed_again_since_are_not_gone_through_for_each_page(full, monkeypatch):
    """Where many were made in a time, and hardly one failed last in it, all are read in order, once for all pages."""
    monkeypatch.setattr(filters, "_FEW", 5)
    wanted = LetterFilter(until=letter(152).created)
    assert 0 < full.count(wanted) < 5
    assert ways(full, wanted) == [["SCAN letters USING COVERING INDEX letters_in_order"]]


def test_letters_of_a_time_whether_replayed_or_not(store):
    """A time finds those that failed again then and those that were made then, and none that has failed later."""
    made = [letter(number) for number in range(4)]
    again = structs.replace(made[0], last_failed=made[2].created)
    later = structs.replace(made[1], last_failed=letter(9).created)
    store.put_many([again, later, *made[2:]])
    wanted = LetterFilter(since=made[2].created, until=letter(5).created)
    assert [one.id for one in store.browse(wanted, limit=9).letters] == [again.id, made[2].id, made[3].id]
    assert store.count(wanted) == 3
    assert [(group.count, group.last, group.example) for group in store.groups(wanted, limit=9)] == [
        (3, made[3].created, made[3].id)
    ]


def test_groups_are_not_counted_on_demand(full, sql):
    """The groups are told without looking at letters, and what is no longer known of one is found by its own index."""
    statement, values = groups._COUNTED_BEFORE.format(condition="1"), ()
    steps = [row[3] for row in sql(f"EXPLAIN QUERY PLAN {statement}", *values)]
    assert [step for step in steps if "letters" in step] == [
        "SEARCH letters USING COVERING INDEX letters_by_kind (kind=?)",
    ] * 2
    before = sql("SELECT count(*), total(count), count(first), count(last) FROM kinds")
    assert before[0][1:] == (100, before[0][0], before[0][0])


def test_no_kind_stays_behind(full, sql):
    """When its letters are gone nothing is left of a kind."""
    for lease in full.receive(100, lease=60):
        full.ack(lease)
    full.purge(LetterFilter(state="parked"))
    assert sql("SELECT count(*) FROM kinds") == sql("SELECT count(*) FROM holds") == [(0,)]


def test_receiving_passes_over_others(full, way):
    """Waiting letters are received oldest first, whatever way they are found, each once."""
    waiting = sorted((one.created, one.id) for one in LETTERS if one.state == "waiting")
    received = [lease.letter for _ in range(12) for lease in full.receive(8, lease=60)]
    assert [(one.created, one.id) for one in received] == waiting
    with full._database.reading() as connection:
        assert places_of(connection, choose(connection, LetterFilter(operation="none")), 9) == []
