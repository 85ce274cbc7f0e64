"""What a store promises that lists ids, knows its groups, or deletes what has expired."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from ninelives.dead_letters.groups import groups_among
from ninelives.dead_letters.letter import DeadLetter, ErrorRecord, LetterFilter
from ninelives.dead_letters.store import DeadLetterStore, Listable
from ninelives.testing.contracts.capabilities import (
    browsable,
    claimable,
    expiring,
    grouped,
    listable,
    parked_if_it_can,
)
from ninelives.testing.contracts.letters import letter, whole_letter
from ninelives.testing.contracts.store_basics import LEASE, StoreBasics, ids

__all__ = ["StoreListing"]

_GROUP_FILTERS: dict[str, LetterFilter] = {
    "all": LetterFilter(),
    "pipeline": LetterFilter(pipeline="shop"),
    "fingerprint": LetterFilter(fingerprint="f1"),
    "state": LetterFilter(state="waiting"),
    "since": LetterFilter(since=letter(3).created),
    "tags": LetterFilter(tags={"a": "1"}),
    "text": LetterFilter(text="Zürich"),
    "nothing": LetterFilter(operation="nobody:at_home"),
}


class StoreListing(StoreBasics):
    """The promises of `Listable`, `Grouped` and `Expiring`."""

    @pytest.mark.parametrize("wanted", list(_GROUP_FILTERS))
    def test_ids_are_listed_as_letters_are_shown(self, store: DeadLetterStore, wanted: str) -> None:
        """`list_ids` gives the ids that `browse` would, in its order, page by page, and nothing for nothing."""
        listed, looked, meant = listable(store), browsable(store), _GROUP_FILTERS[wanted]
        kept = _kinds(store)
        for number in (3, 6, 0, 5, 1, 4, 2):
            store.put(kept[number])
        expected = [one.id for one in looked.browse(meant, limit=10).letters]
        assert _listed(listed, meant, 2) == expected
        assert _listed(listed, meant, 10) == expected
        assert listed.list_ids(meant, limit=0).ids == ()

    def test_a_list_stays_where_it_is(self, store: DeadLetterStore) -> None:
        """A cursor of ids holds while letters go and come."""
        listed = listable(store)
        kept = [letter(number) for number in range(1, 7)]
        for one in kept:
            store.put(one)
        first = listed.list_ids(LetterFilter(), limit=3)
        for lease in store.receive(2, lease=LEASE):
            store.ack(lease)
        store.put(letter(0))
        assert listed.list_ids(LetterFilter(), limit=3, cursor=first.cursor).ids == tuple(one.id for one in kept[3:])

    @pytest.mark.parametrize("wanted", list(_GROUP_FILTERS))
    def test_groups_are_those_of_the_letters(self, store: DeadLetterStore, wanted: str) -> None:
        """`groups` says what is found by looking through the letters that match, the largest group first."""
        meant, kept = _GROUP_FILTERS[wanted], _kinds(store)
        for one in kept:
            store.put(one)
        expected = groups_among(_matching(kept, meant), limit=10)
        assert grouped(store).groups(meant, limit=10) == expected
        assert grouped(store).groups(meant, limit=1) == expected[:1]

    def test_groups_follow_the_letters(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """Groups are right after each letter that comes, changes or goes: whichever it is, the first, the last, any."""
        known = grouped(other)
        kept = _kinds(store)
        for count, one in enumerate(kept, 1):
            store.put(one)
            assert known.groups(LetterFilter(), limit=10) == groups_among(kept[:count], limit=10)
        left = {one.id: one for one in kept}
        for lease in sorted(store.receive(10, lease=LEASE), key=lambda one: one.letter.last_failed, reverse=True):
            changed = _failed_again(lease.letter)
            left[changed.id] = changed
            store.release(lease, changed)
            assert known.groups(LetterFilter(), limit=10) == groups_among(left.values(), limit=10)
        for lease in store.receive(10, lease=LEASE)[::-1]:
            store.ack(lease)
            del left[lease.letter.id]
            assert known.groups(LetterFilter(), limit=10) == groups_among(left.values(), limit=10)

    def test_what_has_expired_is_deleted(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """`expire` deletes what has expired at that moment, the first to expire first, and gives it as it was."""
        expired = expiring(other)
        late, early, whole = _expiring(1, 20), _expiring(2, 10), whole_letter()
        for one in (late, early, whole, letter(3), _expiring(4, 31)):
            store.put(one)
        moment = letter(30).created
        assert expired.expire(moment, limit=0) == []
        assert expired.expire(moment, limit=1) == [early]
        assert expired.expire(moment, limit=10) == [late]
        assert expired.expire(moment, limit=10) == []
        assert expired.expire(moment + timedelta(days=40), limit=10)[-1] == whole
        assert len(store.receive(10, lease=LEASE)) == 1

    def test_the_moment_of_expiry_counts(self, store: DeadLetterStore) -> None:
        """A letter has expired at the very moment that it says, and not before."""
        expired = expiring(store)
        kept = _expiring(1, 10)
        store.put(kept)
        assert kept.expires is not None
        assert expired.expire(kept.expires - timedelta(microseconds=1), limit=10) == []
        assert expired.expire(kept.expires, limit=10) == [kept]

    def test_what_is_held_does_not_expire(self, store: DeadLetterStore, other: DeadLetterStore) -> None:
        """A letter that someone holds is not deleted under their hands; a parked one is deleted like any other."""
        expired = expiring(other)
        kept = [_expiring(1, 10), _expiring(2, 11, state=parked_if_it_can(store))]
        for one in kept:
            store.put(one)
        (held,) = claimable(store).claim([kept[0].id], lease=LEASE)
        moment = letter(60).created
        assert expired.expire(moment, limit=10) == kept[1:]
        store.release(held)
        assert expired.expire(moment, limit=10) == kept[:1]
        assert ids(store.receive(10, lease=LEASE)) == []


def _matching(letters: list[DeadLetter], filter: LetterFilter) -> list[DeadLetter]:
    return [one for one in letters if filter.matches(one)]


def _kinds(store: DeadLetterStore) -> list[DeadLetter]:
    """Seven letters of five kinds; of those of one kind neither the first nor the last is the one that failed last."""
    down, parked = ErrorRecord(type="shop.Down", message="no answer"), parked_if_it_can(store)
    fields: list[dict[str, Any]] = [
        {"pipeline": "shop", "fingerprint": "f1", "error": down, "tags": {"a": "1"}},
        {
            "pipeline": "shop",
            "fingerprint": "f1",
            "last_failed": letter(50).created,
            "operation": "a:b",
            "tags": {"a": "1"},
        },
        {"pipeline": "shop", "fingerprint": "f1", "first_failed": letter(-5).created, "state": parked},
        {"pipeline": "mail", "fingerprint": "f1", "message": "Zürich"},
        {"pipeline": "shop", "fingerprint": "f1", "fingerprint_version": 2, "last_failed": letter(50).created},
        {},
        {"error": down, "message": "zÜrich"},
    ]
    return [letter(number, **given) for number, given in enumerate(fields)]


def _failed_again(given: DeadLetter) -> DeadLetter:
    return structs.replace(given, last_failed=given.last_failed + timedelta(seconds=100), replay_count=1)


def _expiring(number: int, moment: int, **fields: Any) -> DeadLetter:
    return letter(number, expires=letter(moment).created, **fields)


def _listed(store: Listable, wanted: LetterFilter, limit: int) -> list[str]:
    """The ids of all pages."""
    page = store.list_ids(wanted, limit=limit)
    found = list(page.ids)
    while page.cursor is not None:
        assert len(found) < 10, "the pages have no end"
        page = store.list_ids(wanted, limit=limit, cursor=page.cursor)
        found += page.ids
    return found
