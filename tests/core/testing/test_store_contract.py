"""The contract of stores catches what is broken, and nothing else."""

from __future__ import annotations

import inspect
import sys
import threading
from datetime import UTC, datetime, timedelta
from itertools import count, islice

import pytest
from msgspec import structs

from ninelives import DeadLetter, LeaseLostError, LetterFilter, LetterNotFoundError, Page, StoreError, UnsupportedError
from ninelives.dead_letters.groups import groups_among
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.store import IdPage, Lease
from ninelives.testing import FakeClock
from ninelives.testing.contracts import StoreContract
from ninelives.testing.contracts.letters import letter


class Plain:
    """A store with no more than every store has."""

    def __init__(self, clock):
        inner = MemoryStore(clock=clock)
        self.put, self.receive, self.ack, self.release = inner.put, inner.receive, inner.ack, inner.release
        self.close = inner.close


class LosesOnRelease(MemoryStore):
    def release(self, lease, letter=None):
        self.ack(lease)


class LosesUpdates(MemoryStore):
    def release(self, lease, letter=None):
        super().release(lease)


class HandsToTwo(MemoryStore):
    def receive(self, max_letters, *, lease):
        leases = super().receive(max_letters, lease=lease)
        for one in leases:
            super().release(one)
        return leases


class HandsOutParked(MemoryStore):
    def receive(self, max_letters, *, lease):
        parked = self.browse(LetterFilter(state="parked"), limit=max_letters).letters
        return super().receive(max_letters, lease=lease) or self.claim([one.id for one in parked], lease=lease)


class NewestFirst(MemoryStore):
    def _oldest_first(self):
        return reversed(list(super()._oldest_first()))


class HandsOutTooMany(MemoryStore):
    def receive(self, max_letters, *, lease):
        return super().receive(max_letters + 1, lease=lease)


class HoldsForEver(MemoryStore):
    def _held(self, letter_id, now):
        return letter_id in self._claims


class ComesBackTooEarly(MemoryStore):
    def receive(self, max_letters, *, lease):
        return super().receive(max_letters, lease=lease / 2)


class ComesBackTooLate(MemoryStore):
    def receive(self, max_letters, *, lease):
        return super().receive(max_letters, lease=lease + 0.1)


class ForgetsAcks(MemoryStore):
    def ack_many(self, leases):
        return


class AcksOnce(MemoryStore):
    def ack_many(self, leases):
        given = list(leases)
        for one in given:
            self.get(one.letter.id)
        super().ack_many(given)


class AcksForAnyone(MemoryStore):
    def ack_many(self, leases):
        for one in leases:
            self._letters.pop(one.letter.id, None)
            self._claims.pop(one.letter.id, None)


class ReleasesForAnyone(MemoryStore):
    def release(self, lease, letter=None):
        self._claims.pop(lease.letter.id, None)


class RefusesLateAcks(MemoryStore):
    def ack_many(self, leases):
        given = list(leases)
        if any(one.until <= self._clock.now() for one in given):
            raise LeaseLostError("too late")
        super().ack_many(given)


class KeepsTheFirst(MemoryStore):
    def put_many(self, letters):
        super().put_many(one for one in letters if one.id not in self._letters)


class LosesAtClose(MemoryStore):
    def close(self):
        self._letters.clear()


class BreaksAtSecondClose(MemoryStore):
    closed = False

    def close(self):
        if self.closed:
            raise StoreError("closed already")
        self.closed = True


class LosesWrites(MemoryStore):
    def put_many(self, letters):
        super().put_many(one for one in letters if int(one.created.timestamp()) % 10 != 4)


class BrowsingClaims(MemoryStore):
    def browse(self, filter, *, limit, cursor=None):
        page = super().browse(filter, limit=limit, cursor=cursor)
        self.receive(limit, lease=60)
        return page


class HidesTheHeld(MemoryStore):
    def browse(self, filter, *, limit, cursor=None):
        letters = super().browse(filter, limit=limit, cursor=cursor).letters
        return Page(tuple(one for one in letters if not self._held(one.id, self._clock.now())))


