"""Letters of one kind, as the database counts them while they come and go."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from ninelives.dead_letters.groups import group_of, groups_among
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.moments import moment_of
from ninelives.dead_letters.store import LetterGroup
from ninelives_sqlite.database import Database
from ninelives_sqlite.filters import Kinds, by_themselves, choose
from ninelives_sqlite.looking import letters, pass_over
from ninelives_sqlite.rows import read

__all__ = ["count", "groups"]

_COUNTED_BEFORE = """
    SELECT number, count, ifnull(first, (SELECT min(first_failed) FROM letters WHERE kind = kinds.number)) AS first,
        ifnull(last, (SELECT max(last_failed) FROM letters WHERE kind = kinds.number)) AS last
    FROM kinds WHERE {condition}"""
_COUNTED_NOW = """
    SELECT kind AS number, count(*) AS count, min(first_failed) AS first, max(last_failed) AS last {source}
    GROUP BY kind"""
_GROUPS = """
    SELECT pipeline, fingerprint, fingerprint_version, sum(found.count) AS total,
        sum(CASE state WHEN 'parked' THEN found.count ELSE 0 END), min(found.first), max(found.last) AS newest
    FROM ({counted}) AS found JOIN kinds ON kinds.number = found.number
    GROUP BY pipeline, fingerprint, fingerprint_version
    ORDER BY total DESC, newest DESC, ifnull(pipeline, ''), ifnull(fingerprint, ''), fingerprint_version LIMIT ?"""
_EXAMPLE = """
    SELECT number, CAST(record AS BLOB) FROM letters WHERE number IN (
        SELECT number FROM (
            SELECT number, created, id, kind, last_failed FROM letters INDEXED BY letters_in_order
            WHERE created = ? AND last_failed = created
            UNION ALL SELECT number, created, id, kind, last_failed FROM letters INDEXED BY letters_by_time
            WHERE last_failed = ? AND last_failed <> created)
        WHERE {by_themselves} AND kind IN (
            SELECT number FROM kinds
            WHERE pipeline IS ? AND fingerprint IS ? AND fingerprint_version = ? AND {of_kinds})
        ORDER BY created DESC, id DESC LIMIT 1)"""


def count(database: Database, wanted: LetterFilter) -> int:
    """How many letters match."""
    if wanted.tags or wanted.text:
        return sum(1 for _ in letters(database, wanted))
    with database.reading() as connection:
        if _of_kinds_only(wanted):
            return Kinds.of(wanted).size(connection)[1]
        found = choose(connection, wanted).strands
        return sum(connection.execute(f"SELECT count(*) {source}", values).fetchone()[0] for source, values in found)


def groups(database: Database, wanted: LetterFilter, limit: int) -> list[LetterGroup]:
    """The groups of the letters that match, the largest first."""
    if wanted.tags or wanted.text:
        return groups_among((letter for _, letter in letters(database, wanted)), limit=limit)
    while True:
        bad: list[int] = []
        with database.reading() as connection:
            statement, values = _counted(connection, wanted)
            rows = connection.execute(_GROUPS.format(counted=statement), (*values, limit)).fetchall()
            found = [group for row in rows for group in _group(connection, wanted, row, bad)]
        if not bad:
            return found
        pass_over(database, bad)


def _of_kinds_only(wanted: LetterFilter) -> bool:
    """Whether the kinds can tell; for all else their letters are counted."""
    return wanted.ids is None and wanted.since is None and wanted.until is None


def _counted(connection: sqlite3.Connection, wanted: LetterFilter) -> tuple[str, tuple[Any, ...]]:
    """How the letters are counted by their kinds: a statement, and what stands for its question marks."""
    if _of_kinds_only(wanted):
        kinds = Kinds.of(wanted)
        return _COUNTED_BEFORE.format(condition=kinds.where), kinds.values
    strands = choose(connection, wanted).strands
    statements = [_COUNTED_NOW.format(source=source) for source, _ in strands]
    return " UNION ALL ".join(statements), tuple(value for _, values in strands for value in values)


def _group(
    connection: sqlite3.Connection, wanted: LetterFilter, row: tuple[Any, ...], bad: list[int]
) -> Iterator[LetterGroup]:
    *group, total, parked, first, last = row
    kinds, (condition, values) = Kinds.of(wanted), by_themselves(wanted)
    statement = _EXAMPLE.format(by_themselves=condition, of_kinds=kinds.where)
    example = connection.execute(statement, (last, last, *values, *group, *kinds.values))
    for _, letter in read(example, bad):
        yield group_of(letter, count=total, parked=parked, first=moment_of(first))
