"""Circuits in pipelines that notify: one alert with a beginning and an end, whoever opens and closes them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ninelives import CircuitBreaker, CircuitBreakerOpenError
from ninelives.circuit import CircuitState
from ninelives.dead_letters.memory import MemoryStore
from ninelives.errors import StoreError
from ninelives.events import NotificationSuppressed
from ninelives.notifications.behalf import on_behalf
from ninelives.notifications.dispatch.center import default_center
from ninelives.testing.recorders import RecordingChannel

CHAIN = ["notify", "breaker"]


def fail():
    raise TimeoutError("no answer")


def work():
    return 42


class Full(MemoryStore):
    """Takes no letter."""

    def put(self, letter):
        raise StoreError("full")


@pytest.fixture
def pager():
    return RecordingChannel()


@pytest.fixture
def make(shop, pager):
    """Makes pipelines that tell the pager, and open after two failures."""

    def pipeline(name="shop", *, chain=CHAIN, breaker=None, channels=None, **notify):
        rules = {"breaker": breaker or {"failure_threshold": 2}} if "breaker" in chain else {}
        notify = {"channels": [pager] if channels is None else channels, **notify}
        return shop.pipeline(name, chain=chain, notify=notify, **rules)

    return pipeline


def call(pipeline, func=fail, times=1):
    for _ in range(times):
        pipeline.try_run(func)


@pytest.fixture
def after(shop):
    """Lets time pass, and delivers what is due then."""

    def wait(seconds):
        shop.clock.advance(seconds)
        assert default_center().flush()

    return wait


def about(channel):
    """What a channel was told of circuits."""
    return [note for note in channel.notifications if "circuit:" in (note.key or "")]


def test_an_outage_has_a_beginning_and_an_end(make, after, pager, shop):
    """A circuit that stays open is told after the wait; when it closes, "recovered" says how long and how many."""
    pipeline, began = make(), shop.clock.now()
    call(pipeline, times=12)
    assert about(pager) == []
    after(29)
    assert about(pager) == []
    after(1)
    (opened,) = about(pager)
    assert (opened.key, opened.severity, opened.resolved, opened.count) == ("circuit:shop", "ERROR", False, 10)
    after(30)
    call(pipeline, work)
    recovered = about(pager)[-1]
    assert (recovered.severity, recovered.resolved) == ("INFO", True)
    assert (recovered.last - began, recovered.details["total"]) == (timedelta(seconds=60), 10)
    assert len(about(pager)) == 2
    assert [note.error_type for note in pager.notifications if note not in about(pager)] == ["builtins.TimeoutError"]


def test_refusals_are_of_the_circuit(make, after, pager):
    """What a circuit refuses is told with it, and is no kind of its own."""
    call(make(), times=100)
    after(30)
    assert [(note.error_type, note.count) for note in pager.notifications] == [
        ("builtins.TimeoutError", 1),
        (about(pager)[0].error_type, 98),
    ]


def test_a_failed_trial_is_of_the_circuit(make, after, pager, shop):
    """A trial that fails is told with the outage, which goes on; it is no failure of its kind."""
    pipeline = make(repeat_interval="1h")
    call(pipeline, times=2)
    for _ in range(60):
        after(60)
        call(pipeline, times=2)  # one trial, one refused
    after(3600)
    assert [note.count for note in about(pager)] == [0, 120]
    assert pipeline["notify"].stats()["suppressed"]["circuit is open"] == 120
    assert [note.count for note in pager.notifications if note not in about(pager)] == [1, 1]
    assert pipeline["breaker"].state is CircuitState.OPEN


def test_closed_within_the_wait_is_not_told(make, after, pager, shop):
    """A circuit that opens and closes within the wait is told of to the listeners only."""
    pipeline = make(breaker={"failure_threshold": 2, "recovery_timeout": 10})
    call(pipeline, times=3)
    after(10)
    call(pipeline, work)
    after(1000)
    assert about(pager) == []
    reasons = [event.reason for event in shop.events.of(NotificationSuppressed)]
    assert "closed within the wait" in reasons


def test_without_a_wait_it_is_told_at_once(make, pager):
    """`wait=0` tells of a circuit when it opens, and of its end when it closes."""
    pipeline = make(wait=0, breaker={"failure_threshold": 2, "recovery_timeout": 0})
    call(pipeline, times=2)
    assert default_center().flush()
    assert len(about(pager)) == 1
    call(pipeline, work)
    assert default_center().flush()
    assert [note.resolved for note in about(pager)] == [False, True]


def opened_by(notes):
    """What the messages of a circuit say had opened it."""
    return [note.details.get("error", {}).get("message") for note in notes]


def test_what_opened_it_is_told(shop, make, after, pager):
    """All messages of an outage say which failure opened it last, and where the pipeline's letters are."""
    letters = {"store": "file:./letters.json"}
    chain = ["notify", "dead_letter", "breaker"]
    notify = {"channels": [pager], "repeat_interval": 100}
    rules = {"failure_threshold": 2, "recovery_timeout": 60}
    pipeline = shop.pipeline(chain=chain, notify=notify, dead_letter=letters, breaker=rules)
    texts = iter(["first", "second", "third"])

    def failing():
        raise TimeoutError(next(texts))

    call(pipeline, failing, 4)
    after(30)
    after(30)
    call(pipeline, failing, 2)  # a trial, and one that is refused
    after(100)
    call(pipeline, work)
    assert opened_by(about(pager)) == ["second", "third", "third"]
    assert [note.details["failures"] for note in about(pager)] == [2, 3, 2]
    assert {note.details["operation"].rpartition(".")[2] for note in about(pager)} == {"failing"}
    (listed,) = {note.details["list"] for note in about(pager)}
    assert listed.startswith("ninelives dlq list --pipeline shop --store file:")