class CountsPlaces(MemoryStore):
    def browse(self, filter, *, limit, cursor=None):
        start = int(cursor or 0)
        found = [one for one in self._oldest_first() if filter.matches(one)]
        return Page(tuple(found[start : start + limit]), str(start + limit) if len(found) > start + limit else None)


class NeverEnds(MemoryStore):
    def browse(self, filter, *, limit, cursor=None):
        page = super().browse(filter, limit=limit, cursor=cursor)
        return Page(page.letters, page.cursor or f"{2e12}/")


class ByArrival(MemoryStore):
    def _oldest_first(self):
        return iter(self._letters.values())


class RemembersTheGone(MemoryStore):
    def __init__(self, *, clock):
        super().__init__(clock=clock)
        self.seen = {}

    def put(self, letter):
        self.seen[letter.id] = letter
        super().put(letter)

    def get(self, letter_id):
        if letter_id not in self.seen:
            raise LetterNotFoundError(letter_id)
        return self.seen[letter_id]


class CountsAll(MemoryStore):
    def count(self, filter=None):
        return super().count()


class IgnoresText(MemoryStore):
    def browse(self, filter, *, limit, cursor=None):
        return super().browse(structs.replace(filter, text=None), limit=limit, cursor=cursor)


class ClaimsSome(MemoryStore):
    def claim(self, letter_ids, *, lease):
        return [one for name in letter_ids for one in super(ClaimsSome, self).claim([name], lease=lease)]


class ClaimsTheHeld(MemoryStore):
    def claim(self, letter_ids, *, lease):
        for name in letter_ids:
            self._claims.pop(name, None)
        return super().claim(letter_ids, lease=lease)


class RenewsNothing(MemoryStore):
    def renew(self, lease, seconds):
        return structs.replace(super().renew(lease, seconds), until=lease.until)


class RenewsInWordsOnly(MemoryStore):
    def renew(self, lease, seconds):
        before = dict(self._claims)
        renewed = super().renew(lease, seconds)
        self._claims = before
        return renewed


class RenewsForAnyone(MemoryStore):
    def renew(self, lease, seconds):
        return lease


class KeepsHalfABatch(MemoryStore):
    def put_many(self, letters):
        super().put_many(islice(letters, 12))


class PurgesTheHeld(MemoryStore):
    def purge(self, filter):
        found = [one.id for one in self._letters.values() if filter.matches(one)]
        for name in found:
            self._remove(name)
        return len(found)


class PurgesAll(MemoryStore):
    def purge(self, filter):
        return super().purge(LetterFilter(since=datetime.min.replace(tzinfo=UTC)))


class PurgesUntold(MemoryStore):
    def purge(self, filter):
        return super().purge(LetterFilter(state="waiting") if filter.empty else filter)


class PurgesUncounted(MemoryStore):
    def purge(self, filter):
        super().purge(filter)
        return 0


class MovesTheUpdated(ByArrival):
    def release(self, lease, letter=None):
        record = self._letters.pop(lease.letter.id, None)
        if record is not None:
            self._letters[record.id] = record
        super().release(lease, letter)


class LosesUpdatesOfMany(MemoryStore):
    def release_many(self, releases):
        super().release_many((lease, None) for lease, _ in releases)


class GivesBackOne(MemoryStore):
    def release_many(self, releases):
        super().release_many(list(releases)[:1])


class GivesBackUntilOneIsLost(MemoryStore):
    def release_many(self, releases):
        for pair in releases:
            super().release_many([pair])


class UpdatesUntilOneIsLost(MemoryStore):
    def release_many(self, releases):
        given = list(releases)
        self._letters.update((letter.id, letter) for _, letter in given if letter is not None)
        super().release_many(given)


class PassesOverTheLost(MemoryStore):
    def release_many(self, releases):
        held = {name: claim.token for name, claim in self._claims.items()}
        super().release_many((one, letter) for one, letter in releases if held.get(one.letter.id) == one.token)


class GivesBackForAnyone(MemoryStore):
    def release_many(self, releases):
        for lease, _ in releases:
            self._claims.pop(lease.letter.id, None)


class SaysItParksNone(MemoryStore):
    parks = False


