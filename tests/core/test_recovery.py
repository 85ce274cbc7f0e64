"""Replaying by itself what an outage left behind, once its circuit has closed again."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading

import pytest

from ninelives import CircuitBreaker, ConfigurationError, LetterFilter, ReplayEnded, ReplayStarted
from ninelives.dead_letters.memory import MemoryStore
from ninelives.errors import StoreError
from ninelives.settings import load_settings
from ninelives.testing import instant

LIMIT = 20.0
"""Seconds after which something that waits gives up, and its test fails."""

NAMES = ("ninelives-recovery", "ninelives-replay")


class Service:
    """Down until it is said to be up; says when it was called."""

    def __init__(self):
        self.up = False
        self.bad = set()
        self.done = []
        self.called = threading.Semaphore(0)

    def __call__(self, value):
        try:
            if not self.up or value in self.bad:
                raise ConnectionError("down")
            self.done.append(value)
        finally:
            self.called.release()


class Ends:
    """A listener that waits for the end of replays."""

    events = (ReplayEnded,)

    def __init__(self):
        self.seen = []
        self.waited = 0
        self.semaphore = threading.Semaphore(0)

    def __call__(self, event):
        self.seen.append(event)
        self.semaphore.release()

    def wait(self):
        assert self.semaphore.acquire(timeout=LIMIT)
        self.waited += 1
        return self.seen[self.waited - 1]


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def ends():
    return Ends()


@pytest.fixture
def store(shop):
    return MemoryStore(clock=shop.clock)


@pytest.fixture
def made():
    return []


@pytest.fixture
def make(shop, store, ends, made):
    def make(name="shop", **options):
        options.setdefault("breaker", {"failure_threshold": 2})
        options.setdefault("dead_letter", {"store": store, "replay": "on_recovery", "rate": 1000})
        made.append(shop.pipeline(name, backoff=False, listeners=[ends], **options))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.close()
    assert not [thread for thread in threading.enumerate() if thread.name in NAMES]


def outage(shop, pipeline, service, count=5):
    """Let it fail until the circuit is open, and some more; then let the time pass after which it tries again."""
    for value in range(count):
        pipeline.try_run(service, value)
    shop.clock.advance(61)
    service.up = True


def test_what_an_outage_left_behind_is_replayed_when_its_circuit_has_closed(shop, make, service, store, ends):
    """When the circuit closes, the letters that failed or were refused meanwhile are run, oldest first."""
    pipeline = make()
    outage(shop, pipeline, service)
    pipeline.run(service, 10)
    assert ends.wait().replayed == 5
    assert service.done == [10, 0, 1, 2, 3, 4]
    assert store.count() == 0


def test_nothing_begins_while_the_circuit_is_closed(shop, make, service, ends):
    """Building a pipeline and calls that fail begin nothing, and neither does a success after the first."""
    pipeline = make()
    service.up = True
    pipeline.run(service, 1)
    ends.wait()
    service.up = False
    pipeline.try_run(service, 2)
    service.up = True
    pipeline.run(service, 3)
    assert len(shop.events.of(ReplayStarted)) == 1


def test_only_what_an_outage_may_be_the_reason_of(shop, make, service, store, ends):
    """Letters that failed for good, were sent by hand, are parked or can't be run as they are, are left alone."""
    pipeline = make()
    pipeline.try_run(_wrong, 1)
    pipeline["dead_letter"].send_to_dlq("by hand")
    pipeline.try_run(service, object())
    pipeline.try_run(service, 5)
    shop.clock.advance(61)
    service.up = True
    pipeline.run(service, 6)
    event = ends.wait()
    assert (event.total, event.replayed) == (1, 1)
    assert sorted(letter.reason for letter in store.browse(LetterFilter(), limit=9).letters) == [
        "exhausted",
        "manual",
        "permanent",
    ]


def _wrong(_value):
    raise ValueError("wrong")


