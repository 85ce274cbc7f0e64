"""Letters that expire: when, who purges them, and that nothing else is ever purged."""

from __future__ import annotations

import asyncio
import math
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from ninelives import Pipeline, workers
from ninelives.dead_letters.expiring import BATCH
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.making import LetterMaker
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.errors import ConfigurationError, StoreError, UnsupportedError
from ninelives.events import LetterPurged
from ninelives.plugins import Plugins
from ninelives.settings import Settings
from ninelives.testing.clock import FakeClock

DAY = 86_400.0


class Expiring(MemoryStore):
    """A store that can be made to fail, and notes how often it was asked to purge, and how much."""

    def __init__(self, clock, name="expiring"):
        super().__init__(clock=clock)
        self.name = name
        self.asked = []
        self.error = None

    def expire(self, now, *, limit):
        self.asked.append(limit)
        if self.error is not None:
            raise self.error
        return super().expire(now, limit=limit)


class Plain:
    """A store that can do what every store can, and no more."""

    name = "plain"

    def __init__(self):
        self.letters = []

    def put(self, letter):
        self.letters.append(letter)

    def receive(self, max_letters, *, lease):
        return []

    def ack(self, lease):
        pass

    def release(self, lease, letter=None):
        pass

    def close(self):
        pass


class World:
    """Queues that share a clock, a store and a listener."""

    def __init__(self):
        self.clock = FakeClock()
        self.store = Expiring(self.clock)
        self.events = []

    def queue(self, **options):
        return DeadLetterQueue(
            **{"store": self.store, "keep": "30d"} | options,
            plugins=Plugins(),
            clock=self.clock,
            listeners=[self.events.append],
        )

    @property
    def purged(self):
        return [event.letter_id for event in self.events if type(event) is LetterPurged]


@pytest.fixture
def world():
    return World()


def fail(*_):
    raise ConnectionError


# --- when a letter expires ------------------------------------------------------------------------------------------


def test_a_letter_expires_keep_after_it_was_made(world):
    """Letters of calls and letters sent by hand expire as much later as `keep` says; without it never."""
    keeping = {"store": world.store, "keep": timedelta(hours=1)}
    with Pipeline("shop", chain=["dead_letter"], dead_letter=keeping, clock=world.clock) as pipeline:
        called = pipeline.try_run(fail).letter_id
    by_hand, for_ever = world.queue(keep=90).send_to_dlq("x"), world.queue(keep=None).send_to_dlq("x")
    now = world.clock.now()
    assert [world.store.get(one).expires for one in (called, by_hand, for_ever)] == [
        now + timedelta(hours=1),
        now + timedelta(seconds=90),
        None,
    ]


def test_a_failed_replay_prolongs_it(world):
    """Someone wants a letter that is replayed: after a replay that failed it is kept as long as a new one."""
    queue = world.queue(reprocessor=fail)
    letter_id = queue.send_to_dlq("x")
    world.clock.advance(29 * DAY)
    assert not queue.reprocess_message(letter_id)
    assert world.store.get(letter_id).expires == world.clock.now() + timedelta(days=30)


def test_a_failed_replay_of_a_pipeline_prolongs_it_too(world):
    """So it is where `Pipeline.replay` ran the letter."""
    options = {"store": world.store, "keep": "30d"}
    with Pipeline("shop", chain=["dead_letter"], dead_letter=options, clock=world.clock) as pipeline:
        pipeline.register(fail)
        letter_id = pipeline.try_run(fail).letter_id
        world.clock.advance(DAY)
        assert pipeline.replay().failed == 1
    assert world.store.get(letter_id).expires == world.clock.now() + timedelta(days=30)


@pytest.mark.parametrize(
    ("before", "keep", "after"), [("30d", "1d", 30), ("30d", None, 30), (None, "30d", None), ("1d", "30d", 30)]
)
def test_a_failed_replay_shortens_nothing(world, before, keep, after):
    """What was promised when the letter was made holds: one that never expires goes on so, no other goes sooner."""
    letter_id = world.queue(keep=before).send_to_dlq("x")
    made = world.clock.now()
    assert not world.queue(keep=keep, reprocessor=fail).reprocess_message(letter_id)
    assert world.store.get(letter_id).expires == (None if after is None else made + timedelta(days=after))