class LosesWhatItWillNotPark(MemoryStore):
    parks = False

    def put_many(self, letters):
        given = list(letters)
        refuse_parked(given)
        super().put_many(given)

    def release(self, lease, letter=None):
        self.ack(lease)
        refuse_parked([letter or lease.letter])


class ParksNone(LosesWhatItWillNotPark):
    """A good one: it refuses, and keeps what it has."""

    def release(self, lease, letter=None):
        refuse_parked([letter or lease.letter])
        MemoryStore.release(self, lease, letter)


class ListsTheNewestFirst(MemoryStore):
    def list_ids(self, filter, *, limit, cursor=None):
        page = super().list_ids(filter, limit=limit, cursor=cursor)
        return structs.replace(page, ids=page.ids[::-1])


class ListsAll(MemoryStore):
    def list_ids(self, filter, *, limit, cursor=None):
        return super().list_ids(LetterFilter(), limit=limit, cursor=cursor)


class ListsByPlace(MemoryStore):
    def list_ids(self, filter, *, limit, cursor=None):
        start = int(cursor or 0)
        ids = super().list_ids(filter, limit=1000).ids
        return IdPage(ids[start : start + limit], str(start + limit) if len(ids) > start + limit else None)


class GroupsAll(MemoryStore):
    def groups(self, filter, *, limit):
        return super().groups(LetterFilter(), limit=limit)


class GroupsTooMany(MemoryStore):
    def groups(self, filter, *, limit):
        return super().groups(filter, limit=limit + 1)


class GroupsAcrossVersions(MemoryStore):
    def groups(self, filter, *, limit):
        letters = self.browse(filter, limit=100).letters
        return groups_among((structs.replace(one, fingerprint_version=1) for one in letters), limit=limit)


class NeverForgetsALast(MemoryStore):
    """It knows when letters failed last that are gone."""

    newest: datetime | None = None

    def groups(self, filter, *, limit):
        found = super().groups(filter, limit=limit)
        self.newest = max([group.last for group in found] + [self.newest] * (self.newest is not None), default=None)
        return [structs.replace(group, last=self.newest) for group in found]


class ExpiresTheHeld(MemoryStore):
    def expire(self, now, *, limit):
        self._claims.clear()
        return super().expire(now, limit=limit)


class ExpiresTooEarly(MemoryStore):
    def expire(self, now, *, limit):
        return super().expire(now + timedelta(microseconds=1), limit=limit)


class ExpiresTooLate(MemoryStore):
    def expire(self, now, *, limit):
        return super().expire(now - timedelta(microseconds=1), limit=limit)


class ExpiresTheYoungestFirst(MemoryStore):
    def expire(self, now, *, limit):
        found = super().expire(now, limit=1000)[::-1]
        self.put_many(found[limit:])
        return found[:limit]


class ExpiresInWordsOnly(MemoryStore):
    def expire(self, now, *, limit):
        found = super().expire(now, limit=limit)
        self.put_many(found)
        return found


def refuse_parked(letters):
    if any(one.state == "parked" for one in letters):
        raise UnsupportedError("it parks none")


