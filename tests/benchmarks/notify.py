"""What telling someone costs a call that fails, while a channel hangs for ever; and what a flood of failures becomes.

Run with ``make bench``. What a call costs is the processor time of its own thread, so that it does not matter what else
the machine does; the time by the clock stands beside it. Rounds are interleaved, and of each the median counts. The
collector of garbage rests meanwhile: what it takes grows with the letters that are kept, and who pays is chance.
"""

from __future__ import annotations

import gc
import logging
import os
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ninelives import Notification, Pipeline

ROUNDS = 101
CALLS = 100
FLOOD = 10_000

LIMIT_US = 20.0
"""Microseconds that a failing call may take longer when someone is told of it."""
LATER = 2
"""Messages that follow the first at most within the group interval."""
MEMORY_MB = 10.0
"""What the flood may take more at its peak than without anybody being told."""
OTHERS_S = 1.0
"""Seconds until the other channels have it, while one hangs."""

_go_on = threading.Event()


class Hanging:
    """A channel that ignores its time-out."""

    name = "hanging:"

    def send(self, notification: Notification, *, timeout: float) -> None:
        """Wait until the benchmark is over."""
        _go_on.wait()

    def close(self) -> None:
        """Nothing to close."""


def fail() -> None:
    """What is called."""
    raise TimeoutError("no answer")


def default_chain(**options: Any) -> Pipeline:
    """The default chain, with a circuit that stays closed and nothing tried again: each call fails in the same way."""
    from ninelives import Pipeline

    breaker = {"failure_threshold": 1_000_000_000}
    return Pipeline("bench", breaker=breaker, backoff={"max_retries": 0}, dead_letter={"store": "memory:"}, **options)


def notify_alone(name: str = "bench", **options: Any) -> Pipeline:
    """A chain with nothing else in it."""
    from ninelives import Pipeline

    return Pipeline(name, chain=["notify"], **options)


CHAINS = {"the default chain": default_chain, 'chain=["notify"]': notify_alone}


def hanging() -> dict[str, Any]:
    """The options of someone who is told, by a channel that hangs."""
    return {"channels": [Hanging()], "timeout": 3_600}


def cost(make: Callable[..., Pipeline], now: Callable[[], float]) -> tuple[float, float]:
    """Microseconds of a failing call without `notify`, and with it: the medians of interleaved rounds."""
    pipelines = (make(notify=False), make(notify=hanging()))
    rounds: tuple[list[float], list[float]] = ([], [])
    gc.disable()
    for _ in range(ROUNDS):
        for pipeline, seconds in zip(pipelines, rounds, strict=True):
            begin = now()
            for _ in range(CALLS):
                pipeline.try_run(fail)
            seconds.append(now() - begin)
    gc.enable()
    without, told = (statistics.median(seconds) / CALLS * 1e6 for seconds in rounds)
    return without, told


def flood() -> tuple[int, int]:
    """How many messages a flood of one kind is at once, and how many follow within the group interval."""
    from ninelives.testing import FakeClock, RecordingChannel

    clock, channel = FakeClock(), RecordingChannel()
    pipeline = notify_alone(notify={"channels": [channel]}, clock=clock)
    for _ in range(FLOOD):
        pipeline.try_run(fail)
    at_once = len(channel.notifications)
    for _ in range(300):
        clock.advance(1)
        pipeline["notify"].flush()
    return at_once, len(channel.notifications) - at_once


def megabytes() -> float:
    """How much more the peak of a flood is when someone is told."""
    return (_peak(notify_alone("flood", notify=hanging())) - _peak(notify_alone("flood", notify=False))) / 1e6


def _peak(pipeline: Pipeline) -> int:
    gc.collect()
    tracemalloc.start()
    for _ in range(FLOOD):
        pipeline.try_run(fail)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def seconds_of_others() -> float:
    """The longest that another channel waits for any of ten kinds of failure, while one channel hangs."""
    from ninelives.testing import RecordingChannel

    others = [RecordingChannel(inline=False) for _ in range(3)]
    pipeline = notify_alone(notify={"channels": [Hanging(), *others], "timeout": 3_600})
    longest = 0.0
    for number in range(10):
        error = type(f"Error{number}", (Exception,), {})
        begin = time.perf_counter()
        pipeline.try_run(_raise, error)
        for channel in others:
            channel.wait_for(number + 1, timeout=60)
        longest = max(longest, time.perf_counter() - begin)
    return longest


def crowd() -> tuple[float, int, float]:
    """While 999 channels hang: seconds until another has it, threads more, and megabytes more of resident memory."""
    from ninelives.testing import RecordingChannel

    threads, memory = threading.active_count(), _resident()
    other = RecordingChannel(inline=False)
    pipeline = notify_alone("crowd", notify={"channels": [*(Hanging() for _ in range(999)), other], "timeout": 3_600})
    begin = time.perf_counter()
    pipeline.try_run(fail)
    other.wait_for(1, timeout=60)
    took = time.perf_counter() - begin
    return took, threading.active_count() - threads, (_resident() - memory) / 1e6


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _raise(error: type[Exception]) -> None:
    raise error("no answer")


def main() -> int:
    """Print the table; 1 if a limit is not held."""
    logging.getLogger("ninelives").setLevel(logging.CRITICAL)  # a line for each call is not what is measured
    missed: list[str] = []

    def row(what: str, value: float, unit: str, limit: float) -> None:
        print(f"{what:58} {value:10.2f} {unit:3} (limit {limit:g})")
        if value > limit:
            missed.append(what)

    at_once, later = flood()
    row(f"{FLOOD:,} failures of one kind: messages at once", at_once, "", 1)
    row("  and within the group interval", later, "", LATER)
    for name, make in CHAINS.items():
        without, told = cost(make, time.thread_time)
        print(f"{f'a failing call, {name}, nobody told':58} {without:10.2f} µs")
        row("  more with someone told", told - without, "µs", LIMIT_US)
        without, told = cost(make, time.perf_counter)
        print(f"{'  more by the clock':58} {told - without:10.2f} µs")
    row(f"{FLOOD:,} failures: more memory at the peak", megabytes(), "MB", MEMORY_MB)
    row("one channel hangs: the others have it after", seconds_of_others(), "s", OTHERS_S)
    if os.path.exists("/proc/self/statm"):
        took, threads, memory = crowd()
        row("999 channels hang: the other one has it after", took, "s", OTHERS_S)
        print(f"{'  threads':58} {threads:10.2f}\n{'  resident memory':58} {memory:10.2f} MB")
    print("\n" + (f"over the limit: {', '.join(missed)}" if missed else "all limits are held"))
    _go_on.set()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
