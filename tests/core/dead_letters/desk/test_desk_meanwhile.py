"""What others do to letters while something is done to them: nothing of theirs is undone, nothing is done twice."""

from __future__ import annotations

from functools import partial
from threading import Barrier, Thread

import pytest

from ninelives.dead_letters.claim_many import BATCH
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore

ALL = LetterFilter()


class Torn(MemoryStore):
    """A store that gives a letter away in the middle: the first claim finds another letter than was looked at."""

    def claim(self, letter_ids, *, lease):
        leases = super().claim(letter_ids, lease=lease)
        return [type(one)(self.changed(one.letter), one.token, one.until) for one in leases]


def test_what_matches_no_more_is_left(bureau, make, action, do, state):
    """A letter that was changed between looking and claiming, and matches no more, is left as it is."""
    store = Torn(clock=bureau.clock)
    store.changed = lambda letter: type(letter)(
        **{name: getattr(letter, name) for name in letter.__struct_fields__} | {"pipeline": "b"}
    )
    letter = make(pipeline="a", state=state)
    store.put(letter)
    report = do(bureau.desk(store), LetterFilter(pipeline="a"))
    assert (report.done, report.skipped, report.ok) == (0, 1, True)
    assert store.get(letter.id) == letter
    assert len(store.receive(1, lease=60)) == (0 if action == "unparked" else 1)


class Gone(MemoryStore):
    """A store whose letters go between looking and claiming."""

    def list_ids(self, filter, *, limit, cursor=None):
        page = super().list_ids(filter, limit=limit, cursor=cursor)
        self.ack_many(self.receive(2, lease=60))
        return page


@pytest.mark.parametrize("action", ["noted", "parked", "purged"], indirect=True)  # parked ones do not go by themselves
def test_what_goes_meanwhile_is_no_failure(bureau, make, do):
    """Of the letters that a filter meant, those that someone else has finished with need nothing any more."""
    store = Gone(clock=bureau.clock)
    store.put_many(make(number) for number in range(5))
    report = do(bureau.desk(store), ALL, all_letters=True)
    assert (report.done, report.skipped, report.missing, report.ok) == (3, 2, 0, True)


class Late(MemoryStore):
    """A store that hands a letter to someone else right after it was claimed, as if the lease had ended."""

    def claim(self, letter_ids, *, lease):
        leases = super().claim(letter_ids, lease=lease)
        self.clock.advance(lease + 1)
        super().claim(letter_ids[1:2], lease=60)
        return leases


def test_a_lease_that_ended(bureau, letters, do):
    """A letter that someone else took meanwhile is busy, and stays as they have it."""
    store = Late(clock=bureau.clock)
    store.clock = bureau.clock
    store.put_many(letters)
    report = do(bureau.desk(store), LetterFilter(since=letters[0].created))
    assert (report.done, report.busy, report.failed) == (4, 1, 0)
    assert store.get(letters[1].id) == letters[1]


@pytest.mark.parametrize("work", ["purged", "moved"])
def test_several_at_once(office, make, work):
    """Several that do the same to the same letters: each letter is done once, and nobody fails."""
    here, there = office.store("here", *(make(number) for number in range(BATCH * 3))), office.store("there")
    barrier, reports = Barrier(4), []

    def run():
        desk = office.desk(here)
        barrier.wait(timeout=30)
        act = desk.purge if work == "purged" else partial(desk.move, target=there)
        reports.append(act(ALL, all_letters=True))

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sum(report.done for report in reports) == BATCH * 3
    assert [(report.failed, report.missing) for report in reports] == [(0, 0)] * 4
    assert (here.count(), there.count()) == (0, BATCH * 3 if work == "moved" else 0)
