"""The link ``dead_letter``: a call that failed becomes a letter."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading

import pytest

from ninelives.call import current_call
from ninelives.dead_letters.letter import decode_letter
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.missed import Missed
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.errors import CircuitBreakerOpenError, StoreError
from ninelives.plugins import Plugins


def boom(*args, **kwargs):
    raise ConnectionError("down")


async def aboom(*args, **kwargs):
    raise ConnectionError("down")


@pytest.fixture(params=["sync", "async"])
def fail(request):
    """Runs a failing call through a pipeline, in either way."""
    ways = {
        "sync": lambda pipeline, *args, **kwargs: pipeline.run(boom, *args, **kwargs),
        "async": lambda pipeline, *args, **kwargs: asyncio.run(pipeline.arun(aboom, *args, **kwargs)),
    }

    def run(pipeline, *args, error=ConnectionError, **kwargs):
        with pytest.raises(error) as caught:
            ways[request.param](pipeline, *args, **kwargs)
        return caught.value

    return run


def plain(shop, **options):
    return shop.pipeline(backoff=False, breaker=False, **options)


def test_one_letter_for_each_failed_call(shop, fail):
    """A call that failed is one letter, and the note on its error says where; a success is none."""
    pipeline = plain(shop)
    error = fail(pipeline, 1, a=2)
    pipeline.run(len, "x")
    (letter,) = shop.letters(pipeline)
    assert (letter["args"], letter["kwargs"]) == ([1], {"a": 2})
    assert f"dead letter {letter['message_id']} in memory:" in error.__notes__[0]


def test_arguments_are_as_they_were_when_it_failed(shop):
    """What the function did to its arguments before it failed is in the letter; what is done later is not."""
    pipeline = plain(shop)
    message = {"n": 1}

    def change(message):
        message["n"] = 2
        raise ConnectionError

    pipeline.try_run(change, message)
    message["n"] = 3
    assert shop.letters(pipeline)[0]["args"] == [{"n": 2}]


def test_a_refusal_may_be_no_letter(shop, fail):
    """A call that an open circuit refused is a letter, unless `on_open` is False."""
    for on_open, count in ((True, 2), (False, 1)):
        pipeline = shop.pipeline(
            f"open-{on_open}",
            backoff=False,
            breaker={"failure_threshold": 1},
            dead_letter={"store": MemoryStore(), "on_open": on_open},
        )
        fail(pipeline)
        fail(pipeline, error=CircuitBreakerOpenError)
        assert [letter["reason"] for letter in shop.letters(pipeline)] == ["exhausted", "circuit_open"][:count]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
@pytest.mark.parametrize("on_cancel", [True, False])
def test_a_cancelled_call_is_a_letter_only_if_asked(shop, kind, on_cancel):
    """A cancelled call is no letter, unless `on_cancel` is set; either way the cancellation comes out."""
    pipeline = plain(shop, dead_letter={"store": "memory:", "on_cancel": on_cancel})

    def end():
        raise kind

    with pytest.raises(kind):
        pipeline.run(end)
    assert [letter["reason"] for letter in shop.letters(pipeline)] == ["cancelled"] * on_cancel


async def test_a_cancelled_task_leaves_a_letter_if_asked(shop):
    """A task that is cancelled has its letter written, and then is cancelled."""
    pipeline = plain(shop, dead_letter={"store": "memory:", "on_cancel": True})
    begun = asyncio.Event()

    async def hang():
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(pipeline.arun(hang))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [letter["reason"] for letter in shop.letters(pipeline)] == ["cancelled"]


def test_generators_end_leaves_no_letter(shop):
    """GeneratorExit is no failure, whatever is asked."""
    pipeline = plain(shop, dead_letter={"store": "memory:", "on_cancel": True})

    def end():
        raise GeneratorExit

    with pytest.raises(GeneratorExit):
        pipeline.run(end)
    assert shop.letters(pipeline) == []


def test_a_function_of_the_wrong_kind_is_no_letter(shop):
    """A mistake in the program is no letter."""
    pipeline = plain(shop)
    with pytest.raises(TypeError):
        pipeline.run(aboom)
    with pytest.raises(TypeError):
        asyncio.run(pipeline.arun(len, "x"))
    assert shop.letters(pipeline) == []


class Hostile:
    """Raises at whatever it is asked."""

    def __repr__(self):
        raise RuntimeError("repr")

    def __eq__(self, other):
        raise RuntimeError("eq")

    __hash__ = None


def test_hostile_arguments_hide_nothing(shop, fail):
    """Arguments that raise when they are looked at, that are cyclic, too deep or too wide, hide no error."""
    pipeline = plain(shop)
    cyclic = []
    cyclic.append(cyclic)
    wide, deep = [1], 1
    for _ in range(60):
        wide = [wide, wide]
    for _ in range(5_000):
        deep = [deep]
    error = fail(pipeline, Hostile(), cyclic, wide, deep, "\ud800", float("nan"), 10**5_000, b"\xff", **{"$type": 1})
    assert str(error) == "down"
    (letter,) = shop.letters(pipeline)
    assert not letter["replayable"]
    assert letter["args"][4:6] == ["\ud800", letter["args"][5]]


class Broken:
    """A store that breaks its contract."""

    def __init__(self, error):
        self.error = error

    def put(self, letter):
        raise self.error

    receive = ack = release = close = put


@pytest.mark.parametrize("error", [OSError("down"), StopIteration(), RecursionError(), KeyError("x"), MemoryError()])
def test_a_store_that_breaks_hides_nothing(shop, fail, capsys, error):
    """Whatever a store raises, the call's own error comes out, and the letter is printed."""
    raised = fail(plain(shop, dead_letter={"store": Broken(error)}), 1)
    assert "dead letter" in raised.__notes__[0]
    assert raised.__notes__[0].endswith("in stderr")
    assert '"args":[1]' in capsys.readouterr().err