def test_the_first_success_of_a_process_begins_it_too(shop, make, service, store, ends):
    """What the process before left behind is replayed at the first success: its circuit closes no more."""
    before = make("shop", dead_letter={"store": store}, breaker={"name": "another"})
    before.using(operation="serve").try_run(service, 1)
    shop.clock.advance(1)
    service.up = True
    pipeline = make()
    pipeline.register(service, "serve")
    assert pipeline.try_run(_wrong, 1).ok is False
    assert shop.events.of(ReplayStarted) == []
    pipeline.run(service, 2)
    assert ends.wait().replayed == 1


def test_what_fails_again_is_not_run_twice(shop, make, service, store, ends):
    """A letter that fails again waits for the next outage's end, however often the circuit closes meanwhile."""
    pipeline = make()
    service.bad = {0}
    outage(shop, pipeline, service)
    pipeline.run(service, 10)
    event = ends.wait()
    assert (event.replayed, event.failed) == (4, 1)
    assert [letter.replay_count for letter in store.browse(LetterFilter(), limit=9).letters] == [1]


def test_it_stops_when_the_circuit_opens_and_begins_again_at_the_next_closing(shop, make, service, store, ends):
    """An outage that comes back ends the run; what is left is run when the circuit closes again."""
    pipeline = make()
    outage(shop, pipeline, service, 6)
    service.bad = {0, 1}
    pipeline.run(service, 10)
    event = ends.wait()
    assert (event.stopped, event.failed) == ("circuit open", 2)
    service.bad = set()
    shop.clock.advance(61)
    pipeline.run(service, 11)
    assert ends.wait().replayed == 6
    assert store.count() == 0


def test_whoever_closes_a_shared_circuit_begins_it_for_all_that_asked(shop, make, service, store, ends):
    """Pipelines that share a circuit begin when another's call closes it, or a breaker's used alone, or an operator."""
    shared = {"name": "shared", "failure_threshold": 2}
    one = make("one", breaker=shared)
    two = make("two", breaker=shared, dead_letter={"store": "memory:"})
    for closes in ("two", "alone", "operator"):
        service.up = False
        for value in range(3):
            one.try_run(service, value)
        shop.clock.advance(61)
        service.up = True
        if closes == "two":
            two.run(service, 9)
        elif closes == "alone":
            CircuitBreaker(name="shared", circuits=shop.circuits, clock=shop.clock).execute(service, 9)
        else:
            one["breaker"].reset()
        assert ends.wait().replayed == 3
        assert store.count() == 0


def test_a_circuit_that_closes_while_it_runs_is_followed_by_another_run(shop, make, service, store, ends):
    """Two runs of one pipeline never overlap: a closing meanwhile lets another run follow."""
    pipeline = make()
    outage(shop, pipeline, service)
    inside = []

    def again(value):
        if value == 0:
            pipeline["breaker"].isolate()
            pipeline["breaker"].reset()
        inside.append(value)

    pipeline.register(again, store.browse(LetterFilter(), limit=1).letters[0].operation)
    pipeline.run(service, 10)
    assert ends.wait().replayed == 5
    assert ends.wait().replayed == 0
    assert inside == [0, 1, 2, 3, 4]


def test_the_rate_is_kept(shop, make, service, store, ends):
    """Letters begin at the rate that was given; five a second where none was."""
    pipeline = make(dead_letter={"store": store, "replay": "on_recovery"})
    outage(shop, pipeline, service)
    begin = shop.clock.monotonic()
    pipeline.run(service, 10)
    assert ends.wait().replayed == 5
    assert shop.clock.monotonic() - begin == pytest.approx(0.8)


def test_a_store_that_can_not_be_read_is_in_the_log(shop, make, service, store, ends, caplog):
    """Where the store can't be read when the circuit closes, the log says so; the next closing begins again."""
    pipeline = make()
    outage(shop, pipeline, service)
    inner, asked = store.browse, threading.Semaphore(0)

    def browse(*_args, **_options):
        asked.release()
        raise StoreError("no disk")

    store.browse = browse
    pipeline.run(service, 10)
    assert asked.acquire(timeout=LIMIT)
    assert ends.wait().stopped == "a store failed"
    pipeline._recovery._thread.join(LIMIT)
    assert "what an outage left behind of pipeline shop could not be replayed: StoreError: no disk" in caplog.text
    store.browse = inner
    pipeline["breaker"].isolate()
    pipeline["breaker"].reset()
    assert ends.wait().replayed == 5


