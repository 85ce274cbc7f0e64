"""Replay: claim, run through the pipeline, confirm."""

from __future__ import annotations

import asyncio

import pytest

import ninelives
from ninelives import (
    CircuitState,
    ConfigurationError,
    LetterFilter,
    LetterParked,
    LetterReplayed,
    ReplayFailed,
    StoreError,
)
from ninelives.dead_letters.memory import MemoryStore


class Service:
    """Down until it is said to be up."""

    def __init__(self):
        self.up = False
        self.done = []
        self.calls = 0

    def __call__(self, value):
        self.calls += 1
        if not self.up:
            raise ConnectionError("down")
        self.done.append(value)
        return value


@pytest.fixture
def service():
    return Service()


def _failed(shop, service, *values, **options):
    pipeline = shop.pipeline(backoff=False, breaker={"failure_threshold": 1000}, **options)
    for value in values:
        pipeline.try_run(service, value)
    return pipeline


def test_what_waits_is_run_and_gone(shop, service):
    """A replay runs what waits, oldest first, and a letter that succeeds is gone."""
    pipeline = _failed(shop, service, 1, 2, 3)
    service.up = True
    report = pipeline.replay()
    assert (report.replayed, report.failed, report.ok) == (3, 0, True)
    assert service.done == [1, 2, 3]
    assert shop.letters(pipeline) == []
    assert len(shop.events.of(LetterReplayed)) == 3


def test_the_arguments_come_back_as_they_were(shop):
    """The function gets what it got the first time: tuples, bytes and keyword arguments too."""
    pipeline = shop.pipeline(backoff=False)
    seen = []

    def call(*args, **kwargs):
        seen.append((args, kwargs))
        if len(seen) == 1:
            raise ConnectionError

    pipeline.try_run(call, (1, b"x"), when={1, 2})
    pipeline.replay()
    assert seen[0] == seen[1] == (((1, b"x"),), {"when": {1, 2}})


def test_a_failed_replay_updates_the_same_letter(shop, service):
    """A letter that fails again keeps its id, counts one more and has the new error; no second letter is made."""
    pipeline = _failed(shop, service, 1)
    (before,) = shop.letters(pipeline)
    report = pipeline.replay()
    (after,) = shop.letters(pipeline)
    assert (report.failed, report.replayed, report.ok) == (1, 0, False)
    assert report.reasons == {after["message_id"]: "builtins.ConnectionError: down"}
    assert after["message_id"] == before["message_id"]
    assert after["replay_count"] == 1
    assert [event.replay_count for event in shop.events.of(ReplayFailed)] == [1]


def test_a_fallback_never_turns_a_failed_replay_into_a_success(shop, service):
    """On a replay the fallback lets errors pass: the letter stays."""
    pipeline = _failed(shop, service, 1, fallback="Meow?")
    assert pipeline.replay().failed == 1
    assert len(shop.letters(pipeline)) == 1


def test_after_max_replays_a_letter_is_parked(shop, service):
    """After its last allowed replay a letter is parked: only naming it replays it."""
    pipeline = _failed(shop, service, 1, dead_letter={"store": "memory:", "max_replays": 2})
    assert pipeline.replay().parked == 0
    assert pipeline.replay().parked == 1
    assert len(shop.events.of(LetterParked)) == 1
    service.up = True
    assert pipeline.replay().replayed == 0
    (letter,) = shop.letters(pipeline)
    assert letter["state"] == "parked"
    assert pipeline.replay(LetterFilter(operation=letter["operation"])).replayed == 0
    assert pipeline.replay(LetterFilter(ids=frozenset([letter["message_id"]]))).replayed == 1
    assert shop.letters(pipeline) == []


def test_the_set_is_fixed_when_it_begins(shop, service):
    """Letters that fail again, or arrive meanwhile, are not run twice in one replay."""
    pipeline = _failed(shop, service, 1, 2)

    def more(value):
        pipeline.try_run(service, 10 + value)
        raise ConnectionError

    pipeline.register(more, f"{Service.__module__}:Service")
    report = pipeline.replay()
    assert report.failed == 2
    assert len(shop.letters(pipeline)) == 4


