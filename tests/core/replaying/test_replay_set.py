"""Which letters a replay is about: fixed when it begins, found and claimed many at a time."""

from __future__ import annotations

import tempfile

import pytest
from msgspec import structs

from ninelives import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.store import IdPage
from ninelives.errors import LetterNotFoundError, StoreError, UnsupportedError
from ninelives.replaying import ids as spool
from ninelives.replaying.ids import Ids
from ninelives.replaying.pace import AHEAD, MOST, Ahead


class Service:
    """Down until it is said to be up."""

    def __init__(self):
        self.up = False
        self.done = []

    def __call__(self, value):
        if not self.up:
            raise ConnectionError("down")
        self.done.append(value)


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def store(shop):
    return MemoryStore(clock=shop.clock)


@pytest.fixture
def pipeline(shop, store, service):
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": store})
    for value in range(10):
        pipeline.try_run(service, value)
    service.up = True
    return pipeline


@pytest.fixture
def ids(shop, pipeline):
    return [letter["message_id"] for letter in shop.letters(pipeline)]


# --- the set --------------------------------------------------------------------------------------------------------


def test_what_arrives_or_fails_meanwhile_is_not_run_whatever_the_clocks_say(shop, pipeline, service, store):
    """The set is the letters that were there: a letter that arrives meanwhile is not run, however old it says it is."""
    (first,) = store.browse(LetterFilter(), limit=1).letters
    old = structs.replace(first, id="0", created=first.created.replace(year=2020), key="0")
    fails = []

    def call(value):
        if not fails:
            store.put(old)
        if value == 3:
            fails.append(value)
            shop.clock.set_wall(first.created.replace(year=2020))
            raise ConnectionError
        fails.append(None)

    pipeline.register(call, first.operation)
    report = pipeline.replay()
    assert (report.replayed, report.failed, report.total, len(fails)) == (9, 1, 10, 10)


def test_ids_are_asked_for_without_their_letters_where_the_store_can(pipeline, store, monkeypatch):
    """A store that can list ids is asked for no letter twice: not one is read but by claiming it."""

    def list_ids(chosen, *, limit, cursor=None):
        begin = int(cursor or 0)
        found = [one.id for one in MemoryStore.browse(store, chosen, limit=1000).letters]
        assert chosen == LetterFilter(pipeline="shop", state="waiting")
        return IdPage(tuple(found[begin : begin + 4]), str(begin + 4) if begin + 4 < len(found) else None)

    store.list_ids = list_ids
    store.browse = None
    assert pipeline.replay().replayed == 10


def test_very_many_ids_are_in_a_file(monkeypatch):
    """What exceeds the memory that ids may take is in a temporary file, in the same order, and can be read again."""
    monkeypatch.setattr(spool, "IN_MEMORY", 50)
    monkeypatch.setattr(spool, "_CHUNK", 7)
    ids = Ids()
    names = [f"letter {number}\n" for number in range(50)]
    for begin in range(0, 50, 3):
        ids.add(names[begin : begin + 3])
    assert list(ids) == list(ids) == names
    assert ids.count == 50
    assert ids._file is not None
    ids.close()


temporary_file = tempfile.TemporaryFile


class Full:
    """A file on a disk that has no room after the first few bytes."""

    def __init__(self, **options):
        self.inner = temporary_file(**options)
        self.seek, self.read, self.close = self.inner.seek, self.inner.read, self.inner.close
        self.room = 100

    def write(self, data):
        if self.room <= 0:
            raise OSError("no space left on device")
        written = self.inner.write(data[: self.room])
        self.room -= written
        return written


def test_without_a_place_ids_stay_in_memory(monkeypatch):
    """Where the temporary file can't be made, or is full, the ids stay in memory; none is lost, none is twice."""
    monkeypatch.setattr(spool, "IN_MEMORY", 50)
    for broken in (Full, lambda **_: (_ for _ in ()).throw(FileNotFoundError("no usable temporary directory"))):
        monkeypatch.setattr(tempfile, "TemporaryFile", broken)
        ids = Ids()
        names = [f"letter {number}" for number in range(50)]
        for name in names:
            ids.add([name])
        assert list(ids) == names
        ids.close()