def test_close_finishes_the_one_in_hand_and_gives_back_the_rest(shop, make, service, store, ends):
    """`close` waits for the letter in hand; no thread is left, nothing stays claimed, and nothing begins any more."""
    pipeline = make()
    outage(shop, pipeline, service)
    begun, go = threading.Event(), threading.Event()

    def slow(_value):
        begun.set()
        assert go.wait(LIMIT)

    pipeline.register(slow, store.browse(LetterFilter(), limit=1).letters[0].operation)
    pipeline.run(service, 10)
    assert begun.wait(LIMIT)
    closing = threading.Thread(target=pipeline.close)
    closing.start()
    go.set()
    closing.join(LIMIT)
    assert (ends.wait().replayed, store.count()) == (1, 4)
    assert len(store.receive(9, lease=1)) == 4
    pipeline["breaker"].isolate()
    pipeline["breaker"].reset()
    assert len(shop.events.of(ReplayStarted)) == 1


def test_a_letter_may_close_its_pipeline(shop, make, service, store, ends):
    """A function that closes the pipeline that runs it does not wait for itself."""
    pipeline = make()
    outage(shop, pipeline, service, 2)
    pipeline.register(lambda _value: pipeline.close(), store.browse(LetterFilter(), limit=1).letters[0].operation)
    pipeline.run(service, 10)
    assert ends.wait().replayed == 1


def test_in_a_loop_it_is_a_task(shop, make, ends, store):
    """Where the circuit closes in an event loop, coroutine functions are awaited there; no thread of ours is left."""
    service = Service()

    async def call(value):
        service(value)

    async def main():
        pipeline = make()
        for value in range(4):
            await pipeline.atry_run(call, value)
        shop.clock.advance(61)
        service.up = True
        await pipeline.arun(call, 10)
        (task,) = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait_for(task, LIMIT)
        await pipeline.aclose()

    asyncio.run(main())
    assert ends.wait().replayed == 4
    assert store.count() == 0


def test_aclose_ends_the_thread_too(shop, make, service, ends):
    """`aclose` of a pipeline that replays in a thread ends that."""
    pipeline = make()
    outage(shop, pipeline, service)
    pipeline.run(service, 10)
    asyncio.run(pipeline.aclose())
    assert not [thread for thread in threading.enumerate() if thread.name in NAMES]


def test_aclose_cancels_the_task(shop, make, ends, store):
    """`aclose` cancels what is awaited and gives the letters back; so does the end of the loop."""
    service = Service()

    async def main(*, close):
        begun = asyncio.Event()

        async def call(value):
            service(value)
            if value < 4:
                begun.set()
                await asyncio.Event().wait()

        service.up = False
        pipeline = make()
        for value in range(4):
            await pipeline.atry_run(call, value)
        shop.clock.advance(61)
        service.up = True
        await pipeline.arun(call, 10)
        await asyncio.wait_for(begun.wait(), LIMIT)
        if close:
            await pipeline.aclose()
            assert len(asyncio.all_tasks()) == 1

    for close in (True, False):
        asyncio.run(main(close=close))
        assert ends.wait().stopped == "interrupted"
        assert not store._claims
        for lease in store.receive(9, lease=1):
            store.ack(lease)


@pytest.mark.parametrize("cancelled", [True, False])
def test_a_loop_that_ends_before_its_task_begins(shop, make, service, store, ends, cancelled):
    """Where the loop ends, or is closed, before its task could begin, the next closing begins all the same."""
    pipeline = make()
    outage(shop, pipeline, service)

    async def closes():
        pipeline.run(service, 10)

    if cancelled:
        asyncio.run(closes())
    else:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(closes())
        pipeline._recovery._task._log_destroy_pending = False
        loop.close()
    pipeline["breaker"].isolate()
    pipeline["breaker"].reset()
    while ends.wait().stopped == "interrupted":  # the one that had begun when its loop ended
        pass
    pipeline.close()
    assert store.count() == 0


