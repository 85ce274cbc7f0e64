"""What is known of the file is kept up to date as letters come and go: it is what a new look would find."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from msgspec import structs

from ninelives import LeaseLostError, LetterFilter
from ninelives.dead_letters.groups import groups_among
from ninelives.testing.contracts.letters import letter
from ninelives_file import FileStore

ALL = LetterFilter()


class Hands:
    """Does something to a store, by chance: some kinds of letters, some of which expire, come, are held and go."""

    def __init__(self, store, clock, seed):
        self.store, self.clock, self.chance = store, clock, Random(seed)
        self.leases = []
        self.known = {}

    def act(self):
        ways = [self.put, self.put, self.again, self.receive, self.end, self.end, self.wait, self.expire, self.damage]
        self.chance.choice(ways)()

    def put(self):
        one = letter(self.chance.randrange(50), **self.fields())
        self.known[one.id] = one
        self.store.put(one)

    def fields(self):
        at = letter(self.chance.randrange(100)).created
        return {
            "fingerprint": self.chance.choice("ab"),
            "pipeline": self.chance.choice(["p", None]),
            "state": self.chance.choice(["waiting", "waiting", "parked"]),
            "expires": self.chance.choice([None, at, at + timedelta(days=1)]),
            "first_failed": at,
            "last_failed": at + timedelta(seconds=self.chance.randrange(9)),
        }

    def again(self):
        """The same id once more: as it was, or changed, or of another age; also of one that is gone."""
        if self.known:
            one = self.chance.choice(list(self.known.values()))
            changed = structs.replace(one, **self.fields(), created=letter(self.chance.randrange(50)).created)
            self.store.put(self.chance.choice([one, changed]))

    def receive(self):
        self.leases += self.store.receive(self.chance.randrange(4), lease=self.chance.randrange(1, 30))

    def end(self):
        if not self.leases:
            return
        lease = self.leases.pop(self.chance.randrange(len(self.leases)))
        new = structs.replace(lease.letter, **self.fields())
        ways = [
            lambda: self.store.ack(lease),
            lambda: self.store.release(lease),
            lambda: self.store.release(lease, new),
            lambda: self.leases.append(self.store.renew(lease, 20)),
        ]
        with suppress(LeaseLostError):
            self.chance.choice(ways)()

    def wait(self):
        self.clock.advance(self.chance.random() * 10)

    def damage(self):
        """A line that can't be read, or is of a newer version: it is kept, whatever is rewritten around it."""
        if self.known and self.chance.random() < 0.3:
            name = self.chance.choice(list(self.known))
            with open(self.store.path, "a") as file:
                file.write(self.chance.choice(["no JSON\n", f'{{"schema":99,"id":"{name}"}}\n']))

    def expire(self):
        self.store.expire(letter(self.chance.randrange(100)).created, limit=self.chance.randrange(3))


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_a_new_look_finds(path, clock, store, seed, monkeypatch):
    """After anything that can happen the order, the groups, the free and the expired are those of a file read anew."""
    monkeypatch.setattr("ninelives_file.index._WORTH", 100)  # the file is rewritten again and again
    hands = Hands(store, clock, seed)
    for _ in range(150):
        hands.act()
        anew = FileStore(path, clock=clock, fsync=False)
        kept = anew.browse(ALL, limit=1000).letters
        assert store.browse(ALL, limit=1000).letters == kept
        assert store.list_ids(ALL, limit=1000).ids == tuple(one.id for one in kept)
        assert store.groups(ALL, limit=9) == groups_among(kept, limit=9)
        assert found(store, clock) == found(anew, clock)
        assert store.problems() == anew.problems()


def found(store, clock):
    """Who would be received and who would expire, in their order."""
    now, moment = clock.now().timestamp(), letter(80).created.timestamp()
    with store._journal.reading() as view:
        free = [entry.id for entry in view.index.free.oldest(1000, now)]
        waiting = [one for one in view.select(LetterFilter(state="waiting")) if not view.index.held(one.id, now)]
        assert free == [entry.id for entry in waiting]
        due = view.index.expiring.due(moment, 1000, now)
        late = [one for one in view.select(ALL) if one.expires is not None and one.expires <= moment]
        left = sorted((one.expires, one.position) for one in late if not view.index.held(one.id, now))
        assert [(one.expires, one.position) for one in due] == left
        return free, [one.id for one in due]


def test_a_clock_that_is_set_back_frees_nothing_twice(store, clock):
    """Where the clock is set back before a claim it does not hold, as ever; set forward again, it does."""
    kept = [letter(1), letter(2)]
    store.put_many(kept)
    with store._journal.changing() as view:
        assert len(view.index.free.oldest(9, clock.now().timestamp())) == 2
    store.receive(1, lease=60)
    now = clock.now().timestamp()
    with store._journal.reading() as view:
        free = view.index.free
        assert [one.id for one in free.oldest(9, now)] == [kept[1].id]
        assert [one.id for one in free.oldest(9, now - 1)] == [one.id for one in kept]
        assert [one.id for one in free.oldest(9, now)] == [kept[1].id]
        assert [one.id for one in free.oldest(9, now + 60)] == [one.id for one in kept]


def test_groups_that_a_filter_asks_for_are_counted(store):
    """A filter by more than pipeline and fingerprint counts the letters that match, and says the group of these."""
    kept = [letter(number, fingerprint="f", operation="ab"[number % 2]) for number in range(5)]
    store.put_many([*kept, letter(9, fingerprint="g", operation="a")])
    (group, other) = store.groups(LetterFilter(operation="a"), limit=9)
    assert (group.fingerprint, group.count, group.first, group.example) == ("f", 3, kept[0].created, kept[4].id)
    assert (other.fingerprint, other.count) == ("g", 1)
    assert store.groups(LetterFilter(fingerprint="f"), limit=9)[0].count == 5
    assert store.groups(LetterFilter(), limit=0) == []
