"""Which letters a replay is asked for; what means none of them, or more than was said, is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ninelives.dead_letters.letter import LetterFilter
from ninelives.describing import safe_repr

__all__ = ["What", "check"]

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
