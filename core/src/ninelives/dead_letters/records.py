"""What a store hands out: claims, pages of letters or of their ids, and groups."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ninelives.dead_letters.letter import DeadLetter

__all__ = ["IdPage", "Lease", "LetterGroup", "Page"]


class Lease(Struct, frozen=True):
    """A claim on a letter; it holds while taken ≤ now < until, by the wall clock, and outlives the process.

    Attributes:
        letter: The letter as it was when claimed.
        token: What the store knows the claim by.
        until: When the claim ends by itself.
    """

    letter: DeadLetter
    token: str
    until: datetime


class Page(Struct, frozen=True):
    """Some of the letters that were asked for.

    Attributes:
        letters: Oldest first.
        cursor: Where the next page begins; None after the last.
    """

    letters: tuple[DeadLetter, ...]
    cursor: str | None = None


class IdPage(Struct, frozen=True):
    """The ids of some of the letters that were asked for.

    Attributes:
        ids: Oldest letter first.
        cursor: Where the next page begins; None after the last.
    """

    ids: tuple[str, ...]
    cursor: str | None = None


class LetterGroup(Struct, frozen=True, kw_only=True):
    """Letters of one kind: of one pipeline, with one fingerprint that was made by one rule.

    Attributes:
        pipeline, fingerprint, fingerprint_version: What they have in common.
        count: How many there are.
        parked: How many of them are parked.
        first: When the first of them failed first.
        last: When one of them failed last.
        example: The id of the one that failed last.
        operation, error_type, error_message: What that one says.
    """

    pipeline: str | None
    fingerprint: str | None
    fingerprint_version: int
    count: int
    parked: int
    first: datetime
    last: datetime
    example: str
    operation: str | None = None
    error_type: str = ""
    error_message: str = ""
