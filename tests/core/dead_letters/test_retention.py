"""`max_letters`: a store that holds too many letters is told of, and nothing is refused or dropped."""

from __future__ import annotations

import logging
import threading

import msgspec
import pytest

from ninelives import Pipeline
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.errors import ConfigurationError, StoreError
from ninelives.events import LetterPurged, StoreOverLimit
from ninelives.notifications.notification import ErrorSeverity
from ninelives.plugins import Plugins
from ninelives.testing import instant
from ninelives.testing.clock import FakeClock
from ninelives.testing.recorders import RecordingChannel


class Counted(MemoryStore):
    """A store that counts how often it was asked how many letters it holds."""

    name = "counted"

    def __init__(self, clock):
        super().__init__(clock=clock)
        self.counts = 0

    def count(self, filter=None):
        self.counts += 1
        return super().count(filter)


class World:
    """A queue that is meant to hold three letters."""

    def __init__(self):
        self.clock = FakeClock()
        self.store = Counted(self.clock)
        self.events = []
        self.queue = self.another()

    def another(self, **options):
        return DeadLetterQueue(
            **{"store": self.store, "max_letters": 3} | options,
            plugins=Plugins(),
            clock=self.clock,
            listeners=[self.events.append],
        )

    def send(self, letters):
        for _ in range(letters):
            self.queue.send_to_dlq("x")

    def take(self, letters):
        for lease in self.store.receive(letters, lease=1):
            self.store.ack(lease)

    def expire(self, letters):
        """Let the oldest letters expire; their ids."""
        page = self.store.browse(LetterFilter(), limit=letters)
        self.store.put_many(msgspec.structs.replace(letter, expires=letter.created) for letter in page.letters)
        return [letter.id for letter in page.letters]

    @property
    def purged(self):
        return [event.letter_id for event in self.events if type(event) is LetterPurged]

    @property
    def told(self):
        return [event.letters for event in self.events if type(event) is StoreOverLimit]


@pytest.fixture
def world():
    return World()


def fail():
    raise ConnectionError


def test_past_the_limit_it_says_so_and_keeps_everything(world, caplog):
    """The letter that makes it one too many is kept; an event says so once, and with no notifier the log does."""
    world.send(3)
    assert (world.told, caplog.messages) == ([], [])
    world.send(7)
    assert world.store.count() == 10
    (event,) = (event for event in world.events if type(event) is StoreOverLimit)
    assert (event.store, event.letters, event.limit, event.pipeline) == ("counted", 4, 3, None)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("ninelives", logging.ERROR)
    assert record.getMessage() == (
        "counted holds 4 dead letters, more than the 3 that it is meant to hold: replay or purge some; none was "
        "refused or dropped"
    )


def test_it_says_so_again_only_after_it_was_below(world):
    """While it stays above it is told of once, for however long; each crossing is told of anew."""
    world.send(4)
    for _ in range(5):
        world.clock.advance(3_600)
        world.send(1)
    assert world.told == [4]
    world.take(8)
    world.clock.advance(60)
    world.send(1)  # is seen to be below
    assert world.store.count() == 2
    world.send(2)
    assert world.told == [4, 4]


def test_below_is_below(world):
    """A store that holds exactly as many as it is meant to is not over its limit."""
    world.send(4)
    world.take(2)
    world.clock.advance(60)
    world.send(1)
    assert world.store.count() == 3
    world.send(1)
    assert world.told == [4, 4]


def test_the_oldest_expired_go_first(world):
    """Past the limit what has expired is purged; where that is enough, nothing more is said."""
    world.send(3)
    expired = world.expire(2)
    world.send(1)
    assert (world.purged, world.told, world.store.count()) == (expired, [], 2)


