"""How a replay goes: its rate, its canaries, several at once, dry, stopped, and told."""

from __future__ import annotations

import contextvars
import threading

import pytest

import ninelives
from ninelives import (
    ConfigurationError,
    LetterChanged,
    LetterFilter,
    ReplayEnded,
    ReplayProgressed,
    ReplayReport,
    ReplayStarted,
    StoreError,
)
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.who import Who

LIMIT = 20.0
"""Seconds after which a thread that waits gives up, and its test fails."""


class Service:
    """Fails for the values that it is told; first of all, for each."""

    def __init__(self):
        self.broken = None
        self.done = []

    def __call__(self, value):
        if self.broken is None or value in self.broken:
            raise ConnectionError("down")
        self.done.append(value)


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def pipeline(shop, service):
    pipeline = shop.pipeline(backoff=False, breaker=False)
    for value in range(10):
        pipeline.try_run(service, value)
    service.broken = set()
    return pipeline


def operation(pipeline):
    return pipeline["dead_letter"].receive_from_dlq(1)[0]["operation"]


# --- rate -----------------------------------------------------------------------------------------------------------


def test_a_rate_is_kept_from_the_first_letter_to_the_last(shop, pipeline):
    """With five letters a second, ten letters begin 0.2 s apart."""
    times = []
    pipeline.register(lambda _value: times.append(shop.clock.monotonic()), operation(pipeline))
    assert pipeline.replay(rate=5).replayed == 10
    assert times == pytest.approx([number * 0.2 for number in range(10)])


def test_time_that_a_letter_takes_is_not_made_up_for(shop, pipeline):
    """After a letter that took long the next ones do not come in a burst."""
    times = []

    def call(value):
        times.append(shop.clock.monotonic())
        shop.clock.advance(10 if value == 0 else 0)

    pipeline.register(call, operation(pipeline))
    pipeline.replay(rate=5, limit=4)
    assert times == pytest.approx([0, 10, 10.1, 10.3])


def test_a_wait_ends_when_it_is_to_stop(shop, pipeline, service):
    """A replay that waits for its next letter looks every moment whether it is to stop, and holds no letter then."""
    stop = threading.Event()
    inner = shop.clock.sleep
    held = []

    def sleep(seconds):
        inner(seconds)
        if shop.clock.monotonic() > 1:
            held.extend(pipeline["dead_letter"].places[0].store.receive(100, lease=1))
            stop.set()

    shop.clock.sleep = sleep
    report = pipeline.replay(rate=0.01, stop=stop)
    assert (report.replayed, report.stopped) == (1, "asked to stop")
    assert len(held) == 9
    assert shop.clock.monotonic() < 1.2


# --- canaries -------------------------------------------------------------------------------------------------------


def test_if_a_canary_fails_the_others_are_left(shop, pipeline, service):
    """The canaries run first; one that fails ends the run, and the others are as they were."""
    service.broken = {1}
    report = pipeline.replay(canary=3)
    assert (report.replayed, report.failed, report.stopped, report.ok) == (2, 1, "canary failed", False)
    assert service.done == [0, 2]
    assert [letter["replay_count"] for letter in shop.letters(pipeline)] == [1] + [0] * 7


def test_if_all_canaries_are_well_the_others_follow(pipeline, service):
    """When the canaries succeeded all others are run, in their order; a failure then ends nothing."""
    service.broken = {5}
    report = pipeline.replay(canary=3)
    assert (report.replayed, report.failed, report.stopped) == (9, 1, None)
    assert service.done == [0, 1, 2, 3, 4, 6, 7, 8, 9]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_there_may_be_fewer_letters_than_canaries(pipeline, service, concurrency):
    """Where there are fewer letters than canaries all are run, and nothing was stopped."""
    service.broken = {1}
    report = pipeline.replay(canary=50, concurrency=concurrency)
    assert (report.replayed, report.failed, report.stopped) == (9, 1, None)


# --- several at once ------------------------------------------------------------------------------------------------


