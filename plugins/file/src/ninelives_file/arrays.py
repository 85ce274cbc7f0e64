"""A file that holds one JSON array, as simple hand-written queues write it, as lines of ours."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ninelives.dead_letters.letter import DeadLetter, encode_letter
from ninelives.dead_letters.payload import encode
from ninelives_file import disk
from ninelives_file.lines import header

__all__ = ["as_lines"]

_BETWEEN = " \t\r\n,"
_MEANT = frozenset({"message_id", "message", "error_info", "timestamp", "replay_count"})


def as_lines(descriptor: int) -> bytes:
    """The letters of an array as lines; what is no letter, or stands behind a torn place, is kept as it is."""
    about = os.fstat(descriptor)
    text = disk.read(descriptor, about.st_size, 0).decode(errors="surrogateescape")
    written = datetime.fromtimestamp(about.st_mtime, UTC)
    items, rest = _items(text)
    return header() + b"".join(_lines(items, written)) + rest.encode(errors="surrogateescape")


def _items(text: str) -> tuple[list[Any], str]:
    """The items up to the array's end or the first place that is no JSON, and what stands behind that."""
    decoder = json.JSONDecoder()
    items: list[Any] = []
    at = _skip(text, text.index("[") + 1)
    while at < len(text) and text[at] != "]":
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return items, _whole_lines(text[at:])
        items.append(item)
        at = _skip(text, at)
    return items, _whole_lines(text[at + 1 :])


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BETWEEN:
        at += 1
    return at


def _whole_lines(text: str) -> str:
    return text.strip() + "\n" if text.strip() else ""


def _lines(items: list[Any], written: datetime) -> Iterator[bytes]:
    seen: set[str] = set()
    for number, item in enumerate(items):
        plain = json.dumps(item)
        if not isinstance(item, dict) or "schema" in item or not item.keys() & {"message", "message_id"}:
            yield plain.encode() + b"\n"
            continue
        name = item.get("message_id") or item.get("id") or hashlib.sha256(plain.encode()).hexdigest()[:32]
        letter_id = f"{name}" if f"{name}" not in seen else f"{name}-{number}"
        seen.add(letter_id)
        yield _line(item, letter_id, written) or plain.encode() + b"\n"


def _line(item: dict[str, Any], letter_id: str, written: datetime) -> bytes | None:
    try:
        return encode_letter(_letter(item, letter_id, written)) + b"\n"
    except (ValueError, TypeError, RecursionError):  # a name with half a character in it, for one
        return None


def _letter(item: dict[str, Any], letter_id: str, written: datetime) -> DeadLetter:
    message, marked = encode(item.get("message"), "message")
    error_info, _ = encode(item.get("error_info"), "error_info")
    others, _ = encode({name: value for name, value in item.items() if name not in _MEANT}, "others")
    created = _moment(item.get("timestamp"), written)
    replays = item.get("replay_count")
    return DeadLetter(
        id=letter_id,
        key=letter_id,
        created=created,
        first_failed=created,
        last_failed=created,
        message=message,
        error_info=error_info,
        replayable=not marked,
        unserialisable=tuple(marked),
        replay_count=replays if isinstance(replays, int) and replays > 0 else 0,
        extra={"converted": others} if others else {},
    )


def _moment(stamp: Any, otherwise: datetime) -> datetime:
    """What a timestamp says, in ISO 8601 or in seconds since 1970; without a zone it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(stamp) if isinstance(stamp, str) else datetime.fromtimestamp(stamp, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return otherwise
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
