"""Law 31: what observes can't hurt what it observes."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from ninelives.emitter import Emitter
from ninelives.events import CallSucceeded, CircuitClosed, CircuitEvent, CircuitOpened, Event
from ninelives.events import Listener as AnyListener

OPENED = CircuitOpened(at=datetime(2030, 1, 1, tzinfo=UTC), circuit="api", failures=5)
CLOSED = CircuitClosed(at=datetime(2030, 1, 1, tzinfo=UTC), circuit="api", failures=0)
SUCCEEDED = CallSucceeded(at=datetime(2030, 1, 1, tzinfo=UTC), operation="m:f", attempts=1, elapsed=0.1)


class Listener:
    def __init__(self, events: Any = None) -> None:
        self.told: list[Event] = []
        if events is not None:
            self.events = events

    def __call__(self, event: Event) -> None:
        self.told.append(event)


class Broken(Listener):
    def __call__(self, event: Event) -> None:
        super().__call__(event)
        raise RuntimeError("listener down")


class BrokenEvents(Listener):
    @property
    def events(self):
        raise RuntimeError("no events")


class Unprintable(Broken):
    def __repr__(self):
        raise RuntimeError("no repr")


def test_listeners_are_told_in_their_order_the_plugins_first():
    """Every listener is told every event, the installed ones before the pipeline's own."""
    told: list[str] = []
    emitter = Emitter(
        [lambda _: told.append("own"), lambda _: told.append("last")], lambda: [lambda _: told.append("plugin")]
    )
    emitter.emit(OPENED)
    assert told == ["plugin", "own", "last"]


def test_installed_listeners_are_asked_for_once_and_late():
    """Building an emitter discovers no plugins; the first event does, and no other."""
    asked: list[int] = []

    def installed() -> tuple[AnyListener, ...]:
        asked.append(1)
        return ()

    emitter = Emitter(installed=installed)
    assert asked == []
    emitter.emit(OPENED)
    emitter.emit(OPENED)
    assert emitter.wants(CircuitOpened) is False
    assert asked == [1]


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (None, [OPENED, CLOSED]),
        ((CallSucceeded,), [SUCCEEDED]),
        ((CircuitOpened, CallSucceeded), [OPENED, SUCCEEDED]),
        ([CircuitEvent], [OPENED, CLOSED]),
        ((Event,), [OPENED, CLOSED, SUCCEEDED]),
        ((), []),
    ],
)
def test_a_listener_is_told_what_it_asks_for(events, told):
    """All but successes, or what `events` says, subclasses included."""
    listener = Listener(events)
    emitter = Emitter([listener])
    for event in (OPENED, CLOSED, SUCCEEDED):
        emitter.emit(event)
    assert listener.told == told
    assert emitter.wants(CallSucceeded) is (SUCCEEDED in told)


@pytest.mark.parametrize("broken", [Broken(), Unprintable()])
def test_a_listener_that_raises_is_dropped_from_that_event_only(broken, caplog):
    """It is logged once, told the next event all the same, and the others are told both."""
    other = Listener()
    emitter = Emitter([broken, other])
    with caplog.at_level(logging.WARNING, "ninelives"):
        emitter.emit(OPENED)
        emitter.emit(CLOSED)
    assert broken.told == other.told == [OPENED, CLOSED]
    (record,) = caplog.records
    assert "raised on circuit_opened; further errors of it are not logged" in record.getMessage()
    assert "Traceback (most recent call last)" in record.getMessage()
    assert record.getMessage().endswith("RuntimeError: listener down")


@pytest.mark.parametrize("rubbish", [5, (5,), ["circuit_opened"], (CircuitOpened, None)])
def test_a_listener_whose_events_are_rubbish_is_told_nothing_and_raises_nothing(rubbish, caplog):
    """What `events` is can't hurt a call either: it is logged once, and the others are told."""
    listener, other = Listener(rubbish), Listener()
    emitter = Emitter([listener, other])
    emitter.emit(CLOSED)
    emitter.emit(CLOSED)
    assert emitter.wants(CircuitClosed) is True
    assert (listener.told, other.told) == ([], [CLOSED, CLOSED])
    assert [record.getMessage().count("no tuple of event types") for record in caplog.records] == [1]


def test_a_listener_whose_events_raise_is_told_nothing(caplog):
    """An attribute that raises is rubbish too."""
    listener = BrokenEvents()
    Emitter([listener]).emit(OPENED)
    assert listener.told == []
    assert "no tuple of event types" in caplog.text


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_not_swallowed(error):
    """Ctrl-C while a listener runs is the program's, not the emitter's."""

    def interrupted(event):
        raise error

    with pytest.raises(error):
        Emitter([interrupted]).emit(OPENED)


def test_a_listener_may_emit():
    """A listener may cause events itself."""
    listener = Listener()
    emitter = Emitter([lambda event: emitter.emit(CLOSED) if event is OPENED else None, listener])
    emitter.emit(OPENED)
    assert listener.told == [CLOSED, OPENED]


def test_plugins_that_have_no_listeners_to_give_hide_nothing(caplog):
    """Where the plugins' listeners can't be had, that is logged once, and the others are told."""

    def broken():
        raise RuntimeError("no plugins")

    told = Listener()
    emitter = Emitter([told], broken)
    for _ in range(2):
        emitter.emit(OPENED)
    assert told.told == [OPENED, OPENED]
    assert caplog.text.count("has no listeners of plugins") == 1