def test_what_its_letter_masks_is_not_told(shop, after, pager):
    """What opened a circuit is told without what `redact` masks in its letter, which is made only after that."""
    pipeline = shop.pipeline(
        chain=["notify", "dead_letter", "breaker"],
        notify={"channels": [pager]},
        dead_letter={"store": "memory:", "redact": ["kwargs.who"]},
        breaker={"failure_threshold": 1},
    )

    def failing(who):
        raise TimeoutError(f"no answer from {who}")

    pipeline.try_run(failing, who="Rumpelstiltskin")
    after(30)
    assert opened_by(about(pager)) == ["no answer from ***"]
    assert "Rumpelstiltskin" not in repr(pager.notifications)


def test_retries_that_the_circuit_refuses(shop, after, pager):
    """Of a call whose retries opened the circuit the last attempt is told, and not that the circuit then refused it."""
    pipeline = shop.pipeline(
        chain=["notify", "dead_letter", "backoff", "breaker"],
        notify={"channels": [pager]},
        dead_letter={"store": "memory:", "redact": ["kwargs.who"]},
        backoff={"max_retries": 5},
        breaker={"failure_threshold": 2},
    )

    def failing(who):
        raise TimeoutError(f"no answer from {who}")

    pipeline.try_run(failing, who="Rumpelstiltskin")
    after(30)
    assert opened_by(about(pager)) == ["no answer from ***"]
    assert "Rumpelstiltskin" not in repr(pager.notifications)


def test_a_circuit_that_another_opens(make, after, pager):
    """Where a breaker counts refusals of a circuit further in, that refusal is what opened its own."""
    pipeline = make(breaker={"failure_threshold": 1, "record": CircuitBreakerOpenError})

    def failing():
        raise CircuitBreakerOpenError("further in", 1)

    call(pipeline, failing)
    after(30)
    assert opened_by(about(pager)) == ["circuit 'further in' is open; try again in 1 s"]


def test_one_that_has_closed_again_is_not_opened_by_its_explanation(shop, after, pager):
    """A circuit that closes before the call that opened it is told of begins no outage again."""

    def failing():
        raise TimeoutError("no answer")

    class Reset:
        """Closes the circuit before it is told what opened it."""

        def wrap(self, call_next, context):
            def step(call):
                try:
                    return call_next(call)
                finally:
                    pipeline["breaker"].reset()

            return step

    pipeline = shop.pipeline(
        chain=["notify", Reset(), "breaker"], notify={"channels": [pager]}, breaker={"failure_threshold": 1}
    )
    call(pipeline, failing)
    after(1000)
    assert about(pager) == []


def test_refused_calls_whose_letters_are_lost(shop, make, after, pager, capsys):
    """A refused call whose letter no store takes is told of at once, as CRITICAL, and is counted by its circuit too."""
    pipeline = shop.pipeline(
        chain=["notify", "dead_letter", "breaker"],
        notify={"channels": [{"to": pager, "severity": "CRITICAL"}]},
        dead_letter={"store": Full()},
        breaker={"failure_threshold": 1},
    )
    pipeline["breaker"].isolate()
    call(pipeline, work, 3)
    assert [(one.severity, one.count) for one in pager.notifications] == [("CRITICAL", 1)]
    assert "was refused, and its dead letter is in no store, only on stderr" in pager.notifications[0].message
    assert pipeline["notify"].stats()["suppressed"] == {"circuit is open": 3, "grouped": 2}
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_isolated_by_hand(make, after, pager):
    """A circuit that an operator isolates is told of, and so is that it was reset, whoever does it."""
    pipeline = make()
    pipeline["breaker"].isolate()
    after(30)
    assert len(about(pager)) == 1
    pipeline["breaker"].reset()
    assert [note.resolved for note in about(pager)] == [False, True]


def test_whoever_opens_it_all_who_know_it_are_told_once(make, after, pager, shop):
    """Two pipelines that share a circuit and a channel make one alert; what one opened the other closes."""
    other = RecordingChannel()
    shared = {"failure_threshold": 2, "name": "api"}
    one, two = make("one", breaker=shared), make("two", breaker=shared, channels=[pager, other])
    call(one, times=2)
    after(60)
    call(two, work)
    assert [[note.resolved for note in about(each)] for each in (pager, other)] == [[False, True]] * 2
    assert {note.key for note in about(pager)} == {"circuit:api"}
    lone = CircuitBreaker(name="api", circuits=shop.circuits)
    lone.isolate()
    after(30)
    lone.reset()
    assert [note.resolved for note in about(other)] == [False, True] * 2