def test_several_run_at_once_the_oldest_first(pipeline):
    """With a concurrency of three, three calls meet inside of the function; context variables reach them all."""
    meeting = threading.Barrier(3, timeout=LIMIT)
    tenant = contextvars.ContextVar("tenant", default="nobody")
    seen, lock = [], threading.Lock()

    def call(value):
        with lock:
            seen.append((value, tenant.get()))
        tenant.set("someone else")
        if value:  # the first is alone: a circuit that tries whether the service is back refuses the others
            meeting.wait()

    pipeline.register(call, operation(pipeline))
    tenant.set("acme")
    assert pipeline.replay(concurrency=3).replayed == 10
    assert sorted(seen) == [(value, "acme") for value in range(10)]
    assert [sorted(seen[begin : begin + 3]) for begin in (1, 4, 7)] == [
        [(value, "acme") for value in range(begin, begin + 3)] for begin in (1, 4, 7)
    ]
    assert tenant.get() == "acme"


@pytest.mark.parametrize("canary", [None, 1, 3])
def test_several_at_once_close_a_circuit_that_is_half_open(shop, canary):
    """With several at once, the first letter alone tries whether the service is back: the others are not refused."""
    pipeline = shop.pipeline(backoff=False, breaker={"failure_threshold": 1})
    service = Service()
    for value in range(6):
        pipeline.try_run(service, value)
    service.broken = set()
    shop.clock.advance(60)
    report = pipeline.replay(concurrency=4, canary=canary)
    assert (report.replayed, report.refused) == (6, 0)


def test_threads_are_gone_afterwards(pipeline):
    """A replay leaves no thread behind, neither those that ran letters nor the one that kept their leases."""
    before = set(threading.enumerate())
    during = []
    pipeline.register(lambda _value: during.append(set(threading.enumerate()) - before), operation(pipeline))
    pipeline.replay(concurrency=3)
    assert any("ninelives-replay" in {thread.name for thread in threads} for threads in during)
    assert set(threading.enumerate()) <= before


def test_where_no_thread_can_be_started_the_caller_does_it_all(pipeline, monkeypatch, service):
    """Where the program has all the threads that it may have, one runs them all, each confirmed at once."""

    def start(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert pipeline.replay(concurrency=3).replayed == 10
    assert service.done == list(range(10))


@pytest.mark.parametrize("where", ["the caller's thread", "another thread"])
def test_an_interruption_ends_all_of_them(shop, pipeline, where):
    """Interrupted, a replay finishes what others have in hand and gives back its own letter; it comes out."""
    both = threading.Barrier(2, timeout=LIMIT)
    main = threading.current_thread()
    done = []

    def call(value):
        if value:
            both.wait()
            if (threading.current_thread() is main) == (where == "the caller's thread"):
                raise KeyboardInterrupt
        done.append(value)

    pipeline.register(call, operation(pipeline))
    with pytest.raises(KeyboardInterrupt):
        pipeline.replay(concurrency=2, limit=3)
    left = shop.letters(pipeline)
    assert len(done) == 2
    assert [(letter["replay_count"], letter["state"]) for letter in left] == [(0, "waiting")] * 8
    assert len(pipeline["dead_letter"].places[0].store.receive(100, lease=1)) == 8
    assert shop.events.of(ReplayEnded)[-1].stopped == "interrupted"


def test_interrupted_while_it_waits_for_the_others(shop, pipeline, monkeypatch):
    """An interruption of the caller, whose own letters are done, comes out when the others have finished theirs."""
    from ninelives.replaying import threads

    inner, interrupted = threads._join, []

    def join(those):
        if not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        inner(those)

    monkeypatch.setattr(threads, "_join", join)
    with pytest.raises(KeyboardInterrupt):
        pipeline.replay(concurrency=2, limit=1)
    assert len(shop.letters(pipeline)) == 9


# --- dry runs -------------------------------------------------------------------------------------------------------


def test_a_dry_run_runs_and_claims_nothing(shop, pipeline, service):
    """A dry run tells how many would be run, and which can't be and why; nothing is run, claimed, or changed."""
    pipeline.try_run(len, object())
    pipeline["dead_letter"].send_to_dlq("x")
    before = shop.letters(pipeline)
    told = []
    report = pipeline.replay(dry_run=True, progress=told.append)
    assert (report.planned, report.skipped, report.replayed, report.ok) == (10, 2, 0, False)
    assert next(iter(report.reasons.values())).startswith("its payload is not whole: args[0]")
    assert [one.done for one in told] == list(range(1, 13))
    assert shop.letters(pipeline) == before
    assert service.done == []
    assert shop.events.of(ReplayStarted) == shop.events.of(ReplayEnded) == []
    assert len(pipeline["dead_letter"].places[0].store.receive(100, lease=1)) == 12


def test_a_dry_run_of_some(shop, pipeline):
    """A dry run knows ids, filters, the limit and when it is to stop, as a run does."""
    ids = [letter["message_id"] for letter in shop.letters(pipeline)]
    report = pipeline.replay([*ids[:2], "nothing"], dry_run=True)
    assert (report.planned, report.skipped, report.total) == (2, 1, 3)
    assert "nothing" in report.reasons
    assert pipeline.replay(dry_run=True, limit=4).planned == 4
    assert pipeline.replay(LetterFilter(ids=frozenset(ids[:3])), dry_run=True).ok
    stop = threading.Event()
    stop.set()
    report = pipeline.replay(dry_run=True, stop=stop)
    assert (report.planned, report.stopped, report.ok) == (0, "asked to stop", False)
    assert pipeline.replay(LetterFilter(operation="another"), dry_run=True).planned == 0


def test_a_dry_run_of_two_stores(shop):
    """A letter that is in a store and in its fallback is planned once; what can't be searched is said."""
    store, fallback = MemoryStore(clock=shop.clock), MemoryStore(clock=shop.clock)
    options = {"store": store, "fallback": fallback}
    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter=options)
    pipeline.try_run(Service(), 1)
    fallback.put_many(store.browse(LetterFilter(), limit=1).letters)
    pipeline.register(Service(), operation(pipeline))
    assert pipeline.replay(dry_run=True).planned == 1
    store.searchable = False
    report = pipeline.replay(dry_run=True)
    assert (report.planned, report.ok) == (1, False)
    assert "can't be searched" in report.problems[0]
    fallback.browse = lambda *_args, **_options: (_ for _ in ()).throw(StoreError("no disk"))
    with pytest.raises(StoreError):
        pipeline.replay(dry_run=True)
    pipeline.close()


