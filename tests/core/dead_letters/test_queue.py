"""The dead letter queue with the methods that its users know."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.errors import (
    CircuitBreakerOpenError,
    ConfigurationError,
    LetterBusyError,
    LetterNotFoundError,
    StoreError,
    UnsupportedError,
)
from ninelives.events import LetterParked, LetterReplayed, LetterStored, ReplayFailed
from ninelives.plugins import Plugins
from ninelives.testing.clock import FakeClock


class Kept:
    """Queues that share a store, a clock and a listener."""

    def __init__(self):
        self.clock = FakeClock()
        self.store = MemoryStore(clock=self.clock)
        self.events = []

    def queue(self, reprocessor=None, **options):
        return DeadLetterQueue(
            reprocessor=reprocessor,
            plugins=Plugins(),
            clock=self.clock,
            listeners=[self.events.append],
            **{"store": self.store} | options,
        )

    @property
    def told(self):
        return [type(event) for event in self.events]


@pytest.fixture
def kept():
    return Kept()


class Down(MemoryStore):
    """A store that can't be written."""

    def put(self, letter):
        raise StoreError("down")


def test_what_is_sent_is_shown(kept):
    """A message is kept with what is known of its failure, and shown with what a user needs; nothing is consumed."""
    queue = kept.queue()
    letter_id = queue.send_to_dlq({"to": ("Tom",), "at": b"x"}, {"error_type": "api", "error_message": "no"})
    expected = {
        "message_id": letter_id,
        "message": {"to": ("Tom",), "at": b"x"},
        "error_info": {"error_type": "api", "error_message": "no"},
        "timestamp": "2026-01-01T00:00:00+00:00",
        "replay_count": 0,
        "pipeline": None,
        "operation": None,
        "args": None,
        "kwargs": None,
        "reason": "manual",
        "state": "waiting",
        "error": "api: no",
        "replayable": True,
        "redacted": [],
    }
    assert queue.receive_from_dlq() == queue.receive_from_dlq(max_messages=10) == [expected]
    assert kept.told == [LetterStored]


def test_oldest_first_and_no_more_than_asked(kept):
    """The oldest letters come first, of the store and its fallback together, and each once."""
    fallback = MemoryStore(clock=kept.clock)
    queue = kept.queue(fallback=fallback)
    for number in range(6):
        (fallback if number % 2 else kept.store).put(queue.maker.of_message(number, None))
        kept.clock.advance(1)
    fallback.put(kept.store.receive(1, lease=1)[0].letter)
    assert [item["message"] for item in queue.receive_from_dlq()] == [0, 1, 2, 3, 4, 5]
    assert [item["message"] for item in queue.receive_from_dlq(3)] == [0, 1, 2]
    assert queue.receive_from_dlq(0) == queue.receive_from_dlq(-1) == []


def test_times_are_shown_in_utc(kept):
    """The timestamp is in UTC whatever the record says."""
    queue = kept.queue()
    letter = queue.maker.of_message(1, None)
    zone = timezone(timedelta(hours=2))
    kept.store.put(msgspec.structs.replace(letter, created=datetime(2026, 1, 1, 2, tzinfo=zone)))
    assert queue.receive_from_dlq()[0]["timestamp"] == datetime(2026, 1, 1, tzinfo=UTC).isoformat()


@pytest.mark.parametrize(
    "message", [{"$type": "uuid", "value": "no"}, {"$type": "set", "value": [[]]}, {"$type": "dict"}]
)
def test_a_record_that_someone_else_wrote_is_shown(kept, message):
    """A message that can't be decoded is shown as it is written; the others are shown as they are."""
    queue = kept.queue()
    kept.store.put(msgspec.structs.replace(queue.maker.of_message(1, None), message=message))
    queue.send_to_dlq(2)
    assert [item["message"] for item in queue.receive_from_dlq()] == [message, 2]


class Plain:
    """A store that can't be looked through."""

    name = "plain"

    def __init__(self):
        inner = MemoryStore()
        self.put, self.receive, self.ack = inner.put, inner.receive, inner.ack
        self.release, self.close = inner.release, inner.close


