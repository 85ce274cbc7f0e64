"""Which letters something is to be done to: what means none of them, or more than was said, is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ninelives.dead_letters.letter import LetterFilter
from ninelives.describing import safe_repr

__all__ = ["What", "chosen_of"]

What = LetterFilter | Iterable[str]
"""A letter's id, several ids, or a filter."""


def chosen_of(what: Any, *, all_letters: bool) -> LetterFilter | list[str]:
    """The filter, or each of the ids once.

    Args:
        what: What was given.
        all_letters: Whether an empty filter may mean every letter.

    Raises:
        TypeError: It is neither ids nor a filter.
        ValueError: It is an empty filter, and that every letter is meant was not said.
    """
    if isinstance(what, LetterFilter):
        if not all_letters:
            what.refuse_empty("pass all_letters=True to say so")
        return what
    if isinstance(what, str):
        return [what]
    ids = list(dict.fromkeys(what)) if isinstance(what, Iterable) else [what]
    wrong = [one for one in ids if not isinstance(one, str)]
    if wrong:
        raise TypeError(f"expected ids of letters, or a LetterFilter, not {safe_repr(wrong[0], 80)}")
    return ids
