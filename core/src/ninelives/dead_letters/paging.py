"""Oldest first, page by page: for stores that can be looked through."""

from __future__ import annotations

from ninelives.dead_letters.letter import DeadLetter
from ninelives.errors import StoreError

__all__ = ["FIRST", "Position", "cursor_after", "position_of", "read_cursor"]

Position = tuple[float, str]
"""Where a letter stands among the others: when it was made, in seconds since 1970, and its id."""

FIRST: Position = (float("-inf"), "")


def position_of(letter: DeadLetter) -> Position:
    """Where a letter stands, oldest first; letters of one moment stand by their ids."""
    return letter.created.timestamp(), letter.id


def cursor_after(position: Position) -> str:
    """The cursor of the page that begins behind this position; it holds while letters come and go."""
    return f"{position[0]!r}/{position[1]}"


def read_cursor(cursor: str | None) -> Position:
    """The position behind which a page begins; None is the beginning.

    Raises:
        StoreError: No page has given this cursor.
    """
    if cursor is None:
        return FIRST
    try:
        moment, letter_id = cursor.split("/", 1)
        return float(moment), letter_id
    except ValueError:
        expected = "one that browse() gave, or None for the first page"
        raise StoreError(f"cursor {cursor!r}: expected {expected}", transient=False) from None