def test_a_store_that_can_not_be_looked_through_says_so(kept):
    """Where the store can't be looked through the error says what works instead."""
    with pytest.raises(UnsupportedError, match=r"plain can't be looked through; pipeline.replay\(\) works"):
        kept.queue(store=Plain()).receive_from_dlq()


def test_a_store_that_is_down_spills(kept):
    """A message that the store does not take goes to the fallback; with both down it is an error, and is printed."""
    fallback = MemoryStore()
    kept.queue(store=Down(), fallback=fallback).send_to_dlq(1)
    assert fallback.count() == 1
    with pytest.raises(StoreError, match="only printed to stderr"):
        kept.queue(store=Down(), fallback=Down()).send_to_dlq(1)


def test_a_letter_that_is_done_is_gone(kept):
    """The reprocessor gets the message, what it returns is ignored, and the letter is gone."""
    seen = []
    queue = kept.queue(seen.append)
    letter_id = queue.send_to_dlq({"to": ("Tom",)})
    assert queue.reprocess_message(letter_id) is True
    assert seen == [{"to": ("Tom",)}]
    assert queue.receive_from_dlq() == []
    assert kept.told == [LetterStored, LetterReplayed]


def test_a_letter_that_fails_stays(kept):
    """A reprocessor that raises leaves the letter with the error and the count; parked after the last, never gone."""

    def fail(message):
        raise ConnectionError("no")

    queue = kept.queue(fail, max_replays=2)
    letter_id = queue.send_to_dlq(1, {"a": 1})
    assert queue.reprocess_message(letter_id) is False
    (item,) = queue.receive_from_dlq()
    assert (item["replay_count"], item["error"], item["state"]) == (1, "builtins.ConnectionError: no", "waiting")
    assert (item["message_id"], item["error_info"]) == (letter_id, {"a": 1})
    assert queue.reprocess_message(letter_id) is False
    assert queue.reprocess_message(letter_id) is False
    (item,) = queue.receive_from_dlq()
    assert (item["replay_count"], item["state"]) == (3, "parked")
    assert kept.told == [LetterStored, ReplayFailed, ReplayFailed, LetterParked, ReplayFailed]
    assert kept.queue(lambda message: None).reprocess_message(letter_id) is True


def test_a_calls_letter_gets_its_own_arguments(kept):
    """The reprocessor of a call's letter is given the call's positional and keyword arguments."""
    seen = []
    queue = kept.queue(lambda *args, **kwargs: seen.append((args, kwargs)))
    letter = msgspec.structs.replace(queue.maker.of_message(None, None), args=[1, 2], kwargs={"a": 3})
    kept.store.put(letter)
    assert queue.reprocess_message(letter.id)
    assert seen == [((1, 2), {"a": 3})]


def test_what_is_not_there_or_not_ours(kept):
    """An unknown id, a missing reprocessor and a letter in another's hands are told apart."""
    queue = kept.queue(lambda message: None)
    with pytest.raises(LetterNotFoundError, match="no letter x"):
        queue.reprocess_message("x")
    letter_id = queue.send_to_dlq(1)
    with pytest.raises(ConfigurationError, match="no reprocessor"):
        kept.queue().reprocess_message(letter_id)
    kept.store.receive(1, lease=60)
    with pytest.raises(LetterBusyError):
        queue.reprocess_message(letter_id)


@pytest.mark.parametrize("same", [True, False], ids=["the same queue", "a new queue"])
@pytest.mark.parametrize("changed", [True, False], ids=["changed", "as it was"])
def test_sending_it_again_is_its_failure(kept, same, changed):
    """A reprocessor that sends its message again, also by a new queue, makes no second letter: its replay failed."""

    def again(message):
        if changed:
            message["attempts"] = 2
        sender = queue if same else kept.queue()
        assert sender.send_to_dlq(message, {"error_type": "api", "error_message": "no"}) == letter_id
        return "Meow?"

    queue = kept.queue(again)
    letter_id = queue.send_to_dlq({"to": "Tom"})
    assert queue.reprocess_message(letter_id) is False
    (item,) = queue.receive_from_dlq()
    assert (item["message_id"], item["replay_count"], item["error"]) == (letter_id, 1, "api: no")
    assert item["error_info"] == {"error_type": "api", "error_message": "no"}


