"""What goes wrong on the way home: nothing is left behind for good, and a store that works goes on being used."""

from __future__ import annotations

import logging
import subprocess
import sys
import time

import pytest

from ninelives.dead_letters import carrying
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.dead_letters.spill import DRAIN_EVERY
from ninelives.errors import StoreError
from ninelives.events import LetterSpilled, LetterStored
from ninelives.testing import instant
from ninelives.testing.contracts.letters import letter
from ninelives.workers import FLUSH_SECONDS


@pytest.fixture
def quiet(world):
    """Nothing is tried but by the test."""
    world.queue.send_to_dlq("first")
    world.queue.close()
    world.store.purge(LetterFilter(state="waiting"))
    world.queue._spill._next_try = float("inf")
    return world


def ids(store):
    return [one.id for one in store.browse(LetterFilter(), limit=1000).letters]


def go(world):
    world.clock.advance(DRAIN_EVERY)
    return world.queue._spill.attempt(lambda: True)


def goes_down(world):
    world.store.error = StoreError("down")
    names = [world.queue.send_to_dlq("while down")]
    world.queue.close()
    return names


@pytest.mark.parametrize("down", [False, True])
def test_a_fallback_that_can_not_be_read_says_nothing_of_the_store(quiet, down, caplog):
    """Where it is the fallback that fails, callers use the store: else nobody would ever find out that it works."""
    if down:
        goes_down(quiet)
        quiet.store.error = None
    quiet.fallback.browse = lambda *args, **kwargs: (_ for _ in ()).throw(StoreError("may only write"))
    assert go(quiet) is False
    assert not quiet.queue._spill.is_down
    assert caplog.messages[-1] == "letters wait in refuge: refuge: may only write"
    assert quiet.queue.send_to_dlq("x") in ids(quiet.store)


def test_what_is_refused_for_good_holds_up_nobody(quiet, caplog):
    """Letters that the store refuses neither close it to callers nor keep those behind them from coming home."""
    refused = [letter(number) for number in range(carrying.MOST_REFUSED + 2)]
    behind = letter(99)
    quiet.fallback.put_many([*refused, behind])
    inner, names = quiet.store.put_many, {one.id for one in refused}

    def picky(letters):
        if names & {one.id for one in letters}:
            raise StoreError("odd", transient=False)
        inner(letters)

    quiet.store.put_many = picky
    assert go(quiet) is False
    assert not quiet.queue._spill.is_down
    assert go(quiet) is True
    assert ids(quiet.store) == [behind.id]
    names.clear()
    assert go(quiet) is True
    assert len(ids(quiet.store)) == len(refused) + 1


def test_one_letter_that_always_fails_holds_up_nobody(quiet):
    """A letter at which the store fails each time, whatever it says of it, leaves the others to come home."""
    poison, behind = letter(1), letter(2)
    quiet.fallback.put_many([poison, behind])

    class Fragile:
        def __init__(self):
            self.inside = MemoryStore()
            self.receive, self.release, self.ack, self.close = (
                getattr(self.inside, name) for name in ("receive", "release", "ack", "close")
            )

        def put(self, one):
            if one.id == poison.id:
                raise RuntimeError("bug")
            self.inside.put(one)

    home = Fragile()
    queue = quiet.another(store=home)
    assert queue.drain() == 1
    assert ids(home.inside) == [behind.id]
    assert ids(quiet.fallback) == [poison.id]


def test_only_a_trial_says_that_it_is_down(quiet):
    """While callers use the store, what the background meets does not take it from them: their own letters tell."""
    quiet.fallback.put(letter(1))
    quiet.store.error = StoreError("hiccup")
    assert go(quiet) is False
    assert not quiet.queue._spill.is_down


def test_what_others_hold_is_waited_for(quiet):
    """A letter that another process has in hand comes home when that one was killed: it is not forgotten meanwhile."""
    one = letter(1)
    quiet.fallback.put(one)
    quiet.fallback.claim([one.id], lease=100)
    assert go(quiet) is False
    quiet.clock.advance(100)
    assert go(quiet) is True
    assert ids(quiet.store) == [one.id]


def test_while_others_hold_them_all_the_store_stays_down(quiet):
    """An attempt that could not try the store out leaves it as it was: no caller is sent to do it."""
    names = goes_down(quiet)
    (lease,) = quiet.fallback.claim(names, lease=1000)
    assert go(quiet) is False
    assert quiet.queue._spill.is_down
    quiet.fallback.release(lease)
    quiet.store.error = None
    assert go(quiet) is True
    assert not quiet.queue._spill.is_down


def test_an_attempt_may_take_long(quiet):
    """However long a store takes to fail, it is tried again `DRAIN_EVERY` seconds later, not twice as late."""
    goes_down(quiet)
    tries = []

    def slow(letters):
        tries.append(1)
        quiet.clock.advance(8)
        raise StoreError("timed out")

    quiet.store.put_many = slow
    go(quiet)
    assert quiet.queue._spill.due_in() == DRAIN_EVERY
    go(quiet)
    assert len(tries) == 2


def test_a_put_from_before_the_outage_does_not_end_it(quiet):
    """A letter that was on its way when the store went down, and arrived, says nothing of the store now."""
    inner, goes = quiet.store.put_many, []

    def overtaken(letters):
        quiet.store.put_many = lambda others: (_ for _ in ()).throw(StoreError("down"))
        goes.append(quiet.queue.send_to_dlq("second"))
        inner(letters)

    quiet.store.put_many = overtaken
    first = quiet.queue.send_to_dlq("first")
    quiet.queue.close()
    assert ids(quiet.store) == [first]
    assert ids(quiet.fallback) == goes
    assert quiet.queue._spill.is_down


