"""The stores that can be searched, doing the same in any order: all say the same, which is what a plain model says."""

from __future__ import annotations

import itertools
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from ninelives.dead_letters.letter import DeadLetter, ErrorRecord, LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.store import IdPage, Lease, LetterGroup, Page
from ninelives.errors import LeaseLostError, LetterBusyError, LetterNotFoundError, StoreError
from ninelives.testing import FakeClock
from ninelives_file import FileStore
from ninelives_sqlite import SqliteStore

MODEL = "model"
START = datetime(2026, 1, 1, tzinfo=UTC)
FULL = bool(os.environ.get("NINELIVES_FULL_TESTS"))  # set by `make crash-test`


class Model:
    """The contract of a store in its plainest form: nothing is indexed, nothing is kept ahead."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.letters: dict[str, DeadLetter] = {}
        self.claims: dict[str, tuple[str, datetime, datetime]] = {}
        self.tokens = itertools.count()

    def oldest_first(self, wanted: LetterFilter) -> list[DeadLetter]:
        return sorted(filter(wanted.matches, self.letters.values()), key=lambda one: (one.created, one.id))

    def is_held(self, letter_id: str) -> bool:
        _, taken, until = self.claims.get(letter_id, ("", START, START))
        return taken <= self.clock.now() < until

    def is_lost(self, lease: Lease) -> bool:
        return self.claims.get(lease.letter.id, ("",))[0] != lease.token

    def hold(self, letter: DeadLetter, token: str, seconds: float) -> Lease:
        now = self.clock.now()
        until = now + timedelta(seconds=seconds)
        self.claims[letter.id] = (token, now, until)
        return Lease(letter, token, until)

    def remove(self, letter_id: str) -> DeadLetter:
        self.claims.pop(letter_id, None)
        return self.letters.pop(letter_id)

    def put(self, letter):
        self.letters[letter.id] = letter

    def put_many(self, letters):
        for letter in letters:
            self.put(letter)

    def receive(self, max_letters, *, lease):
        free = [one for one in self.oldest_first(LetterFilter(state="waiting")) if not self.is_held(one.id)]
        return [self.hold(one, f"{next(self.tokens)}", lease) for one in free[:max_letters]]

    def claim(self, letter_ids, *, lease):
        names = list(dict.fromkeys(letter_ids))
        if not set(names) <= self.letters.keys():
            raise LetterNotFoundError
        if any(map(self.is_held, names)):
            raise LetterBusyError
        return [self.hold(self.letters[name], f"{next(self.tokens)}", lease) for name in names]

    def renew(self, lease, seconds):
        if self.is_lost(lease):
            raise LeaseLostError
        return self.hold(lease.letter, lease.token, seconds)

    def ack(self, lease):
        self.ack_many([lease])

    def ack_many(self, leases):
        there = [lease for lease in leases if lease.letter.id in self.letters]
        if any(map(self.is_lost, there)):
            raise LeaseLostError
        for name in {lease.letter.id for lease in there}:
            self.remove(name)

    def release(self, lease, letter=None):
        if letter is not None and letter.id != lease.letter.id:
            raise StoreError
        if self.is_lost(lease):
            raise LeaseLostError
        del self.claims[lease.letter.id]
        if letter is not None:
            self.letters[letter.id] = letter

    def browse(self, filter, *, limit, cursor=None):
        behind = [one for one in self.oldest_first(filter) if cursor is None or f"{one.created}{one.id}" > cursor]
        shown = behind[:limit]
        more = len(behind) > limit
        return Page(tuple(shown), f"{shown[-1].created}{shown[-1].id}" if more else None)

    def list_ids(self, filter, *, limit, cursor=None):
        page = self.browse(filter, limit=limit, cursor=cursor)
        return IdPage(tuple(one.id for one in page.letters), page.cursor)

    def get(self, letter_id):
        if letter_id not in self.letters:
            raise LetterNotFoundError
        return self.letters[letter_id]

    def count(self, filter=None):
        return len(self.oldest_first(filter or LetterFilter()))

    def groups(self, filter, *, limit):
        of: dict[Any, list[DeadLetter]] = {}
        for one in self.oldest_first(filter):
            of.setdefault((one.pipeline, one.fingerprint, one.fingerprint_version), []).append(one)
        found = [group_of(key, members) for key, members in of.items()]
        return sorted(found, key=lambda group: (-group.count, -group.last.timestamp()))[:limit]

    def purge(self, filter):
        if filter.empty:
            raise ValueError
        gone = [one.id for one in self.oldest_first(filter) if not self.is_held(one.id)]
        return len([self.remove(name) for name in gone])

    def expire(self, now, *, limit):
        due = [one for one in self.letters.values() if one.expires is not None and one.expires <= now]
        gone = sorted((one for one in due if not self.is_held(one.id)), key=lambda one: one.expires or now)
        return [self.remove(one.id) for one in gone[:limit]]

    def close(self):
        pass


def group_of(key: tuple[Any, ...], members: list[DeadLetter]) -> LetterGroup:
    newest = max(members, key=lambda one: one.last_failed)
    pipeline, fingerprint, version = key
    return LetterGroup(
        pipeline=pipeline,
        fingerprint=fingerprint,
        fingerprint_version=version,
        count=len(members),
        parked=sum(one.state == "parked" for one in members),
        first=min(one.first_failed for one in members),
        last=newest.last_failed,
        example=newest.id,
        operation=newest.operation,
        error_type=newest.error.type if newest.error else "",
        error_message=newest.error.message if newest.error else "",
    )


# Few of each: so that letters meet, are replaced, and match.
NAMES = [f"0193a000-0000-7000-8000-00000000000{number}" for number in range(9)]
MOMENTS = [START + timedelta(seconds=seconds) for seconds in (-86_400, 0, 0.000001, 1, 2.5)]
ERRORS = [None, ErrorRecord(type="shop.Down", message="no answer"), ErrorRecord(type="Down"), ErrorRecord(type="a.B")]
MESSAGES = [None, "Tom", 'say "tom"', "ZÜRICH straße", {"to": ["tom", 1]}, "100%_\\"]
TAGS: list[dict[str, str]] = [{}, {"tenant": "a"}, {"tenant": "a", "b.c": '"'}, {"tenant": "b"}]
STATES = st.sampled_from(["waiting", "waiting", "waiting", "parked"])

numbers = st.integers(0, 1000)


@st.composite
def letters(draw: Any) -> DeadLetter:
    number = draw(st.integers(0, len(NAMES) - 1))
    # No two letters fail last, or expire, at the same moment: which comes first is not said.
    own = timedelta(milliseconds=number + 1)
    first, last = draw(st.sampled_from(MOMENTS)), draw(st.sampled_from(MOMENTS))
    return DeadLetter(
        id=NAMES[number],
        key=NAMES[number],
        created=draw(st.sampled_from(MOMENTS)),
        first_failed=first,
        last_failed=last + own,
        pipeline=draw(st.sampled_from([None, "shop", "bank"])),
        operation=draw(st.sampled_from([None, "a:b", "a:c"])),
        fingerprint=draw(st.sampled_from([None, "f0", "f1"])),
        fingerprint_version=draw(st.sampled_from([1, 1, 2])),
        error=draw(st.sampled_from(ERRORS)),
        state=draw(STATES),
        message=draw(st.sampled_from(MESSAGES)),
        tags=draw(st.sampled_from(TAGS)),
        expires=draw(st.sampled_from([None, None, START + own, START + timedelta(minutes=5) + own])),
    )


# Mostly one thing is asked for at a time: with many, hardly anything matches.
ASKED = [
    *({"ids": frozenset(ids)} for ids in (NAMES[:4], NAMES[3:], ["none"], [])),
    *({"pipeline": name} for name in ("shop", "bank", "none")),
    *({"operation": name} for name in ("a:b", "a:c")),
    *({"fingerprint": name} for name in ("f0", "f1")),
    *({"error_type": name} for name in ("shop.Down", "Down", "B", "")),
    *({"state": name} for name in ("waiting", "parked")),
    *({"since": moment} for moment in MOMENTS),
    *({"until": moment} for moment in MOMENTS),
    *({"tags": tags} for tags in ({}, {"tenant": "a"}, {"b.c": '"'})),
    *({"text": text} for text in ("", "TOM", 'y "t', "zürich STRASSE", "zürich", "%_\\", "no answer", "nowhere")),
]
filters = st.builds(
    lambda fields: LetterFilter(**{name: value for one in fields for name, value in one.items()}),
    st.one_of(st.lists(st.sampled_from(ASKED), min_size=1, max_size=1), st.lists(st.sampled_from(ASKED), max_size=3)),
)
mostly_all = st.one_of(st.just(LetterFilter()), filters)


class Stores(RuleBasedStateMachine):
    """Each of the stores twice, as two processes would have it, and the model."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(START)
        self.folder = tempfile.TemporaryDirectory(prefix="ninelives-stores-")
        self.hands: list[Own] = []
        self.pages: list[tuple[str, LetterFilter, Own]] = []

    @initialize(several=st.lists(letters(), min_size=5, max_size=12))
    def open(self, several):
        one = {MODEL: Model(self.clock), **self.lasting()}
        self.handles = [{**one, **self.opened()}, {**one, **self.opened()}]
        self.do(0, "put_many", several)

    def lasting(self) -> dict[str, Any]:
        """What is one for all that use it."""
        return {"memory": MemoryStore(clock=self.clock)}

    def opened(self) -> dict[str, Any]:
        """What each opens for itself."""
        folder = Path(self.folder.name)
        file = FileStore(folder / "letters.json", clock=self.clock, fsync=False)
        return {"file": file, "sqlite": SqliteStore(folder / "letters.db", clock=self.clock, fsync=False)}

    def teardown(self):
        try:
            self.hand_out_all()
        finally:
            for handle in getattr(self, "handles", ()):
                for store in handle.values():
                    store.close()
            self.folder.cleanup()

    def hand_out_all(self):
        """What nobody holds, and then what they held."""
        for number in range(2) if hasattr(self, "handles") else ():
            self.do(number, "receive", 100, lease=60.0)
            self.clock.advance(60.0)

    def do(self, number: int, name: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Do the same with all of them; what each says. Arguments that are `Own` differ from store to store."""
        results = {
            who: self.ask(store, who, name, args, kwargs)
            for who, store in self.handles[number % 2].items()
            if hasattr(store, name)
        }
        said = {who: plain(result) for who, result in results.items()}
        assert all(each == said[MODEL] for each in said.values()), {"asked": (name, args, kwargs), **said}
        return results

    @staticmethod
    def ask(store: Any, who: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = [arg[who] if isinstance(arg, Own) else arg for arg in args]
        named = {key: arg[who] if isinstance(arg, Own) else arg for key, arg in kwargs.items()}
        try:
            return getattr(store, name)(*given, **named)
        except (StoreError, ValueError) as error:
            return type(error)

    def keep(self, results: dict[str, Any]) -> None:
        """Remember the leases, each with what it is for each of the stores."""
        if isinstance(results[MODEL], list):
            for number in range(len(results[MODEL])):
                self.hands.append(Own({who: leases[number] for who, leases in results.items()}))

    def a_name(self, number: int) -> str:
        """The id of a letter that is there; now and then of one that is not."""
        there = [*self.handles[0][MODEL].letters, "none"]
        return there[number % len(there)]

    def hand(self, number: int) -> Own:
        """One of the last leases: of older ones most have long been given back."""
        return self.hands[-1 - number % min(len(self.hands), 5)]

    # --- writing ----------------------------------------------------------------------------------------------------

    @rule(number=numbers, letter=letters())
    def put(self, number, letter):
        self.do(number, "put", letter)

    @rule(number=numbers, several=st.lists(letters(), max_size=4))
    def put_many(self, number, several):
        self.do(number, "put_many", several)

    @rule(number=numbers, most=st.integers(0, 3), lease=st.sampled_from([10.0, 60.0]))
    def receive(self, number, most, lease):
        self.keep(self.do(number, "receive", most, lease=lease))

    @rule(number=numbers, which=st.lists(numbers, min_size=1, max_size=3), lease=st.sampled_from([10.0, 60.0]))
    def claim(self, number, which, lease):
        self.keep(self.do(number, "claim", [self.a_name(one) for one in which], lease=lease))

    @precondition(lambda self: self.hands)
    @rule(number=numbers, which=numbers, seconds=st.sampled_from([10.0, 90.0]))
    def renew(self, number, which, seconds):
        results = self.do(number, "renew", self.hand(which), seconds)
        if isinstance(results[MODEL], Lease):
            self.hands.append(Own(results))

    @precondition(lambda self: self.hands)
    @rule(number=numbers, which=numbers)
    def ack(self, number, which):
        self.do(number, "ack", self.hand(which))

    @precondition(lambda self: self.hands)
    @rule(number=numbers, which=st.lists(numbers, max_size=3))
    def ack_many(self, number, which):
        hands = [self.hand(one) for one in which]
        self.do(number, "ack_many", Own({who: [hand[who] for hand in hands] for who in self.handles[0]}))

    @precondition(lambda self: self.hands)
    @rule(number=numbers, which=numbers)
    def release(self, number, which):
        self.do(number, "release", self.hand(which))

    @precondition(lambda self: self.hands)
    @rule(number=numbers, which=numbers, state=STATES, count=st.integers(1, 3), moved=st.sampled_from([0, 0, 1.5]))
    def release_as(self, number, which, state, count, moved):
        hand = self.hand(which)
        before = hand[MODEL].letter
        created = before.created + timedelta(seconds=moved)
        self.do(
            number, "release", hand, replace(before, state=state, replay_count=count, created=created, notes=("a",))
        )

    @precondition(lambda self: self.hands)
    @rule(number=numbers, which=numbers, letter=letters())
    def release_as_another(self, number, which, letter):
        self.do(number, "release", self.hand(which), letter)

    @rule(number=numbers, wanted=filters)
    def purge(self, number, wanted):
        self.do(number, "purge", wanted)

    @rule(number=numbers, limit=st.integers(0, 3))
    def expire(self, number, limit):
        self.do(number, "expire", self.clock.now(), limit=limit)

    # --- looking ----------------------------------------------------------------------------------------------------

    @rule(number=numbers, how=st.sampled_from(["browse", "list_ids"]), wanted=mostly_all, limit=st.integers(1, 4))
    def first_page(self, number, how, wanted, limit):
        self.turn(number, how, wanted, limit)

    @precondition(lambda self: self.pages)
    @rule(number=numbers, which=numbers, limit=st.integers(1, 4))
    def next_page(self, number, which, limit):
        how, wanted, cursor = self.pages[which % len(self.pages)]
        self.turn(number, how, wanted, limit, cursor=cursor)

    def turn(self, number: int, how: str, wanted: LetterFilter, limit: int, **more: Any) -> None:
        results = self.do(number, how, wanted, limit=limit, **more)
        if results[MODEL].cursor is not None:
            self.pages.append((how, wanted, Own({who: page.cursor for who, page in results.items()})))

    @rule(number=numbers)
    def count(self, number):
        for fields in ASKED:
            self.do(number, "count", LetterFilter(**fields))

    @rule(number=numbers, which=numbers)
    def get(self, number, which):
        self.do(number, "get", self.a_name(which))

    @rule(number=numbers, wanted=mostly_all, limit=st.integers(1, 9))
    def groups(self, number, wanted, limit):
        self.do(number, "groups", wanted, limit=limit)

    # --- what goes on around ----------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.5, 9.5, 10.0, 60.0, 300.0, -30.0]))
    def time_passes(self, seconds):
        """Or somebody sets the clock back."""
        self.clock.set_wall(self.clock.now() + timedelta(seconds=seconds))

    @rule(number=numbers)
    def reopen(self, number):
        handle = self.handles[number % 2]
        for name, store in self.opened().items():
            handle[name].close()
            handle[name] = store

    @invariant()
    def all_have_the_same(self):
        for number in range(2) if hasattr(self, "handles") else ():
            self.do(number, "browse", LetterFilter(), limit=100)
            self.do(number, "count")


class Own(dict[str, Any]):
    """An argument that is another one for each of the stores."""


def plain(result: Any) -> Any:
    """What is the same for all: tokens and cursors are each store's own."""
    if isinstance(result, list):
        return [plain(one) for one in result]
    if isinstance(result, Lease):
        return result.letter, result.until
    if isinstance(result, (Page, IdPage)):
        return getattr(result, "letters", None) or getattr(result, "ids", None), result.cursor is not None
    return result


Stores.TestCase.settings = settings(
    max_examples=600 if FULL else 30,
    stateful_step_count=50,
    deadline=None,
    derandomize=not FULL,
)
TestStores = Stores.TestCase


# --- what shows that this sees anything -----------------------------------------------------------------------------


class AnyToken(MemoryStore):
    def _check(self, lease):
        pass


class NotRenewed(MemoryStore):
    def renew(self, lease, seconds):
        super().renew(lease, 10.0)
        return Lease(lease.letter, lease.token, self._clock.now() + timedelta(seconds=seconds))


class NewestFirst(MemoryStore):
    def receive(self, max_letters, *, lease):
        for one in reversed(super().browse(LetterFilter(state="waiting"), limit=99).letters[max_letters:]):
            if not self._held(one.id, self._clock.now()):
                return self.claim([one.id], lease=lease)
        return super().receive(max_letters, lease=lease)


class PurgesAll(MemoryStore):
    def purge(self, filter):
        self._claims.clear()
        return super().purge(filter)


class ExpiresAll(MemoryStore):
    def expire(self, now, *, limit):
        self._claims.clear()
        return super().expire(now, limit=limit)


class Lingering(MemoryStore):
    def release(self, lease, letter=None):
        super().release(lease)
        if letter is not None and letter.state == "waiting":
            super().put(letter)


class ShiftingPages(MemoryStore):
    def browse(self, filter, *, limit, cursor=None):
        found = super().browse(filter, limit=99).letters[int(cursor or 0) :]
        return Page(found[:limit], f"{int(cursor or 0) + limit}" if len(found) > limit else None)


class WholeNames(MemoryStore):
    def count(self, filter=None):
        found = super().count(filter)
        return found if filter is None or filter.error_type != "Down" else min(found, 1)


class FreeOnPut(MemoryStore):
    def put(self, letter):
        self._claims.pop(letter.id, None)
        super().put(letter)


BROKEN = [
    AnyToken,
    NotRenewed,
    NewestFirst,
    PurgesAll,
    ExpiresAll,
    Lingering,
    ShiftingPages,
    WholeNames,
    FreeOnPut,
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_store_that_is_wrong_is_found(broken):
    """A store that differs in one thing does not get through."""

    class Wrong(Stores):
        def lasting(self):
            return {"wrong": broken(clock=self.clock)}

        def opened(self):
            return {}

    generating = settings(
        max_examples=1000,  # it ends when the fault is found
        stateful_step_count=50,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        database=None,
    )
    with pytest.raises((AssertionError, KeyError)):
        run_state_machine_as_test(Wrong, settings=generating)
