"""How a replay goes: its rate, its canaries, several at once; what makes no sense is refused."""

from __future__ import annotations

import contextvars
import threading

import pytest

import ninelives
from ninelives import ConfigurationError, LetterFilter, ReplayEnded

LIMIT = 20.0
"""Seconds after which a thread that waits gives up, and its test fails."""


def test_a_rate_is_kept_from_the_first_letter_to_the_last(shop, pipeline):
    """With five letters a second, ten letters begin 0.2 s apart."""
    times = []
    pipeline.register(lambda _value: times.append(shop.clock.monotonic()), "serve")
    assert pipeline.replay(rate=5).replayed == 10
    assert times == pytest.approx([number * 0.2 for number in range(10)])


def test_time_that_a_letter_takes_is_not_made_up_for(shop, pipeline):
    """After a letter that took long the next ones do not come in a burst."""
    times = []

    def call(value):
        times.append(shop.clock.monotonic())
        shop.clock.advance(10 if value == 0 else 0)

    pipeline.register(call, "serve")
    pipeline.replay(rate=5, limit=4)
    assert times == pytest.approx([0, 10, 10.1, 10.3])


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

    pipeline.register(call, "serve")
    tenant.set("acme")
    assert pipeline.replay(concurrency=3).replayed == 10
    assert sorted(seen) == [(value, "acme") for value in range(10)]
    assert [sorted(seen[begin : begin + 3]) for begin in (1, 4, 7)] == [
        [(value, "acme") for value in range(begin, begin + 3)] for begin in (1, 4, 7)
    ]
    assert tenant.get() == "acme"


@pytest.mark.parametrize("canary", [None, 1, 3])
def test_several_at_once_close_a_circuit_that_is_half_open(shop, canary, service):
    """With several at once, the first letter alone tries whether the service is back: the others are not refused."""
    pipeline = shop.pipeline(backoff=False, breaker={"failure_threshold": 1})
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
    pipeline.register(lambda _value: during.append(set(threading.enumerate()) - before), "serve")
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

    pipeline.register(call, "serve")
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


@pytest.mark.parametrize("what", [[1], [b"id"], b"id", [None], {5: "five"}])
def test_what_is_no_id_is_refused(pipeline, what):
    """Ids are text; what is not is a clear error before anything is claimed."""
    with pytest.raises(TypeError, match="expected ids of letters, a LetterFilter, or nothing for all"):
        pipeline.replay(what)