def test_a_refusal_gives_the_letter_back_uncounted_and_ends_the_run(shop, service):
    """An open circuit refuses: the letter is back as it was, and the report says when to go on."""
    pipeline = shop.pipeline(backoff=False, breaker={"failure_threshold": 1})
    pipeline.try_run(service, 1)
    pipeline.try_run(service, 2)
    before = shop.letters(pipeline)
    report = pipeline.replay()
    assert (report.refused, report.failed, report.retry_after) == (1, 0, 60.0)
    assert shop.letters(pipeline) == before
    shop.clock.advance(60)
    service.up = True
    assert pipeline.replay().replayed == 2
    assert pipeline["breaker"].state is CircuitState.CLOSED


@pytest.mark.parametrize("kind", [KeyboardInterrupt, asyncio.CancelledError])
def test_a_cancellation_gives_the_letter_back_uncounted(shop, kind):
    """A replay that is interrupted gives the letter in hand back as it was, and the interruption comes out."""
    pipeline = shop.pipeline(backoff=False)
    errors = iter([ConnectionError(), kind()])

    def call():
        raise next(errors)

    pipeline.try_run(call)
    before = shop.letters(pipeline)
    with pytest.raises(kind):
        pipeline.replay()
    assert shop.letters(pipeline) == before
    assert pipeline["dead_letter"].places[0].store.receive(9, lease=1)


def test_two_replays_of_one_letter_at_once(shop):
    """One runs, the other is told that the letter is taken."""
    pipeline = shop.pipeline(backoff=False)
    reports = []

    def call():
        if ninelives.current_call().letter is None:
            raise ConnectionError
        reports.append(pipeline.replay([ninelives.current_call().id]))

    pipeline.try_run(call)
    assert pipeline.replay().replayed == 1
    assert (reports[0].busy, reports[0].replayed, reports[0].ok) == (1, 0, False)


def test_inside_a_replay_the_letter_and_its_key_are_known(shop):
    """`current_call` has the letter, and the same idempotency key as the first attempt."""
    pipeline = shop.pipeline(backoff=False)
    seen = []

    def call():
        current = ninelives.current_call()
        seen.append((current.id, current.idempotency_key, current.letter is not None, dict(current.tags)))
        if len(seen) == 1:
            raise ConnectionError

    pipeline.using(key="k", tags={"a": "b"}).try_run(call)
    pipeline.replay()
    assert [entry[1:] for entry in seen] == [("k", False, {"a": "b"}), ("k", True, {"a": "b"})]
    assert seen[0][0] == seen[1][0]


def test_only_the_pipelines_own_letters(shop, service):
    """Pipelines that share a store replay only their own letters."""
    store = MemoryStore(clock=shop.clock)
    one = shop.pipeline("one", backoff=False, dead_letter={"store": store})
    two = shop.pipeline("two", backoff=False, dead_letter={"store": store})
    one.try_run(service, 1)
    two.try_run(service, 2)
    service.up = True
    assert one.replay().replayed == 1
    assert service.done == [1]
    assert [letter["pipeline"] for letter in shop.letters(two)] == ["two"]


def test_ids_filters_and_limits(shop, service):
    """A replay can be of some letters only; an empty filter is refused, and an unknown id is said."""
    pipeline = _failed(shop, service, 1, 2, 3, 4)
    service.up = True
    ids = [letter["message_id"] for letter in shop.letters(pipeline)]
    assert pipeline.replay(ids[1]).replayed == 1
    assert pipeline.replay(LetterFilter(ids=frozenset(ids[:1]))).replayed == 1
    assert pipeline.replay(limit=1).replayed == 1
    assert service.done == [2, 1, 3]
    report = pipeline.replay(["nothing"])
    assert (report.skipped, report.ok) == (1, False)
    with pytest.raises(ValueError, match="every letter"):
        pipeline.replay(LetterFilter())
    with pytest.raises(ValueError, match="by their ids"):
        pipeline.replay(LetterFilter(state="parked"))
    assert len(shop.letters(pipeline)) == 1