def test_what_was_listed_when_the_store_failed_holds_no_file(pipeline, store, monkeypatch):
    """Where the store fails while the letters are looked for, the file with the ids so far is closed."""
    monkeypatch.setattr(spool, "IN_MEMORY", 0)
    monkeypatch.setattr(spool, "PAGE_OF_IDS", 4)
    files, inner = [], store.list_ids

    def temporary(**options):
        files.append(temporary_file(**options))
        return files[-1]

    def list_ids(chosen, *, limit, cursor=None):
        if cursor is not None:
            raise StoreError("no disk")
        return inner(chosen, limit=limit, cursor=cursor)

    monkeypatch.setattr(tempfile, "TemporaryFile", temporary)
    store.list_ids = list_ids
    with pytest.raises(StoreError, match="no disk"):
        pipeline.replay()
    assert [file.closed for file in files] == [True]


# --- claiming -------------------------------------------------------------------------------------------------------


def test_one_that_is_held_keeps_no_other_from_being_run(pipeline, store, service, ids):
    """Of letters that are claimed together, those that are held, gone or parked meanwhile are told one by one."""
    inner = store.claim

    def claim(letter_ids, *, lease):
        if len(letter_ids) > 1 and not service.done[2:]:
            store.claim = inner
            inner([ids[4]], lease=60)
            parked, gone = inner([ids[5], ids[6]], lease=60)
            store.release(parked, structs.replace(parked.letter, state="parked"))
            store.ack(gone)
        return inner(letter_ids, lease=lease)

    store.claim = claim
    report = pipeline.replay()
    assert (report.replayed, report.busy, report.skipped, report.total) == (7, 1, 2, 10)
    assert sorted(report.reasons) == sorted([ids[4], ids[5], ids[6]])
    assert report.reasons[ids[5]] == "it is parked now"
    assert service.done == [0, 1, 2, 3, 7, 8, 9]


def test_one_that_changed_meanwhile_is_not_what_was_asked_for(pipeline, store, ids, service):
    """A letter that no longer matches the filter when it is claimed goes back as it is, and the report says so."""
    (lease,) = store.claim([ids[9]], lease=60)

    def call(value):
        if value == 0:
            store.release(lease, structs.replace(lease.letter, tags={}, fingerprint="another"))

    pipeline.register(call, lease.letter.operation)
    report = pipeline.replay(LetterFilter(fingerprint=lease.letter.fingerprint))
    assert (report.replayed, report.skipped) == (9, 1)
    assert report.reasons == {ids[9]: "it changed meanwhile"}


def test_few_are_claimed_where_they_go_slowly(shop, pipeline, store):
    """Letters that take long are claimed one by one, so that others can have the rest; quick ones many at a time."""
    sizes = []
    inner = store.claim

    def claim(letter_ids, *, lease):
        sizes.append(len(letter_ids))
        return inner(letter_ids, lease=lease)

    def slow(_value):
        shop.clock.advance(60)

    store.claim = claim
    pipeline.register(slow, store.browse(LetterFilter(), limit=1).letters[0].operation)
    assert pipeline.replay(limit=5).replayed == 5
    assert sizes == [1, 1, 1, 1, 1]
    sizes.clear()
    pipeline.register(lambda _value: None, store.browse(LetterFilter(), limit=1).letters[0].operation)
    assert pipeline.replay().replayed == 5
    assert sizes == [1, 2, 2]


