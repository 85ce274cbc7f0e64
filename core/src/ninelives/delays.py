"""How long to wait before the next attempt: growing delays, a cap, and jitter that survives the cap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

__all__ = ["JITTERS", "Jitter", "delays"]

Jitter = Literal["full", "equal", "decorrelated", "none"]

JITTERS: tuple[str, ...] = get_args(Jitter)


def delays(base: float, cap: float, jitter: Jitter, random: Random) -> Iterator[float]:
    """The delays of one call, without end; every call has its own.

    The ceiling doubles from `base` up to `cap`. The jitter chooses below it, so that clients that failed together do
    not come back together; at the cap as well, which is why it is capped first and spread then.

    ============== ==============================================================
    jitter         the next delay
    ============== ==============================================================
    full           anything from 0 to the ceiling
    equal          half the ceiling, and anything up to the other half
    decorrelated   anything from `base` to three times the delay before
    none           the ceiling itself
    ============== ==============================================================

    Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, whose simulation found full
    jitter to need the fewest calls. There the decorrelated delay is capped after it is spread, and so collapses to the
    cap; here its ceiling is capped.

    Args:
        base: Seconds; the first ceiling.
        cap: Seconds; none is longer. At least `base`.
        jitter: One of the table.
        random: Every chance comes from it.

    Example:
        >>> from itertools import islice
        >>> from random import Random
        >>> list(islice(delays(1.0, 5.0, "none", Random()), 4))
        [1.0, 2.0, 4.0, 5.0]
    """
    if jitter == "decorrelated":
        return _decorrelated(base, cap, random)
    return _spread(base, cap, {"full": _full, "equal": _equal, "none": _none}[jitter], random)


def _spread(base: float, cap: float, spread: Callable[[float, Random], float], random: Random) -> Iterator[float]:
    # Doubled step by step: two to the power of ten thousand is no float.
    ceiling = base
    while True:
        yield min(spread(ceiling, random), cap)
        ceiling = min(ceiling * 2, cap)


def _full(ceiling: float, random: Random) -> float:
    return random.uniform(0, ceiling)


def _equal(ceiling: float, random: Random) -> float:
    return ceiling / 2 + random.uniform(0, ceiling / 2)


def _none(ceiling: float, random: Random) -> float:  # noqa: ARG001 - the others need it
    return ceiling


def _decorrelated(base: float, cap: float, random: Random) -> Iterator[float]:
    delay = base
    while True:
        delay = min(random.uniform(base, min(delay * 3, cap)), cap)
        yield delay