class BrokenClock:
    """A clock that stops working when it is told to."""

    def __init__(self, clock):
        self.monotonic, self.sleep, self.asleep = clock.monotonic, clock.sleep, clock.asleep
        self.inner = clock
        self.broken = False

    def now(self):
        if self.broken:
            raise RuntimeError("no time")
        return self.inner.now()


def test_whatever_breaks_hides_nothing(shop, caplog):
    """Where not even the time can be told the call's own error comes out, and the log says that there is no letter."""
    clock = BrokenClock(shop.clock)
    queue = DeadLetterQueue(store=MemoryStore(), clock=clock, plugins=Plugins())
    pipeline = plain(shop, dead_letter=queue)
    clock.broken = True
    with pytest.raises(ConnectionError):
        pipeline.run(boom)
    with pytest.raises(ConnectionError):
        asyncio.run(pipeline.arun(aboom))
    critical = [record.getMessage() for record in caplog.records if record.levelno == logging.CRITICAL]
    assert [text.splitlines()[0].endswith("failed, and it may have no letter") for text in critical] == [True, True]
    assert [text.splitlines()[-1] for text in critical] == ["RuntimeError: no time"] * 2


def test_at_the_end_of_the_stack_there_is_a_whole_letter(shop, fail):
    """A call that fails where the stack is nearly full is a whole letter: it is made and kept where there is room."""
    pipeline = plain(shop)
    nested = 1
    for _ in range(90):
        nested = [nested]

    def depth():
        frame, count = sys._getframe(), 0
        while frame is not None:
            frame, count = frame.f_back, count + 1
        return count

    def deeper(levels):
        return fail(pipeline, nested) if levels <= 0 else deeper(levels - 1)

    error = deeper(sys.getrecursionlimit() - depth() - 150)
    assert type(error) is ConnectionError
    (letter,) = shop.letters(pipeline)
    assert letter["replayable"]
    assert letter["args"] == [nested]


def test_endless_recursion_is_a_letter(shop):
    """A function that recurses for ever has a letter, and its own RecursionError comes out."""
    pipeline = plain(shop)

    def endless():
        return endless()

    with pytest.raises(RecursionError):
        pipeline.run(endless)
    assert shop.letters(pipeline)[0]["error"].startswith("builtins.RecursionError")


async def test_the_loop_runs_on_while_a_letter_is_written(shop):
    """A store that hangs holds up neither the loop nor the program's own executor."""
    go = threading.Event()

    class Slow(MemoryStore):
        def put(self, letter):
            assert go.wait(10)
            super().put(letter)

    pipeline = plain(shop, dead_letter={"store": Slow()})
    tasks = [asyncio.create_task(pipeline.atry_run(aboom, number)) for number in range(20)]
    assert await asyncio.to_thread(lambda: 7) == 7
    assert not any(task.done() for task in tasks)
    go.set()
    await asyncio.gather(*tasks)
    assert sorted(letter["args"][0] for letter in shop.letters(pipeline)) == list(range(20))


def test_a_nested_letter_is_named(shop):
    """Where the error is that of a nested pipeline's call the letter names that call's letter."""
    outer, inner = plain(shop, name="outer"), plain(shop, name="inner")
    with pytest.raises(ConnectionError):
        outer.run(lambda: inner.run(boom))
    (caused_by,) = [letter.caused_by for letter in stored(outer)]
    assert [letter["message_id"] for letter in shop.letters(inner)] == [caused_by]


def stored(pipeline):
    from ninelives.dead_letters.letter import LetterFilter

    return pipeline["dead_letter"].places[0].store.browse(LetterFilter(), limit=99).letters


@pytest.mark.parametrize("fallback", [{"fallback": "Meow?"}, {}], ids=["with a fallback", "without"])
def test_a_reprocessor_that_runs_a_pipeline_makes_no_second_letter(shop, fallback):
    """A reprocessor that sends the message through a pipeline is its replay: a failure there is the letter's own."""
    store = MemoryStore(clock=shop.clock)
    pipeline = plain(shop, dead_letter={"store": store}, **fallback)
    queue = DeadLetterQueue(
        store=store, reprocessor=lambda message: pipeline.run(boom, message), clock=shop.clock, plugins=Plugins()
    )
    letter_id = queue.send_to_dlq({"to": "Tom"})
    assert queue.reprocess_message(letter_id) is False
    (item,) = queue.receive_from_dlq()
    assert (item["message_id"], item["replay_count"]) == (letter_id, 1)
    assert item["error"] == "builtins.ConnectionError: down"