def test_what_can_not_be_run_here_is_left_as_it_is(shop):
    """A letter whose function is not registered here, or whose payload is not whole, is skipped with the reason."""
    pipeline = shop.pipeline(backoff=False)

    def gone():
        def closure(value):
            raise ConnectionError

        pipeline.try_run(closure, 1)

    gone()
    pipeline.try_run(len, object())
    before = shop.letters(pipeline)
    report = pipeline.replay()
    assert report.skipped == 2
    assert any(
        text.startswith("its payload lacks args[0], which could not be kept: ") for text in report.reasons.values()
    )
    assert any("is not registered here" in text for text in report.reasons.values())
    assert shop.letters(pipeline) == before


def test_registered_names_replay_in_another_process(shop, service):
    """A letter of another process runs when its function is registered under the letter's operation."""
    store = MemoryStore(clock=shop.clock)
    first = shop.pipeline(backoff=False, dead_letter={"store": store})
    first.using(operation="serve").try_run(service, 1)
    second = shop.pipeline(backoff=False, dead_letter={"store": store})
    assert second.replay().skipped == 1
    second.register(service, "serve")
    service.up = True
    assert second.replay().replayed == 1


def test_messages_sent_by_hand_go_to_the_reprocessor(shop):
    """A letter sent by hand is run by the queue's reprocessor, through the pipeline; without one it is skipped."""
    seen = []
    pipeline = shop.pipeline(dead_letter={"store": "memory:", "reprocessor": seen.append})
    pipeline["dead_letter"].send_to_dlq({"to": "Tom"})
    assert pipeline.replay().replayed == 1
    assert seen == [{"to": "Tom"}]
    bare = shop.pipeline("bare")
    bare["dead_letter"].send_to_dlq(5)
    assert bare.replay().skipped == 1


def test_sending_the_message_again_is_the_failure_of_its_replay(shop):
    """A function that sends its message to the queue again makes no second letter: its replay has failed."""
    pipeline = shop.pipeline(
        dead_letter={
            "store": "memory:",
            "reprocessor": lambda message: queue.send_to_dlq(message, {"error_type": "again"}),
        }
    )
    queue = pipeline["dead_letter"]
    queue.send_to_dlq({"to": "Tom"})
    report = pipeline.replay()
    assert (report.failed, report.replayed) == (1, 0)
    (letter,) = shop.letters(pipeline)
    assert letter["replay_count"] == 1
    assert letter["error"].startswith("again")


def test_coroutine_functions_need_areplay(shop):
    """`replay` leaves the letters of coroutine functions, and says what to use."""
    pipeline = shop.pipeline(backoff=False)

    async def call():
        raise ConnectionError

    asyncio.run(pipeline.atry_run(call))
    report = pipeline.replay()
    assert report.skipped == 1
    assert "use areplay" in next(iter(report.reasons.values()))


async def test_areplay_runs_both_kinds(shop, service):
    """`areplay` awaits coroutine functions, and runs plain ones on a thread."""
    pipeline = _failed(shop, service, 1)

    async def later(value):
        return service(value)

    await pipeline.atry_run(later, 2)
    assert (await pipeline.areplay()).failed == 2
    service.up = True
    assert (await pipeline.areplay()).replayed == 2
    assert sorted(service.done) == [1, 2]
    assert shop.letters(pipeline) == []


async def test_areplay_skips_what_can_not_be_run(shop):
    """`areplay` leaves what can't be run here."""
    pipeline = shop.pipeline(backoff=False)
    pipeline.try_run(len, object())
    assert (await pipeline.areplay()).skipped == 1


async def test_areplay_gives_back_when_cancelled(shop):
    """A cancelled `areplay` gives the letter in hand back as it was."""
    pipeline = shop.pipeline(backoff=False)
    begun = asyncio.Event()

    async def call():
        if ninelives.current_call().letter is None:
            raise ConnectionError
        begun.set()
        await asyncio.Event().wait()

    await pipeline.atry_run(call)
    before = shop.letters(pipeline)
    task = asyncio.create_task(pipeline.areplay())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert shop.letters(pipeline) == before


class Unsure(MemoryStore):
    """A store that can't record what was done."""

    def ack(self, lease):
        raise StoreError("gone away")

    def release(self, lease, letter=None):
        raise StoreError("gone away")


