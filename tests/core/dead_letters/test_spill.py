"""A store and its fallback: what is known of the store, and the letters' way home."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.progress import Progress
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.dead_letters.spill import DRAIN_EVERY
from ninelives.errors import LetterTooLargeError, StoreError
from ninelives.events import LetterSpilled, LetterStored
from ninelives.plugins import Plugins
from ninelives.testing import instant
from ninelives.testing.clock import FakeClock
from ninelives.testing.contracts.letters import letter


def ids(store):
    return [one.id for one in store.browse(LetterFilter(), limit=1000).letters]


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "ninelives-drain"]


def test_a_store_that_is_down_is_asked_once(world):
    """After one failure that may pass, letters go straight to the fallback, and say why: nobody waits for the store."""
    world.store.error = StoreError("no answer in 5 s")
    names = [world.queue.send_to_dlq(number) for number in range(20)]
    assert world.store.puts == 1
    assert ids(world.fallback) == names
    first, second, *_ = world.told(LetterSpilled)
    assert first.reason == "flaky: no answer in 5 s"
    assert second.reason == "flaky is known to be down (flaky: no answer in 5 s)"


def test_callers_never_try_it_out(world):
    """However long it is down: it is the background that tries the store again, no caller."""
    world.store.error = StoreError("down")
    world.queue.send_to_dlq(1)
    world.queue.close()  # no background until something is sent
    world.clock.advance(10 * DRAIN_EVERY)
    callers = []
    inner = world.store.put_many
    world.store.put_many = lambda letters: callers.append(threading.current_thread().name) or inner(letters)
    for number in range(5):
        world.queue.send_to_dlq(number)
    assert set(callers) <= {"ninelives-drain"}


def test_they_come_home_by_themselves(world):
    """When the store works again, the background brings home what was spilled, told as events; then its thread ends."""
    world.store.error = StoreError("down")
    names = [world.queue.send_to_dlq(number) for number in range(3)]
    world.store.error = None
    world.clock.advance(DRAIN_EVERY)
    world.queue._spill.wait()
    assert all(world.comes_home() for _ in names)
    for thread in threads():
        thread.join(10)
    assert threads() == []
    assert ids(world.store) == names
    assert ids(world.fallback) == []
    assert {(event.letter_id, event.store, event.reason) for event in world.told(LetterStored)} == {
        (name, "flaky", "moved from refuge") for name in names
    }
    assert world.queue.send_to_dlq(5) in ids(world.store)
    assert len(world.told(LetterSpilled)) == 3


def test_not_more_often_than_that(world):
    """The background tries a store that is still down once in `DRAIN_EVERY` seconds, whatever is sent meanwhile."""
    world.store.error = StoreError("down")
    world.queue.send_to_dlq(0)
    world.queue.close()  # so that only this test tries
    spill = world.queue._spill
    for seconds, tries in [(0, 1), (DRAIN_EVERY - 1, 1), (1, 2), (DRAIN_EVERY - 1, 2), (1, 3)]:
        world.clock.advance(seconds)
        if spill.due_in() <= 0:
            assert spill.attempt(lambda: True) is False
        assert world.store.puts == tries
        assert spill.is_down


def test_one_attempt_at_a_time(world):
    """While the store is being tried out, nobody else tries it."""
    world.store.error = StoreError("down")
    world.queue.send_to_dlq(0)
    world.queue.close()
    world.clock.advance(DRAIN_EVERY)
    spill, again = world.queue._spill, []

    def trying(letters):
        again.append(spill.attempt(lambda: True))
        raise StoreError("down")

    world.store.put_many = trying
    assert spill.attempt(lambda: True) is False
    assert again == [False]


def test_a_store_that_stays_down_is_told_in_the_log(world, caplog):
    """Each time that the background finds the store still down, one warning says where letters wait, and why."""
    world.store.error = StoreError("flaky: no answer, token=abc")
    world.queue.send_to_dlq(0)
    world.queue.close()
    caplog.clear()
    world.clock.advance(DRAIN_EVERY)
    world.queue._spill.attempt(lambda: True)
    assert caplog.messages == ["letters wait in refuge: flaky: no answer, token=***"]


def test_what_others_left_comes_home_too(world):
    """What a program that has ended left in the fallback comes home once the store has taken a letter."""
    left = letter(1)
    world.fallback.put(left)
    name = world.queue.send_to_dlq("new")
    assert world.comes_home()
    assert ids(world.store) == [left.id, name]


def test_only_what_is_ours_comes_home(shop):
    """A pipeline moves its own letters; those of others that share the fallback stay."""
    store, fallback = MemoryStore(clock=shop.clock), MemoryStore(clock=shop.clock)
    fallback.put_many([letter(1, pipeline="other"), letter(2), letter(3, pipeline="shop")])
    pipeline = shop.pipeline(dead_letter={"store": store, "fallback": fallback})
    assert pipeline["dead_letter"].drain() == 1
    assert [one.pipeline for one in store.browse(LetterFilter(), limit=10).letters] == ["shop"]
    pipeline.close()


@pytest.mark.parametrize("error", [LetterTooLargeError("2 MB"), StoreError("denied", transient=False), ValueError()])
def test_what_time_does_not_heal_says_nothing_of_the_store(world, error):
    """A letter that is too large, or a refusal for good, spills that letter; the next goes to the store as before."""
    world.store.error = error
    world.queue.send_to_dlq(1)
    world.queue.close()
    assert not world.queue._spill.is_down
    world.store.error = None
    world.queue.send_to_dlq(2)
    assert len(ids(world.store)) >= 1


def test_what_never_fits_is_not_tried_again(world):
    """A letter that was too large stays in the fallback: the background leaves it alone, `drain` tries it again."""
    world.store.error = LetterTooLargeError("2 MB")
    name = world.queue.send_to_dlq(1)
    world.queue.close()
    world.clock.advance(DRAIN_EVERY)
    before = world.store.puts
    assert world.queue._spill.attempt(lambda: True) is True
    assert world.store.puts == before
    assert world.queue.drain() == 0
    assert world.store.puts > before
    world.store.error = None
    assert world.queue.drain() == 1
    assert ids(world.store) == [name]


def test_the_memory_of_what_never_fits_is_bounded(world, monkeypatch):
    """So many letters that do not fit are remembered, and no more."""
    monkeypatch.setattr("ninelives.dead_letters.spill._MOST_REMEMBERED", 2)
    world.store.error = LetterTooLargeError("2 MB")
    for number in range(5):
        world.queue.send_to_dlq(number)
    assert len(world.queue._spill._unfit) <= 2


def test_with_both_down_the_store_is_tried_after_all(world, capsys):
    """Where the fallback fails, a store that is known to be down is asked nevertheless: better wait than lose."""
    world.store.error = StoreError("down")
    world.queue.send_to_dlq(1)
    world.fallback.error = StoreError("full")
    with pytest.raises(StoreError, match="only printed to stderr: down"):
        world.queue.send_to_dlq(2)
    world.store.error = None
    name = world.queue.send_to_dlq(3)
    assert name in ids(world.store)
    assert not world.queue._spill.is_down
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_draining_by_hand(world):
    """`drain` moves what waits, now; it says how many came home, and from then on the store is used again."""
    world.store.error = StoreError("down")
    names = [world.queue.send_to_dlq(number) for number in range(3)]
    parked = letter(9, state="parked")
    world.fallback.put(parked)
    world.store.error = None
    assert world.queue.drain() == 3
    assert ids(world.store) == names
    assert ids(world.fallback) == [parked.id]
    assert not world.queue._spill.is_down
    assert world.queue.drain() == 0


async def test_draining_in_a_loop(world):
    """`adrain` does it for asynchronous code, with the same options."""
    world.fallback.put(letter(1))
    told = []
    assert await world.queue.adrain(stop=threading.Event(), progress=told.append) == 1
    assert told == [Progress(1, None, 0)]


def test_a_drain_tells_how_far_it_is(world):
    """`progress` is told of each letter that came home and of each that the store refuses for good."""
    letters = [letter(number) for number in range(3)]
    world.fallback.put_many(letters)

    class Picky(MemoryStore):
        put_many = None  # it takes them one by one

        def put(self, one):
            if one.id == letters[1].id:
                raise LetterTooLargeError("2 MB")
            super().put_many([one])

    told = []
    assert world.another(store=Picky()).drain(progress=told.append) == 2
    assert [(one.done, one.total, one.failed) for one in told] == [(1, None, 1), (2, None, 1), (3, None, 1)]


def test_a_drain_can_be_stopped(world, monkeypatch):
    """When `stop` is set the letters in hand come home, and the others stay."""
    monkeypatch.setattr("ninelives.dead_letters.draining.BATCH", 2)
    letters = [letter(number) for number in range(5)]
    world.fallback.put_many(letters)
    stop = threading.Event()
    assert world.queue.drain(stop=stop, progress=lambda _: stop.set()) == 2
    assert ids(world.store) == [one.id for one in letters[:2]]
    assert [one.letter.id for one in world.fallback.receive(9, lease=1)] == [one.id for one in letters[2:]]
    assert world.queue.drain(stop=stop) == 0


def test_without_a_fallback_there_is_nothing_to_drain(world):
    """A queue with one store has nothing to move."""
    assert world.another(fallback=None).drain() == 0


def test_draining_says_how_far_it_came(world):
    """A store that fails on the way is told with what had come home by then; no letter is lost or left held."""
    letters = [letter(number) for number in range(3)]
    world.fallback.put_many(letters)

    class Half(MemoryStore):
        def put_many(self, several):
            super().put_many([next(iter(several))])
            error = StoreError("down, password=hunter2")
            error.stored = frozenset([letters[0].id])
            raise error

    home = Half()
    queue = world.another(store=home)
    with pytest.raises(StoreError, match=r"^1 letters came home, then Half: down, password=\*\*\*$") as caught:
        queue.drain()
    assert caught.value.transient
    assert ids(home) == [letters[0].id]
    assert [one.letter.id for one in world.fallback.receive(9, lease=1)] == [one.id for one in letters[1:]]


def test_draining_a_store_that_breaks_its_contract(world):
    """What a fallback raises against its contract comes out as a `StoreError` that says which store it was."""
    world.fallback.browse = lambda *args, **kwargs: 1 / 0
    with pytest.raises(StoreError, match=r"^0 letters came home, then refuge: builtins.ZeroDivisionError"):
        world.queue.drain()


def test_a_closed_queue_is_left_alone(world):
    """After `close` no thread is left, and nothing more is moved."""
    world.store.error = StoreError("down")
    world.queue.send_to_dlq(1)
    assert len(threads()) == 1
    world.queue.close()
    assert threads() == []


def test_closing_finishes_what_is_in_hand(world):
    """A batch that is on its way when the queue is closed arrives, and is gone from the fallback."""
    world.fallback.put(letter(1))
    begun, go = threading.Event(), threading.Event()
    inner = world.store.put_many

    def slow(letters):
        if threading.current_thread().name == "ninelives-drain":
            begun.set()
            assert go.wait(10)
        inner(letters)

    world.store.put_many = slow
    world.queue.send_to_dlq(2)
    assert begun.wait(10)
    closing = threading.Thread(target=world.queue.close)
    closing.start()
    go.set()
    closing.join(10)
    assert len(ids(world.store)) == 2
    assert ids(world.fallback) == []
    assert threads() == []


def test_whatever_a_store_raises_the_background_lives(world):
    """A store that raises even `SystemExit` ends no thread of ours; its letters come home later."""
    world.store.error = StoreError("down")
    world.queue.send_to_dlq(1)
    world.queue.close()
    world.store.error = SystemExit()
    world.clock.advance(DRAIN_EVERY)
    assert world.queue._spill.attempt(lambda: True) is False
    world.store.error = None
    world.clock.advance(DRAIN_EVERY)
    assert world.queue._spill.attempt(lambda: True) is True
    assert len(ids(world.store)) == 1


def test_a_queue_that_is_gone_is_not_kept_alive(world):
    """The background holds no queue that nobody uses any more."""
    import gc
    import weakref

    world.store.error = StoreError("down")
    queue = world.another()
    queue.send_to_dlq(1)
    gone = weakref.ref(queue._spill)
    del queue
    world.store.error = None  # whose traceback has the frames that it went through
    gc.collect()
    for thread in threads():
        thread.join(10)
    assert gone() is None


def test_under_instant_nothing_happens_behind_ones_back():
    """In a user's test letters stay where they are looked for, and no thread is begun."""
    with instant() as world:
        queue = DeadLetterQueue(store="memory:a", fallback="memory:b", plugins=Plugins())
        queue.send_to_dlq(1)
        assert threads() == []
        assert len(world.letters) == 1