def test_the_end_of_the_calendar_is_survived():
    """Where the clock is so late that no date comes after it, letters never expire, and are made all the same."""
    late = datetime.max.replace(tzinfo=UTC)
    assert LetterMaker(lambda: late, keep=timedelta(days=1)).of_message("x", None).expires is None


@pytest.mark.parametrize(
    "keep", ["30", "30 days", 0, -1, True, math.nan, math.inf, "100w1d", timedelta(), "36526d", []]
)
def test_a_keep_that_means_nothing_is_refused(keep):
    """It is refused when the queue is built, with its value and with what was expected, alone and as a link."""
    with pytest.raises(ConfigurationError, match=r'expected a time above 0.*"30d"') as caught:
        DeadLetterQueue(store=MemoryStore(), keep=keep, plugins=Plugins())
    assert [problem.place for problem in caught.value.problems] == ["DeadLetterQueue(keep=)"]
    file = Settings({"pipelines": {"shop": {"dead_letter": {"store": "memory:", "keep": keep}}}}, environ={})
    with pytest.raises(ConfigurationError, match=r'expected a time above 0.*"30d"') as caught:
        Pipeline("shop", settings=file)
    assert [problem.place for problem in caught.value.problems] == ["settings: pipelines.shop.dead_letter.keep"]


@pytest.mark.parametrize(("keep", "shown"), [("30d", "30d"), (90, 90), (timedelta(days=1), 86_400.0)])
def test_describe_says_how_long_and_who_purges(world, keep, shown):
    """A queue says how long its letters are kept, and which of its stores purge them; those of others say nothing."""
    told = world.queue(keep=keep, fallback=Plain(), max_letters=9).describe()
    assert (told["keep"], told["purged_by"], told["max_letters"]) == (shown, ["expiring"], 9)


# --- purging when a letter was kept ---------------------------------------------------------------------------------


def test_what_has_expired_is_purged_when_a_letter_is_kept(world):
    """A letter that was kept has the expired ones purged, parked ones too, with an event each, and no others."""
    queue = world.queue(reprocessor=fail, max_replays=1)
    old, parked = queue.send_to_dlq("old"), queue.send_to_dlq("parked")
    for_ever = world.queue(keep=None).send_to_dlq("for ever")
    queue.reprocess_message(parked)
    assert world.store.get(parked).state == "parked"
    world.clock.advance(30 * DAY)
    new = queue.send_to_dlq("new")
    assert world.purged == [old, parked]
    assert {item["message_id"] for item in queue.receive_from_dlq()} == {for_ever, new}
    counts = [event.replay_count for event in world.events if type(event) is LetterPurged]
    assert counts == [0, 1]


def test_not_a_moment_too_soon(world):
    """A letter is there until the very moment at which it expires."""
    queue = world.queue()
    queue.send_to_dlq("old")
    world.clock.advance(30 * DAY - 0.001)
    queue.send_to_dlq("new")
    assert world.purged == []


def test_what_someone_holds_is_not_purged(world):
    """A letter in hand is never purged; once it is free again it is."""
    queue = world.queue()
    queue.send_to_dlq("old")
    (lease,) = world.store.receive(1, lease=60 * DAY)
    world.clock.advance(30 * DAY)
    queue.send_to_dlq("new")
    assert world.purged == []
    world.store.release(lease)
    world.clock.advance(60)
    queue.send_to_dlq("new")
    assert world.purged == [lease.letter.id]


def test_once_a_minute(world):
    """Stores are looked at when a letter is kept and the last look was a minute ago, by the clock."""
    queue = world.queue()
    for advance in (0, 0, 59.9, 0, 0.1, 0):
        world.clock.advance(advance)
        queue.send_to_dlq("x")
    assert len(world.store.asked) == 2


def test_without_keep_nothing_is_looked_at(world):
    """A queue whose letters may stay for ever asks its store nothing more."""
    world.queue(keep=None).send_to_dlq("x")
    assert world.store.asked == []


def test_each_letter_of_a_store_that_can_not_has_its_end(world):
    """A store that can't purge gets letters that say when they expire, for where they may go; and is left alone."""
    store = Plain()
    world.queue(store=store).send_to_dlq("x")
    assert store.letters[0].expires is not None


