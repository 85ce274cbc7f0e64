"""Sending one notification to several channels at once, and waiting for them."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import copy_context
from typing import TYPE_CHECKING

from ninelives.errors import ChannelError
from ninelives.notifications.delivery import Delivery, attempt, attempt_in_thread, conclude

if TYPE_CHECKING:
    from queue import SimpleQueue

    _Done = SimpleQueue[tuple[int, BaseException | None]]

__all__ = ["deliver_together"]


def deliver_together(deliveries: Sequence[Delivery], within: float) -> bool:
    """Send each to its channel at the same time, and wait for them; whether at least one was accepted.

    Those that wait get a thread each: a channel that ignores its time-out holds up neither the others nor the caller.

    Args:
        deliveries: What to send.
        within: Seconds for all of it. What is not done by then counts as failed.
    """
    import time
    from queue import SimpleQueue

    # Real time, whatever the clock: it is real threads that are waited for.
    end = time.monotonic() + within
    done: _Done = SimpleQueue()
    errors: dict[int, BaseException | None] = {}
    for number, delivery in enumerate(deliveries):
        if delivery.outlet.inline or not _start(number, delivery, within, done):
            errors[number] = attempt(delivery, within)
    while len(errors) < len(deliveries) and (result := _next(done, end - time.monotonic())) is not None:
        errors[result[0]] = result[1]
    late = ChannelError(f"it took longer than {within:g} s")
    taken = [conclude(delivery, errors.get(number, late)) for number, delivery in enumerate(deliveries)]
    return any(taken)


def _start(number: int, delivery: Delivery, within: float, done: _Done) -> bool:
    import threading

    context = copy_context()

    def send() -> None:
        done.put((number, context.run(attempt_in_thread, delivery, within)))

    try:
        threading.Thread(target=send, name="ninelives-send", daemon=True).start()
    except RuntimeError:  # the program is ending, or has all the threads that it may have
        return False
    return True


def _next(done: _Done, seconds: float) -> tuple[int, BaseException | None] | None:
    from queue import Empty

    try:
        return done.get(timeout=max(seconds, 0.0))
    except Empty:
        return None
