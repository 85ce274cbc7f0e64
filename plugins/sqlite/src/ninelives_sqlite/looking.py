"""Going through letters, oldest first, without claiming any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.paging import FIRST, Position, cursor_after, read_cursor
from ninelives.dead_letters.store import IdPage, Page
from ninelives.errors import StoreError
from ninelives_sqlite.database import Database
from ninelives_sqlite.filters import choose
from ninelives_sqlite.places import places_of, records
from ninelives_sqlite.rows import BadRow, read, set_aside, what_is_wrong

__all__ = ["id_page", "letters", "page", "pass_over", "problems"]

# So many are read in one transaction: as long as one lasts, the log can't be begun anew.
_STEP = 1_000
_STEP_OF_IDS = 50_000
_SHOWN = 200

_EVERY = "SELECT number, id, CAST(record AS BLOB) FROM letters WHERE number > ? ORDER BY number LIMIT ?"


def page(database: Database, wanted: LetterFilter, limit: int, cursor: str | None) -> Page:
    """Some of the letters that match.

    Raises:
        StoreError: The database can't be read, or the cursor is none of ours.
    """
    found = list(islice(letters(database, wanted, read_cursor(cursor), limit + 1), limit + 1))
    shown = tuple(letter for _, letter in found[:limit])
    return Page(shown, _next([position for position, _ in found], limit, cursor))


def id_page(database: Database, wanted: LetterFilter, limit: int, cursor: str | None) -> IdPage:
    """The ids of some of the letters that match.

    Raises:
        StoreError: The database can't be read, or the cursor is none of ours.
    """
    found = list(islice(_positions(database, wanted, read_cursor(cursor), limit + 1), limit + 1))
    return IdPage(tuple(name for _, name in found[:limit]), _next(found, limit, cursor))


def letters(
    database: Database, wanted: LetterFilter, after: Position = FIRST, limit: int = _STEP
) -> Iterator[tuple[Position, DeadLetter]]:
    """The letters that match behind this position, each with where it stands.

    Args:
        database: Where they are.
        wanted: Which.
        after: Behind what.
        limit: How many will be asked for.
    """
    step = min(limit, _STEP)
    while True:
        bad: list[int] = []
        with database.reading() as connection:
            chosen = choose(connection, wanted)
            places = places_of(connection, chosen.after(after), step)
            found = list(read(records(connection, places), bad))
        pass_over(database, bad)
        where = {number: (created, name) for number, created, name in places}
        yield from ((where[number], letter) for number, letter in found if chosen.fits(letter))
        if len(places) < step:
            return
        after, step = places[-1][1:], _STEP


def _positions(database: Database, wanted: LetterFilter, after: Position, limit: int) -> Iterator[Position]:
    """Where the letters stand that match; no record is read unless it is asked for tags or a text."""
    if wanted.tags or wanted.text:
        yield from (position for position, _ in letters(database, wanted, after, limit))
        return
    step = min(limit, _STEP_OF_IDS)
    while True:
        with database.reading() as connection:
            places = places_of(connection, choose(connection, wanted).after(after), step)
        yield from (place[1:] for place in places)
        if len(places) < step:
            return
        after = places[-1][1:]


def pass_over(database: Database, bad: Iterable[int]) -> None:
    """Have rows that can't be read passed over from now on, and not counted, if the database can be written."""
    numbers = list(bad)
    if numbers:
        with suppress(StoreError), database.writing() as connection:
            set_aside(connection, numbers)


def problems(database: Database) -> Iterator[BadRow]:
    """The rows that can't be read; every record is read for it."""
    number = 0
    while True:
        with database.reading() as connection:
            rows = connection.execute(_EVERY, (number, _STEP)).fetchall()
        bad = [
            BadRow(number, name, why, record[:_SHOWN].decode(errors="replace"))
            for number, name, record in rows
            if (why := what_is_wrong(record)) is not None
        ]
        pass_over(database, (one.row for one in bad))
        yield from bad
        if len(rows) < _STEP:
            return
        number = rows[-1][0]


def _next(found: Sequence[Position], limit: int, cursor: str | None) -> str | None:
    """The cursor of the page behind one of so many; None where there is nothing more."""
    if len(found) <= limit:
        return None
    return cursor_after(found[limit - 1]) if limit else cursor
