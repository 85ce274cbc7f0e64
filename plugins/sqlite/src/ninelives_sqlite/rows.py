"""A letter as a row, and a row as a letter."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from ninelives.dead_letters.letter import SCHEMA, DeadLetter, decode_letter, encode_letter
from ninelives.errors import StoreError
from ninelives_sqlite.schema import DAMAGED

__all__ = ["BadRow", "Numbered", "Row", "Values", "put", "read", "set_aside", "what_is_wrong"]

_PUT = """
    INSERT INTO letters (id, created, first_failed, last_failed, expires, record, kind) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET created = excluded.created, first_failed = excluded.first_failed,
        last_failed = excluded.last_failed, expires = excluded.expires, record = excluded.record,
        kind = excluded.kind"""
_KIND = """
    SELECT number FROM kinds WHERE pipeline IS ? AND fingerprint IS ? AND fingerprint_version = ? AND state = ?
        AND operation IS ? AND error_type = ? AND schema = ?"""
_NEW_KIND = """
    INSERT INTO kinds (pipeline, fingerprint, fingerprint_version, state, operation, error_type, schema)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_KIND_AND_RECORD = """
    SELECT pipeline, fingerprint, fingerprint_version, state, operation, error_type, CAST(record AS BLOB)
    FROM letters JOIN kinds ON kinds.number = kind WHERE letters.number = ? AND schema <= ?"""

Row = tuple[int, bytes]
"""A letter's number and its record, as `read` takes them."""


Kind = tuple[str | None, str | None, int, str, str | None, str, int]
"""What letters of a kind have in common: pipeline, fingerprint, its version, state, operation, error's type, schema."""


class _Head(Struct):
    schema: int


_heads = msgspec.json.Decoder(_Head)
_ERRORS = (msgspec.DecodeError, ValueError, RecursionError)


Numbered = tuple[int, DeadLetter]
"""A letter and its number."""


class BadRow(Struct, frozen=True):
    """A letter that was skipped and is kept in the database.

    Attributes:
        row: Its number in the table ``letters``.
        id: Its id.
        why: What is wrong with it.
        text: The beginning of its record.
    """

    row: int
    id: str
    why: str
    text: str


class Values(Struct, frozen=True):
    """What is written of a letter: its columns without the last, the number of its kind."""

    columns: tuple[Any, ...]
    kind: Kind

    @classmethod
    def of(cls, letter: DeadLetter) -> Values:
        """Those of this letter.

        Raises:
            StoreError: JSON can't hold it.
        """
        try:
            record = encode_letter(letter).decode()
        except Exception as error:
            raise StoreError(f"letter {letter.id} can't be kept: {error}", transient=False) from error
        expires = None if letter.expires is None else letter.expires.timestamp()
        moments = (letter.created.timestamp(), letter.first_failed.timestamp(), letter.last_failed.timestamp())
        error_type = letter.error.type if letter.error is not None else ""
        of_group = (letter.pipeline, letter.fingerprint, letter.fingerprint_version)
        kind = (*of_group, letter.state, letter.operation, error_type, letter.schema)
        return cls((letter.id, *moments, expires, record), kind)

    @property
    def id(self) -> str:
        """The letter's id."""
        return str(self.columns[0])


def put(connection: sqlite3.Connection, values: Values) -> None:
    """Write a letter's row; one with the same id is replaced, and who holds it goes on to."""
    connection.execute(_PUT, (*values.columns, _kind(connection, values.kind)))


def read(rows: Iterable[Row], bad: list[int]) -> Iterator[Numbered]:
    """The letters of these rows, each with its number; the numbers of those that can't be read are added to `bad`."""
    for number, record in rows:
        try:
            letter = decode_letter(record)
        except _ERRORS:
            letter = None
        if letter is None or letter.schema > SCHEMA:
            bad.append(number)
        else:
            yield number, letter


def set_aside(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Have rows that can't be read passed over from now on, and not counted; those that were put anew stay."""
    for number in numbers:
        row = connection.execute(_KIND_AND_RECORD, (number, SCHEMA)).fetchone()
        if row is not None and what_is_wrong(row[-1]) is not None:
            kind = _kind(connection, (*row[:-1], DAMAGED))
            connection.execute("UPDATE letters SET kind = ? WHERE number = ?", (kind, number))


def what_is_wrong(record: bytes) -> str | None:
    """Why a record can't be read; None: it can."""
    try:
        schema = _heads.decode(record).schema
        if schema <= SCHEMA:
            decode_letter(record)
            return None
    except _ERRORS as error:
        return f"it is no letter: {error}"
    return f"it is of schema {schema}, and this version reads {SCHEMA}: upgrade ninelives"


def _kind(connection: sqlite3.Connection, named: Kind) -> int:
    """The number of the letters' kind; it is made where there is none."""
    found = connection.execute(_KIND, named).fetchone()
    return int(found[0] if found is not None else connection.execute(_NEW_KIND, named).lastrowid or 0)
