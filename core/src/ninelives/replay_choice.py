"""Which letters a replay is asked for; what means none of them, or more than was said, is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.store import Browsable, Claimable, DeadLetterStore, is_searchable
from ninelives.describing import safe_repr
from ninelives.errors import StoreError

__all__ = ["PAGE", "What", "check", "waiting_in"]

PAGE = 500
"""How many letters are looked at in one go."""

What = LetterFilter | Iterable[str] | None
"""Ids, a filter, or all that wait."""


def check(what: Any, limit: Any) -> None:
    """Refuse what no letters are meant by.

    Raises:
        TypeError: It is neither ids nor a filter, or the limit is no number.
        ValueError: The filter is empty or means parked letters without naming them, or the limit is negative.
    """
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
        raise TypeError(f"replay(limit={safe_repr(limit, 80)}): expected a whole number of letters, or None for all")
    if limit is not None and limit < 0:
        raise ValueError(f"replay(limit={limit}): expected 0 or more, or None for all")
    if isinstance(what, LetterFilter):
        _check_filter(what)
    elif what is not None and not isinstance(what, Iterable):
        raise TypeError(f"replay({safe_repr(what, 80)}): expected ids of letters, a LetterFilter, or nothing for all")


def _check_filter(what: LetterFilter) -> None:
    what.refuse_empty("call replay() without one to say so")
    if what.state == "parked" and what.ids is None:
        raise ValueError("parked letters are replayed by their ids: pass these, or a filter with ids=")


def waiting_in(store: DeadLetterStore, chosen: LetterFilter) -> list[str] | StoreError | None:
    """The letters that are there; None if the store can't be searched. An error is raised when its turn comes."""
    if not is_searchable(store) or not isinstance(store, Claimable):
        return None
    try:
        return _ids(store, chosen)
    except StoreError as error:
        return error


def _ids(store: Browsable, chosen: LetterFilter) -> list[str]:
    ids: list[str] = []
    cursor: str | None = None
    while True:
        page = store.browse(chosen, limit=PAGE, cursor=cursor)
        ids += [letter.id for letter in page.letters]
        if (cursor := page.cursor) is None:
            return ids
