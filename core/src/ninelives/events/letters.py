"""What became of dead letters, but for their replays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ninelives.events.event import Event

__all__ = ["LetterChanged", "LetterEvent", "LetterLost", "LetterSpilled", "LetterStored", "StoreOverLimit"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterEvent(Event):
    """What the events of a letter's way into a store have.

    Attributes:
        store: The store's address, secrets masked.
        reason: Why the call became a letter, or why the store did not take it.
        fingerprint: Groups letters of one kind.
    """

    letter_id: str
    store: str
    reason: str
    fingerprint: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterStored(LetterEvent):
    """A dead letter is in its store."""

    name: ClassVar[str] = "letter_stored"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterSpilled(LetterEvent):
    """The store did not take the letter; its fallback, named here, did."""

    name: ClassVar[str] = "letter_spilled"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterLost(LetterEvent):
    """Neither the store nor its fallback took the letter: it stands whole on stderr, and nowhere else."""

    name: ClassVar[str] = "letter_lost"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LetterChanged(Event):
    """Someone did something to a letter by hand; the letter's notes say it too.

    Attributes:
        action: What was done: ``noted``, ``edited``, ``parked``, ``unparked``, ``moved``, ``imported``, ``purged`` or
            ``replayed``.
        user: Who did it, by the name that the operating system has.
        host: On which machine.
        command: With what, without its arguments: ``ninelives dlq edit``.
        note: What was said of it; None: nothing.
    """

    name: ClassVar[str] = "letter_changed"

    letter_id: str
    action: str
    user: str
    host: str
    command: str
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class StoreOverLimit(Event):
    """A store holds more letters than `max_letters`; nothing was refused or dropped.

    Attributes:
        store: The store's address, secrets masked.
        letters: How many it holds.
        limit: How many it is meant to hold at most.
    """

    name: ClassVar[str] = "store_over_limit"

    store: str
    letters: int
    limit: int