# --- stopping and telling -------------------------------------------------------------------------------------------


def test_asked_to_stop_it_finishes_the_one_in_hand_and_gives_back_the_others(shop, pipeline):
    """Once `stop` is set no letter begins; those that were claimed already are back at once."""
    stop = threading.Event()
    pipeline.register(lambda value: stop.set() if value == 4 else None, operation(pipeline))
    report = pipeline.replay(stop=stop)
    assert (report.replayed, report.stopped, report.ok) == (5, "asked to stop", False)
    assert len(pipeline["dead_letter"].places[0].store.receive(100, lease=1)) == 5


def test_asked_to_stop_when_all_is_done_nothing_was_stopped(pipeline):
    """A stop that comes when no letter is left is none."""
    stop = threading.Event()
    pipeline.register(lambda value: stop.set() if value == 9 else None, operation(pipeline))
    report = pipeline.replay(stop=stop)
    assert (report.replayed, report.stopped, report.ok) == (10, None, True)


def test_progress_is_told_after_each_letter(pipeline, service):
    """`progress` is told how many are done, of how many, and what came of them."""
    told = []
    service.broken = {3}
    pipeline.replay(progress=lambda one: told.append((one.done, one.total, one.failed)), limit=6)
    assert [done for done, _, _ in told] == [1, 2, 3, 4, 5, 6]
    assert {total for _, total, _ in told} == {6}
    assert told[-1] == (6, 6, 1)


def test_progress_that_raises_stops_nothing(pipeline, caplog):
    """A callback that raises is logged once, and every letter is run."""
    report = pipeline.replay(progress=lambda _one: 1 / 0)
    assert report.replayed == 10
    assert caplog.text.count("replay(progress=) raised") == 1


def test_progress_is_told_by_one_at_a_time(pipeline):
    """However many run at once, `progress` is never called by two at once, and each number comes once, in order."""
    told, inside = [], []

    def progress(one):
        inside.append(one.done)
        assert len(inside) == 1
        told.append(inside.pop())

    pipeline.replay(progress=progress, concurrency=4)
    assert told == list(range(1, 11))


