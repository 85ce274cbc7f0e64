"""What a store promises that can be looked through, or deleted from, without claiming."""

from __future__ import annotations

from typing import Any

import pytest

from ninelives.dead_letters.letter import DeadLetter, ErrorRecord, LetterFilter
from ninelives.dead_letters.store import Browsable, DeadLetterStore
from ninelives.errors import LetterNotFoundError
from ninelives.testing.contracts.capabilities import (
    browsable,
    claimable,
    parked_if_it_can,
    purgeable,
    searchable,
)
from ninelives.testing.contracts.letters import letter, whole_letter
from ninelives.testing.contracts.store_basics import LEASE, StoreBasics

__all__ = ["StoreBrowsing"]

_ONE = letter(5)

_FILTERS: dict[str, tuple[dict[str, Any], LetterFilter]] = {
    "ids": ({"id": _ONE.id}, LetterFilter(ids=frozenset([_ONE.id, "none"]))),
    "pipeline": ({"pipeline": "shop"}, LetterFilter(pipeline="shop")),
    "operation": ({"operation": "a:b"}, LetterFilter(operation="a:b")),
    "fingerprint": ({"fingerprint": "f00"}, LetterFilter(fingerprint="f00")),
    "error type": ({"error": ErrorRecord(type="shop.errors.Down")}, LetterFilter(error_type="shop.errors.Down")),
    "error name": ({"error": ErrorRecord(type="shop.errors.Down")}, LetterFilter(error_type="Down")),
    "state": ({"state": "parked"}, LetterFilter(state="parked")),
    "since": ({"last_failed": letter(100).created}, LetterFilter(since=letter(100).created)),
    "until": ({"last_failed": letter(-100).created}, LetterFilter(until=letter(-99).created)),
    "tags": ({"tags": {"a": "1", "b": "2"}}, LetterFilter(tags={"a": "1"})),
    "text": ({"message": {"to": "Tom"}}, LetterFilter(text="tOM")),
    "several": ({"pipeline": "shop", "tags": {"a": "1"}}, LetterFilter(pipeline="shop", tags={"a": "1"}, text="shop")),
}