def test_a_letter_that_ends_its_thread(shop, make, service, store, ends):
    """A function that ends the thread that runs it gives its letter back, and the next closing begins again."""
    pipeline = make()
    outage(shop, pipeline, service)
    operation = store.browse(LetterFilter(), limit=1).letters[0].operation

    def leaves(_value):
        raise SystemExit

    pipeline.register(leaves, operation)
    pipeline.run(service, 10)
    assert ends.wait().stopped == "interrupted"
    pipeline._recovery._thread.join(LIMIT)
    pipeline.register(service, operation)
    pipeline["breaker"].isolate()
    pipeline["breaker"].reset()
    assert ends.wait().replayed == 5


def test_a_task_whose_store_can_not_be_read(shop, make, store, caplog):
    """In a loop, a store that can't be read is in the log too."""

    async def call(_value):
        pass

    async def main():
        pipeline = make()
        store.browse = lambda *_args, **_options: (_ for _ in ()).throw(StoreError("no disk"))
        await pipeline.arun(call, 1)
        await asyncio.wait_for(pipeline._recovery._task, LIMIT)

    asyncio.run(main())
    assert "could not be replayed: StoreError: no disk" in caplog.text


def test_where_no_thread_can_be_started_nothing_breaks(shop, make, service, monkeypatch, ends):
    """Where the program has all the threads that it may have, the call is not touched, and the next closing begins."""
    pipeline = make()
    outage(shop, pipeline, service)

    def start(_thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        pipeline.run(service, 10)
    pipeline["breaker"].isolate()
    pipeline["breaker"].reset()
    assert ends.wait().replayed == 5


def test_under_instant_nothing_begins(tmp_path, monkeypatch):
    """Under `instant()` no letter is replayed by itself, so that a test sees what its own calls left."""
    from ninelives import Pipeline

    monkeypatch.chdir(tmp_path)
    service = Service()
    with instant() as world:
        pipeline = Pipeline(
            "shop",
            settings=load_settings(environ={}),
            backoff=False,
            breaker={"failure_threshold": 2},
            dead_letter={"replay": "on_recovery"},
        )
        for value in range(3):
            pipeline.try_run(service, value)
        world.clock.advance(61)
        service.up = True
        pipeline.run(service, 3)
        assert not [thread for thread in threading.enumerate() if thread.name in NAMES]
        assert len(world.letters) == 3
    pipeline.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"replay": "always"}, "dead_letter={'replay'}) is 'always': expected 'on_recovery', or None"),
        ({"replay": "on_recovery", "rate": 0}, "is 0: expected a number above 0"),
        ({"rate": 5}, "is 5.0: expected replay = 'on_recovery' beside it"),
    ],
)
def test_options_that_make_no_sense_are_refused(shop, options, said):
    """An option that makes no sense is refused when the pipeline is built, with its place."""
    with pytest.raises(ConfigurationError) as refused:
        shop.pipeline(dead_letter={"store": "memory:", **options})
    assert said.partition("is ")[2] in str(refused.value)


def test_a_pipeline_that_replays_by_itself_says_so(make):
    """`describe` shows that letters are replayed, and how fast."""
    (found,) = (link for link in make().describe()["chain"] if link["link"] == "dead_letter")
    assert (found["options"]["replay"], found["options"]["rate"]) == ("on_recovery", 1000.0)


def test_without_a_circuit_it_is_refused(shop):
    """A chain without a breaker has no circuit that could close: the error says so, and where."""
    with pytest.raises(ConfigurationError, match=r"replay.* is 'on_recovery': expected a breaker in the same chain"):
        shop.pipeline(breaker=False, dead_letter={"store": "memory:", "replay": "on_recovery"})


