"""Which trace a call belongs to: OpenTelemetry's current span, where the program has that."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from ninelives import Pipeline
from ninelives.dead_letters.memory import MemoryStore
from ninelives.testing import RecordingChannel
from ninelives.tracing import traceparent

TRACE, SPAN = 0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7
SAID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def span(**how):
    """A span, as OpenTelemetry's API describes its context."""
    context = {"is_valid": True, "trace_id": TRACE, "span_id": SPAN, "trace_flags": 1} | how
    return SimpleNamespace(get_span_context=lambda: SimpleNamespace(**context))


@pytest.fixture
def current(monkeypatch):
    """Puts a stand-in of OpenTelemetry's API among the modules, whose current span is what was given."""

    def put(get_current_span):
        module = ModuleType("opentelemetry.trace")
        module.get_current_span = get_current_span
        monkeypatch.setitem(sys.modules, "opentelemetry.trace", module)

    return put


def test_the_current_span(current):
    """The form is the one of W3C's trace context, small numbers filled up with zeros."""
    current(span)
    assert traceparent() == SAID
    current(lambda: span(trace_id=1, span_id=2, trace_flags=0))
    assert traceparent() == f"00-{'0' * 31}1-{'0' * 15}2-00"


def test_flags_without_a_meaning_are_not_sent_on(current):
    """Of the flags only those are told that version 00 knows."""
    current(lambda: span(trace_flags=0xFF))
    assert traceparent().endswith("-03")


def raising():
    raise RuntimeError("no context")


@pytest.mark.parametrize(
    "get_current_span",
    [raising, lambda: None, lambda: span(is_valid=False), lambda: span(trace_id="4bf9"), lambda: span(trace_id=None)],
)
def test_no_span_is_no_trace(current, get_current_span):
    """A span that is not valid, that is none, or that can't be asked, is no trace and no error."""
    current(get_current_span)
    assert traceparent() is None


def test_a_module_in_the_middle_of_its_import(monkeypatch):
    """One that has nothing in it yet, or that may not be imported, is no trace and no error."""
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", ModuleType("opentelemetry.trace"))
    assert traceparent() is None
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    assert traceparent() is None


def test_nothing_is_imported():
    """A program without OpenTelemetry has no trace, and does not get OpenTelemetry."""
    code = "import sys; from ninelives.tracing import traceparent as t; assert t() is None and 'opentelemetry' not in "
    subprocess.run([sys.executable, "-c", f"{code} sys.modules"], check=True, timeout=60)


def fails():
    raise ValueError("no")


def test_the_letter_and_the_alert_tell_the_trace(current):
    """A call that fails within a span leaves a letter with its trace, and who is told of it is told the trace."""
    current(span)
    store, channel = MemoryStore(), RecordingChannel()
    with Pipeline("shop", dead_letter={"store": store}, notify={"channels": [channel]}) as pipeline:
        assert pipeline.try_run(fails).error
    (lease,) = store.receive(1, lease=1.0)
    assert lease.letter.trace == SAID
    assert [sent.details["trace"] for sent in channel.notifications] == [SAID]


def test_a_message_sent_by_hand_tells_the_trace(current):
    """A letter that is made of a message has the trace in which it was sent; without a span it has none."""
    store = MemoryStore()
    with Pipeline("shop", dead_letter={"store": store}, notify=False) as pipeline:
        pipeline["dead_letter"].send_to_dlq({"id": 1})
        current(span)
        pipeline["dead_letter"].send_to_dlq({"id": 2})
    assert [lease.letter.trace for lease in store.receive(2, lease=1.0)] == [None, SAID]