class StoreBrowsing(StoreBasics):
    """The promises of `Browsable` and `Purgeable`."""

    def test_browsing_claims_nothing(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """Looking changes nothing, and shows every letter: waiting, parked and held."""
        looked = browsable(other)
        kept = [letter(1), letter(2, state=parked_if_it_can(store)), letter(3)]
        for one in kept:
            store.put(one)
        store.receive(1, lease=LEASE)
        assert looked.browse(LetterFilter(), limit=10).letters == tuple(kept)
        assert looked.count() == looked.count(LetterFilter()) == 3
        waiting = [one for one in kept[1:] if one.state == "waiting"]
        assert [lease.letter for lease in store.receive(10, lease=LEASE)] == waiting

    def test_pages_are_sorted_by_age(self, store: DeadLetterStore) -> None:
        """Pages show each letter once, oldest first, whatever the order in which they came."""
        looked = searchable(store)
        kept = [letter(number) for number in range(7)]
        for number in (3, 6, 0, 5, 1, 4, 2):
            store.put(kept[number])
        assert pages(looked, LetterFilter(), 3) == [kept[:3], kept[3:6], kept[6:]]
        assert looked.browse(LetterFilter(), limit=7).cursor is None

    def test_pages_stay_where_they_are(self, store: DeadLetterStore) -> None:
        """A cursor holds while letters go and come: none that stays is shown twice or left out."""
        looked = searchable(store)
        kept = [letter(number) for number in range(1, 7)]
        for one in kept:
            store.put(one)
        first = looked.browse(LetterFilter(), limit=3)
        for lease in store.receive(2, lease=LEASE):
            store.ack(lease)
        store.put(letter(0))
        assert looked.browse(LetterFilter(), limit=3, cursor=first.cursor).letters == tuple(kept[3:])

    def test_a_letter_is_found_by_its_id(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """`get` gives the whole letter, also one that someone holds."""
        kept = whole_letter()
        store.put(kept)
        store.put(letter(9))
        store.receive(10, lease=LEASE)
        assert browsable(other).get(kept.id) == kept

    def test_what_is_gone_is_not_found(self, store: DeadLetterStore) -> None:
        """An id that is not there, never was or no longer is, raises `LetterNotFoundError`, which is a `KeyError`."""
        looked = browsable(store)
        store.put(letter())
        (lease,) = store.receive(1, lease=LEASE)
        store.ack(lease)
        for name in (lease.letter.id, "none"):
            with pytest.raises(LetterNotFoundError):
                looked.get(name)
        assert looked.count() == 0
        assert looked.browse(LetterFilter(), limit=10).letters == ()

    @pytest.mark.parametrize("which", list(_FILTERS))
    def test_filters(self, store: DeadLetterStore, which: str) -> None:
        """Each field of a filter chooses the letters that match, for looking and for counting."""
        looked = searchable(store)
        fields, wanted = _FILTERS[which]
        if which == "state" and parked_if_it_can(store) == "waiting":
            pytest.skip("no letter of it is ever parked")
        matching = [letter(number, **fields) for number in ((5,) if which == "ids" else (5, 6, 7))]
        for one in [letter(1), *matching, letter(9, pipeline="other", tags={"a": "2"})]:
            store.put(one)
        assert pages(looked, wanted, 2) == [page for page in (matching[:2], matching[2:]) if page]
        assert looked.count(wanted) == len(matching)

    def test_purging_deletes_what_matches(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """`purge` deletes the letters that match, parked ones too, and says how many there were."""
        purged = purgeable(store)
        store.put(letter(0, pipeline="a", state=parked_if_it_can(store)))
        store.put(letter(1, pipeline="b"))
        store.put(letter(2, pipeline="a"))
        assert purged.purge(LetterFilter(pipeline="a")) == 2
        assert purged.purge(LetterFilter(pipeline="a")) == 0
        assert [lease.letter.pipeline for lease in other.receive(10, lease=LEASE)] == ["b"]
        assert purged.purge(LetterFilter(text="nowhere")) == 0

    def test_purging_leaves_what_is_held(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """A letter that someone holds is not deleted under their hands."""
        purged = purgeable(other)
        store.put(letter(1))
        store.put(letter(2))
        (lease,) = store.receive(1, lease=LEASE)
        assert purged.purge(LetterFilter(state="waiting")) == 1
        store.release(lease)
        assert purged.purge(LetterFilter(state="waiting")) == 1

    @pytest.mark.parametrize("empty", [LetterFilter(), LetterFilter(tags={}, text="")], ids=["nothing", "blank"])
    def test_purging_everything_must_be_said(self, store: DeadLetterStore, empty: LetterFilter) -> None:
        """An empty filter deletes nothing: it is refused with a `ValueError`, before anything is touched."""
        purged = purgeable(store)
        store.put(letter(1))
        with pytest.raises(ValueError, match="every letter"):
            purged.purge(empty)
        assert len(store.receive(10, lease=LEASE)) == 1

    def test_an_updated_letter_keeps_its_place(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """A letter that failed again stands where it stood: as old as before."""
        looked = browsable(other)
        claimed = claimable(store)
        kept = [letter(number) for number in range(3)]
        for one in kept:
            store.put(one)
        assert looked.count() == 3
        (lease,) = claimed.claim([kept[0].id], lease=LEASE)
        store.release(lease, letter(0, id=kept[0].id, replay_count=1))
        assert [one.replay_count for one in looked.browse(LetterFilter(), limit=10).letters] == [1, 0, 0]


def pages(store: Browsable, wanted: LetterFilter, limit: int) -> list[list[DeadLetter]]:
    """All pages."""
    page = store.browse(wanted, limit=limit)
    found = [list(page.letters)]
    while page.cursor is not None:
        assert len(found) < 10, "the pages have no end"
        page = store.browse(wanted, limit=limit, cursor=page.cursor)
        found.append(list(page.letters))
    return found
