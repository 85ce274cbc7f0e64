"""Letters of one kind, together: as the store counts them, else by looking through them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec import structs

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.store import Browsable, DeadLetterStore, Grouped, LetterGroup, is_searchable
from ninelives.errors import UnsupportedError

__all__ = ["group_of", "groups_among", "groups_of"]

_PAGE = 500


def groups_of(store: DeadLetterStore, filter: LetterFilter, *, limit: int) -> list[LetterGroup]:
    """The groups of the letters that match, the largest first, of equal ones the one that failed last.

    A store that knows its groups is asked for them; any other is looked through page by page, with memory for the
    groups, not for the letters.

    Args:
        store: Where the letters are.
        filter: Which letters.
        limit: How many groups at most.

    Raises:
        UnsupportedError: The store can't be searched.
        StoreError: The store can't be read.
    """
    if isinstance(store, Grouped):
        return store.groups(filter, limit=limit)
    if not is_searchable(store):
        name = getattr(store, "name", type(store).__name__)
        raise UnsupportedError(
            f"{name} has no search: its letters can't be grouped; move them to a store that has "
            "(file:, sqlite:), and group them there"
        )
    return groups_among(_letters(store, filter), limit=limit)


def groups_among(letters: Iterable[DeadLetter], *, limit: int) -> list[LetterGroup]:
    """The groups of these letters, the largest first, of equal ones the one that failed last.

    Args:
        letters: In any order; they are gone through once, and none is kept.
        limit: How many groups at most.
    """
    groups: dict[tuple[str | None, str | None, int], _Growing] = {}
    for letter in letters:
        key = (letter.pipeline, letter.fingerprint, letter.fingerprint_version)
        group = groups.get(key) or groups.setdefault(key, _Growing(letter))
        group.add(letter)
    return sorted((group.finished() for group in groups.values()), key=_rank)[:limit]


def group_of(example: DeadLetter, *, count: int, parked: int, first: datetime) -> LetterGroup:
    """The group that this letter is the example of.

    Args:
        example: Of those that failed last the youngest.
        count: How many letters there are.
        parked: How many of them are parked.
        first: When the first of them failed first.
    """
    error = example.error
    return LetterGroup(
        pipeline=example.pipeline,
        fingerprint=example.fingerprint,
        fingerprint_version=example.fingerprint_version,
        count=count,
        parked=parked,
        first=first,
        last=example.last_failed,
        example=example.id,
        operation=example.operation,
        error_type="" if error is None else error.type,
        error_message="" if error is None else error.message,
    )


class _Growing:
    """What is known so far of the group of a letter."""

    def __init__(self, letter: DeadLetter) -> None:
        self._count = self._parked = 0
        self._first = letter.first_failed
        self._age, self._example = _age(letter), group_of(letter, count=0, parked=0, first=self._first)

    def add(self, letter: DeadLetter) -> None:
        self._count += 1
        self._parked += letter.state == "parked"
        self._first = min(self._first, letter.first_failed)
        if _age(letter) > self._age:
            self._age, self._example = _age(letter), group_of(letter, count=0, parked=0, first=self._first)

    def finished(self) -> LetterGroup:
        return structs.replace(self._example, count=self._count, parked=self._parked, first=self._first)


def _age(letter: DeadLetter) -> tuple[datetime, datetime, str]:
    return letter.last_failed, letter.created, letter.id


def _rank(group: LetterGroup) -> tuple[int, float, str, str, int]:
    name = (group.pipeline or "", group.fingerprint or "", group.fingerprint_version)
    return (-group.count, -group.last.timestamp(), *name)


def _letters(store: Browsable, filter: LetterFilter) -> Iterator[DeadLetter]:
    page = store.browse(filter, limit=_PAGE)
    yield from page.letters
    while page.cursor is not None:
        page = store.browse(filter, limit=_PAGE, cursor=page.cursor)
        yield from page.letters