def test_letters_are_not_counted_at_every_failure(world):
    """A store is counted once a minute, when it may have got over its limit, and while at its limit once a second."""
    world.queue = world.another(max_letters=100)
    world.send(100)
    assert world.store.counts == 1
    world.take(10)
    world.send(1)  # by our own count it is over
    assert world.store.counts == 2
    world.take(1)
    for _ in range(9):
        world.send(1)
    world.take(1)
    world.send(1)
    assert world.store.counts == 2
    world.clock.advance(1)
    world.send(1)
    assert (world.store.counts, world.told) == (3, [])


def test_what_others_put_there_is_seen_within_a_minute(world):
    """A store that several share is over its limit whoever filled it."""
    world.send(1)
    world.another(max_letters=None).send_to_dlq("x")
    for _ in range(5):
        world.another(max_letters=None).send_to_dlq("x")
    world.clock.advance(60)
    world.send(1)
    assert world.told == [8]


def test_eight_threads_tell_it_once(world):
    """However many cross the limit together, one event and one alert say so."""
    barrier = threading.Barrier(8)

    def send():
        barrier.wait()
        for _ in range(5):
            world.queue.send_to_dlq("x")

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(world.told), world.store.count()) == (1, 40)


class Slow(Counted):
    """A store where `meanwhile` happens while it counts for the first time."""

    def count(self, filter=None):
        letters = super().count(filter)
        if self.counts == 1:
            self.meanwhile()
        return letters


@pytest.mark.parametrize(("more", "told", "counts"), [(2, [], 1), (3, [4], 2), (7, [8], 2)])
def test_letters_that_come_while_it_counts_count(world, more, told, counts):
    """Others that fail while one counts put the store over its limit: it is told at once, not a minute later."""
    store = Slow(world.clock)
    world.queue = world.another(store=store)
    store.meanwhile = lambda: world.send(more)
    world.send(1)
    assert (world.told, store.counts) == (told, counts)


def test_a_failed_call_does_not_count_for_ever(world):
    """Where as many come as go while it counts, it counts twice and no more: a failed call waits for it."""

    class Busy(Counted):
        def count(self, filter=None):
            letters = super().count(filter)
            if self.counts > 1:
                world.send(1)
                world.take(1)
            return letters

    world.store = Busy(world.clock)
    world.queue = world.another(store=world.store)
    world.send(1)
    world.take(1)
    world.send(3)  # by our own count it is over
    assert (world.store.counts, world.told) == (3, [])


def test_a_pipelines_notifiers_are_told(shop):
    """Who is told of failures is told of a store over its limit too, besides the event; the log is not."""
    channel = RecordingChannel()
    store = Counted(shop.clock)
    pipeline = shop.pipeline(
        notify={"channels": [channel]}, dead_letter={"store": store, "max_letters": 2}, backoff=False, breaker=False
    )
    for _ in range(3):
        pipeline.try_run(fail)
    (alert,) = (one for one in channel.notifications if one.error_type == "store_over_limit")
    assert (alert.severity, alert.pipeline, alert.key) == (ErrorSeverity.ERROR, "shop", "store_over_limit:counted")
    assert alert.details == {"store": "counted", "letters": 3, "limit": 2}
    assert alert.message.startswith("counted holds 3 dead letters, more than the 2")
    assert [event.letters for event in shop.events.of(StoreOverLimit)] == [3]
    assert store.count() == 3


def test_a_pipeline_without_notifiers_tells_the_log(shop, caplog):
    """Without the link notify the alert is in the log, at ERROR."""
    pipeline = shop.pipeline(chain=["dead_letter"], dead_letter={"store": "memory:", "max_letters": 1})
    for _ in range(2):
        pipeline.try_run(fail)
    assert [record.levelno for record in caplog.records if "dead letters" in record.getMessage()] == [logging.ERROR]


def test_an_alert_that_fails_makes_no_letter(shop, caplog):
    """A channel that fails on the alert leads to no call, no letter and no further alert; the log has it."""
    channel = RecordingChannel()
    store = Counted(shop.clock)
    pipeline = shop.pipeline(
        chain=["notify", "dead_letter"], notify={"channels": [channel]}, dead_letter={"store": store, "max_letters": 1}
    )
    pipeline.try_run(fail)
    channel.fail(RuntimeError("pager is down"), times=10)
    pipeline.try_run(fail)
    assert store.count() == 2
    assert "counted holds 2 dead letters" in caplog.text
    assert channel.attempts == 2  # the first call, and the alert; the second call is of the same kind as the first


