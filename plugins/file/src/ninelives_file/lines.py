"""What a line of the file can be: a letter, an operation on letters, or one that can't be read and is kept.

A letter's line is its plain record, so that ``jq`` and ``cat`` are of use. A line with an ``op`` says what became of
letters that stand before it. The file is read from its beginning; what stands later holds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from ninelives.dead_letters.letter import SCHEMA, DeadLetter
from ninelives.ids import new_id

__all__ = [
    "Ack",
    "BadLine",
    "Claim",
    "Line",
    "Operation",
    "Purge",
    "Release",
    "Rewritten",
    "Unreadable",
    "header",
    "parse",
    "write",
]


class Operation(Struct, frozen=True, tag_field="op", tag=str.lower):
    """A line that is no letter's record; ``op`` says which."""


class Claim(Operation, frozen=True):
    """These letters are held under this token while at ≤ now < until; once more with the same token: prolonged."""

    token: str
    ids: tuple[str, ...]
    at: datetime
    until: datetime


class Release(Operation, frozen=True):
    """These letters are held no more."""

    ids: tuple[str, ...]


class Ack(Operation, frozen=True):
    """These letters are done."""

    ids: tuple[str, ...]


class Purge(Operation, frozen=True):
    """These letters were deleted."""

    ids: tuple[str, ...]


class Rewritten(Operation, frozen=True):
    """The first line of a file that replaced another; the token tells it from every other file."""

    token: str


class Unreadable(Struct, frozen=True):
    """A line that this version can't read.

    Attributes:
        why: What is wrong with it.
        supersedes: The letter whose record it is, in a newer form: an older record of it no longer holds.
    """

    why: str
    supersedes: str | None = None


class BadLine(Struct, frozen=True):
    """A line that was skipped and is kept in the file.

    Attributes:
        line: Its number, counted from 1.
        why: What is wrong with it.
        text: Its beginning.
    """

    line: int
    why: str
    text: str


class _Head(Struct):
    schema: int | None = None
    id: str | None = None


Line = DeadLetter | Operation | Unreadable

_OPERATION = b'{"op"'
_ERRORS = (msgspec.DecodeError, ValueError, RecursionError)
_letters = msgspec.json.Decoder(DeadLetter)
_heads = msgspec.json.Decoder(_Head)
_operations = msgspec.json.Decoder(Claim | Release | Ack | Purge | Rewritten)
_encoder = msgspec.json.Encoder()


def parse(line: bytes) -> Line:
    """What a line says; never raises."""
    letter = None if line.startswith(_OPERATION) else _decoded(_letters, line)
    if isinstance(letter, DeadLetter) and letter.schema <= SCHEMA:
        return letter
    return _other(line)


def write(operation: Operation) -> bytes:
    """An operation as a line, with its end."""
    return _encoder.encode(operation) + b"\n"


def header() -> bytes:
    """The first line of a file that replaces another."""
    return write(Rewritten(new_id()))


def _other(line: bytes) -> Line:
    head = _decoded(_heads, line)
    if isinstance(head, str):
        return Unreadable(f"it is no JSON object: {head}")
    if head.schema is None:  # a letter always says its schema
        operation = _decoded(_operations, line)
        return (
            Unreadable(f"it is neither a letter nor a known operation: {operation}")
            if isinstance(operation, str)
            else operation
        )
    if head.schema > SCHEMA:
        return Unreadable(f"it is of schema {head.schema}, and this version reads {SCHEMA}: upgrade ninelives", head.id)
    letter = _decoded(_letters, line)
    return Unreadable(f"it is no letter: {letter}") if isinstance(letter, str) else letter


def _decoded(decoder: msgspec.json.Decoder[Any], line: bytes) -> Any:
    """What it holds, or what is wrong with it."""
    try:
        return decoder.decode(line)
    except _ERRORS as error:
        return str(error)
