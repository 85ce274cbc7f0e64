"""A `LetterFilter` in SQL: which letters, and by which index they are found."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from msgspec import Struct, structs

from ninelives.dead_letters.letter import SCHEMA, DeadLetter, LetterFilter
from ninelives.dead_letters.paging import FIRST, Position

__all__ = ["Chosen", "Kinds", "as_value", "by_themselves", "choose"]

_FEW = 5_000
"""So many letters are sorted rather than looked for among all, in order."""

_STRANDS = 100
"""Of so many kinds the letters are taken in turns, each kind's in order."""


Conditions = tuple[str, tuple[Any, ...]]
"""Part of a statement, and what stands for its question marks."""


class Chosen(Struct, frozen=True):
    """Which letters, for a statement that reads ``letters``.

    Attributes:
        index: By which index they are found: SQLite, which does not know what is in the table, would guess.
        where: The condition.
        values: What stands for its question marks.
        kinds: Those kinds whose letters are to be found each by themselves; None: all at once.
        rest: What SQL can't say, to be asked of each letter; None: nothing.
        times: When they failed last, by time: of those that failed when they were made, and of the others.
    """

    index: str
    where: str
    values: tuple[Any, ...] = ()
    kinds: tuple[int, ...] | None = None
    rest: LetterFilter | None = None
    times: tuple[Conditions, ...] = ()

    def fits(self, letter: DeadLetter) -> bool:
        """Whether a letter of those that SQL finds is meant."""
        return self.rest is None or self.rest.matches(letter)

    def after(self, position: Position) -> Chosen:
        """Those of them that stand behind this position."""
        return self if position == FIRST else self.that("(created, id) > (?, ?)", *position)

    def that(self, condition: str, *values: object) -> Chosen:
        """Those of them of which this holds too."""
        where, given = f"{self.where} AND {condition}", (*self.values, *values)
        return structs.replace(self, where=where, values=given)

    @property
    def strands(self) -> list[Conditions]:
        """What follows SELECT, and its values: once, for each of the kinds, or for each way to find them by time."""
        if self.times:
            return [(f"{source} AND {self.where}", (*values, *self.values)) for source, values in self.times]
        source = f"FROM letters INDEXED BY {self.index} WHERE {self.where}"
        if self.kinds is None:
            return [(source, self.values)]
        return [(f"{source} AND kind = ?", (*self.values, kind)) for kind in self.kinds]


class Kinds(Struct, frozen=True):
    """The kinds that a filter means, of those that can be read.

    Attributes:
        where: The condition on ``kinds``.
        values: What stands for its question marks.
    """

    where: str
    values: tuple[Any, ...]

    @classmethod
    def of(cls, wanted: LetterFilter) -> Kinds:
        """Those of this filter."""
        conditions, values = ["schema <= ?"], list[Any]([SCHEMA])
        for name in ("pipeline", "operation", "fingerprint", "state"):
            if (value := getattr(wanted, name)) is not None:
                conditions.append(f"{name} = ?")
                values.append(as_value(value))
        if wanted.error_type is not None:
            # The name alone is enough, but not with a part of what stands before it.
            ending = None if "." in wanted.error_type else as_value(f".{wanted.error_type}")
            conditions.append("(error_type = ? OR substr(error_type, -length(?)) = ?)")
            values += [as_value(wanted.error_type), ending, ending]
        return cls(" AND ".join(conditions), tuple(values))

    def size(self, connection: sqlite3.Connection) -> tuple[int, int]:
        """How many there are, and how many letters of them."""
        found = connection.execute(f"SELECT count(*), total(count) FROM kinds WHERE {self.where}", self.values)  # noqa: S608 - conditions of ours
        kinds, letters = found.fetchone()
        return int(kinds), int(letters)

    def numbers(self, connection: sqlite3.Connection) -> tuple[int, ...]:
        """Their numbers."""
        return tuple(row[0] for row in connection.execute(f"SELECT number FROM kinds WHERE {self.where}", self.values))  # noqa: S608 - conditions of ours


def choose(connection: sqlite3.Connection, wanted: LetterFilter) -> Chosen:
    """The letters that a filter means and that can be read, and the shortest way to them, oldest first."""
    kinds, (condition, values) = Kinds.of(wanted), by_themselves(wanted)
    number, letters = kinds.size(connection)
    all_kinds, total = Kinds("1", ()).size(connection)
    where, given = condition, values
    if number < all_kinds:
        where += f" AND kind IN (SELECT number FROM kinds WHERE {kinds.where})"  # noqa: S608 - conditions of ours
        given = (*values, *kinds.values)
    rest = wanted if wanted.tags or wanted.text else None
    if wanted.ids is not None:
        return Chosen("letters_by_id", where, given, rest=rest)
    if number < all_kinds and letters <= _FEW:
        return Chosen("letters_by_kind", where, given, rest=rest)
    if values and _are_few(connection, times := _by_time(wanted)):
        (made, moments), again = times
        return Chosen(
            "letters_by_time", where, given, None, rest, ((f"{made} AND last_failed = created", moments), again)
        )
    if number < all_kinds and number <= _STRANDS and total - letters > _FEW:
        return Chosen("letters_by_kind", condition, values, kinds.numbers(connection), rest)
    return Chosen("letters_in_order", where, given, rest=rest)


def by_themselves(wanted: LetterFilter) -> Conditions:
    """What a filter says of letters whatever their kind, and what stands for its question marks."""
    condition, values = _between("last_failed", wanted)
    if wanted.ids is None:
        return condition, values
    return f"{condition} AND id IN (SELECT value FROM json_each(?))", (*values, json.dumps(sorted(wanted.ids)))  # noqa: S608 - conditions of ours


def _by_time(wanted: LetterFilter) -> tuple[Conditions, Conditions]:
    """Where letters that failed last in this time stand: among those that were made in it, or failed again in it."""
    when_made, moments = _between("created", wanted)
    when_failed, _ = _between("last_failed", wanted)
    return (
        (f"FROM letters INDEXED BY letters_in_order WHERE {when_made}", moments),
        (f"FROM letters INDEXED BY letters_by_time WHERE {when_failed} AND last_failed <> created", moments),
    )


def _between(column: str, wanted: LetterFilter) -> Conditions:
    conditions: dict[str, float] = {}
    if wanted.since is not None:
        conditions[f"{column} >= ?"] = wanted.since.timestamp()
    if wanted.until is not None:
        conditions[f"{column} < ?"] = wanted.until.timestamp()
    return " AND ".join(conditions) or "1", tuple(conditions.values())


def as_value(text: str) -> str | bytes:
    """Text as SQLite takes it; what is no text to it equals none that is."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")
    return text


def _are_few(connection: sqlite3.Connection, times: tuple[Conditions, ...]) -> bool:
    """Whether few letters stand there; no more are looked at to know it."""
    statements = [(f"SELECT count(*) FROM (SELECT 1 {source} LIMIT ?)", values) for source, values in times]  # noqa: S608 - conditions of ours
    found = (connection.execute(statement, (*values, _FEW + 1)).fetchone()[0] for statement, values in statements)
    return int(sum(found)) <= _FEW
