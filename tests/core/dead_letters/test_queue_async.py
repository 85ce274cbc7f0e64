"""The dead letter queue for asynchronous code."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from functools import partial

import pytest

from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.errors import ConfigurationError, LetterNotFoundError
from ninelives.plugins import Plugins

tenant = contextvars.ContextVar("tenant", default="nobody")


class Threads(MemoryStore):
    """Notes which threads it was used in."""

    def __init__(self):
        super().__init__()
        self.threads = set()

    def put(self, letter):
        self.threads.add(threading.get_ident())
        super().put(letter)


def queue_of(reprocessor=None, store=None, **options):
    return DeadLetterQueue(reprocessor=reprocessor, store=store or MemoryStore(), plugins=Plugins(), **options)


def is_free(queue):
    return queue.places[0].store.receive(1, lease=0.001) != []


async def test_the_loop_is_not_held_up():
    """Letters are written, read and closed on threads of ours."""
    store = Threads()
    queue = queue_of(store=store)
    letter_id = await queue.asend_to_dlq({"to": "Tom"}, {"a": 1})
    (item,) = await queue.areceive_from_dlq(max_messages=5)
    assert (item["message_id"], item["message"], item["error_info"]) == (letter_id, {"to": "Tom"}, {"a": 1})
    assert threading.get_ident() not in store.threads
    await queue.aclose()


async def _awaited(seen, message):
    await asyncio.sleep(0)
    seen.append((message, threading.get_ident(), tenant.get()))


def _called(seen, message):
    seen.append((message, threading.get_ident(), tenant.get()))


@pytest.mark.parametrize("kind", [_awaited, _called], ids=["async", "sync"])
async def test_both_kinds_of_reprocessors(kind):
    """A coroutine function is awaited in the loop, a plain one runs on a thread; both in the caller's context."""
    seen = []
    tenant.set("acme")
    queue = queue_of(partial(kind, seen))
    assert await queue.areprocess_message(await queue.asend_to_dlq(1)) is True
    ((message, ident, known),) = seen
    assert (message, known) == (1, "acme")
    assert (ident == threading.get_ident()) is (kind is _awaited)
    assert queue.receive_from_dlq() == []


async def _fails(message):
    raise ConnectionError("no")


def _fails_plainly(message):
    raise ConnectionError("no")


@pytest.mark.parametrize("reprocessor", [_fails, _fails_plainly])
async def test_a_failure_keeps_the_letter(reprocessor):
    """A reprocessor that raises leaves the letter with the error and the count."""
    queue = queue_of(reprocessor)
    letter_id = await queue.asend_to_dlq(1)
    assert await queue.areprocess_message(letter_id) is False
    (item,) = queue.receive_from_dlq()
    assert (item["message_id"], item["replay_count"], item["error"]) == (letter_id, 1, "builtins.ConnectionError: no")


async def test_sending_it_again_is_its_failure():
    """The message in hand that comes again, by the asynchronous method of a new queue, makes no second letter."""
    store = MemoryStore()

    async def again(message):
        await asyncio.create_task(queue_of(store=store).asend_to_dlq(message, {"error_type": "api"}))

    queue = queue_of(again, store)
    letter_id = await queue.asend_to_dlq({"to": "Tom"})
    assert await queue.areprocess_message(letter_id) is False
    (item,) = queue.receive_from_dlq()
    assert (item["message_id"], item["replay_count"], item["error"]) == (letter_id, 1, "api: ")


async def test_replays_at_once_know_their_own_letters():
    """Two replays in two tasks each have their own message in hand."""
    met = asyncio.Barrier(2)

    async def swap(message):
        await met.wait()
        await queue.asend_to_dlq({"n": 1 - message["n"]})
        await met.wait()

    queue = queue_of(swap)
    ids = [await queue.asend_to_dlq({"n": number}) for number in range(2)]
    assert await asyncio.gather(*(queue.areprocess_message(one) for one in ids)) == [True, True]
    assert sorted(item["message"]["n"] for item in queue.receive_from_dlq()) == [0, 1]


async def test_a_cancellation_gives_it_back():
    """A reprocessor that is cancelled leaves the letter as it was, and the cancellation comes out."""
    begun = asyncio.Event()

    async def hang(message):
        begun.set()
        await asyncio.Event().wait()

    queue = queue_of(hang)
    letter_id = await queue.asend_to_dlq(1)
    before = queue.receive_from_dlq()
    task = asyncio.create_task(queue.areprocess_message(letter_id))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert queue.receive_from_dlq() == before
    assert is_free(queue)


class Returned(MemoryStore):
    """Tells when a letter was given back, and waits before it lets one be claimed."""

    def __init__(self):
        super().__init__()
        self.claiming, self.go, self.released = threading.Event(), threading.Event(), threading.Event()
        self.go.set()

    def claim(self, letter_ids, *, lease):
        self.claiming.set()
        self.go.wait(10)
        return super().claim(letter_ids, lease=lease)

    def release(self, lease, letter=None):
        super().release(lease, letter)
        self.released.set()


async def test_a_claim_that_nobody_waits_for_is_given_back():
    """A task that is cancelled while a letter is being claimed leaves the letter to others."""
    store = Returned()

    async def never(message):
        pytest.fail("was run")

    queue = queue_of(never, store)
    letter_id = await queue.asend_to_dlq(1)
    store.go.clear()
    task = asyncio.create_task(queue.areprocess_message(letter_id))
    await asyncio.to_thread(store.claiming.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    store.go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(store.released.wait, 10)
    assert is_free(queue)


async def test_a_cancelled_claim_of_what_can_not_be_run():
    """A task that is cancelled while a letter that is not whole is looked at gives it back once."""
    store = Returned()
    queue = queue_of(_fails, store)
    letter_id = await queue.asend_to_dlq(object())
    store.go.clear()
    task = asyncio.create_task(queue.areprocess_message(letter_id))
    await asyncio.to_thread(store.claiming.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    store.go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(store.released.wait, 10)


async def test_a_coroutine_that_is_closed_gives_it_back():
    """A replay whose coroutine is closed in the middle awaits nothing more, and its letter comes back."""
    store = Returned()

    class Forever:
        def __await__(self):
            yield

    async def hang(message):
        await Forever()

    queue = queue_of(hang, store)
    letter_id = queue.send_to_dlq(1)
    replay = queue.areprocess_message(letter_id)
    future = replay.send(None)  # the claim, which a thread of ours makes
    future._asyncio_future_blocking = False
    await asyncio.wait([future])
    replay.send(None)  # the reprocessor's own wait
    replay.close()
    assert await asyncio.to_thread(store.released.wait, 10)


async def test_what_can_not_be_run_is_told():
    """What is not whole is False; an unknown id and a missing reprocessor are errors; as without a loop."""
    queue = queue_of(_fails)
    assert await queue.areprocess_message(await queue.asend_to_dlq(object())) is False
    with pytest.raises(LetterNotFoundError):
        await queue.areprocess_message("x")
    with pytest.raises(ConfigurationError, match="no reprocessor"):
        await queue_of().areprocess_message("x")


async def test_a_plain_function_that_gives_a_coroutine_is_refused():
    """A plain reprocessor on its thread has nobody to await what it returns: the letter stays, the error says so."""

    def gives_one(message):
        return _fails(message)

    queue = queue_of(gives_one)
    letter_id = await queue.asend_to_dlq(1)
    with pytest.raises(TypeError, match="a reprocessor made with async def"):
        await queue.areprocess_message(letter_id)
    assert is_free(queue)