def test_many_are_purged_a_batch_at_a_time(world):
    """One look purges a thousand letters at most, a hundred in memory; the next look goes on."""
    for number in range(1_250):
        world.store.put(expired(number, world.clock.now()))
    queue = world.queue()
    queue.send_to_dlq("x")
    assert len(world.purged) == 1_000
    assert set(world.store.asked) == {BATCH}
    world.clock.advance(60)
    queue.send_to_dlq("x")
    assert world.purged == [str(number) for number in range(1_250)]


def test_a_slow_store_holds_up_a_call_for_a_moment_only(world):
    """After a fifth of a second no further batch is begun."""

    class Slow(Expiring):
        def expire(self, now, *, limit):
            self._clock.advance(0.15)
            return super().expire(now, limit=limit)

    slow = Slow(world.clock)
    for number in range(1_000):
        slow.put(expired(number, world.clock.now()))
    world.queue(store=slow).send_to_dlq("x")
    assert len(world.purged) == 2 * BATCH


def expired(number, when):
    """A letter that has expired, the lower its number the earlier."""
    ends = when - timedelta(days=1) + timedelta(seconds=number)
    return DeadLetter(id=str(number), key="", created=when, first_failed=when, last_failed=when, expires=ends)


def test_a_store_that_fails_to_purge_is_a_line_in_the_log(world, caplog):
    """The caller gets its letter's id, and the log says, masked, that nothing was purged; a minute later it goes on."""
    queue = world.queue()
    world.store.error = StoreError("locked, password=hunter2")
    letter_id = queue.send_to_dlq("old")
    assert world.store.get(letter_id)
    (line,) = caplog.messages
    assert line == ("letters in expiring are not looked after: expiring: locked, password=***")
    world.store.error = None
    world.clock.advance(30 * DAY)
    queue.send_to_dlq("new")
    assert world.purged == [letter_id]


def test_the_call_of_a_pipeline_sees_its_own_error_only(world, caplog):
    """What goes wrong while purging never takes the place of the call's own error."""
    world.store.error = RuntimeError("a fault of the store")
    with (
        Pipeline(
            "shop",
            chain=["dead_letter"],
            dead_letter={"store": world.store, "keep": "1d"},
            clock=world.clock,
        ) as pipeline,
        pytest.raises(ConnectionError) as caught,
    ):
        pipeline.run(fail)
    assert "expiring" in caught.value.__notes__[0]
    assert "a fault of the store" in caplog.text


def test_a_listener_that_raises_changes_nothing(world, caplog):
    """A listener's fault hides no event from the others, and keeps no letter from being purged."""

    def broken(_event):
        raise RuntimeError("listener")

    queue = world.queue()
    queue.send_to_dlq("old")
    world.clock.advance(30 * DAY)
    other = DeadLetterQueue(store=world.store, keep="1d", plugins=Plugins(), clock=world.clock, listeners=[broken])
    other.send_to_dlq("new")
    assert world.store.count() == 1


def test_the_fallback_and_the_park_are_looked_after_too(world):
    """Wherever a letter of the queue may be, it expires; the store that is known to be down is not waited for."""
    fallback, park = Expiring(world.clock, "fallback"), Expiring(world.clock, "park")

    class Down(Expiring):
        def put(self, letter):
            raise StoreError("down")

    down = Down(world.clock, "down")
    when = world.clock.now()
    for number, store in enumerate((down, fallback, park)):
        MemoryStore.put_many(store, [expired(number, when)])
    queue = world.queue(store=down, fallback=fallback, park=park)
    queue.send_to_dlq("spills")
    assert world.purged == ["1", "2"]
    assert down.asked == []
    queue.close()


def test_handlers_that_build_a_queue_for_each_call_look_once_a_minute(monkeypatch, tmp_path):
    """Queues of one address share what is known of it, however short they live."""
    asked = []

    class Named(MemoryStore):
        name = f"named:{tmp_path}"

        def expire(self, now, *, limit):
            asked.append(now)
            return []

    store = Named()
    plugins = Plugins()
    monkeypatch.setattr(plugins, "open_store", lambda address: store)
    for _ in range(3):
        DeadLetterQueue(store=f"named:{tmp_path}", keep="1d", plugins=plugins).send_to_dlq("x")
    assert len(asked) == 1


# --- purging when told to -------------------------------------------------------------------------------------------


