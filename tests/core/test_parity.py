"""Synchronous and asynchronous calls do the same: one table, two runs."""

from __future__ import annotations

import asyncio

import pytest

from ninelives import CircuitBreakerOpenError
from ninelives.testing import RecordingChannel

CASES = {
    "success": ([], {}),
    "one retry": ([ConnectionError("a")], {}),
    "retries spent": ([ConnectionError("a")] * 9, {"backoff": {"max_retries": 2}}),
    "permanent": ([TypeError("a")], {}),
    "then permanent": ([ConnectionError("a"), LookupError("b")], {}),
    "fallback": ([ConnectionError("a")] * 9, {"fallback": "f", "backoff": {"max_retries": 1}}),
    "no backoff": ([ConnectionError("a")], {"backoff": False}),
    "opens": ([ConnectionError("a")] * 9, {"breaker": {"failure_threshold": 1}, "backoff": False}),
    "only these": ([OSError("a")] * 2, {"backoff": {"retry_exceptions": TimeoutError}}),
    "no letters": ([ConnectionError("a")] * 9, {"dead_letter": False, "backoff": {"max_retries": 1}}),
    "breaker inside": (
        [ConnectionError("a")] * 9,
        {
            "chain": ["dead_letter", "backoff", "breaker"],
            "dead_letter": {"store": "memory:"},
            "breaker": {"failure_threshold": 2},
        },
    ),
    "notified": (
        [ConnectionError("a")] * 9,
        {"notify": {"channels": [RecordingChannel()]}, "backoff": {"max_retries": 1}},
    ),
    "cancelled": ([asyncio.CancelledError()], {}),
    "interrupted": ([KeyboardInterrupt()], {"fallback": "f"}),
}


class Function:
    """Raises its errors in turn, then answers."""

    def __init__(self, errors):
        self.errors = list(errors)
        self.attempts = 0

    def __call__(self, value):
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        return value

    async def later(self, value):
        await asyncio.sleep(0)
        return self(value)


def _ended(shop, pipeline, function, outcome):
    letters = shop.letters(pipeline) if "dead_letter" in str(pipeline) else []
    return {
        "outcome": outcome,
        "attempts": function.attempts,
        "letters": [(letter["reason"], letter["args"], letter["error"]) for letter in letters],
        "events": shop.events.names,
        "sleeps": len(shop.clock.sleeps),
        "state": pipeline["breaker"].state,
    }


async def _run(pipeline, function, kind):
    if kind == "sync":
        return pipeline.run(function, 7)
    return await pipeline.arun(function.later, 7)


async def _what_happens(shop, kind, errors, options):
    pipeline = shop.pipeline(**options)
    function = Function(errors)
    outcomes = []
    for _ in range(2):
        try:
            outcomes.append(await _run(pipeline, function, kind))
        except BaseException as error:
            notes = [note.partition(" in ")[0] for note in getattr(error, "__notes__", ())]
            outcomes.append((type(error), str(error), notes))
    return _ended(shop, pipeline, function, outcomes)


@pytest.mark.parametrize("case", CASES)
async def test_sync_and_async_do_the_same(shop, case):
    """The same errors end in the same outcome, attempts, letters, events, waits and state."""
    import copy

    errors, options = CASES[case]
    ends = []
    for kind in ("sync", "async"):
        fresh = type(shop)()
        # Each run gets errors of its own: a note on one must not be seen by the other.
        ends.append(await _what_happens(fresh, kind, [copy.copy(error) for error in errors], options))
    assert ends[0] == ends[1]


async def test_the_table_is_not_about_nothing(shop):
    """Refusals are among the cases: after the circuit has opened, the second call is refused."""
    errors, options = CASES["opens"]
    end = await _what_happens(shop, "async", errors, options)
    assert end["outcome"][1][0] is CircuitBreakerOpenError
    assert [letter[0] for letter in end["letters"]] == ["exhausted", "circuit_open"]