def test_a_calls_letter_that_is_reprocessed_stays_one(shop):
    """A call's letter that the queue's reprocessor runs through the same pipeline again stays one letter."""
    pipeline = plain(shop, dead_letter={"store": "memory:", "reprocessor": lambda *args: pipeline.run(boom, *args)})
    pipeline.try_run(boom, {"to": "Tom"}, 1)
    queue = pipeline["dead_letter"]
    (before,) = queue.receive_from_dlq()
    assert queue.reprocess_message(before["message_id"]) is False
    (after,) = queue.receive_from_dlq()
    assert (after["message_id"], after["replay_count"]) == (before["message_id"], 1)


def test_other_calls_within_a_replay_are_letters(shop):
    """A call of something else that fails within a replay is a letter of its own."""
    pipeline = plain(shop)
    queue = DeadLetterQueue(
        store=MemoryStore(), reprocessor=lambda message: pipeline.try_run(boom, "other") and None, plugins=Plugins()
    )
    assert queue.reprocess_message(queue.send_to_dlq({"to": "Tom"})) is True
    assert [letter["args"] for letter in shop.letters(pipeline)] == [["other"]]


def test_the_letters_id_is_the_calls(shop):
    """Inside the function the call's id is that of the letter to be."""
    pipeline = plain(shop)
    seen = []

    def call():
        seen.append(current_call().id)
        raise ConnectionError

    pipeline.try_run(call)
    assert [letter["message_id"] for letter in shop.letters(pipeline)] == seen


class Delegating:
    """A link of the program's that does its part by a queue's."""

    def __init__(self, queue):
        self.queue = queue

    def wrap(self, call_next, context):
        return self.queue.wrap(call_next, context)

    def wrap_async(self, call_next, context):
        return self.queue.wrap_async(call_next, context)


def test_a_queue_has_steps_of_its_own(shop, fail):
    """A queue that another link wraps by does the same as one in the chain."""
    queue = DeadLetterQueue(store=MemoryStore(), plugins=Plugins())
    pipeline = shop.pipeline(chain=[Delegating(queue)])
    fail(pipeline, 1)
    assert [item["args"] for item in queue.receive_from_dlq()] == [[1]]


def test_a_replay_makes_no_second_letter(shop, fail):
    """A call that is the replay of a letter leaves the letter to whoever claimed it."""
    pipeline = plain(shop)
    fail(pipeline, 1)
    assert asyncio.run(pipeline.areplay()).failed == 1
    (letter,) = shop.letters(pipeline)
    assert (letter["replay_count"], letter["args"]) == (1, [1])


class Hanging(MemoryStore):
    """A store that answers when it is let."""

    def __init__(self, clock, asked):
        super().__init__(clock=clock)
        self.asked, self.go = asked, threading.Event()

    def put(self, letter):
        self.asked()
        self.go.wait()
        super().put(letter)


async def test_a_letter_that_no_store_has_taken_when_its_task_must_end_is_printed(shop, capsys):
    """A task that is cancelled again while it waits for a store that hangs ends, and its letter stands on stderr."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    store = Hanging(shop.clock, lambda: loop.call_soon_threadsafe(asked.set))
    pipeline = plain(shop, dead_letter={"store": store})
    calls = []

    async def failing():
        calls.append(current_call())
        await aboom()

    task = asyncio.create_task(pipeline.arun(failing))
    await asked.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (call,) = calls
    why = "cancelled before the store answered: it may have it"
    assert (call.letter_place, call.letter_missed) == ("stderr", Missed("Hanging", why, is_lost=True))
    store.go.set()
    (line,) = capsys.readouterr().err.splitlines()
    assert decode_letter(line).operation.endswith(".failing")
    assert "letter_lost" in shop.events.names
    assert decode_letter(line).id == call.letter_id


class Full(MemoryStore):
    """Takes no letter."""

    def put(self, letter):
        raise StoreError("full")


def test_a_call_knows_why_its_letter_missed_the_store(shop):
    """A call knows nothing of a letter that is in its store; of one that went elsewhere why, and whether it is lost."""
    calls = []

    def failing():
        calls.append(current_call())
        raise ConnectionError("down")

    stores = [{"store": "memory:"}, {"store": Full(), "fallback": MemoryStore()}, {"store": Full()}]
    for number, store in enumerate(stores):
        with plain(shop, name=f"shop-{number}", dead_letter=store) as pipeline:
            pipeline.try_run(failing)
    assert [call.letter_missed for call in calls] == [
        None,
        Missed("Full", "Full: full"),
        Missed("Full", "Full: full", is_lost=True),
    ]
