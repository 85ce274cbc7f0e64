"""Sending one notification through one channel: tried again a little, and bounded whatever the channel does."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextvars import copy_context
from itertools import islice
from random import SystemRandom
from threading import Event, Thread

from ninelives.clock import Clock
from ninelives.delays import delays
from ninelives.errors import ChannelError
from ninelives.locks import new_lock
from ninelives.notifications.behalf import ends_program, on_behalf
from ninelives.notifications.dispatch.haste import haste
from ninelives.notifications.dispatch.reasons import reason_of
from ninelives.notifications.notification import Notification
from ninelives.notifications.outlet import Outlet

__all__ = ["GRACE", "MOST_HANGING", "RETRY_DELAYS", "attempts"]

RETRY_DELAYS = (0.5, 1.0, 2.0)
"""Seconds before each further attempt at a channel that failed in a way that may pass; at least half of that."""

GRACE = 0.5
"""Seconds that a channel may take longer than its time-out, to say itself why it failed."""

MOST_HANGING = 2
"""How many attempts at one channel may hang at once; while they do, nothing more is sent through it."""

# Seconds: a wait between attempts may end a little late, and a time-out of nothing means something else to a socket.
_LEAST = 0.05

# The system's, as a generator of our own would go on alike in all the workers that a server forks.
_RANDOM = SystemRandom()


class _Hanging:
    """The threads that did not come back in time, by channel."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._threads: list[tuple[object, Thread]] = []

    def count(self, outlet: Outlet) -> int:
        with self._lock:
            self._threads = [each for each in self._threads if each[1].is_alive()]
            return sum(key == outlet.key for key, _ in self._threads)

    def add(self, outlet: Outlet, thread: Thread) -> None:
        with self._lock:
            self._threads.append((outlet.key, thread))


_hanging = _Hanging()


@on_behalf
def attempts(
    outlet: Outlet,
    notification: Notification,
    timeout: float,
    clock: Clock,
    *,
    within: float = math.inf,
    once: bool = False,
    others: int = 0,
) -> BaseException | None:
    """Send it, and again after each of `RETRY_DELAYS` while that may help; a channel that never waits is tried once.

    Each attempt at a channel that waits has a thread of its own: one that ignores its time-out is left to itself, and
    counts as failed. Where no thread can be had, the channel is called right here.

    Args:
        outlet: Where to.
        notification: What to send.
        timeout: Seconds that one attempt may take.
        clock: Waits between attempts.
        within: Seconds for all attempts together; the last one is not given `GRACE` then.
        once: Whether one attempt has to do.
        others: How many channels can take over when this one has failed. While somebody waits, they get their share
            of the time.

    Returns:
        None when the channel has accepted it, else its last error.
    """
    end = clock.monotonic() + within
    waits = iter(()) if once or outlet.inline else _waits()
    while True:
        left = min(timeout + GRACE, max(end - clock.monotonic(), _LEAST))
        error = _attempt(outlet, notification, min(timeout, left - min(GRACE, left / 10)), left, others)
        delay = math.inf if others and haste.is_on else next(waits, math.inf)
        outlet.health.is_down = error is not None and _may_pass(error)
        outlet.health.last = None if error is None else reason_of(error)
        if not outlet.health.is_down or clock.monotonic() + delay >= end:
            return error
        clock.sleep(delay)


def _waits() -> Iterator[float]:
    return islice(delays(RETRY_DELAYS[0], RETRY_DELAYS[-1], "equal", _RANDOM), len(RETRY_DELAYS))


def _may_pass(error: BaseException) -> bool:
    from ninelives.transient import Kind, classify

    return classify(error).kind is Kind.TRANSIENT


def _attempt(
    outlet: Outlet, notification: Notification, timeout: float, patience: float, others: int
) -> BaseException | None:
    if outlet.inline:
        return _send_here(outlet, notification, timeout)
    if _hanging.count(outlet) >= MOST_HANGING:
        return ChannelError(f"it is still busy with {MOST_HANGING} earlier ones that hang", transient=False)
    return _send_in_thread(outlet, notification, timeout, patience, others)


def _send_here(outlet: Outlet, notification: Notification, timeout: float) -> BaseException | None:
    try:
        outlet.channel.send(notification, timeout=timeout)
    except BaseException as error:
        if ends_program(error):
            raise
        return error
    return None


def _send_in_thread(
    outlet: Outlet, notification: Notification, timeout: float, patience: float, others: int
) -> BaseException | None:
    outcome: list[BaseException | None] = []
    begin, ended, bell = time.monotonic(), Event(), Event()

    def send() -> None:
        try:
            outcome.append(_send_here(outlet, notification, timeout))
        finally:
            ended.set()
            bell.set()

    # A daemon: at the end of the program nothing waits for it.
    thread = Thread(target=copy_context().run, args=(send,), name="ninelives-send", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the program is ending, or has all the threads that it may have
        return _send_here(outlet, notification, timeout)
    outlet.health.since = begin
    haste.wait(bell, ended.is_set, patience, others)
    outlet.health.since = None
    if outcome:
        return outcome[0]
    _hanging.add(outlet, thread)
    waited = min(patience, time.monotonic() - begin)
    return ChannelError(f"it has not come back within {waited:.3g} s, and was left to itself")
