"""One replay: what is done with each letter is said here once; loops of either kind run it, in one lane or several.

Nothing here waits for a store but `begin`, `fill`, `flush` and `end`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from threading import Lock
from typing import TYPE_CHECKING

from ninelives.dead_letters.audit import Audit
from ninelives.dead_letters.linking import is_refusal
from ninelives.dead_letters.store import DeadLetterStore, Renewable
from ninelives.describing import safe_message, type_name
from ninelives.errors import StoreError
from ninelives.replaying.ending import Ending
from ninelives.replaying.functions import Functions
from ninelives.replaying.held import Held, Work
from ninelives.replaying.keeping import Keeping
from ninelives.replaying.pace import MOST, Ahead, Pace
from ninelives.replaying.source import Source
from ninelives.replaying.tally import Tally

if TYPE_CHECKING:
    from ninelives.events import Event
    from ninelives.replaying.choice import Asked, Chosen
    from ninelives.replaying.report import ReplayReport

__all__ = ["Run"]

SLICE = 0.05
"""Seconds of a wait after which it is looked whether the replay is to end."""

_IF_MORE = ("asked to stop", "canary failed")  # said only if there were more letters


class Run:
    """One replay.

    Args:
        functions: What runs the letters, where they are and whose they are.
        chosen: Which letters.
        asked: How it is to go.
        emit: Tells the pipeline's listeners.
    """

    def __init__(self, functions: Functions, chosen: Chosen, asked: Asked, emit: Callable[[Event], None]) -> None:
        queue, clock = functions.queue, functions.clock
        now = clock.monotonic()
        self.clock = clock
        self._functions = functions
        self._asked = asked
        self._tally = Tally(functions.pipeline, asked, clock, emit)
        audit = None if asked.by is None else Audit(asked.by, clock.now, emit)
        self._source = Source(queue, clock, chosen, asked, self._tally, self._size)
        self._ending = Ending(self._tally, self._source.seen, audit)
        self._keeping = Keeping(clock, queue.options.lease, self._ending)
        self._pace = Pace(asked.rate, now)
        self._ahead = Ahead(asked.rate)
        self._batches = self._source.batches()
        self._waiting: deque[Held] = deque()
        self._filling = Lock()  # held while letters are claimed: by one lane for all of them
        self._left = asked.limit
        self._phase: int | None = None  # how many letters may still be run in this phase; None: all
        self._over = self._halted = False

    @property
    def report(self) -> ReplayReport:
        """What came of it so far."""
        return self._tally.report

    def begin(self) -> None:
        """Fix which letters it is about.

        Raises:
            StoreError: A store can't be read, and no other can.
        """
        self._source.begin()
        self._tally.began()

    def phases(self) -> Iterator[int]:
        """The parts of the run, one after the other: for each, how many lanes there are to be."""
        lanes, canary = self._asked.concurrency, self._asked.canary
        alone = int(lanes > 1)  # a circuit that tries whether the service is back refuses all but one
        yield from self._parts(alone, lanes)
        if canary is not None:
            yield from self._parts(canary - alone, lanes)
            if self.report.failed or self.report.unconfirmed:
                self.halt("canary failed")
        yield from self._parts(None, lanes)

    def delay(self) -> float:
        """Seconds to wait now before the next letter may begin; then it is asked again."""
        if self._is_over():
            return 0.0
        return min(self._pace.delay(self.clock.monotonic()), SLICE)

    def ready(self) -> Work | None:
        """The next letter that is claimed already and can be run here."""
        while self._waiting and not self._is_over():
            held = self._waiting.popleft()
            if (work := self._work(held)) is not None:
                return work
        return None

    def fill(self) -> bool:
        """Claim some more letters; whether there may be any.

        Raises:
            StoreError: None of the stores can be read.
        """
        # A copy that comes of a letter that is done must be known as one.
        if self._ending.is_due or self._source.seen.needed:
            self._ending.flush()
        with self._filling:
            if self._is_over():
                return False
            batch = next(self._batches, None)
            self._over = batch is None
            if batch:
                self._waiting += self._keeping.add(batch)
                self._ahead.claimed(self.clock.monotonic())
            return bool(batch)

    def ended(self, work: Work, error: Exception | None) -> bool:
        """The call returned, or raised `error`; whether it is time to `flush`."""
        if error is not None:
            self._failed(work, error)
        elif (again := work.hand.again) is not None:
            self._ending.failed(work.held, again, "it came to a dead letter queue again")
        else:
            self._ending.done(work.held, work.began)
        return self._ending.is_due

    def interrupted(self, work: Work) -> None:
        """It is not known what came of the call: the letter goes back as it was, and the run is over."""
        self.halt("interrupted")
        self._ending.back(work.held, urgent=True)

    def broken(self, error: BaseException) -> None:
        """It can't go on."""
        self.halt("a store failed" if isinstance(error, StoreError) else "interrupted")

    def halt(self, why: str) -> None:
        """Begin no letter any more; the first reason counts."""
        if not self._halted:
            self._halted = True
            self.report.stopped = why

    @property
    def is_pending(self) -> bool:
        """Whether something is still to be written down."""
        return self._ending.is_pending

    def flush(self) -> None:
        """Write down what came of the letters so far."""
        self._ending.flush()

    def settle(self) -> None:
        """The same, and wait until all of it is written down."""
        self._ending.settle()

    def tell(self) -> None:
        """Tell how far it is."""
        self._tally.tell()

    def end(self) -> None:
        """Nothing is run any more: give back what is still claimed."""
        with self._filling:
            self._over = True
            self._batches.close()
        self._keeping.end()
        more = bool(self._waiting) or self._source.more
        self._waiting.clear()
        for held in self._keeping.left():
            self._ending.back(held)
        self._ending.settle()
        self._source.finish()
        if self.report.stopped in _IF_MORE and not more:
            self.report.stopped = None

    def over(self) -> None:
        """Tell that it has ended; nothing is kept any more, also where `end` was interrupted."""
        self._keeping.stop()
        self._tally.ended()

    def _parts(self, size: int | None, lanes: int) -> Iterator[int]:
        """Phases until `size` letters were run; more than one where some have to end before others begin."""
        self._phase = size
        while self._phase != 0 and not self._is_over():
            yield lanes if self._phase is None else min(lanes, self._phase)

    def _is_over(self) -> bool:
        if self._halted or self._left == 0 or self._phase == 0:
            return True
        if not self._waiting and (self._over or not self._source.more):
            return True
        if self._asked.is_to_stop():
            self.halt("asked to stop")
        return self._halted

    def _size(self, store: DeadLetterStore) -> int:
        if not isinstance(store, Renewable) or not self._keeping.start():
            return 1  # who waits for its turn would be lost to others
        bounds = [bound for bound in (MOST, self._left, self._phase) if bound is not None]
        return self._ahead.size(self.clock.monotonic(), min(bounds))

    def _work(self, held: Held) -> Work | None:
        letter = held.claimed.letter
        if held.lost or held.claimed.lease.until <= self.clock.now():
            self._ending.back(held, "busy", "its lease ended before its turn came: replay it again")
            return None
        call = self._functions.call_for(letter, held.claimed.place.name)
        if isinstance(call, str):
            self._ending.back(held, "skipped", call)
            return None
        self._left = None if self._left is None else self._left - 1
        self._phase = None if self._phase is None else self._phase - 1
        self._pace.took(self.clock.monotonic())
        return Work(held, call, held.claimed.hand(*call.args, *call.kwargs.values()), time.monotonic())

    def _failed(self, work: Work, error: Exception) -> None:
        why = f"{type_name(error)}: {work.call.without_masked(safe_message(error, 500))}"
        if is_refusal(work.call, error):
            self.halt("circuit open")
            self.report.retry_after = getattr(error, "retry_after", None)
            self._ending.back(work.held, "refused", why, urgent=True)
        else:
            self._ending.failed(work.held, work.held.claimed.maker.failure(work.call, error), why)
