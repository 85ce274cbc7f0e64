"""What holds while calls run: sharing, context, listeners, and what is left behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from contextvars import ContextVar, copy_context

import pytest

import ninelives
from ninelives import CallFailed, CallSucceeded, Event
from ninelives.middleware.watching import Watcher

WHO = ContextVar("who", default="nobody")


class Argument:
    """Something that can be watched going away."""


def test_nothing_of_a_call_outlives_it(shop):
    """Neither a success nor a failure keeps arguments, values or errors alive."""
    pipeline = shop.pipeline(backoff={"max_retries": 1}, dead_letter={"store": "memory:", "encode": lambda _value: "x"})

    def use(argument, *, fail):
        if fail:
            raise ConnectionError
        return argument

    watched = []
    for fail in (False, True):
        argument = Argument()
        watched.append(weakref.ref(argument))
        pipeline.try_run(use, argument, fail=fail)
        del argument
    gc.collect()
    assert [reference() for reference in watched] == [None, None]


def test_a_failed_function_is_not_kept_alive(shop):
    """A function that failed is remembered only while the program holds it."""
    pipeline = shop.pipeline(backoff=False)

    def make():
        def fail():
            raise ConnectionError

        return fail

    function = make()
    pipeline.try_run(function)
    watched = weakref.ref(function)
    del function
    gc.collect()
    assert watched() is None


def test_threads_share_a_pipeline(shop):
    """Each of many threads gets its own value, attempts and letter."""
    pipeline = shop.pipeline(backoff={"max_retries": 1}, breaker={"failure_threshold": 10_000})
    barrier = threading.Barrier(8)
    found = {}

    def call(number):
        if ninelives.current_call().attempt == 1 or number % 2:
            raise ConnectionError(number)
        return number

    def work(number):
        barrier.wait()
        found[number] = [pipeline.try_run(call, number) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, outcomes in found.items():
        assert {outcome.attempts for outcome in outcomes} == {2}
        assert {outcome.value for outcome in outcomes} == ({None} if number % 2 else {number})
    assert sorted(letter["args"] for letter in shop.letters(pipeline)) == sorted(
        [n] for n in (1, 3, 5, 7) for _ in range(20)
    )


async def test_tasks_share_a_pipeline(shop):
    """So does each of many tasks."""
    pipeline = shop.pipeline()

    async def call(number):
        await asyncio.sleep(0)
        if ninelives.current_call().attempt == 1:
            raise ConnectionError
        return number

    assert await asyncio.gather(*(pipeline.arun(call, number) for number in range(100))) == list(range(100))


def test_context_variables_reach_the_function(shop):
    """The function runs in its caller's context."""
    token = WHO.set("Tom")
    try:
        assert shop.pipeline().run(WHO.get) == "Tom"
    finally:
        WHO.reset(token)


async def test_context_variables_reach_the_threads_that_run_the_users_code(shop):
    """An encoder, a store's writer or a replayed function on a thread of ours sees the caller's context."""
    seen = []

    class Store(ninelives.dead_letters.memory.MemoryStore):
        def put(self, letter):
            seen.append((WHO.get(), threading.current_thread() is threading.main_thread()))
            super().put(letter)

    pipeline = shop.pipeline(backoff=False, dead_letter={"store": Store(clock=shop.clock)})

    async def fail():
        raise ConnectionError

    def plain():
        seen.append((WHO.get(), threading.current_thread() is threading.main_thread()))

    WHO.set("Tom")
    await pipeline.atry_run(fail)
    pipeline.register(plain, f"{__name__}:{fail.__qualname__}")
    assert (await pipeline.areplay()).replayed == 1
    assert seen == [("Tom", False), ("Tom", False)]


class Broken:
    """A listener that raises."""

    def __call__(self, event):
        raise RuntimeError(event.name)


def test_a_listener_that_raises_changes_nothing(shop, caplog):
    """A listener that raises is logged once and changes no call; the others are told."""
    pipeline = shop.pipeline(listeners=[Broken()], backoff=False)
    outcomes = [pipeline.try_run(_fail) for _ in range(3)]
    assert [type(outcome.error) for outcome in outcomes] == [ConnectionError] * 3
    assert len(shop.events.of(CallFailed)) == 3
    assert sum("further errors of it are not logged" in record.getMessage() for record in caplog.records) == 1


def _fail():
    raise ConnectionError("no")


def test_a_listener_may_call_the_pipeline(shop):
    """No lock is held while a listener runs: it may use the pipeline itself."""
    answers = []

    def ask(event: Event):
        if isinstance(event, CallFailed):
            answers.append(pipeline.run(str, 5))

    pipeline = shop.pipeline(listeners=[ask], backoff=False)
    pipeline.try_run(_fail)
    assert answers == ["5"]


