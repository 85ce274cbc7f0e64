"""Letters of one kind, together, whatever store they are in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ninelives import LetterFilter, UnsupportedError
from ninelives.dead_letters.groups import groups_among, groups_of
from ninelives.dead_letters.letter import ErrorRecord
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.store import LetterGroup
from ninelives.testing.contracts.letters import letter


class Looked:
    """A store that can be looked through, and has no groups of its own."""

    def __init__(self, letters):
        inner = MemoryStore()
        inner.put_many(letters)
        self.put, self.receive, self.ack, self.release = inner.put, inner.receive, inner.ack, inner.release
        self.close, self.browse, self.get, self.count = inner.close, inner.browse, inner.get, inner.count


KEPT = [
    letter(number, pipeline="shop" if number % 3 else "mail", fingerprint=f"f{number % 2}") for number in range(1200)
]


def test_a_store_that_knows_its_groups_is_asked():
    """Where a store has its groups, they are what it says."""
    told = ["what it says"]

    class Knows(MemoryStore):
        def groups(self, filter, *, limit):
            assert (filter.pipeline, limit) == ("shop", 5)
            return told

    assert groups_of(Knows(), LetterFilter(pipeline="shop"), limit=5) is told


@pytest.mark.parametrize("wanted", [LetterFilter(), LetterFilter(pipeline="shop"), LetterFilter(pipeline="nobody")])
def test_others_are_looked_through_page_by_page(wanted):
    """Of a store without groups all pages are read, and the groups are those that another would tell."""
    memory = MemoryStore()
    memory.put_many(KEPT)
    assert groups_of(Looked(KEPT), wanted, limit=3) == memory.groups(wanted, limit=3)


def test_what_can_not_be_searched_is_said():
    """A store that shows only some of its letters can't be grouped, and the error says what works instead."""
    store = Looked([])
    store.searchable, store.name = False, "queue:orders"
    with pytest.raises(UnsupportedError, match=r"queue:orders has no search.*move them to a store that has"):
        groups_of(store, LetterFilter(), limit=3)
    del store.name, store.browse
    with pytest.raises(UnsupportedError, match="Looked has no search"):
        groups_of(store, LetterFilter(), limit=3)


def test_a_group_says_what_its_letters_have_in_common():
    """Counts, the first and the last failure, and an example: of those that failed last the youngest."""
    late = letter(0).created + timedelta(days=1)
    error = ErrorRecord(type="shop.Down", message="no answer")
    fields = {"pipeline": "shop", "fingerprint": "f00", "fingerprint_version": 2}
    kept = [
        letter(5, **fields, last_failed=late),
        letter(9, **fields, last_failed=late, operation="a:b", error=error),
        letter(3, **fields, state="parked"),
        letter(99, **fields, first_failed=letter(-7).created),
    ]
    assert groups_among(kept, limit=9) == [
        LetterGroup(
            **fields,
            count=4,
            parked=1,
            first=letter(-7).created,
            last=late,
            example=kept[1].id,
            operation="a:b",
            error_type="shop.Down",
            error_message="no answer",
        )
    ]


def test_the_largest_group_comes_first():
    """Groups are sorted by their size, those of one size by their last failure, those of one moment by their names."""
    kinds = [("a", 1), ("b", 2), ("b", 3), ("c", 9), (None, 9)]
    found = groups_among([letter(number, pipeline=name) for name, number in kinds], limit=9)
    assert [group.pipeline for group in found] == ["b", None, "c", "a"]
    assert groups_among([], limit=9) == []
