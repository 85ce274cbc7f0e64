"""What type checkers are told: `pyright` and `mypy --strict` read this file; nothing here need run to be checked."""

from __future__ import annotations

import functools
from typing import assert_type

from ninelives import (
    AdminNotifier,
    BackoffStrategy,
    CircuitBreaker,
    DeadLetterQueue,
    Outcome,
    Pipeline,
    circuit_breaker,
    with_backoff,
)
from ninelives.notifications.report import Report

pipeline = Pipeline("types", dead_letter={"store": "memory:"}, notify=False)


def plain(a: int, b: str = "") -> float:
    return a + len(b)


async def later(a: int) -> str:
    return str(a)


class Service:
    @pipeline
    def method(self, a: int) -> str:
        return str(a)

    @pipeline
    async def later(self, a: int) -> str:
        return str(a)

    @pipeline
    @classmethod
    def made(cls, a: int) -> int:
        return a

    @pipeline
    @staticmethod
    def static(a: int) -> int:
        return a


class Callable_:  # noqa: N801 - a callable object
    def __call__(self, a: int) -> bytes:
        return bytes(a)


decorated = pipeline(plain)
decorated_later = pipeline(later)


@circuit_breaker(failure_threshold=3, name="types")
def guarded(a: int) -> float:
    return float(a)


@with_backoff(max_retries=2, retry_exceptions=[OSError])
async def retried(a: int) -> float:
    return float(a)


async def test_results_keep_their_types() -> None:
    """Values keep their types through the pipeline, its decorator and the parts."""
    assert_type(pipeline.run(plain, 1, b="x"), float)
    assert_type(await pipeline.arun(later, 1), str)
    assert_type(pipeline.try_run(plain, 1), Outcome[float])
    assert_type(await pipeline.atry_run(later, 1), Outcome[str])
    assert_type(pipeline.using(key="k").run(plain, 1), float)
    assert_type(decorated(1, "x"), float)
    assert_type(await decorated_later(1), str)
    assert_type(Service().method(1), str)
    assert_type(await Service().later(1), str)
    assert_type(Service.made(1), int)
    assert_type(Service.static(1), int)
    assert_type(pipeline(functools.partial(plain, 1))(), float)
    assert_type(pipeline(Callable_())(1), bytes)
    assert_type(guarded(1), float)
    assert_type(await retried(1), float)
    assert_type(CircuitBreaker().execute(plain, 1), float)
    assert_type(BackoffStrategy().execute(plain, 1), float)
    assert_type(await BackoffStrategy().aexecute(later, 1), str)
    assert_type(pipeline.try_run(plain, 1).unwrap(), float)
    assert_type(DeadLetterQueue(store="memory:").send_to_dlq(1), str)
    assert_type(AdminNotifier().send_notification("hello"), bool)
    assert_type(AdminNotifier().send_notification("hello", report=True), Report)
    assert_type(AdminNotifier().send_notification("hello", report=bool(1)), bool | Report)
    assert_type(await AdminNotifier().asend_notification("hello"), bool)
    assert_type(await AdminNotifier().asend_notification("hello", {"a": 1}, report=True), Report)
    assert_type(await AdminNotifier().asend_notification("hello", report=bool(1)), bool | Report)