def test_success_makes_no_event_unless_a_listener_asks(shop, monkeypatch):
    """A success makes no event object while no listener asks for it."""
    made = []
    pipeline = shop.pipeline()
    monkeypatch.setattr(ninelives.events, "CallSucceeded", lambda **fields: made.append(fields))
    pipeline.run(str, 5)
    assert made == []


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_success_is_told_to_who_asks(shop, kind):
    """A listener whose `events` names `CallSucceeded` is told successes, and only what it names."""

    class Successes:
        events = (CallSucceeded,)

        def __init__(self):
            self.seen = []

        def __call__(self, event):
            self.seen.append(event)

    successes = Successes()
    pipeline = shop.pipeline(listeners=[successes])
    pipeline.try_run(_fail)
    if kind == "sync":
        pipeline.run(str, 5)
    else:

        async def answer():
            return 5

        asyncio.run(pipeline.arun(answer))
    (event,) = successes.seen
    assert (event.name, event.pipeline, event.attempts) == ("call_succeeded", "shop", 1)


def test_the_traceback_is_not_grown(shop):
    """An error that is raised again and again comes out with a traceback of its last way only."""

    def depth(error):
        frames, traceback = 0, error.__traceback__
        while traceback is not None:
            frames, traceback = frames + 1, traceback.tb_next
        return frames

    few, many = (shop.pipeline(backoff={"max_retries": n}, breaker=False).try_run(_fail).error for n in (2, 200))
    assert depth(few) == depth(many)


def test_an_error_that_takes_no_notes_comes_out(shop):
    """An exception that refuses notes breaks nothing."""

    class Frozen(Exception):
        def add_note(self, note):
            raise AttributeError("frozen")

    def fail():
        raise Frozen

    with pytest.raises(Frozen):
        shop.pipeline(backoff=False).run(fail)


def test_the_note_on_a_reused_error_does_not_grow(shop):
    """An error that is raised for ever has one note of ours, the newest, beside those of others."""
    error = ConnectionError("again")
    error.add_note("theirs")

    def fail():
        raise error

    pipeline = shop.pipeline(backoff=False, breaker=False)
    for _ in range(5):
        pipeline.try_run(fail)
    newest = shop.letters(pipeline)[-1]["message_id"]
    assert len(error.__notes__) == 2
    assert error.__notes__[0] == "theirs"
    assert newest in error.__notes__[1]


def test_a_store_and_a_stderr_that_fail_hide_nothing(shop, capsys):
    """With the store down and no fallback the caller's error comes out, and the whole letter is on stderr."""

    class Down(ninelives.dead_letters.memory.MemoryStore):
        def put(self, letter):
            raise OSError("disk on fire")

    pipeline = shop.pipeline(backoff=False, dead_letter={"store": Down(clock=shop.clock)})
    with pytest.raises(ConnectionError) as caught:
        pipeline.run(_fail)
    line = capsys.readouterr().err.splitlines()[0]
    letter = ninelives.dead_letters.letter.decode_letter(line)
    assert letter.operation.endswith(":_fail")
    assert f"dead letter {letter.id} in stderr" in caught.value.__notes__[0]
    assert "letter_lost" in shop.events.names


def test_the_fallback_store_takes_what_the_store_does_not(shop):
    """With the store down the letter is in the fallback, and the note and an event say so."""

    class Down(ninelives.dead_letters.memory.MemoryStore):
        def put(self, letter):
            raise ninelives.StoreError("down")

    options = {"store": Down(clock=shop.clock), "fallback": "memory:"}
    pipeline = shop.pipeline(backoff=False, dead_letter=options)
    with pytest.raises(ConnectionError) as caught:
        pipeline.run(_fail)
    assert "in memory:" in caught.value.__notes__[0]
    assert "letter_spilled" in shop.events.names
    assert len(shop.letters(pipeline)) == 1


class HeldStore(ninelives.dead_letters.memory.MemoryStore):
    """A store whose writes wait until they are let go."""

    def __init__(self, clock):
        super().__init__(clock=clock)
        self.begun, self.go = threading.Semaphore(0), threading.Event()

    def put(self, letter):
        self.begun.release()
        assert self.go.wait(20)
        super().put(letter)


async def _fail_later():
    raise ConnectionError("no")


async def _begun(store):
    """Wait, on a thread of the program's own, until a write has begun."""
    assert await asyncio.to_thread(store.begun.acquire, timeout=20)


async def test_a_call_cancelled_while_its_letter_is_written_has_failed_all_the_same(shop):
    """The letter is written, someone is told, the event is made; then the cancellation is delivered."""
    store, channel = HeldStore(shop.clock), ninelives.testing.RecordingChannel()
    pipeline = shop.pipeline(backoff=False, dead_letter={"store": store}, notify={"channels": [channel]})
    task = asyncio.create_task(pipeline.arun(_fail_later))
    await _begun(store)
    task.cancel()
    await asyncio.sleep(0)
    store.go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    (letter,) = shop.letters(pipeline)
    assert channel.notifications[0].letter_id == letter["message_id"]
    assert shop.events.of(CallFailed)[0].letter_id == letter["message_id"]