_PROGRAM = """
import os, sys, threading, time
from ninelives import CircuitBreaker, Pipeline
from ninelives.dead_letters.memory import MemoryStore

store = MemoryStore()
before = Pipeline("shop", breaker=False, backoff=False, notify=False, dead_letter={"store": store})
def fail(value):
    raise ConnectionError
for value in range(5):
    before.using(operation="serve").try_run(fail, value)
shop = Pipeline("shop", notify=False, dead_letter={"store": store, "replay": "on_recovery", "rate": 10_000})
begun = threading.Event()
def ok(): pass
"""


def _run(code, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _PROGRAM + textwrap.dedent(code)],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "NINELIVES_CONFIG"},
        text=True,
        timeout=LIMIT * 3,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_end_of_the_program_gives_back_what_is_claimed(tmp_path):
    """A program that ends while it replays in the background finishes the letter in hand and gives back the others."""
    code = """
        import atexit
        def slow(value):
            begun.set()
            time.sleep(0.2)
        shop.register(slow, "serve")
        import ninelives.recovery
        atexit.register(lambda: None)
        shop.run(ok)
        begun.wait(10)
        atexit.unregister(ninelives.recovery._leave)
        atexit.register(lambda: print(store.count(), len(store.receive(9, lease=1))))
        atexit.register(ninelives.recovery._leave)
        """
    assert _run(code, tmp_path) == "4 4\n"


def test_the_end_of_the_program_waits_for_no_letter_that_hangs(tmp_path):
    """A letter that hangs holds the end of the program no longer than the flush time."""
    code = """
        import ninelives.recovery
        ninelives.recovery.FLUSH_SECONDS = 0.1
        shop.register(lambda value: begun.set() or threading.Event().wait(), "serve")
        shop.run(ok)
        begun.wait(10)
        """
    assert _run(code, tmp_path) == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_begins_anew(tmp_path):
    """A child that was forked while its parent replays can replay by itself: the thread is not its own."""
    code = """
        import warnings
        go = threading.Event()
        def serve(value):
            begun.set()
            go.wait(10)
        shop.register(serve, "serve")
        shop.run(ok)
        begun.wait(10)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            child = os.fork()
        if not child:
            assert not shop._recovery._busy
            go.set()
            os._exit(0)
        go.set()
        assert os.waitpid(child, 0)[1] == 0
        shop.close()
        """
    assert _run(code, tmp_path) == ""


def test_after_a_fork_nothing_is_under_way(make):
    """What a forked child does first: no pipeline of its own has begun anything."""
    from ninelives import recovery

    pipeline = make()
    pipeline._recovery._busy = True
    recovery._after_fork()
    assert not pipeline._recovery._busy


def test_letters_are_looked_at_page_by_page(shop, make, service, store, ends, monkeypatch):
    """What an outage left behind is found on every page of the store."""
    from ninelives.replaying import ids

    monkeypatch.setattr(ids, "PAGE", 2)
    pipeline = make()
    outage(shop, pipeline, service)
    pipeline.run(service, 10)
    assert ends.wait().replayed == 5


def test_a_plain_pipeline_imports_nothing_of_it(tmp_path):
    """Importing ninelives and building a pipeline that did not ask for it import neither the engine nor this."""
    code = """
        import sys
        import ninelives
        ninelives.Pipeline("plain", dead_letter={"store": "memory:"})
        print(sorted(name for name in sys.modules if name.startswith(("ninelives.repl", "ninelives.recovery"))))
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, check=True, cwd=tmp_path, text=True
    )
    assert done.stdout == "[]\n"


def test_a_replay_by_hand_is_no_first_success(shop, make, service, store):
    """Who asks for one letter, or for a canary, in a fresh process does not set off the replay of all the others."""
    outage(shop, make(breaker={"failure_threshold": 100}), service)
    other = make(breaker={"failure_threshold": 100})
    other.register(service)
    assert other.replay(limit=1).replayed == 1
    other.close()
    assert len(shop.events.of(ReplayStarted)) == 1
    assert store.count() == 4