def test_how_many_are_claimed_at_once():
    """Twice as many each time while they go fast, as many as are done in time when they do not; bounded."""
    ahead = Ahead(None)
    sizes, now = [], 100.0
    for took in (0.0,) * 9 + (AHEAD * 0.75, AHEAD * 4, AHEAD * 1000):
        now += took
        sizes.append(ahead.size(now, 1000))
        ahead.claimed(now)
    assert sizes == [1, 2, 4, 8, 16, 32, 64, MOST, MOST, MOST, MOST // 4, 1]
    assert Ahead(5).size(now, 1000) == 1
    paced = Ahead(20)
    assert [paced.size(0.0, 1000) for _ in range(4)] == [1, 2, 4, 4]
    assert ahead.size(now, 0) == 1


def test_a_lease_that_ended_before_its_turn_is_told(shop, pipeline, service, ids, store):
    """A letter whose lease ended while it waited for its turn is not run: someone else may have it."""

    def call(value):
        service.done.append(value)
        if value == 3:
            shop.clock.advance(301)

    pipeline.register(call, store.browse(LetterFilter(), limit=1).letters[0].operation)
    report = pipeline.replay()
    assert (report.replayed, report.busy) == (7, 3)
    assert all("lease ended before its turn" in why for why in report.reasons.values())
    assert pipeline.replay().replayed == 3


def test_a_store_that_breaks_its_contract_ends_the_replay(pipeline, store):
    """Whatever a store raises when letters are claimed comes out as a StoreError."""
    store.claim = lambda *_args, **_options: (_ for _ in ()).throw(RuntimeError("broken"))
    with pytest.raises(StoreError, match="broken"):
        pipeline.replay()


# --- stores that can do less ----------------------------------------------------------------------------------------


class Plain:
    """A store with no more than every store has."""

    def __init__(self, inner):
        self.inner = inner
        self.put, self.receive = inner.put, inner.receive
        self.ack, self.release, self.close = inner.ack, inner.release, inner.close


class Claims(Plain):
    """One that can be searched and can claim, but can't prolong a lease or confirm several at once."""

    def __init__(self, inner):
        super().__init__(inner)
        self.browse, self.get, self.count, self.claim = inner.browse, inner.get, inner.count, inner.claim


class Renews(Plain):
    """One that can only receive, but prolongs leases."""

    def __init__(self, inner):
        super().__init__(inner)
        self.renew = inner.renew


@pytest.mark.parametrize("kind", [Plain, Claims, Renews])
def test_stores_that_can_do_less_are_replayed_all_the_same(shop, store, service, pipeline, kind):
    """A store that can't be searched, or can't prolong leases, or can't confirm many at once, is replayed too."""
    other = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": kind(store)})
    other.register(service, store.browse(LetterFilter(), limit=1).letters[0].operation)
    report = other.replay()
    assert (report.replayed, report.total) == (10, 10 if kind is Claims else None)
    assert service.done == list(range(10))


def test_several_are_received_at_once_but_no_more_than_asked_for(shop, store, service, pipeline):
    """A store that can't be searched gives several letters at once; what is over the limit is not even taken."""
    asked = []
    kind = Renews(store)
    inner = kind.receive
    kind.receive = lambda many, *, lease: asked.append(many) or inner(many, lease=lease)
    other = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": kind})
    other.register(service, store.browse(LetterFilter(), limit=1).letters[0].operation)
    assert other.replay(limit=6).replayed == 6
    assert asked == [1, 2, 3]


def test_an_id_is_looked_for_everywhere(shop, store, service, pipeline, ids):
    """Letters that are named are found in the fallback too, and one that is nowhere is told."""
    other = shop.pipeline(
        backoff=False, breaker=False, dead_letter={"store": MemoryStore(clock=shop.clock), "fallback": store}
    )
    other.register(service, store.browse(LetterFilter(), limit=1).letters[0].operation)
    report = other.replay(iter([*ids, "nothing"]))
    assert (report.replayed, report.skipped, report.total) == (10, 1, 11)
    other.close()


def test_a_store_that_can_not_claim_says_so():
    """Claiming several of a store that can't is a clear error."""
    from ninelives.dead_letters.batches import claim_many
    from ninelives.dead_letters.places import Place

    with pytest.raises(UnsupportedError, match="plain: can't claim"):
        claim_many(Place(Plain(MemoryStore()), "plain:"), ["a", "b"], 5)


def test_a_copy_that_is_gone_meanwhile_does_no_harm(shop, service):
    """A second copy of a letter that is done, and that is gone when it is to be dropped, is nobody's concern."""
    store, fallback = MemoryStore(clock=shop.clock), MemoryStore(clock=shop.clock)
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": store, "fallback": fallback})
    pipeline.try_run(service, 1)
    fallback.put_many(store.browse(LetterFilter(), limit=1).letters)
    service.up = True
    fallback.claim = lambda *_args, **_options: (_ for _ in ()).throw(LetterNotFoundError("gone"))
    report = pipeline.replay()
    assert (report.replayed, report.total, report.ok) == (1, 1, True)
    pipeline.close()


def test_several_ids_of_a_store_that_can_only_receive(shop, store, service, pipeline, ids):
    """Letters that are named are found in a store that prolongs leases and can't claim, however many they are."""
    other = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": Renews(store)})
    other.register(service, store.browse(LetterFilter(), limit=1).letters[0].operation)
    report = other.replay(ids)
    assert (report.replayed, report.total, report.ok) == (10, 10, True)
    assert service.done == list(range(10))