def test_sending_another_message_makes_a_letter(kept):
    """Another message that a reprocessor sends is a letter of its own, and the one in hand is done."""
    queue = kept.queue(lambda message: queue.send_to_dlq({"about": message["to"]}))
    assert queue.reprocess_message(queue.send_to_dlq({"to": "Tom"})) is True
    assert [item["message"] for item in queue.receive_from_dlq()] == [{"about": "Tom"}]


def test_after_the_replay_the_message_is_a_letter_again(kept):
    """What a thread of the reprocessor's sends when the replay is over is a letter, as the one in hand is gone."""
    over = threading.Event()
    threads = []

    def start(message):
        import contextvars

        context = contextvars.copy_context()

        def later():
            over.wait(10)
            context.run(queue.send_to_dlq, message)

        threads.append(threading.Thread(target=later))
        threads[0].start()

    queue = kept.queue(start)
    assert queue.reprocess_message(queue.send_to_dlq({"to": "Tom"})) is True
    over.set()
    threads[0].join()
    assert [item["message"] for item in queue.receive_from_dlq()] == [{"to": "Tom"}]


def test_a_refusal_is_not_counted(kept):
    """A reprocessor that an open circuit refuses leaves the letter as it was."""

    def refused(message):
        raise CircuitBreakerOpenError("api", 5.0)

    queue = kept.queue(refused)
    letter_id = queue.send_to_dlq(1)
    before = queue.receive_from_dlq()
    assert queue.reprocess_message(letter_id) is False
    assert queue.receive_from_dlq() == before
    assert kept.store.receive(1, lease=1)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interruption_gives_it_back(kept, kind):
    """A reprocessor that is interrupted leaves the letter as it was, and the interruption comes out."""

    def interrupted(message):
        raise kind

    queue = kept.queue(interrupted)
    letter_id = queue.send_to_dlq(1)
    before = queue.receive_from_dlq()
    with pytest.raises(kind):
        queue.reprocess_message(letter_id)
    assert queue.receive_from_dlq() == before
    assert kept.store.receive(1, lease=1)


def test_a_payload_that_is_not_whole_is_not_run(kept, caplog):
    """A letter with a part that could not be held is given back as it was, and the log says which part."""
    queue = kept.queue(lambda message: pytest.fail("was run"))
    letter_id = queue.send_to_dlq({"a": object()})
    before = queue.receive_from_dlq()
    assert queue.reprocess_message(letter_id) is False
    assert queue.receive_from_dlq() == before
    assert "its payload lacks message.a, which could not be kept: put it back with" in caplog.text
    assert kept.store.receive(1, lease=1)


@pytest.mark.parametrize(
    "fields", [{"message": {"$type": "uuid", "value": "no"}}, {"args": [], "kwargs": {"$type": "int", "value": "7"}}]
)
def test_a_payload_that_can_not_be_decoded_is_not_run(kept, caplog, fields):
    """A letter that someone else wrote, and that can't be decoded, is given back as it was, and the log says so."""
    queue = kept.queue(lambda *message: pytest.fail("was run"))
    letter = msgspec.structs.replace(queue.maker.of_message(1, None), **fields)
    kept.store.put(letter)
    assert queue.reprocess_message(letter.id) is False
    assert "can't be decoded" in caplog.text
    assert kept.store.receive(1, lease=1)[0].letter == letter


async def later(message):
    """A coroutine function."""


def gives_one(message):
    return later(message)


@pytest.mark.parametrize("reprocessor", [later, gives_one], ids=["known", "found out"])
def test_a_coroutine_function_is_refused(kept, reprocessor):
    """A reprocessor that would have to be awaited is no success: the letter stays as it was, and the error says why."""
    queue = kept.queue(reprocessor)
    letter_id = queue.send_to_dlq(1)
    before = queue.receive_from_dlq()
    with pytest.raises(TypeError, match="use areprocess_message"):
        queue.reprocess_message(letter_id)
    assert queue.receive_from_dlq() == before
    assert kept.store.receive(1, lease=1)