def test_events_say_how_far_it_is(shop, pipeline, service):
    """A run is told when it begins, at most once a second while it goes on, and when it is over."""
    service.broken = {9}
    assert pipeline.replay(rate=4).replayed == 9
    (started,) = shop.events.of(ReplayStarted)
    progressed = shop.events.of(ReplayProgressed)
    (ended,) = shop.events.of(ReplayEnded)
    assert (started.total, started.pipeline) == (10, "shop")
    assert [event.done for event in progressed] == [5, 9]
    assert (ended.done, ended.total, ended.replayed, ended.failed, ended.stopped) == (10, 10, 9, 1, None)
    assert ended.elapsed == pytest.approx(2.25)


def test_an_open_circuit_ends_the_run_and_says_when_to_go_on(shop, service):
    """A refusal ends the run; the report and the event say why, and when a call may be admitted."""
    pipeline = shop.pipeline(backoff=False, breaker={"failure_threshold": 1})
    for value in range(3):
        pipeline.try_run(service, value)
    report = pipeline.replay()
    assert (report.refused, report.stopped, report.retry_after, report.ok) == (1, "circuit open", 60.0, False)
    assert shop.events.of(ReplayEnded)[0].stopped == "circuit open"


def test_who_asked_is_in_the_note_and_in_the_events(shop, pipeline, service):
    """With `by`, a letter that fails again gets a note, and each that was run is a `letter_changed`."""
    service.broken = {1}
    who = Who("alice", "web-1", "ninelives dlq replay")
    pipeline.replay(by=who, limit=2)
    letters = pipeline["dead_letter"].places[0].store.browse(LetterFilter(), limit=100).letters
    said = "alice@web-1 (ninelives dlq replay): replayed: failed again, builtins.ConnectionError"
    assert [note.partition(" ")[2] for note in letters[0].notes] == [said]
    assert all(not letter.notes for letter in letters[1:])
    changes = shop.events.of(LetterChanged)
    assert sorted((event.user, event.action, event.note) for event in changes if event.note is None) == [
        ("alice", "replayed", None)
    ]
    assert [event.letter_id for event in changes if event.note] == [letters[0].id]
    assert "failed again" in next(event.note for event in changes if event.note)


def test_without_who_there_is_no_note(shop, pipeline, service):
    """A replay that nobody asked for by hand leaves no note and no event of that kind."""
    service.broken = {1}
    pipeline.replay()
    letters = pipeline["dead_letter"].places[0].store.browse(LetterFilter(), limit=100).letters
    assert [letter.notes for letter in letters] == [()]
    assert shop.events.of(LetterChanged) == []


def test_the_idempotency_key_is_the_same_on_every_try(shop):
    """At the first attempt, on every retry and on every replay the function sees one key, which is the letter's."""
    pipeline = shop.pipeline(backoff={"max_retries": 2}, breaker=False)
    keys = []

    def call(_value):
        keys.append(ninelives.current_call().idempotency_key)
        raise ConnectionError

    pipeline.using(key="order-5").try_run(call, 1)
    pipeline.replay()
    pipeline.try_run(call, 2)
    pipeline.replay()
    given, own = (
        letter.key for letter in pipeline["dead_letter"].places[0].store.browse(LetterFilter(), limit=2).letters
    )
    assert given == "order-5"
    assert keys[:6] == [given] * 6
    assert sorted(keys[6:]) == sorted([own] * 3 + [given] * 3 + [own] * 3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rate": 0}, "rate=) is 0: expected a number above 0"),
        ({"canary": 0}, "canary=) is 0: expected a whole number of at least 1"),
        ({"concurrency": 0}, "concurrency=) is 0: expected a whole number of at least 1"),
        ({"concurrency": None}, "concurrency=) is None: expected a whole number of at least 1"),
        ({"dry_run": 1}, "dry_run=) is 1: expected True or False"),
        ({"stop": True}, "stop=) is True: expected something with is_set()"),
        ({"progress": 5}, "progress=) is 5: expected a function"),
        ({"by": "me"}, "by=) is 'me': expected a Who"),
    ],
)
def test_what_makes_no_sense_is_refused(pipeline, options, said):
    """An option that makes no sense is refused before anything is claimed."""
    with pytest.raises(ConfigurationError) as refused:
        pipeline.replay(**options)
    assert said in str(refused.value)


def test_all_that_makes_no_sense_is_said_at_once(pipeline):
    """Several wrong options are one error that names them all."""
    with pytest.raises(ConfigurationError) as refused:
        pipeline.replay(rate="fast", limit=-1)
    assert [problem.option for problem in refused.value.problems] == ["rate", "limit"]