@pytest.mark.parametrize("up", [True, False])
def test_a_store_that_goes_away_loses_nothing(shop, service, up):
    """Where the end of a replay can't be recorded, the report says so and the letter is still there."""
    pipeline = _failed(shop, service, 1, dead_letter={"store": Unsure(clock=shop.clock)})
    service.up = up
    report = pipeline.replay()
    assert (report.unconfirmed, report.failed, report.ok) == ((1, 0, False) if up else (0, 1, False))
    assert "gone away" in next(iter(report.reasons.values()))
    assert len(shop.letters(pipeline)) == 1


class Plain:
    """A store with no more than every store has."""

    def __init__(self, clock):
        self.inner = MemoryStore(clock=clock)
        self.put, self.receive = self.inner.put, self.inner.receive
        self.ack, self.release, self.close = self.inner.ack, self.inner.release, self.inner.close


def test_stores_that_can_not_be_searched_are_received_from(shop, service):
    """A store that can only receive is replayed once through; other pipelines' letters go back."""
    store = Plain(shop.clock)
    one = shop.pipeline("one", backoff=False, dead_letter={"store": store})
    two = shop.pipeline("two", backoff=False, dead_letter={"store": store})
    one.try_run(service, 1)
    two.try_run(service, 2)
    one.try_run(service, 3)
    assert one.replay().failed == 2
    service.up = True
    assert one.replay(limit=1).replayed == 1
    assert one.replay().replayed == 1
    assert two.replay().replayed == 1
    assert service.done == [1, 3, 2]


def test_a_chain_without_letters_can_not_replay(shop):
    """Without `dead_letter` there is nothing to replay, and the error says so."""
    with pytest.raises(ConfigurationError, match="no dead_letter"):
        shop.pipeline(dead_letter=False).replay()


def test_reasons_are_bounded(shop, service):
    """The report gives reasons for the first hundred letters, and counts the rest."""
    pipeline = _failed(shop, service, *range(120))
    report = pipeline.replay()
    assert (report.failed, len(report.reasons)) == (120, 100)


def test_a_payload_that_can_not_be_decoded_stops_nothing(shop, service):
    """A letter that its own decoder refuses is skipped; the others run."""

    def decode(value):
        raise RuntimeError("no")

    options = {"store": "memory:", "encode": lambda _value: "x", "decode": decode}
    pipeline = _failed(shop, service, object(), 2, dead_letter=options)
    service.up = True
    report = pipeline.replay()
    assert (report.skipped, report.replayed) == (1, 1)
    assert "can't be decoded" in next(iter(report.reasons.values()))


def test_a_reprocessor_runs_what_is_not_registered(shop):
    """A call's letter whose function is not registered here goes to the reprocessor, with the call's own arguments."""
    store = MemoryStore(clock=shop.clock)
    first = shop.pipeline(backoff=False, dead_letter={"store": store})
    first.using(operation="elsewhere:serve").try_run(_refuse, 1, when="now")
    seen = []
    options = {"store": store, "reprocessor": lambda *args, **kwargs: seen.append((args, kwargs))}
    assert shop.pipeline(dead_letter=options).replay().replayed == 1
    assert seen == [((1,), {"when": "now"})]


def _refuse(*_args, **_kwargs):
    raise ConnectionError


def test_all_that_waits_is_more_than_a_page(shop, service, monkeypatch):
    """A replay of all goes through every page of the store."""
    from ninelives.replaying import ids

    monkeypatch.setattr(ids, "PAGE_OF_IDS", 2)
    pipeline = _failed(shop, service, *range(5))
    service.up = True
    assert pipeline.replay().replayed == 5
    assert service.done == list(range(5))


@pytest.mark.parametrize(
    ("what", "limit", "error", "said"),
    [
        (3, None, TypeError, "expected ids of letters, a LetterFilter, or nothing for all"),
        (None, "x", ConfigurationError, "is 'x': expected a whole number of at least 0"),
        (None, True, ConfigurationError, "is True: expected a whole number of at least 0"),
        (None, -1, ConfigurationError, "is -1: expected a whole number of at least 0"),
    ],
)
def test_what_no_letters_are_meant_by_is_refused(shop, what, limit, error, said):
    """A replay of something that names no letters is refused before anything is claimed."""
    with pytest.raises(error, match=said):
        shop.pipeline().replay(what, limit=limit)