def test_each_store_of_the_queue_has_its_limit(world, caplog):
    """The fallback too may hold so many; which store is over is said."""

    class Down(Counted):
        name = "down"

        def put(self, letter):
            raise StoreError("down")

    world.queue = world.another(store=Down(world.clock), fallback=world.store)
    world.send(4)
    assert [event.store for event in world.events if type(event) is StoreOverLimit] == ["counted"]
    world.queue.close()


class Uncounted:
    """A store that can't tell how many letters it holds."""

    name = "uncounted"

    def put(self, letter):
        pass

    def receive(self, max_letters, *, lease):
        return []

    def ack(self, lease):
        pass

    def release(self, lease, letter=None):
        pass

    def close(self):
        pass


def test_a_store_that_can_not_count_is_refused(shop):
    """A limit that nobody could watch is refused when the queue is built; a place for parked letters may be so."""
    with pytest.raises(ConfigurationError, match="left out: uncounted can't count its letters"):
        DeadLetterQueue(store=Uncounted(), max_letters=3, plugins=Plugins())
    with pytest.raises(ConfigurationError, match="left out: uncounted can't count its letters") as caught:
        shop.pipeline(dead_letter={"store": Uncounted(), "max_letters": 3})
    assert "'max_letters': ...}" in caught.value.problems[0].place
    queue = DeadLetterQueue(store=MemoryStore(), park=Uncounted(), max_letters=3, plugins=Plugins(), clock=FakeClock())
    assert queue.send_to_dlq("x")


def test_a_purge_that_fails_hides_no_limit(world, caplog):
    """A store that can't purge at the moment is counted all the same."""

    def expire(now, *, limit):
        raise StoreError("locked")

    world.store.expire = expire
    world.send(4)
    assert world.told == [4]
    assert "locked" in caplog.text


def test_each_world_of_a_users_tests_is_new(tmp_path):
    """Under `instant` each test is told for itself, with a pipeline that was built before them all."""
    dead_letter = {"store": f"file:{tmp_path}/dlq.json", "max_letters": 1}
    pipeline = Pipeline("shop", chain=["notify", "dead_letter"], dead_letter=dead_letter)
    for _ in range(3):
        with instant() as world:
            for _ in range(3):
                pipeline.try_run(fail)
            world.clock.advance(10_000)
            pipeline.try_run(fail)
            told = [notification.error_type for notification in world.notifications]
            assert told.count("store_over_limit") == 1
    pipeline.close()


@pytest.mark.parametrize("limit", [0, -1, 1.5, "100", True])
def test_a_limit_that_means_nothing_is_refused(limit, shop):
    """It is a whole number of at least 1."""
    with pytest.raises(ConfigurationError, match=r"DeadLetterQueue\(max_letters=\) is .*: expected a whole number"):
        DeadLetterQueue(store=MemoryStore(), max_letters=limit, plugins=Plugins())
    with pytest.raises(ConfigurationError, match="a whole number"):
        shop.pipeline(dead_letter={"store": "memory:", "max_letters": limit})


def test_a_count_that_fails_is_a_line_in_the_log(world, caplog):
    """A store that can't say how many it holds costs a line, not a letter; it is asked again a minute later."""

    def count(filter=None):
        raise StoreError("locked")

    world.store.count = count
    world.send(5)
    assert len(caplog.messages) == 1
    del world.store.count
    world.send(1)
    assert world.told == []
    world.clock.advance(60)
    world.send(1)
    assert world.told == [7]


def test_a_limit_alone_purges_too(world):
    """What has expired says so itself, whoever made it: no `keep` is needed to purge it."""
    world.send(1)
    expired = world.expire(1)
    world.clock.advance(60)
    world.send(1)
    assert world.purged == expired
