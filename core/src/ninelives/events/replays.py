"""What became of replays: of one letter, and of a run of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ninelives.events.event import Event

__all__ = [
    "LetterParked",
    "LetterPurged",
    "LetterReplayed",
    "ReplayEnded",
    "ReplayEvent",
    "ReplayFailed",
    "ReplayProgressed",
    "ReplayStarted",
    "RunEvent",
]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReplayEvent(Event):
    """What the events of a letter's replay have.

    Attributes:
        replay_count: How many replays of the letter have failed so far.
    """

    letter_id: str
    replay_count: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterReplayed(ReplayEvent):
    """A replay succeeded and the letter is gone from its store."""

    name: ClassVar[str] = "letter_replayed"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReplayFailed(ReplayEvent):
    """A replay failed; the letter is back in its store with the new error."""

    name: ClassVar[str] = "replay_failed"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterParked(ReplayEvent):
    """A letter failed its last allowed replay: from now on only naming it replays it."""

    name: ClassVar[str] = "letter_parked"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterPurged(ReplayEvent):
    """A letter was deleted without a replay."""

    name: ClassVar[str] = "letter_purged"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class RunEvent(Event):
    """What the events of a run of replays have.

    Attributes:
        total: How many letters the run is about; None where the store can't say.
    """

    total: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReplayStarted(RunEvent):
    """A replay began."""

    name: ClassVar[str] = "replay_started"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReplayProgressed(RunEvent):
    """A replay goes on; at most one a second.

    Attributes:
        done: How many letters it is through with, whatever came of them.
        replayed: How many of them succeeded.
        failed: How many failed again.
    """

    name: ClassVar[str] = "replay_progressed"

    done: int
    replayed: int
    failed: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReplayEnded(RunEvent):
    """A replay is over.

    Attributes:
        done: How many letters it is through with, whatever came of them.
        replayed: How many of them succeeded.
        failed: How many failed again.
        elapsed: Seconds from begin to end.
        stopped: Why it ended before all were run; None: it did not.
    """

    name: ClassVar[str] = "replay_ended"

    done: int
    replayed: int
    failed: int
    elapsed: float
    stopped: str | None = None