BROKEN: dict[type[MemoryStore], str] = {
    LosesOnRelease: "released_letters_are_back_at_once",
    LosesUpdates: "a_release_updates_the_record",
    HandsToTwo: "held_letters_are_nobody_elses",
    HandsOutParked: "parked_letters_are_not_handed_out",
    NewestFirst: "oldest_first",
    HandsOutTooMany: "oldest_first",
    HoldsForEver: "held_letters_are_nobody_elses",
    ComesBackTooEarly: "held_letters_are_nobody_elses",
    ComesBackTooLate: "held_letters_are_nobody_elses",
    ForgetsAcks: "acknowledged_letters_are_gone",
    AcksOnce: "acknowledging_twice_is_no_error",
    AcksForAnyone: "a_lost_lease_ends_nothing",
    ReleasesForAnyone: "a_lost_lease_ends_nothing",
    RefusesLateAcks: "who_is_late_but_alone_is_not_too_late",
    KeepsTheFirst: "the_same_id_replaces",
    LosesAtClose: "letters_outlast_a_close",
    BreaksAtSecondClose: "letters_outlast_a_close",
    LosesWrites: "writers_at_once_lose_nothing",
    BrowsingClaims: "browsing_claims_nothing",
    HidesTheHeld: "browsing_claims_nothing",
    CountsPlaces: "pages_stay_where_they_are",
    NeverEnds: "pages_are_sorted_by_age",
    ByArrival: "pages_are_sorted_by_age",
    RemembersTheGone: "what_is_gone_is_not_found",
    CountsAll: "filters",
    IgnoresText: "filters",
    ClaimsSome: "a_claim_is_of_all_or_none",
    ClaimsTheHeld: "a_claim_is_of_all_or_none",
    RenewsNothing: "a_renewed_lease_lasts_from_now",
    RenewsInWordsOnly: "a_renewed_lease_lasts_from_now",
    RenewsForAnyone: "a_lost_lease_can_not_be_renewed",
    KeepsHalfABatch: "several_at_once",
    PurgesTheHeld: "purging_leaves_what_is_held",
    PurgesAll: "purging_deletes_what_matches",
    PurgesUntold: "purging_everything_must_be_said",
    PurgesUncounted: "purging_deletes_what_matches",
    SaysItParksNone: "parked_letters_are_not_handed_out",
    LosesWhatItWillNotPark: "parked_letters_are_not_handed_out",
    LosesUpdatesOfMany: "several_are_given_back_at_once",
    GivesBackOne: "several_are_given_back_at_once",
    GivesBackUntilOneIsLost: "what_is_given_back_is_all_or_none",
    UpdatesUntilOneIsLost: "what_is_given_back_is_all_or_none",
    PassesOverTheLost: "what_is_given_back_is_all_or_none",
    GivesBackForAnyone: "what_is_given_back_is_all_or_none",
    MovesTheUpdated: "an_updated_letter_keeps_its_place",
    ListsTheNewestFirst: "ids_are_listed_as_letters_are_shown",
    ListsAll: "ids_are_listed_as_letters_are_shown",
    ListsByPlace: "a_list_stays_where_it_is",
    GroupsAll: "groups_are_those_of_the_letters",
    GroupsTooMany: "groups_are_those_of_the_letters",
    GroupsAcrossVersions: "groups_are_those_of_the_letters",
    NeverForgetsALast: "groups_follow_the_letters",
    ExpiresTheHeld: "what_is_held_does_not_expire",
    ExpiresTooEarly: "the_moment_of_expiry_counts",
    ExpiresTooLate: "the_moment_of_expiry_counts",
    ExpiresTheYoungestFirst: "what_has_expired_is_deleted",
    ExpiresInWordsOnly: "what_has_expired_is_deleted",
}


@pytest.mark.parametrize(("broken", "promise"), BROKEN.items(), ids=lambda one: getattr(one, "__name__", one))
def test_broken_stores_are_caught(broken, promise):
    """A store that breaks a promise fails the test that states it."""
    failed, _ = verdict(broken, [promise])
    assert failed == {promise}


@pytest.mark.parametrize("field", sorted(set(DeadLetter.__struct_fields__) - {"id", "created", "schema", "state"}))
def test_stores_that_forget_a_field_are_caught(field):
    """A store that keeps all of a letter but one field fails."""
    empty = structs.asdict(letter(fingerprint_version=1))

    class Forgets(MemoryStore):
        def receive(self, max_letters, *, lease):
            leases = super().receive(max_letters, lease=lease)
            return [structs.replace(one, letter=forgetful(one.letter)) for one in leases]

    def forgetful(given):
        return structs.replace(given, **{field: empty[field]})

    assert verdict(Forgets, ["nothing_of_a_letter_is_lost"])[0]


def test_a_store_that_keeps_its_promises_passes():
    """Nothing is held against a store that does all it should; nor if it parks none, and says so."""
    assert verdict(MemoryStore) == (set(), set())
    assert verdict(ParksNone) == (set(), {"filters"})


def test_what_a_store_can_not_do_is_left_out():
    """A store that only does what all stores do passes; the tests of what it can't do are skipped."""
    failed, skipped = verdict(Plain)
    assert failed == set()
    assert {"filters", "a_letter_is_claimed_by_its_id", "several_at_once", "purging_leaves_what_is_held"} <= skipped
    assert "a_lost_lease_can_not_be_renewed" in skipped
    assert {"a_list_stays_where_it_is", "groups_follow_the_letters", "what_has_expired_is_deleted"} <= skipped
    assert "oldest_first" not in skipped


