"""Looking at the letters of several stores as if they were one: nothing is claimed, nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import structs

from ninelives.dead_letters.groups import groups_of
from ninelives.dead_letters.letter import SCHEMA, DeadLetter, LetterFilter
from ninelives.dead_letters.places import Place, looked_in, said_of
from ninelives.dead_letters.store import Browsable, LetterGroup, Listable, Page, is_searchable
from ninelives.dead_letters.telling import warn
from ninelives.errors import LetterNotFoundError, StoreError, UnsupportedError

__all__ = [
    "MAX_GROUPS",
    "PAGE",
    "count_in",
    "find_in",
    "groups_in",
    "hidden_in",
    "ids_in",
    "letters_in",
    "not_before",
    "pages_of",
    "refuse_unsearchable",
    "there",
]

PAGE = 100
"""How many letters are read at once."""

MAX_GROUPS = 100_000
"""How many groups of a store are told apart; there is one for each kind of error, not for each letter."""

_IDS = 5_000  # how many ids are read at once


def letters_in(places: Sequence[Place], chosen: LetterFilter, *, limit: int, cursor: str | None = None) -> Page:
    """One page, store by store and oldest first in each; of a letter that is in two of them, the first counts.

    Raises:
        UnsupportedError: One of the stores can't be looked through.
        StoreError: None can be read, or one that was begun can't be read on; where another can, the log says which
            can't. Or the cursor is none of ours.
    """
    index, inner = _read_cursor(cursor, len(places))
    found: list[DeadLetter] = []
    problems: list[tuple[Place, StoreError]] = []
    answered = cursor is not None
    while index < len(places) and len(found) < limit:
        try:
            page = _browsable(places[index]).browse(chosen, limit=limit - len(found), cursor=inner)
            answered = True
        except StoreError as error:
            if inner is not None or isinstance(error, UnsupportedError):
                raise
            problems.append((places[index], error))
            page = Page(())
        found += not_before(places[:index], page.letters)
        inner = page.cursor
        index += inner is None
    if problems and not answered:
        raise problems[0][1]
    _warn(problems)
    return Page(tuple(found), f"{index}:{inner or ''}" if index < len(places) else None)


def find_in(places: Sequence[Place], letter_id: str) -> DeadLetter:
    """The letter with that id, from the first store that has it.

    Raises:
        LetterNotFoundError: None of them has it.
        UnsupportedError: One of them can't be looked through.
        StoreError: One can't be read, and no other has it.
    """
    problem: StoreError | None = None
    looked: list[str] = []
    for place in places:
        try:
            return _browsable(place).get(letter_id)
        except LetterNotFoundError as error:
            looked.append(looked_in(place, error))
        except StoreError as error:
            problem = problem or error
    if problem is not None:
        raise problem
    if (said := hidden_in(places, letter_id)) is not None:
        raise LetterNotFoundError(said)
    raise LetterNotFoundError(f"there is no letter {letter_id} in {', '.join(looked)}")


def count_in(places: Sequence[Place], chosen: LetterFilter) -> int:
    """How many letters match; one that is in two of the stores counts twice."""
    return sum(_browsable(place).count(None if chosen.empty else chosen) for place in places)


def groups_in(places: Sequence[Place], chosen: LetterFilter, *, limit: int) -> list[LetterGroup]:
    """The groups of all these stores, the largest first, of equal ones the one that failed last."""
    merged: dict[tuple[str | None, str | None, int], LetterGroup] = {}
    # Of several, all: those that are small in one may be large together.
    most = limit if len(places) == 1 else MAX_GROUPS
    for place in places:
        for group in groups_of(place.store, chosen, limit=most):
            key = (group.pipeline, group.fingerprint, group.fingerprint_version)
            merged[key] = _merged(merged[key], group) if key in merged else group
    groups = sorted(merged.values(), key=lambda group: group.last, reverse=True)
    return sorted(groups, key=lambda group: group.count, reverse=True)[:limit]


def ids_in(places: Sequence[Place], chosen: LetterFilter) -> list[tuple[Place, list[str]]]:
    """The ids of the letters that match, by where they are; one that is in two of the stores stands in the first.

    Raises:
        UnsupportedError: One of the stores has no search.
    """
    for place in places:
        refuse_unsearchable(place)
    seen: set[str] = set()
    found: list[tuple[Place, list[str]]] = []
    for place in places:
        new = [letter_id for letter_id in _ids(place, chosen) if letter_id not in seen]
        seen.update(new)
        found.append((place, new))
    return found


def pages_of(place: Place, chosen: LetterFilter) -> Iterator[tuple[DeadLetter, ...]]:
    """The letters of one store that match, oldest first, some at a time."""
    cursor: str | None = None
    while True:
        page = _browsable(place).browse(chosen, limit=PAGE, cursor=cursor)
        yield page.letters
        if (cursor := page.cursor) is None:
            return


def there(place: Place, letter_ids: Iterable[str]) -> set[str]:
    """Which of these letters the store has; none that are known of in one that has no search."""
    wanted = frozenset(letter_ids)
    if not wanted or not is_searchable(place.store):
        return set()
    return set(_ids(place, LetterFilter(ids=wanted)))


def hidden_in(places: Sequence[Place], letter_id: str) -> str | None:
    """What is wrong with the letter's record, if a store has one that it can't read; None if none says so."""
    for place in places:
        try:
            lines: Iterable[Any] = getattr(place.store, "problems", tuple)()
            told = [line.why for line in lines if f'"{letter_id}"' in line.text]
        except Exception:  # what only explains must not fail
            told = []
        if told:
            return f"letter {letter_id} is in {place.name}, but can't be read: {told[-1]}"
    return None


def refuse_newer(letter: DeadLetter) -> None:
    """Refuse to do anything to a letter that a newer version wrote: what it means is not known here.

    Raises:
        StoreError: It is one.
    """
    if letter.schema > SCHEMA:
        said = f"letter {letter.id} is of schema {letter.schema}, and this version knows {SCHEMA}: upgrade ninelives"
        raise StoreError(said, transient=False)


def refuse_unsearchable(place: Place) -> None:
    """Refuse a store whose letters can't all be found by looking.

    Raises:
        UnsupportedError: It is one.
    """
    if not is_searchable(place.store):
        raise UnsupportedError(
            f"{place.name} has no search: name letters by their ids, or move all of them to a store that has "
            "(file:, sqlite:) and work there"
        )


def _ids(place: Place, chosen: LetterFilter) -> Iterator[str]:
    store = place.store
    if not isinstance(store, Listable):
        for letters in pages_of(place, chosen):
            yield from (letter.id for letter in letters)
        return
    cursor: str | None = None
    while True:
        page = store.list_ids(chosen, limit=_IDS, cursor=cursor)
        yield from page.ids
        if (cursor := page.cursor) is None:
            return


def _browsable(place: Place) -> Browsable:
    if isinstance(store := place.store, Browsable):
        return store
    raise UnsupportedError(f"{place.name} can't be looked through; replaying works without looking")


def not_before(earlier: Sequence[Place], letters: Sequence[DeadLetter]) -> list[DeadLetter]:
    """Those of these letters that none of the earlier stores has."""
    known: set[str] = set()
    for place in earlier:
        try:
            known |= there(place, (letter.id for letter in letters))
        except StoreError:  # it can't be read, which was said when it was its turn
            continue
    return [letter for letter in letters if letter.id not in known]


def _warn(problems: Sequence[tuple[Place, StoreError]]) -> None:
    for place, problem in problems:
        warn("letters in %s are not shown: %s", place.name, said_of(place, problem))


def _merged(one: LetterGroup, other: LetterGroup) -> LetterGroup:
    later = max(one, other, key=lambda group: group.last)
    return structs.replace(
        later,
        count=one.count + other.count,
        parked=one.parked + other.parked,
        first=min(one.first, other.first),
    )


def _read_cursor(cursor: str | None, places: int) -> tuple[int, str | None]:
    if cursor is None:
        return 0, None
    index, colon, inner = cursor.partition(":")
    if not colon or not index.isdecimal() or int(index) >= places:
        expected = "one that letters() gave, or None for the first page"
        raise StoreError(f"cursor {cursor!r}: expected {expected}", transient=False)
    return int(index), inner or None