def test_purge_expired_purges_all_of_it(world):
    """All that has expired goes, in every store that can, and it says how many there were."""
    fallback = Expiring(world.clock, "fallback")
    for number in range(2_050):
        (world.store if number % 2 else fallback).put(expired(number, world.clock.now()))
    world.queue(keep=None).send_to_dlq("stays")
    queue = world.queue(keep=None, fallback=fallback, park=Plain())
    assert queue.purge_expired() == 2_050
    assert len(world.purged) == 2_050
    assert queue.purge_expired() == 0
    assert world.store.count() + fallback.count() == 1


def test_it_can_be_watched_and_stopped(world):
    """Whoever waits is told after each hundred how far it is, and can stop it: the hundred in hand is purged."""
    for number in range(1_000):
        world.store.put(expired(number, world.clock.now()))
    told, stop = [], threading.Event()

    def progress(state):
        told.append((state.done, state.total, state.failed))
        if state.done == 300:
            stop.set()

    assert world.queue().purge_expired(stop=stop, progress=progress) == 300
    assert told == [(100, None, 0), (200, None, 0), (300, None, 0)]
    assert (len(world.purged), world.store.count()) == (300, 700)


def test_apurge_expired_is_the_same(world):
    """Asynchronous code has it too, and its loop is not held up."""
    world.store.put(expired(1, world.clock.now()))
    assert asyncio.run(world.queue().apurge_expired()) == 1


def test_where_no_store_can_it_says_so(world):
    """With stores that have rules of their own, like SQS, an error says that there is nothing to purge."""
    with pytest.raises(UnsupportedError, match="plain: deletes nothing by its age when told to"):
        world.queue(store=Plain()).purge_expired()


def test_a_store_that_fails_keeps_no_other_from_being_purged(world):
    """It is said which store failed, and how many letters were purged all the same."""
    fallback = Expiring(world.clock, "fallback")
    fallback.put(expired(1, world.clock.now()))
    world.store.error = StoreError("locked", transient=False)
    queue = world.queue(fallback=fallback)
    with pytest.raises(StoreError, match=r"1 letters were purged; expiring: locked") as caught:
        queue.purge_expired()
    assert not caught.value.transient
    assert world.purged == ["1"]
    world.store.error = OSError(28, "full")
    with pytest.raises(StoreError, match="0 letters were purged") as caught:
        queue.purge_expired()
    assert caught.value.transient


@pytest.mark.parametrize("address", ["file:{}/dlq.json", "sqlite:{}/dlq.db"])
def test_stores_on_disk_purge_for_good(address, tmp_path):
    """What was purged is gone for whoever opens the store next, and what was not is there."""
    clock, events = FakeClock(datetime.now(UTC)), []

    def queue():
        return DeadLetterQueue(store=address.format(tmp_path), keep="30d", clock=clock, listeners=[events.append])

    with closing(queue()) as first:
        old = first.send_to_dlq("old")
        clock.advance(29 * DAY)
        young = first.send_to_dlq("young")
        clock.advance(1 * DAY)
        new = first.send_to_dlq("new")
    assert [event.letter_id for event in events if type(event) is LetterPurged] == [old]
    with closing(queue()) as second:
        assert {item["message_id"] for item in second.receive_from_dlq()} == {young, new}
        clock.advance(30 * DAY)
        assert second.purge_expired() == 2
    with closing(queue()) as third:
        assert third.receive_from_dlq() == []


def test_a_call_that_is_cancelled_while_stores_are_looked_after_has_its_letter(shop, monkeypatch, capsys):
    """Its letter is kept by then: it is neither told as lost nor printed."""
    monkeypatch.setattr(workers, "FLUSH_SECONDS", 0.01)
    looking, go = threading.Event(), threading.Event()

    class Slow(MemoryStore):
        def expire(self, now, *, limit):
            looking.set()
            go.wait(10)
            return []

    async def afail():
        raise ValueError

    async def cancelled():
        task = asyncio.create_task(pipeline.arun(afail))
        await asyncio.to_thread(looking.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go.set()

    store = Slow()
    pipeline = shop.pipeline(dead_letter={"store": store, "keep": "1d"})
    asyncio.run(cancelled())
    assert store.count() == 1
    assert "letter_lost" not in shop.events.names
    assert capsys.readouterr().err == ""
