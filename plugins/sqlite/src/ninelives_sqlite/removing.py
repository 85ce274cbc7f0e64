"""Deleting letters without claiming them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from ninelives.clock import Clock
from ninelives.dead_letters.letter import SCHEMA, DeadLetter, LetterFilter
from ninelives.dead_letters.paging import FIRST
from ninelives_sqlite.database import Database
from ninelives_sqlite.filters import choose
from ninelives_sqlite.leases import FREE
from ninelives_sqlite.places import places_of, records
from ninelives_sqlite.rows import read, set_aside

__all__ = ["expire", "purge"]

_BATCH = 1_000
"""So many letters are deleted in one transaction, so that the log stays short and others can write in between."""

_EXPIRED = f"""
    SELECT letters.number, CAST(record AS BLOB) FROM letters JOIN kinds ON kinds.number = kind
    WHERE expires <= ? AND schema <= ? AND {FREE} ORDER BY expires, created, id LIMIT ?"""  # noqa: S608 - nothing from outside


def purge(database: Database, wanted: LetterFilter, clock: Clock) -> int:
    """Delete the letters that match and that nobody holds; how many there were."""
    gone, after = 0, FIRST
    while True:
        bad: list[int] = []
        with database.writing() as connection:
            now = clock.now().timestamp()
            chosen = choose(connection, wanted)
            places = places_of(connection, chosen.that(FREE, now, now).after(after), _BATCH)
            numbers = [number for number, _, _ in places]
            if chosen.rest is not None:
                numbers = [number for number, one in read(records(connection, places), bad) if chosen.fits(one)]
                set_aside(connection, bad)
            _delete(connection, numbers)
        gone += len(numbers)
        if len(places) < _BATCH:
            return gone
        after = places[-1][1:]


def expire(database: Database, now: datetime, limit: int, clock: Clock) -> list[DeadLetter]:
    """Delete letters that nobody holds and that have expired, the first to expire first; what they were."""
    with database.writing() as connection:
        moment = clock.now().timestamp()
        while True:
            bad: list[int] = []
            rows = connection.execute(_EXPIRED, (now.timestamp(), SCHEMA, moment, moment, limit)).fetchall()
            found = list(read(rows, bad))
            if not bad:
                break
            set_aside(connection, bad)
        _delete(connection, (number for number, _ in found))
    return [letter for _, letter in found]


def _delete(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    connection.executemany("DELETE FROM letters WHERE number = ?", [(number,) for number in numbers])