def generates(message):
    yield message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reprocessor": 5}, "reprocessor"),
        ({"reprocessor": generates}, "no generator function"),
        ({"max_replays": 0}, "max_replays"),
        ({"lease": 0}, "lease"),
        ({"on_open": "yes"}, "on_open"),
        ({"on_cancel": 1}, "on_cancel"),
        ({"encode": "x"}, "encode"),
        ({"decode": []}, "decode"),
    ],
)
def test_wrong_options_are_refused(options, words):
    """What can't work is refused when the queue is made."""
    with pytest.raises(ConfigurationError, match=words):
        DeadLetterQueue(store="memory:", plugins=Plugins(), **options)


def test_all_wrong_options_are_told_at_once():
    """Every wrong option is named."""
    with pytest.raises(ConfigurationError) as caught:
        DeadLetterQueue(store="memory:", plugins=Plugins(), max_replays=0, lease=-1)
    assert len(caught.value.problems) == 2


def test_encode_and_decode(kept):
    """What JSON can't hold comes back through the options, when shown and when run."""
    seen = []
    options = {"encode": lambda value: [value.start, value.stop], "decode": lambda pair: range(*pair)}
    queue = kept.queue(seen.append, **options)
    letter_id = queue.send_to_dlq({"r": range(3)})
    assert queue.receive_from_dlq()[0]["message"] == {"r": range(3)}
    assert queue.reprocess_message(letter_id)
    assert seen == [{"r": range(3)}]


@pytest.mark.parametrize("info", ["boom", 5, ValueError("x"), [1]])
def test_what_is_known_of_the_failure_may_be_anything(kept, info):
    """What should be a mapping and is none is kept all the same; sending raises nothing."""
    queue = kept.queue(lambda message: queue.send_to_dlq(message, info))
    letter_id = queue.send_to_dlq(1, info)
    assert queue.receive_from_dlq()[0]["error_info"] in (info, "ValueError('x')")
    assert queue.reprocess_message(letter_id) is False


class Closing(MemoryStore):
    """Counts how often it was closed."""

    closed = 0

    def close(self):
        self.closed += 1


def test_close_and_use_again(kept):
    """A closed queue closes its stores, also twice, and can be used again."""
    store, fallback = Closing(), Closing()
    queue = kept.queue(store=store, fallback=fallback)
    queue.send_to_dlq(1)
    queue.close()
    queue.close()
    assert (store.closed, fallback.closed) == (2, 2)
    queue.send_to_dlq(2)
    assert len(queue.receive_from_dlq()) == 2


def test_describe_masks(kept):
    """A queue describes its stores and options."""
    assert kept.queue(store=Plain(), fallback=MemoryStore(), max_replays=3).describe() == {
        "store": "plain",
        "fallback": "MemoryStore",
        "park": None,
        "on_open": True,
        "on_cancel": False,
        "max_replays": 3,
        "lease": 300.0,
        "max_letters": None,
        "keep": None,
        "purged_by": [],
        "fingerprint": None,
    }


def test_what_can_be_read_is_shown(kept, caplog):
    """While the store can't be read its fallback's letters are shown, and the log says which are missing."""

    class Unreadable(MemoryStore):
        def browse(self, *args, **kwargs):
            raise StoreError("no answer, token=abc")

    fallback = MemoryStore(clock=kept.clock)
    queue = kept.queue(store=Unreadable(), fallback=fallback)
    kept.queue(store=fallback).send_to_dlq("spilled")
    assert [item["message"] for item in queue.receive_from_dlq()] == ["spilled"]
    assert caplog.messages == ["letters in Unreadable are not shown: Unreadable: no answer, token=***"]
    with pytest.raises(StoreError, match="no answer"):
        kept.queue(store=Unreadable()).receive_from_dlq()
    assert queue.receive_from_dlq(0) == []
