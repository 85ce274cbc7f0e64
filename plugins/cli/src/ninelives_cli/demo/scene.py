"""What has happened so far, in numbers and in a few words: what both views show."""

from __future__ import annotations

import threading
from collections import deque

from ninelives import CircuitState, Notification, Outcome
from ninelives.events import (
    CircuitClosed,
    CircuitHalfOpened,
    CircuitOpened,
    Event,
    LetterReplayed,
    LetterStored,
    RetryScheduled,
)
from ninelives_cli.demo.service import Phase

__all__ = ["Scene"]

LATEST = 6
"""How many of the latest happenings are kept."""

_STATES: dict[type[Event], CircuitState] = {
    CircuitOpened: CircuitState.OPEN,
    CircuitHalfOpened: CircuitState.HALF_OPEN,
    CircuitClosed: CircuitState.CLOSED,
}


class Scene:
    """Counts what it is told; a `Watcher` that shows nothing yet. Views override what they want to react to.

    Args:
        requests: How many requests there will be.

    Attributes:
        doing: What the service does, or that letters are replayed.
        circuit: The state of the circuit.
        done: Requests that have ended.
        retries, letters, replayed, alerts: How many there were.
        latest: The last happenings, in words.
    """

    def __init__(self, requests: int) -> None:
        self.requests = requests
        self.doing = ""
        self.circuit = CircuitState.CLOSED
        self.done = self.retries = self.letters = self.replayed = self.alerts = 0
        self.latest: deque[str] = deque(maxlen=LATEST)
        # Told by several threads: adding one is two steps.
        self._lock = threading.Lock()

    def entered(self, phase: Phase) -> None:
        """The service does something else now."""
        self.doing = f"the service {phase}"

    def finished(self, outcome: Outcome[str]) -> None:
        """A request has ended."""
        self.count("done")

    def replaying(self, letters: int) -> None:
        """The replay begins."""
        self.doing = f"replaying the letters: {letters}"

    def told(self, event: Event) -> None:
        """An event of the pipeline."""
        if (state := _STATES.get(type(event))) is not None:
            self.circuit = state
            self.circuit_moved()
        elif isinstance(event, RetryScheduled):
            self.count("retries", f"retry in {event.delay:.2f} s, after {event.error_message}")
        elif isinstance(event, LetterStored):
            self.count("letters", f"letter {event.letter_id[-6:]} kept: {event.reason}")
        elif isinstance(event, LetterReplayed):
            self.count("replayed", f"letter {event.letter_id[-6:]} replayed")

    def alerted(self, notification: Notification) -> None:
        """An alert."""
        self.count("alerts", f"alert, {notification.severity}: {notification.message}")

    def circuit_moved(self) -> None:
        """The circuit has another state."""
        self.latest.append(f"circuit {self.state}")

    def count(self, what: str, words: str = "") -> int:
        """One more of these; how many there are now."""
        with self._lock:
            number: int = getattr(self, what) + 1
            setattr(self, what, number)
        if words:
            self.latest.append(words)
        return number

    @property
    def state(self) -> str:
        """The circuit's state in words."""
        return self.circuit.name.lower().replace("_", "-")

    @property
    def numbers(self) -> str:
        """What was counted, in words."""
        return f"{self.retries} retries, {self.letters} letters, {self.replayed} replayed, {self.alerts} alerts"
