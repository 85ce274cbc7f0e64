"""Replaying by itself what an outage left behind, once its circuit has closed again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading

import pytest

from ninelives import CircuitBreaker, ConfigurationError, LetterFilter, ReplayStarted
from ninelives.dead_letters import looking
from ninelives.errors import StoreError
from ninelives.settings import load_settings
from ninelives.testing import instant

LIMIT = 20.0
"""Seconds after which something that waits gives up, and its test fails."""


def test_what_an_outage_left_behind_is_replayed_when_its_circuit_has_closed(make, service, store, ends, outage):
    """When the circuit closes, the letters that failed or were refused meanwhile are run, oldest first."""
    pipeline = make()
    outage(pipeline, service)
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


def test_what_fails_again_is_not_run_twice(make, service, store, ends, outage):
    """A letter that fails again waits for the next outage's end, however often the circuit closes meanwhile."""
    pipeline = make()
    service.bad = {0}
    outage(pipeline, service)
    pipeline.run(service, 10)
    event = ends.wait()
    assert (event.replayed, event.failed) == (4, 1)
    assert [letter.replay_count for letter in store.browse(LetterFilter(), limit=9).letters] == [1]


def test_it_stops_when_the_circuit_opens_and_begins_again_at_the_next_closing(shop, make, service, store, ends, outage):
    """An outage that comes back ends the run; what is left is run when the circuit closes again."""
    pipeline = make()
    outage(pipeline, service, 6)
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


def test_a_circuit_that_closes_while_it_runs_is_followed_by_another_run(make, service, store, ends, outage):
    """Two runs of one pipeline never overlap: a closing meanwhile lets another run follow."""
    pipeline = make()
    outage(pipeline, service)
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


def test_the_rate_is_kept(shop, make, service, store, ends, outage):
    """Letters begin at the rate that was given; five a second where none was."""
    pipeline = make(dead_letter={"store": store, "replay": "on_recovery"})
    outage(pipeline, service)
    begin = shop.clock.monotonic()
    pipeline.run(service, 10)
    assert ends.wait().replayed == 5
    assert shop.clock.monotonic() - begin == pytest.approx(0.8)


def test_a_store_that_can_not_be_read_is_in_the_log(shop, make, service, store, ends, caplog, outage):
    """Where the store can't be read when the circuit closes, the log says so; the next closing begins again."""
    pipeline = make()
    outage(pipeline, service)
    inner, asked = store.browse, threading.Semaphore(0)

    def browse(*_args, **_options):
        asked.release()
        raise StoreError("no disk")

    store.browse = browse
    pipeline.run(service, 10)
    assert asked.acquire(timeout=LIMIT)
    assert ends.wait().stopped == "a store failed"
    pipeline._recovery._thread.join(LIMIT)
    assert (
        "what an outage left behind of pipeline shop could not be replayed: ninelives.errors.StoreError: no disk"
        in caplog.text
    )
    store.browse = inner
    pipeline["breaker"].isolate()
    pipeline["breaker"].reset()
    assert ends.wait().replayed == 5


def test_in_a_loop_it_is_a_task(shop, make, ends, store, service):
    """Where the circuit closes in an event loop, coroutine functions are awaited there; no thread of ours is left."""

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
    assert "could not be replayed: ninelives.errors.StoreError: no disk" in caplog.text


def test_where_no_thread_can_be_started_nothing_breaks(make, service, monkeypatch, ends, outage):
    """Where the program has all the threads that it may have, the call is not touched, and the next closing begins."""
    pipeline = make()
    outage(pipeline, service)

    def start(_thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        pipeline.run(service, 10)
    pipeline["breaker"].isolate()
    pipeline["breaker"].reset()
    assert ends.wait().replayed == 5


def test_under_instant_nothing_begins(tmp_path, monkeypatch, service, threads):
    """Under `instant()` no letter is replayed by itself, so that a test sees what its own calls left."""
    from ninelives import Pipeline

    monkeypatch.chdir(tmp_path)
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
        assert not threads()
        assert len(world.letters) == 3
    pipeline.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"replay": "always"}, "dead_letter={'replay': ...}) is 'always': expected 'on_recovery', or None"),
        ({"replay": "on_recovery", "rate": 0}, "dead_letter={'rate': ...}) is 0.0: expected a number above 0"),
        ({"rate": 5}, "dead_letter={'rate': ...}) is 5.0: expected replay = 'on_recovery' beside it"),
    ],
)
def test_options_that_make_no_sense_are_refused(shop, options, said):
    """An option that makes no sense is refused when the pipeline is built, with its place."""
    with pytest.raises(ConfigurationError) as refused:
        shop.pipeline(dead_letter={"store": "memory:", **options})
    assert said in str(refused.value)


def test_a_pipeline_that_replays_by_itself_says_so(make):
    """`describe` shows that letters are replayed, and how fast."""
    (found,) = (link for link in make().describe()["chain"] if link["link"] == "dead_letter")
    assert (found["options"]["replay"], found["options"]["rate"]) == ("on_recovery", 1000.0)


def test_without_a_circuit_it_is_refused(shop):
    """A chain without a breaker has no circuit that could close: the error says so, and where."""
    with pytest.raises(ConfigurationError, match=r"replay.* is 'on_recovery': expected a breaker in the same chain"):
        shop.pipeline(breaker=False, dead_letter={"store": "memory:", "replay": "on_recovery"})


def test_letters_are_looked_at_page_by_page(make, service, store, ends, monkeypatch, outage):
    """What an outage left behind is found on every page of the store."""
    monkeypatch.setattr(looking, "PAGE", 2)
    pipeline = make()
    outage(pipeline, service)
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


def test_a_replay_by_hand_is_no_first_success(shop, make, service, store, outage):
    """Who asks for one letter, or for a canary, in a fresh process does not set off the replay of all the others."""
    outage(make(breaker={"failure_threshold": 100}), service)
    other = make(breaker={"failure_threshold": 100})
    other.register(service)
    assert other.replay(limit=1).replayed == 1
    other.close()
    assert len(shop.events.of(ReplayStarted)) == 1
    assert store.count() == 4