def test_a_log_that_fails_ends_no_thread(quiet):
    """What a filter or handler of the program's log raises does not reach the background."""
    goes_down(quiet)

    class Broken(logging.Filter):
        def filter(self, record):
            raise RuntimeError("broken filter")

    broken = Broken()
    logging.getLogger("ninelives").addFilter(broken)
    try:
        assert go(quiet) is False
    finally:
        logging.getLogger("ninelives").removeFilter(broken)


def test_who_was_told_that_it_went_is_told_that_it_came_home(shop, world):
    """The listeners of a pipeline hear of their letters' way home, also where its queue was made by hand."""
    world.store.error = StoreError("down")
    pipeline = shop.pipeline(dead_letter=world.queue)
    outcome = pipeline.try_run(dict.__getitem__, {}, "missing")
    world.store.error = None
    assert world.queue.drain() == 1
    told = [type(event) for event in shop.events.recorded if getattr(event, "letter_id", None) == outcome.letter_id]
    assert told.count(LetterSpilled) == told.count(LetterStored) == 1
    assert world.told(LetterStored) == []
    pipeline.close()


def test_why_it_is_a_letter_stays_why(quiet, capsys):
    """Where the store takes after all what the fallback did not, the event gives the letter's reason."""
    goes_down(quiet)
    quiet.store.error, quiet.fallback.error = None, StoreError("full")
    quiet.queue.send_to_dlq("x")
    assert quiet.told(LetterStored)[-1].reason == "manual"


def test_instant_is_left_alone(quiet):
    """What waited before a user's test moves nothing in it; what is known of the real store does not count there."""
    goes_down(quiet)
    quiet.store.error = None
    with instant() as inner:
        assert go(quiet) is False
        assert inner.letters == []
        quiet.queue.send_to_dlq("in the test")
        assert [one.message for one in inner.store("flaky").browse(LetterFilter(), limit=9).letters] == ["in the test"]
    assert quiet.queue._spill.is_down
    assert go(quiet) is True
    assert len(ids(quiet.store)) == 1


def test_others_letters_cost_nothing(shop):
    """A pipeline asks its fallback for its own letters: those of others are not even read."""
    store, fallback = MemoryStore(clock=shop.clock), MemoryStore(clock=shop.clock)
    fallback.put_many([letter(1, pipeline="other"), letter(2, pipeline="shop")])
    seen, inner = [], fallback.browse

    def browse(*args, **kwargs):
        page = inner(*args, **kwargs)
        seen.extend(one.pipeline for one in page.letters)
        return page

    fallback.browse = browse
    pipeline = shop.pipeline(dead_letter={"store": store, "fallback": fallback})
    assert pipeline["dead_letter"].drain() == 1
    assert seen == ["shop"]
    pipeline.close()


HANGS = """
import sys, threading
import ninelives
from ninelives.dead_letters.memory import MemoryStore
from ninelives.testing.contracts.letters import letter

class Hangs(MemoryStore):
    def put_many(self, letters):
        if threading.current_thread().name == "ninelives-drain":
            print("hangs", flush=True)
            hanging.set()
            threading.Event().wait()
        super().put_many(letters)

hanging = threading.Event()
fallback = MemoryStore()
fallback.put(letter(1))
queue = ninelives.DeadLetterQueue(store=Hangs(), fallback=fallback)
queue.send_to_dlq("new")
hanging.wait()
"""


def test_a_store_that_hangs_does_not_hold_the_exit(tmp_path):
    """The program ends within the flush time, whatever the background has in hand."""
    program = subprocess.Popen([sys.executable, "-c", HANGS], cwd=tmp_path, stdout=subprocess.PIPE)
    with program:
        assert program.stdout.readline() == b"hangs\n"
        began = time.monotonic()
        assert program.wait(60) == 0
        assert time.monotonic() - began < 2 * FLUSH_SECONDS


KILLED = """
import os, signal, sys
import ninelives
queue = ninelives.DeadLetterQueue(store="file:home.json", fallback="file:refuge.json")
home, refuge = queue.stores.store.store, queue.stores.fallback.store
when, calls = int(sys.argv[1]), 0

def counting(method):
    def counted(*args, **kwargs):
        global calls
        calls += 1
        if calls == when:
            os.kill(os.getpid(), signal.SIGKILL)
        result = method(*args, **kwargs)
        calls += 1
        if calls == when:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return counted

for store, names in ((home, ("put_many", "put")), (refuge, ("browse", "claim", "ack_many"))):
    for name in names:
        setattr(store, name, counting(getattr(store, name)))
queue.drain()
"""


@pytest.mark.parametrize("when", range(1, 9))
def test_killed_on_the_way(tmp_path, when):
    """SIGKILL before or after any step of a drain between two files: each letter is in one of them, or in both."""
    queue = DeadLetterQueue(store=f"file:{tmp_path}/home.json", fallback=f"file:{tmp_path}/refuge.json")
    home, refuge = queue.stores.store.store, queue.stores.fallback.store
    letters = [letter(number) for number in range(5)]
    refuge.put_many(letters)
    done = subprocess.run([sys.executable, "-c", KILLED, str(when)], cwd=tmp_path, check=False, timeout=60)
    assert done.returncode == -9
    assert {*ids(home), *ids(refuge)} == {one.id for one in letters}
    assert len(ids(home)) in (0, 5)
