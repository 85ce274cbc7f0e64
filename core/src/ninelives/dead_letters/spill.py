"""A store and its fallback: letters that the store did not take, and their way home.

Whether the store works is a circuit of its own: one failure that may pass opens it, and from then on letters go
straight to the fallback, so that no caller waits for a store that is known to be down. No caller is sent to try it out
either: the background does that, with letters that are on their way home.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakSet

from ninelives.circuit import Circuit, CircuitRules, Ticket
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.progress import DrainTally
from ninelives.dead_letters.telling import letter_event, warn
from ninelives.errors import LetterTooLargeError, StoreError
from ninelives.events import Event, LetterStored
from ninelives.stand_ins import stand_ins

if TYPE_CHECKING:
    from ninelives.clock import Clock
    from ninelives.dead_letters.progress import Stop, Told
    from ninelives.dead_letters.store import DeadLetterStore

__all__ = ["DRAIN_EVERY", "Spill"]

DRAIN_EVERY = 30.0
"""Seconds between two times that the background tries to move letters home."""

_MOST_REMEMBERED = 10_000  # letters that were refused: to forget some costs another try of them, no more


class Spill:
    """What stands between a store and its fallback.

    Args:
        home: The store.
        refuge: Its fallback.
        clock: Tells when to try again.
        shared: Whether all queues of these addresses have it in common.

    Attributes:
        queues: Those that have it, and have not been closed.
        users: Whose letters are moved, as others may share the fallback, and who is told that they came home; None
            stands for the letters of no pipeline.
    """

    def __init__(self, home: Place, refuge: Place, clock: Clock, *, shared: bool = False) -> None:
        self.shared = shared
        self.queues: WeakSet[object] = WeakSet()
        self.users: dict[str | None, Callable[[Event], None]] = {}
        self._home = home
        self._refuge = refuge
        self._clock = clock
        self._circuit = Circuit(home.name, CircuitRules(failure_threshold=1, recovery_timeout=DRAIN_EVERY))
        self._next_try = float("-inf")
        self._said = ""  # by the store, when it failed last
        self._unfit: set[str] = set()  # too large
        self._passed: set[str] = set()  # refused for another reason, on the way through all of them

    @property
    def is_down(self) -> bool:
        """Whether the store is known not to work."""
        return not self._circuit.closed_generation

    @property
    def reason(self) -> str:
        """Why letters do not go to the store, while it is down."""
        return f"{self._home.name} is known to be down ({self._said})"

    def put(self, letter: DeadLetter) -> None:
        """Put a letter into the store, and learn from it whether the store works.

        Raises:
            Exception: What the store raises.
        """
        ticket = Ticket(self._circuit.closed_generation)
        try:
            self._home.store.put(letter)
        except Exception as error:
            self._failed(letter, error, ticket)
            raise
        if not ticket.generation:  # tried although it was known to be down, as the fallback failed too
            self._circuit.reset()
        if self.due_in() <= 0:
            self.wait()

    def wait(self) -> None:
        """Let the background move home what is in the fallback, when it is time."""
        from ninelives.dead_letters.background import background

        background.add(self)

    def due_in(self) -> float:
        """Seconds until the background may try."""
        return self._next_try - self._clock.monotonic()

    def attempt(self, go_on: Callable[[], bool]) -> bool:
        """Move home what is ours, if the store takes it; whether all is done.

        Args:
            go_on: Asked before each batch.
        """
        now = self._clock.monotonic()
        self._next_try = now + DRAIN_EVERY
        ticket = self._circuit.admit(now).ticket if stand_ins.store is None else None
        if ticket is None:
            return False
        try:
            # At the first one that arrives: callers need avoid the store no longer. Not what may stand in for the
            # stores from now on: a letter must not go from one world to the other.
            arrived = partial(self._circuit.succeeded, ticket)
            done = self._move(self._refuge.own, self._home.own, self._is_ours, arrived, go_on, self._refused)
        except BaseException as error:  # the thread goes on, whatever a store raises
            self._learn(error, ticket)
            return False
        if done:
            self._circuit.succeeded(ticket)
        else:  # all may be held by others, and then it was not tried
            self._circuit.released(ticket)
        return done

    def drain(self, stop: Stop | None = None, progress: Told | None = None) -> int:
        """Move home all that is ours, or simply all where no pipeline uses it; how many letters came home.

        Args:
            stop: Asked before each batch.
            progress: Told of each letter that came home or was refused for good.

        Raises:
            StoreError: A store failed; it says how many had come home by then.
        """
        self._unfit.clear()  # the store's limit may have been raised
        self._passed.clear()
        tally = DrainTally(progress)

        def refused(letter: DeadLetter, problem: StoreError) -> None:
            self._refused(letter, problem)
            tally.refused()

        wanted = self._is_ours if self.users.keys() - {None} else _everything
        go_on = _for_ever if stop is None else lambda: not stop.is_set()
        try:
            self._move(self._refuge.store, self._home.store, wanted, tally.arrived, go_on, refused)
        except Exception as error:
            place, problem = self._who(error)
            said = f"{tally.came} letters came home, then {said_of(place, problem)}"
            raise StoreError(said, transient=getattr(problem, "transient", True)) from problem
        finally:
            if tally.came:
                self._circuit.reset()
        return tally.came

    def close(self, queue: object) -> None:
        """That queue is closed. If it was the last, the background leaves the letters alone; wait until it does."""
        from ninelives.dead_letters.background import background

        self.queues.discard(queue)
        if not self.queues:
            background.remove(self)

    def _is_ours(self, letter: DeadLetter) -> bool:
        return letter.pipeline in self.users

    def _move(
        self,
        source: DeadLetterStore,
        target: DeadLetterStore,
        wanted: Callable[[DeadLetter], bool],
        arrived: Callable[[], object],
        go_on: Callable[[], bool],
        refused: Callable[[DeadLetter, StoreError], None],
    ) -> bool:
        from ninelives.dead_letters.draining import Drain

        def fits(letter: DeadLetter) -> bool:
            return letter.id not in self._unfit and letter.id not in self._passed and wanted(letter)

        def moved(letter: DeadLetter) -> None:
            arrived()
            self._came_home(letter)

        done = Drain(source, target, fits, moved, refused, go_on, self._filters()).run()
        if done:  # the next time begins anew: the reasons may have gone
            self._passed.clear()
        return done

    def _filters(self) -> list[LetterFilter]:
        """What to look for: where it can be said, the letters of others are not even read."""
        names: list[str | None] = [None] if None in self.users else list(self.users)
        return [LetterFilter(state="waiting", pipeline=name) for name in names]

    def _came_home(self, letter: DeadLetter) -> None:
        emit = self.users.get(letter.pipeline) or next(iter(self.users.values()))
        reason = f"moved from {self._refuge.name}"
        emit(letter_event(LetterStored, letter, self._clock.now(), self._home.name, reason))

    def _learn(self, error: BaseException, ticket: Ticket) -> None:
        """What an attempt says of the store: only that it failed at a trial, and that this may pass, takes it away.

        Where it refuses for good, it answers; where it is the fallback that fails, nobody can try it out but callers.
        """
        place, problem = self._who(error)
        if place is self._home and getattr(problem, "transient", True):
            if ticket.slot:
                now = self._clock.monotonic()
                self._circuit.failed(ticket, now)
                self._next_try = now + DRAIN_EVERY
        else:
            self._circuit.succeeded(ticket)
        warn("letters wait in %s: %s", self._refuge.name, said_of(place, problem))

    def _who(self, error: BaseException) -> tuple[Place, BaseException]:
        """Which of the two stores failed, and what it said."""
        from ninelives.dead_letters.draining import TargetError

        return (self._home, error.problem) if isinstance(error, TargetError) else (self._refuge, error)

    def _failed(self, letter: DeadLetter, error: Exception, ticket: Ticket) -> None:
        from ninelives.transient import Kind, classify

        if isinstance(error, LetterTooLargeError):
            _remember(self._unfit, letter)
        elif classify(error).kind is not Kind.PERMANENT:
            self._said = said_of(self._home, error)
            now = self._clock.monotonic()
            if self._circuit.failed(ticket, now) is not None:
                self._next_try = now + DRAIN_EVERY

    def _refused(self, letter: DeadLetter, problem: StoreError) -> None:
        _remember(self._unfit if isinstance(problem, LetterTooLargeError) else self._passed, letter)


def _for_ever() -> bool:
    return True


def _remember(letters: set[str], one: DeadLetter) -> None:
    if len(letters) >= _MOST_REMEMBERED:
        letters.clear()
    letters.add(one.id)


def _everything(_letter: DeadLetter) -> bool:
    return True