@pytest.mark.parametrize(
    "fields",
    [
        {"failed": 1},
        {"refused": 1},
        {"busy": 1},
        {"skipped": 1},
        {"unconfirmed": 1},
        {"lost": 1},
        {"problems": ["x"]},
        {"stopped": "asked to stop"},
    ],
)
def test_ok_is_that_every_letter_succeeded_once(fields):
    """A report is ok if every letter that was meant succeeded, and once."""
    assert ReplayReport(replayed=3).ok
    assert not ReplayReport(replayed=3, **fields).ok


# --- from another store ---------------------------------------------------------------------------------------------


def test_letters_of_another_store_run_through_the_pipeline(shop, pipeline, service):
    """Letters that were moved to another store are run with the pipeline's functions, and are gone from there."""
    from ninelives.replaying.begin import replay_from

    other = MemoryStore(clock=shop.clock)
    other.put_many(pipeline["dead_letter"].places[0].store.browse(LetterFilter(), limit=5).letters)
    report = replay_from(pipeline, other, limit=4)
    assert (report.replayed, other.count(), len(shop.letters(pipeline))) == (4, 1, 10)
    assert replay_from(pipeline, "memory:nothing-is-here").total == 0


def test_a_pipeline_without_letters_can_run_those_of_another_store(shop):
    """A pipeline whose chain keeps no letters can run those of a store that it is given."""
    from ninelives.replaying.begin import replay_from

    other = MemoryStore(clock=shop.clock)
    keeps = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": other})
    keeps.using(operation="serve").try_run(Service(), 1)
    bare = shop.pipeline(dead_letter=False)
    done = []
    bare.register(done.append, "serve")
    assert replay_from(bare, other).replayed == 1
    assert done == [1]


def test_letters_of_another_pipeline_are_not_taken_for_its_own(pipeline, service):
    """A filter that names another pipeline is refused: it must not mean all letters of this one."""
    with pytest.raises(ValueError, match="letters of pipeline 'other' are run by that pipeline, not by 'shop'"):
        pipeline.replay(LetterFilter(pipeline="other"))
    assert service.done == []
    assert pipeline.replay(LetterFilter(pipeline="shop")).replayed == 10


@pytest.mark.parametrize("what", [[1], [b"id"], b"id", [None], {5: "five"}])
def test_what_is_no_id_is_refused(pipeline, what):
    """Ids are text; what is not is a clear error before anything is claimed."""
    with pytest.raises(TypeError, match="expected ids of letters, a LetterFilter, or nothing for all"):
        pipeline.replay(what)


def test_a_stop_that_raises_ends_the_run(shop, pipeline):
    """What `stop` raises comes out, once those in hand are finished; no store is blamed for it."""

    class Broken:
        calls = 0

        def is_set(self):
            self.calls += 1
            if self.calls > 9:
                raise RuntimeError("no answer")
            return False

    with pytest.raises(RuntimeError, match="no answer"):
        pipeline.replay(stop=Broken(), concurrency=2)
    assert shop.events.of(ReplayEnded)[-1].stopped == "interrupted"
    left = len(shop.letters(pipeline))
    assert 0 < left < 10
    assert len(pipeline["dead_letter"].places[0].store.receive(100, lease=1)) == left


def test_asked_to_stop_while_the_letters_are_looked_for(shop, monkeypatch, service):
    """Very many letters are listed page by page: asked to stop meanwhile, it looks for no more and runs none."""
    from ninelives.replaying import ids

    monkeypatch.setattr(ids, "PAGE_OF_IDS", 2)
    pages, stop = [], threading.Event()

    class Many(MemoryStore):
        def list_ids(self, filter, *, limit, cursor=None):
            pages.append(limit)
            if len(pages) == 2:
                stop.set()
            return super().list_ids(filter, limit=limit, cursor=cursor)

    pipeline = shop.pipeline(backoff=False, breaker=False, dead_letter={"store": Many(clock=shop.clock)})
    for value in range(10):
        pipeline.try_run(service, value)
    report = pipeline.replay(stop=stop)
    assert (len(pages), report.replayed, report.total, report.stopped) == (2, 0, None, "asked to stop")