def test_a_service_may_promise_less():
    """A store whose service keeps no order, or keeps letters of one id side by side, says so and is not held to it."""

    class Lesser(StoreContract):
        keeps_order = False
        replaces = False

    promises = ["oldest_first", "the_same_id_replaces"]
    assert verdict(NewestFirst, promises, Lesser)[0] == set()
    assert verdict(KeepsTheFirst, promises, Lesser)[0] == set()


def test_an_error_in_a_thread_is_the_tests_error():
    """What a store raises in one of several threads fails the test."""

    class Raises(MemoryStore):
        def put(self, letter):
            raise StoreError("no room")

    assert verdict(Raises, ["writers_at_once_lose_nothing"])[0]


class WrongTheFifthTime(MemoryStore):
    """What four receivers do at once is right four times, and then it is not."""

    def __init__(self, *, clock):
        super().__init__(clock=clock)
        self.calls = count()

    def receive(self, max_letters, *, lease):
        leases = super().receive(max_letters, lease=lease)
        if next(self.calls) >= 4 * 8:
            for one in leases:
                super().release(one)
        return leases


class GivesToTwoAtOnce(MemoryStore):
    """What it hands out is for all that ask at the same time."""

    def __init__(self, *, clock):
        super().__init__(clock=clock)
        self.asked = threading.Barrier(4)

    def receive(self, max_letters, *, lease):
        free = list(super()._oldest_first())[:max_letters]
        self.asked.wait(60)
        return [Lease(one, str(threading.get_ident()), self._clock.now() + timedelta(seconds=lease)) for one in free]


class HidesOne(MemoryStore):
    def receive(self, max_letters, *, lease):
        leases = super().receive(max_letters, lease=lease)
        return [one for one in leases if int(one.letter.created.timestamp()) % 20 != 4]


def test_a_race_is_caught_that_is_seldom_lost():
    """Receivers race several times: a store that is wrong only now and then is caught."""
    assert verdict(WrongTheFifthTime, ["receivers_at_once_share_nothing"])[0]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (GivesToTwoAtOnce, r"two receivers got letter \S+, .*: numbers 0 and 3 of 4"),
        (HidesOne, r"no receiver got letter \S+, though 4 asked"),
    ],
)
def test_a_race_is_said_in_words(broken, said):
    """Where receivers share a letter, or nobody gets it, that is what the failure says."""
    store = broken(clock=FakeClock())
    with pytest.raises(pytest.fail.Exception, match=said):
        StoreContract().test_receivers_at_once_share_nothing(store, store)


def test_threads_take_turns_as_before():
    """How often threads take turns is as before when the receivers are done."""
    before = sys.getswitchinterval()
    assert verdict(MemoryStore, ["receivers_at_once_share_nothing"])[0] == set()
    assert sys.getswitchinterval() == before


def test_the_fixture_must_be_overridden():
    """Who forgets the fixture is told what to do."""
    fixture = StoreContract.store
    with pytest.raises(NotImplementedError, match="override the fixture 'store'"):
        getattr(fixture, "__wrapped__", fixture)(StoreContract(), FakeClock())


def verdict(make, promises=None, contract=StoreContract):
    """Which promises a store breaks, and which it does not make."""
    failed, skipped = set(), set()
    for name, test in inspect.getmembers(contract, inspect.isfunction):
        promise = name.removeprefix("test_")
        if promise == name or (promises is not None and promise not in promises):
            continue
        for parameters in parametrised(test):
            try:
                run(contract(), test, make, parameters)
            except pytest.skip.Exception:
                skipped.add(promise)
            except (Exception, pytest.fail.Exception):
                failed.add(promise)
    return failed, skipped


def run(suite, test, make, parameters):
    clock = FakeClock()
    store = make(clock=clock)
    given = {"self": suite, "store": store, "other": store, "wait": clock.advance, **parameters}
    test(**{name: given[name] for name in inspect.signature(test).parameters})


def parametrised(test):
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    return [{mark.args[0]: value} for mark in marks for value in mark.args[1]] or [{}]