async def test_a_store_that_hangs_holds_up_neither_the_loop_nor_the_programs_executor(shop):
    """While every thread of ours waits for a store, the loop goes on and the default executor takes work."""
    store = HeldStore(shop.clock)
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": store})
    tasks = [asyncio.create_task(pipeline.atry_run(_fail_later)) for _ in range(50)]
    await _begun(store)
    assert await asyncio.gather(*(asyncio.to_thread(str, number) for number in range(50)))
    assert not any(task.done() for task in tasks)
    store.go.set()
    assert len({outcome.letter_id for outcome in await asyncio.gather(*tasks)}) == 50
    assert len(shop.letters(pipeline)) == 50


async def test_a_group_that_fails_cancels_a_call_in_its_delay(shop):
    """A call that waits to be tried again is cancelled with its group: at once, and it becomes no letter."""
    waits = asyncio.Event()

    class Clock(ninelives.testing.FakeClock):
        async def asleep(self, seconds):
            waits.set()
            await asyncio.Event().wait()

    pipeline = shop.pipeline(clock=Clock())

    async def fail_then():
        await waits.wait()
        raise ValueError("the other one")

    async def both():
        async with asyncio.TaskGroup() as group:
            calls.append(group.create_task(pipeline.arun(_fail_later)))
            group.create_task(fail_then())

    calls = []
    with pytest.raises(ExceptionGroup) as caught:
        await both()
    assert isinstance(caught.value.exceptions[0], ValueError)
    assert calls[0].cancelled()
    assert (shop.letters(pipeline), shop.events.of(CallFailed)) == ([], [])


def test_a_call_closed_in_another_context_ends_quietly(shop):
    """A coroutine that is closed where it did not run, as a dying event loop does, raises nothing of ours."""
    pipeline = shop.pipeline()

    class Suspended:
        def __await__(self):
            yield

    async def hang():
        await Suspended()

    call = pipeline.arun(hang)
    copy_context().run(call.send, None)
    call.close()
    assert ninelives.current_call() is None


def test_a_pipeline_serves_several_event_loops(shop):
    """Loops of several threads share a pipeline: each call gets its own answer and letter."""
    pipeline = shop.pipeline(backoff=False, breaker=False)
    barrier, outcomes = threading.Barrier(4), []

    async def both():
        barrier.wait()
        outcomes.extend(await asyncio.gather(*(pipeline.atry_run(_fail_later) for _ in range(5))))

    threads = [threading.Thread(target=asyncio.run, args=(both(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {outcome.letter_id for outcome in outcomes} == {letter["message_id"] for letter in shop.letters(pipeline)}
    assert len(outcomes) == 20


def test_what_the_function_sets_its_caller_sees(shop):
    """A context variable that the function sets is set for the caller, as after a plain call."""
    token = WHO.set("Tom")
    try:
        shop.pipeline().run(WHO.set, "Ann")
        assert WHO.get() == "Ann"
    finally:
        WHO.reset(token)


async def test_an_interrupt_while_the_letter_is_written_goes_out(shop):
    """What ends the program while a letter is written, on the thread that writes it, goes out in its place."""

    class Interrupted(ninelives.dead_letters.memory.MemoryStore):
        def put(self, letter):
            raise Stop

    class Stop(BaseException):
        """Not KeyboardInterrupt: asyncio itself would end the loop for that."""

    pipeline = shop.pipeline(backoff=False, dead_letter={"store": Interrupted(clock=shop.clock)})
    with pytest.raises(Stop) as caught:
        await pipeline.arun(_fail_later)
    assert isinstance(caught.value.__context__, ConnectionError)


class BrokenWatch:
    """A link that says what it does on failure, and fails at it."""

    def watcher(self, context):
        return Watcher(self._failed)

    def wrap(self, call_next, context):
        raise NotImplementedError

    wrap_async = wrap

    def _failed(self, call, error):
        raise RuntimeError("the watcher's own")


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_link_that_fails_on_failure_hides_nothing(shop, kind, caplog):
    """A fault in what a link does when a call fails is logged; the call's error comes out, the others are told."""
    pipeline = shop.pipeline(chain=["dead_letter", BrokenWatch()], dead_letter={"store": "memory:"})
    outcome = pipeline.try_run(_fail) if kind == "sync" else asyncio.run(pipeline.atry_run(_fail_later))
    assert isinstance(outcome.error, ConnectionError)
    assert len(shop.letters(pipeline)) == 1
    assert "has failed itself" in caplog.text
