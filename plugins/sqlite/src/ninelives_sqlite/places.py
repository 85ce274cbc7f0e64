"""Where letters stand, oldest first, and their records."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import itemgetter

from ninelives_sqlite.filters import Chosen
from ninelives_sqlite.rows import Row

__all__ = ["Place", "places_of", "records"]

Place = tuple[int, float, str]
"""A letter's number, and where it stands: when it was made, and its id."""

_RECORD = "SELECT number, CAST(record AS BLOB) FROM letters WHERE number = ?"


def places_of(connection: sqlite3.Connection, chosen: Chosen, limit: int) -> list[Place]:
    """The first of these letters, oldest first."""
    found = [
        connection.execute(f"SELECT number, created, id {source} ORDER BY created, id LIMIT ?", (*values, limit))
        for source, values in chosen.strands
    ]
    return list(islice(heapq.merge(*found, key=itemgetter(1, 2)), limit))


def records(connection: sqlite3.Connection, places: Iterable[Place]) -> Iterator[Row]:
    """Their records."""
    for number, _, _ in places:
        yield connection.execute(_RECORD, (number,)).fetchone()
