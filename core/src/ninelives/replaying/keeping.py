"""Keeping letters ours while they are run or wait for their turn: a thread prolongs their leases."""

from __future__ import annotations

import threading
from contextvars import copy_context
from typing import TYPE_CHECKING

from msgspec import structs

from ninelives.dead_letters.claims import Claimed
from ninelives.dead_letters.store import Renewable
from ninelives.errors import LeaseLostError
from ninelives.locks import new_lock
from ninelives.replaying.ending import SOON, Ending
from ninelives.replaying.held import Held
from ninelives.workers import FLUSH_SECONDS

if TYPE_CHECKING:
    from ninelives.clock import Clock

__all__ = ["Keeping"]


class Keeping:
    """The letters that are ours, and the thread that keeps them so. It also writes down in time what came of them.

    There is a thread only while a store is used that can prolong leases.

    Args:
        clock: Tells when it is time.
        lease: Seconds that a lease lasts.
        ending: What has to be written down in time.
    """

    def __init__(self, clock: Clock, lease: float, ending: Ending) -> None:
        self._clock = clock
        self._lease = lease
        self._ending = ending
        self._lock = new_lock()
        self._held: list[Held] = []
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._wall_ahead = clock.now().timestamp() - clock.monotonic()

    def add(self, claims: list[Claimed]) -> list[Held]:
        """These are ours from now on, until something comes of them."""
        soon = self._clock.monotonic() + self._lease / 3
        added = [Held(claimed, soon) for claimed in claims]
        with self._lock:
            self._held = [*(one for one in self._held if one.is_ours), *added]
        return added

    def left(self) -> list[Held]:
        """Those that nothing has come of and nobody runs."""
        with self._lock:
            return [one for one in self._held if one.is_ours and not one.begun]

    def start(self) -> bool:
        """Let there be a thread; whether there is one."""
        if self._thread is None and not self._over.is_set():
            # Listeners are told there what is written down.
            context = copy_context()
            thread = threading.Thread(target=context.run, args=(self._run,), name="ninelives-replay", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the program is ending, or has all the threads that it may have
                return False
            self._thread = thread
            self._ending.together = True
        return self._thread is not None

    def stop(self) -> None:
        """There is nothing more to keep."""
        self._over.set()
        self._ending.together = False

    def end(self) -> None:
        """The same, and wait for the thread."""
        self.stop()
        if self._thread is not None:
            self._thread.join(FLUSH_SECONDS)

    def _run(self) -> None:
        while not self._over.wait(SOON):
            if self._ending.is_due:
                self._ending.flush()
            now = self._clock.monotonic()
            all_due = self._has_jumped(now)
            with self._lock:
                due = [one for one in self._held if one.is_ours and (all_due or one.renew_at <= now)]
            for held in due:
                self._renew(held)

    def _has_jumped(self, now: float) -> bool:
        """Whether the wall clock, which leases go by, was set, or went on while the machine was suspended."""
        before, ahead = self._wall_ahead, self._clock.now().timestamp() - now
        at_once = self._clock.monotonic() - now < self._lease / 20  # else the two were not read together
        self._wall_ahead = ahead if at_once else before
        return abs(self._wall_ahead - before) > self._lease / 10

    def _renew(self, held: Held) -> None:
        store = held.claimed.place.store
        # Where it does not work, there is time for some more tries before the lease ends.
        held.renew_at = self._clock.monotonic() + self._lease / 10
        if not held.is_ours or not isinstance(store, Renewable):
            return
        try:
            lease = store.renew(held.claimed.lease, self._lease)
        except LeaseLostError:
            held.lost = held.is_ours  # it may have been confirmed at that very moment
        except Exception:  # noqa: S110 - the store does not answer: the next try, or the end of the call, shows what is
            pass
        else:
            held.claimed = structs.replace(held.claimed, lease=lease)
            held.renew_at = self._clock.monotonic() + self._lease / 3