def test_a_private_circuit_goes_by_its_pipelines_name(make, after, pager):
    """A breaker without a name, given ready, is told of under the name of its pipeline."""
    pipeline = make(breaker=CircuitBreaker(2))
    call(pipeline, times=5)
    after(30)
    assert [(note.key, note.count) for note in about(pager)] == [("circuit:shop", 3)]


def test_a_circuit_within_is_followed_from_its_first_refusal(make, after, pager, shop):
    """A breaker in the function that others share by its name: its refusals and its end are one alert too."""
    within = CircuitBreaker(1, 60, name="within", circuits=shop.circuits, clock=shop.clock)
    pipeline = make(chain=["notify"])
    call(pipeline, lambda: within.execute(fail), 3)
    after(30)
    assert [(note.key, note.count) for note in about(pager)] == [("circuit:within", 2)]
    after(30)
    within.execute(work)
    assert [note.resolved for note in about(pager)] == [False, True]


def test_several_links_count_a_refusal_once(shop, pager, after):
    """Two links of a chain that notify make one alert, which counts each call once and goes to the channels of both."""
    other = RecordingChannel()
    within = CircuitBreaker(1, 60, name="within", circuits=shop.circuits, clock=shop.clock)
    within.isolate()
    chain = ["notify", "ops:notify"]
    pipeline = shop.pipeline(chain=chain, notify={"channels": [pager]}, ops={"channels": [other]})
    call(pipeline, lambda: within.execute(work), 5)
    after(30)
    assert [[note.count for note in about(each)] for each in (pager, other)] == [[5], [5]]


@pytest.mark.parametrize("name", [None, "of another set"])
def test_a_circuit_that_can_not_be_followed_is_a_kind(make, after, pager, name):
    """Nobody could tell its end: the refusals of such a circuit are failures like any other."""
    from ninelives import Circuits

    within = CircuitBreaker(1, 60, name=name, circuits=Circuits())
    call(make(chain=["notify"]), lambda: within.execute(fail), 3)
    after(300)
    assert about(pager) == []
    assert [(note.error_type.rpartition(".")[2], note.count) for note in pager.notifications] == [
        ("TimeoutError", 1),
        ("CircuitBreakerOpenError", 1),
        ("CircuitBreakerOpenError", 1),
    ]


def test_a_refusal_told_late_begins_no_outage(make, after, pager, shop):
    """A call that was refused, and is told of when the circuit has closed already, makes no alert."""
    pipeline = make(chain=["notify"])
    within = CircuitBreaker(1, 60, name="within", circuits=shop.circuits, clock=shop.clock)
    within.isolate()

    def refused_late():
        try:
            within.execute(work)
        except CircuitBreakerOpenError:
            within.reset()
            raise

    call(pipeline, refused_late)
    after(1000)
    assert pager.notifications == []


def test_from_within_a_delivery_no_circuit_is_told_of(make, after, pager):
    """What a channel does to a circuit becomes no notification; that one closes is told all the same."""
    pipeline = make()
    on_behalf(pipeline["breaker"].isolate)()
    after(1000)
    assert about(pager) == []
    pipeline["breaker"].reset()
    pipeline["breaker"].isolate()
    after(30)
    on_behalf(pipeline["breaker"].reset)()
    assert default_center().flush()
    assert [note.resolved for note in about(pager)] == [False, True]


def test_an_end_is_delivered_before_the_call_returns(make, shop):
    """With `flush`, the call that closes a circuit waits until that is delivered, though it has not failed."""
    slow = RecordingChannel(inline=False)
    pipeline = make(channels=[slow], flush=True)
    call(pipeline, times=2)
    shop.clock.advance(60)
    call(pipeline, work)
    assert [note.resolved for note in about(slow)][-1]


async def test_a_loop_is_not_held_up_by_an_end(shop, make):
    """In a loop the end of an outage is delivered without anybody waiting."""
    slow = RecordingChannel(inline=False)
    pipeline = make(channels=[slow], flush=True)

    async def afail():
        raise TimeoutError("no answer")

    async def awork():
        return 42

    for _ in range(2):
        await pipeline.atry_run(afail)
    shop.clock.advance(60)
    assert await pipeline.arun(awork) == 42
    assert await asyncio.to_thread(slow.wait_for, 3)
    assert [note.resolved for note in about(slow)] == [False, True]


def test_a_failure_says_how_its_circuit_stands(make, after, pager):
    """What a failed call is told by says how the circuit of its chain stood then; of a chain without one, nothing."""
    call(make(breaker={"failure_threshold": 3}))
    call(make("counted", breaker={"failure_threshold": 3}), times=2)
    call(make("bare", chain=["notify"]))
    after(300)
    told = [(one.pipeline, one.count, one.details.get("circuit_state")) for one in pager.notifications]
    assert told == [
        ("shop", 1, "closed, 1 failure in a row (shop)"),
        ("counted", 1, "closed, 1 failure in a row (counted)"),
        ("bare", 1, None),
        ("counted", 1, "closed, 2 failures in a row (counted)"),
    ]