CRON = """
import ninelives
from ninelives.testing.clock import FakeClock
from ninelives.testing.contracts.letters import letter
queue = ninelives.DeadLetterQueue(store="file:home.json", fallback="file:refuge.json")
queue.stores.fallback.store.put_many([letter(n) for n in range(50)])
queue.send_to_dlq("new")
"""


def test_a_program_that_ends_at_once_brings_them_home(tmp_path):
    """What the background has in hand when the program ends is finished: each letter is in one file, none is lost."""
    subprocess.run([sys.executable, "-c", CRON], cwd=tmp_path, check=True, timeout=60)
    queue = DeadLetterQueue(store=f"file:{tmp_path}/home.json", fallback=f"file:{tmp_path}/refuge.json")
    home, refuge = queue.stores.store.store, queue.stores.fallback.store
    assert home.count() + refuge.count() == 51
    assert not set(ids(home)) & set(ids(refuge))


def test_queues_of_the_same_addresses_share_what_they_know(tmp_path, monkeypatch):
    """Queues of the same places share a `Spill` while one has it; those of other places, objects or clocks do not."""
    monkeypatch.chdir(tmp_path)
    addresses = {"store": "file:a.json", "fallback": "file:b.json"}
    first, second = DeadLetterQueue(**addresses), DeadLetterQueue(**addresses)
    assert first._spill is second._spill
    others = [
        DeadLetterQueue(**addresses, clock=FakeClock()),
        DeadLetterQueue(**addresses | {"fallback": "file:c.json"}),
        DeadLetterQueue(store="memory:", fallback="memory:"),
        DeadLetterQueue(store="memory:", fallback="memory:"),
        DeadLetterQueue(store="file:a.json", fallback=MemoryStore()),
    ]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    others.append(DeadLetterQueue(**addresses))
    assert len({id(queue._spill) for queue in [first, *others]}) == 1 + len(others)


def test_the_last_queue_of_an_address_ends_it(tmp_path):
    """While another queue of the same addresses is open, closing one takes nothing from it."""
    addresses = {"store": f"file:{tmp_path}/a.json", "fallback": f"file:{tmp_path}/b.json"}
    first, second = DeadLetterQueue(**addresses), DeadLetterQueue(**addresses)
    first._spill._next_try = first._spill._clock.monotonic() + 1_000
    first._spill.wait()
    first.close()
    assert len(threads()) == 1
    second.close()
    assert threads() == []
