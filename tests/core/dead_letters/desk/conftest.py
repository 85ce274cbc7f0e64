"""A desk at stores of each kind, on one clock, and what it tells."""

from __future__ import annotations

import pytest

from ninelives.dead_letters.desk import Desk
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.places import Place, Places
from ninelives.dead_letters.who import Who
from ninelives.errors import StoreError
from ninelives.testing import FakeClock, RecordingListener
from ninelives.testing.contracts.letters import letter
from ninelives_file import FileStore
from ninelives_sqlite import SqliteStore

WHO = Who("alice", "web-1", "ninelives dlq")
ACTIONS = {
    "noted": lambda desk, what, **more: desk.note(what, "seen", **more),
    "parked": lambda desk, what, **more: desk.park(what, "why", **more),
    "unparked": lambda desk, what, **more: desk.unpark(what, "why", **more),
    "purged": lambda desk, what, **more: desk.purge(what, "why", **more),
}


class OnlyStore:
    """A store that can do no more than every store can, and says that it keeps no parked letters."""

    parks = False

    def __init__(self, clock, *letters):
        self.inside = MemoryStore(clock=clock)
        self.inside.put_many(letters)
        self.receive, self.release, self.ack, self.close = (
            getattr(self.inside, name) for name in ("receive", "release", "ack", "close")
        )

    def put(self, letter):
        self.inside.put(letter)


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


class Office:
    """Stores of one kind; `desk` works on them."""

    def __init__(self, kind, folder):
        self.kind = kind
        self.clock = FakeClock()
        self.events = RecordingListener()
        self._folder = folder
        self.stores = []

    def store(self, name="store", *letters):
        path = self._folder / name
        if self.kind == "memory":
            made = MemoryStore(clock=self.clock)
        elif self.kind == "file":
            made = FileStore(path, clock=self.clock)
        else:
            made = SqliteStore(path, clock=self.clock)
        made.put_many(letters)
        self.stores.append(made)
        return made

    def only(self, *letters):
        return OnlyStore(self.clock, *letters)

    def desk(self, store, fallback=None, park=None, **options):
        given = {"store": store, "fallback": fallback, "park": park}
        places = {name: Place(one, f"{name}:") for name, one in given.items() if one is not None}
        return Desk(Places(**places), by=WHO, emit=self.events, clock=self.clock, **options)

    def told(self, *names):
        return [event for event in self.events.recorded if event.name in names]

    def close(self):
        for store in self.stores:
            store.close()


@pytest.fixture(params=["memory", "file", "sqlite"])
def office(request, tmp_path):
    """Stores of each kind."""
    office = Office(request.param, tmp_path)
    yield office
    office.close()


@pytest.fixture
def bureau(tmp_path):
    """Stores in memory, for what does not depend on the store."""
    return Office("memory", tmp_path)


@pytest.fixture
def make():
    """Makes letters: `make(number, **fields)`."""
    return letter


@pytest.fixture(params=list(ACTIONS))
def action(request):
    """One of what can be done to letters."""
    return request.param


@pytest.fixture
def do(action):
    """Does it: `do(desk, what, **options)`."""
    return ACTIONS[action]


@pytest.fixture
def state(action):
    """The state of a letter that it can be done to."""
    return "parked" if action == "unparked" else "waiting"


@pytest.fixture
def letters(make, state):
    """Five letters that it can be done to."""
    return [make(number, message=number, state=state) for number in range(5)]


@pytest.fixture
def failing():
    """Makes stores that fail: `failing(clock, errors, claims)`."""
    return Failing
