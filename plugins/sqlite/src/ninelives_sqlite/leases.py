"""Who holds a letter, as the database says it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from ninelives.dead_letters.leases import lost
from ninelives.dead_letters.letter import SCHEMA, LetterFilter
from ninelives.dead_letters.moments import moment_of
from ninelives.dead_letters.store import Lease
from ninelives.errors import LetterBusyError, LetterNotFoundError
from ninelives.ids import new_id
from ninelives_sqlite.filters import as_value, choose
from ninelives_sqlite.opening import Where
from ninelives_sqlite.places import places_of, records
from ninelives_sqlite.rows import Numbered, read, set_aside

__all__ = ["FREE", "claim", "find", "give_back", "held", "receive", "renew"]

FREE = "NOT EXISTS (SELECT 1 FROM holds WHERE letter = letters.number AND taken <= ? AND ? < until)"
"""The condition on ``letters`` that nobody holds the letter; both question marks are the time."""

_WAITING = LetterFilter(state="waiting")

_NAMED = """
    SELECT letters.number, CAST(record AS BLOB) FROM letters JOIN kinds ON kinds.number = kind
    WHERE id = ? AND schema <= ?"""
_HOLDER = "SELECT until FROM holds WHERE letter = ? AND taken <= ? AND ? < until"
_TOKEN = "SELECT number, token FROM letters LEFT JOIN holds ON letter = number WHERE id = ?"  # noqa: S105 - a statement
_HOLD = "INSERT OR REPLACE INTO holds (letter, token, taken, until) VALUES (?, ?, ?, ?)"


def receive(connection: sqlite3.Connection, now: datetime, limit: int, seconds: float) -> list[Lease]:
    """Claim the oldest waiting letters that nobody holds."""
    moment = now.timestamp()
    while True:
        bad: list[int] = []
        free = choose(connection, _WAITING).that(FREE, moment, moment)
        letters = list(read(records(connection, places_of(connection, free, limit)), bad))
        if not bad:
            return _hold(connection, letters, now, seconds)
        set_aside(connection, bad)


def claim(
    connection: sqlite3.Connection, where: Where, names: Iterable[str], now: datetime, seconds: float
) -> list[Lease]:
    """Claim these letters.

    Raises:
        LetterNotFoundError, LetterBusyError: One of them is not there, or held by someone else.
    """
    letters = [find(connection, where, name) for name in names]
    for number, letter in letters:
        for (until,) in connection.execute(_HOLDER, (number, now.timestamp(), now.timestamp())):
            end = moment_of(until).isoformat(timespec="seconds")
            raise LetterBusyError(f"{where}: someone else holds letter {letter.id} until {end}; try again then")
    return _hold(connection, letters, now, seconds)


def find(connection: sqlite3.Connection, where: Where, name: str) -> Numbered:
    """The letter with that id.

    Raises:
        LetterNotFoundError: There is none that can be read.
    """
    rows = connection.execute(_NAMED, (as_value(name), SCHEMA)).fetchall()
    for found in read(rows, []):
        return found
    raise LetterNotFoundError(f"{where}: there is no letter {name}; browse() shows what there is")


def renew(connection: sqlite3.Connection, where: Where, lease: Lease, now: datetime, seconds: float) -> Lease:
    """The same claim, for so many seconds from now.

    Raises:
        LeaseLostError: It is over.
    """
    number = _number(connection, where, lease)
    until = now + timedelta(seconds=seconds)
    connection.execute(_HOLD, (number, lease.token, now.timestamp(), until.timestamp()))
    return Lease(lease.letter, lease.token, until)


def held(connection: sqlite3.Connection, where: Where, lease: Lease) -> int | None:
    """The number of the letter that is held so; None: the letter is gone.

    Raises:
        LeaseLostError: The letter was given back, or went to someone else.
    """
    found = connection.execute(_TOKEN, (as_value(lease.letter.id),)).fetchone()
    if found is None:
        return None
    number, token = found
    if token != lease.token:
        raise lost(lease, where)
    return int(number)


def give_back(connection: sqlite3.Connection, where: Where, leases: Iterable[Lease]) -> None:
    """Have the letters held no more.

    Raises:
        LeaseLostError: One of them is gone, was given back, or went to someone else.
    """
    numbers = [_number(connection, where, lease) for lease in leases]
    connection.executemany("DELETE FROM holds WHERE letter = ?", [(number,) for number in numbers])


def _hold(connection: sqlite3.Connection, letters: list[Numbered], now: datetime, seconds: float) -> list[Lease]:
    token, until = new_id(), now + timedelta(seconds=seconds)
    connection.executemany(_HOLD, [(number, token, now.timestamp(), until.timestamp()) for number, _ in letters])
    return [Lease(letter, token, until) for _, letter in letters]


def _number(connection: sqlite3.Connection, where: Where, lease: Lease) -> int:
    number = held(connection, where, lease)
    if number is None:
        raise lost(lease, where)
    return number
