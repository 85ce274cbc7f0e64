"""A store and its fallback: letters that the store did not take, and their way home.

Whether the store works is a circuit of its own: one failure that may pass opens it, and from then on letters go
straight to the fallback, so that no caller waits for a store that is known to be down. No caller is sent to try it out
either: the background does that, with letters that are on their way home.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ninelives.circuit import Circuit, CircuitRules, Ticket
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.places import Place, Places, said_of
from ninelives.dead_letters.telling import letter_event, warn
from ninelives.errors import LetterTooLargeError, StoreError
from ninelives.events import Event, LetterStored
from ninelives.stand_ins import stand_ins

if TYPE_CHECKING:
    from ninelives.clock import Clock

__all__ = ["DRAIN_EVERY", "Spill", "spill_of"]

DRAIN_EVERY = 30.0
"""Seconds between two times that the background tries to move letters home."""

_MOST_REMEMBERED = 10_000  # letters that never fit: to forget some costs another look at them, no more


class Spill:
    """What stands between a store and its fallback.

    Args:
        home: The store.
        refuge: Its fallback.
        clock: Tells when to try again.
        came_home: Told of each letter that has come home.

    Attributes:
        pipelines: Whose letters are moved, as others may share the fallback; None stands for those of no pipeline.
    """

    def __init__(self, home: Place, refuge: Place, clock: Clock, came_home: Callable[[DeadLetter], None]) -> None:
        self.pipelines: set[str | None] = set()
        self._home = home
        self._refuge = refuge
        self._clock = clock
        self._came_home = came_home
        self._circuit = Circuit(home.name, CircuitRules(failure_threshold=1, recovery_timeout=DRAIN_EVERY))
        self._next_try = float("-inf")
        self._unfit: set[str] = set()

    @property
    def is_down(self) -> bool:
        """Whether the store is known not to work."""
        return not self._circuit.closed_generation

    @property
    def reason(self) -> str:
        """Why letters do not go to the store, while it is down; what it said stands in the event of the first."""
        return f"{self._home.name} is known to be down"

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
        if self.is_down:  # tried although it was known to be down, as the fallback failed too
            self._circuit.reset()
        if self.due_in() <= 0:
            self.wait()

    def wait(self) -> None:
        """Let the background move home what is in the fallback, when it is time."""
        if stand_ins.store is None:  # else it would get to the real stores, some time after the test
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
        ticket = self._circuit.admit(now).ticket
        if ticket is None:
            return False
        try:
            # At the first one that arrives: callers need avoid the store no longer.
            self._move(self._is_ours, lambda _: self._circuit.succeeded(ticket), go_on)
        except BaseException as error:  # the thread goes on, whatever a store raises
            self._circuit.failed(ticket, self._clock.monotonic())
            warn("letters wait in %s: %s", self._refuge.name, said_of(self._home, error))
            return False
        self._circuit.succeeded(ticket)
        return True

    def drain(self) -> int:
        """Move home all that is ours, or simply all where no pipeline uses it; how many letters came home.

        Raises:
            StoreError: A store failed; it says how many had come home by then.
        """
        self._unfit.clear()  # the store's limit may have been raised
        home: list[DeadLetter] = []
        try:
            self._move(self._is_ours if self.pipelines - {None} else _everything, home.append)
        except Exception as error:
            transient = getattr(error, "transient", True)
            said = f"{len(home)} letters came home, then {said_of(self._home, error)}"
            raise StoreError(said, transient=transient) from error
        finally:
            if home:
                self._circuit.reset()
        return len(home)

    def close(self) -> None:
        """Let the background leave it alone, and wait until it does."""
        from ninelives.dead_letters.background import background

        background.remove(self)

    def _is_ours(self, letter: DeadLetter) -> bool:
        return letter.pipeline in self.pipelines

    def _move(
        self,
        wanted: Callable[[DeadLetter], bool],
        arrived: Callable[[DeadLetter], object],
        go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        from ninelives.dead_letters.moving import Move

        def fits(letter: DeadLetter) -> bool:
            return letter.id not in self._unfit and wanted(letter)

        def moved(letter: DeadLetter) -> None:
            arrived(letter)
            self._came_home(letter)

        Move(self._refuge.store, self._home.store, fits, moved, self._remember, go_on).run()

    def _failed(self, letter: DeadLetter, error: Exception, ticket: Ticket) -> None:
        from ninelives.transient import Kind, classify

        if isinstance(error, LetterTooLargeError):
            self._remember(letter)
        elif classify(error).kind is not Kind.PERMANENT:
            now = self._clock.monotonic()
            if self._circuit.failed(ticket, now) is not None:
                self._next_try = now + DRAIN_EVERY

    def _remember(self, unfit: DeadLetter) -> None:
        if len(self._unfit) >= _MOST_REMEMBERED:
            self._unfit.clear()
        self._unfit.add(unfit.id)


def spill_of(stores: Places, clock: Clock, emit: Callable[[Event], None]) -> Spill | None:
    """What stands between these stores; None without a fallback."""
    if stores.fallback is None:
        return None
    home, reason = stores.store.name, f"moved from {stores.fallback.name}"

    def came_home(letter: DeadLetter) -> None:
        emit(letter_event(LetterStored, letter, clock.now(), home, reason))

    return Spill(stores.store, stores.fallback, clock, came_home)


def _everything(_letter: DeadLetter) -> bool:
    return True
