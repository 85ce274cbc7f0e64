"""Doing several things side by side, so that what hangs holds up nothing but itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Generic, TypeVar

from msgspec import Struct

__all__ = ["GRACE", "Ended", "GivenUpError", "side_by_side"]

T = TypeVar("T")

GRACE = 1.0
"""Seconds that a backend gets beyond its time-out, so that its own words of what is wrong come first."""


class GivenUpError(Exception):
    """It was not done in time, and may hang for ever."""


class Ended(Struct, Generic[T], frozen=True, eq=False):
    """How something ended.

    Attributes:
        seconds: How long it took.
        result: What it returned; None if it raised.
        error: What it raised; a `GivenUpError` if it did not end in time.
    """

    seconds: float
    result: T | None = None
    error: BaseException | None = None


def side_by_side(jobs: Sequence[Callable[[], T]], within: float) -> list[Ended[T]]:
    """Do each on a thread of its own, and wait until all are done, or are given up.

    Those that are given up go on until the program ends, which does not wait for them.

    Args:
        jobs: What to do.
        within: Seconds for all of them.
    """
    ended: dict[int, Ended[T]] = {}

    def do(number: int, job: Callable[[], T]) -> None:
        ended[number] = _end(job)

    threads = [Thread(target=do, args=each, daemon=True) for each in enumerate(jobs)]
    end = time.monotonic() + within
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    late = Ended[T](within, error=GivenUpError(f"no answer within {within:g} s"))
    return [ended.get(number, late) for number in range(len(jobs))]


def _end(job: Callable[[], T]) -> Ended[T]:
    began = time.monotonic()
    try:
        result = job()
    except BaseException as error:  # also SystemExit and the like, which would end nothing but the thread
        return Ended(time.monotonic() - began, error=error)
    return Ended(time.monotonic() - began, result)
