"""A replay is stopped from outside, says how far it is, and at the end what came of it."""

from __future__ import annotations

import threading

import pytest

from ninelives import LetterChanged, LetterFilter, ReplayEnded, ReplayProgressed, ReplayReport, ReplayStarted
from ninelives.dead_letters.memory import MemoryStore
from ninelives.dead_letters.who import Who


def test_asked_to_stop_it_finishes_the_one_in_hand_and_gives_back_the_others(shop, pipeline):
    """Once `stop` is set no letter begins; those that were claimed already are back at once."""
    stop = threading.Event()
    pipeline.register(lambda value: stop.set() if value == 4 else None, "serve")
    report = pipeline.replay(stop=stop)
    assert (report.replayed, report.stopped, report.ok) == (5, "asked to stop", False)
    assert len(pipeline["dead_letter"].places[0].store.receive(100, lease=1)) == 5


def test_asked_to_stop_when_all_is_done_nothing_was_stopped(pipeline):
    """A stop that comes when no letter is left is none."""
    stop = threading.Event()
    pipeline.register(lambda value: stop.set() if value == 9 else None, "serve")
    report = pipeline.replay(stop=stop)
    assert (report.replayed, report.stopped, report.ok) == (10, None, True)


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
