"""A notification as text: a subject, a line, or the whole. What each service takes at most is for its channel to say.

Whatever the notification holds, the text is valid UTF-8, and what it costs grows with its length and no faster.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from ninelives.describing import safe_repr
from ninelives.notifications.notification import Notification
from ninelives.notifications.words.moments import moment_text

__all__ = [
    "CIRCUIT",
    "CUT",
    "cut_to_bytes",
    "cut_to_characters",
    "line_of",
    "one_line",
    "own_text",
    "rows_of",
    "subject_of",
    "text_of",
]

CUT = "… (cut)"
"""What stands at the end of a text that was too long for its service."""

CIRCUIT = "circuit:"
"""What the key of a notification about a circuit begins with; its name follows."""

_DEEPEST = 20  # levels of details that get rows of their own; what is deeper stands in one
_MOST_ROWS = 1_000
_LONGEST_NAME = 100
_INDENT = "    "

# Zero-width joiner and non-joiner: invisible, but emoji and some scripts are made with them.
_JOINERS = "\u200c\u200d"
_SKIN_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))  # two of these are the flag of a country
_LONGEST_CLUSTER = 16  # characters that may make one sign; in a longer run they are cut anywhere


def subject_of(notification: Notification) -> str:
    """What it is about, short and the same for all of its kind: severity, pipeline, error type; or the circuit.

    Example:
        >>> subject_of(Notification(message="no answer", pipeline="shop", error_type="TimeoutError"))
        '[ERROR] shop: TimeoutError'
    """
    severity = "RESOLVED" if notification.resolved else str(notification.severity)
    return one_line(f"[{severity}] {_about(notification) or notification.message}")


def line_of(notification: Notification) -> str:
    """All that a single line has to say: what it is about, how often, and its sentence.

    Example:
        >>> line_of(Notification(message="no answer", pipeline="shop", error_type="TimeoutError", count=3))
        '[ERROR] shop: TimeoutError (3 times): no answer'
    """
    own = own_text(notification)
    if own is not None:
        return one_line(own)
    subject = subject_of(notification)
    # The sentence of an alert says how often by itself.
    says = notification.count <= 1 or "phase" in notification.details
    times = "" if says else f" ({notification.count} times)"
    message = one_line(notification.message) if _about(notification) else ""
    return f"{subject}{times}: {message}" if message else f"{subject}{times}"


def text_of(notification: Notification) -> str:
    """The whole, for reading: the sentence; what, how often and when; then the details, a line for each.

    Further lines of one thing are indented, so that no value can pretend to be another row. The program's own wording
    stands by itself.
    """
    own = own_text(notification)
    if own is not None:
        return own + "\n"
    parts = (
        [_indented(_lines(notification.message))],
        _written(_headings(notification)),
        _written(_details(notification)),
    )
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def own_text(notification: Notification) -> str | None:
    """The program's own wording, its lines without what can't be shown; None where there is nothing to be read."""
    text = _lines(notification.text or "")
    return text if text.strip() else None


def rows_of(notification: Notification) -> list[tuple[str, str]]:
    """Everything but the sentence as names and values, nested details flattened: ``error.type``.

    Names are one line; values may have several. Of very many details the first 1,000 are there, and a row that says so.
    """
    return [*_headings(notification), *_details(notification)]


def one_line(text: str) -> str:
    """The text without line breaks, control characters and what can't be seen: each run of them is a space."""
    printable = "".join(char if char.isprintable() or char in _JOINERS else " " for char in text)
    return " ".join(printable.split())


def cut_to_characters(text: str, limit: int, mark: str = CUT) -> str:
    """The text with at most `limit` characters, `mark` at its end if it was cut; an emoji stays whole or goes.

    Example:
        >>> cut_to_characters("a long story", 8, "…")
        'a long …'
    """
    if len(text) <= limit:
        return text
    room = limit - len(mark)
    return text[: _boundary(text, room)] + mark if room > 0 else mark[:limit]


def cut_to_bytes(text: str, limit: int, mark: str = CUT) -> str:
    """The text with at most `limit` bytes of UTF-8, cut between two characters, `mark` at its end if it was cut.

    Example:
        >>> cut_to_bytes("ééé", 5, "")
        'éé'
    """
    encoded = text.encode("utf-8", "replace")
    text = encoded.decode()
    if len(encoded) <= limit:
        return text
    kept = len(_decoded(encoded, limit - len(mark.encode())))
    return text[: _boundary(text, kept)] + mark if kept else _decoded(mark.encode(), limit)


def _about(notification: Notification) -> str:
    if notification.key is not None and notification.key.startswith(CIRCUIT):
        return notification.key.replace(":", " ", 1)  # told through one pipeline, and its end through another
    return ": ".join(part for part in (notification.pipeline, notification.error_type) if part)


def _headings(notification: Notification) -> list[tuple[str, str]]:
    many = notification.count > 1
    values = {
        "severity": str(notification.severity),
        "pipeline": notification.pipeline,
        "error type": notification.error_type,
        "times": str(notification.count) if many else None,
        "since": _moment(notification.first) if many else None,
        "last" if many else "when": _moment(notification.last or notification.first),
        "dead letter": notification.letter_id,
    }
    return [(name, one_line(value)) for name, value in values.items() if value]


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment_text(moment)


def _details(notification: Notification) -> list[tuple[str, str]]:
    if not notification.details:
        return []
    told = _told(notification)
    flat = (row for row in _flat("", notification.details, 0) if row not in told)
    rows = [(one_line(name), _lines(text)) for name, text in islice(flat, _MOST_ROWS)]
    return rows if next(flat, None) is None else [*rows, ("…", f"more than {_MOST_ROWS} details: these are the first")]


def _told(notification: Notification) -> set[tuple[str, str | None]]:
    """The details that the headings and the sentence tell already."""
    error = notification.details.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    told = {("error.type", notification.error_type), ("letter.id", notification.letter_id)}
    if isinstance(message, str) and notification.message.endswith(message):
        told.add(("error.message", message))
    return told


def _flat(path: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value and depth < _DEEPEST:
        for key, item in value.items():
            name = cut_to_characters(_text(key), _LONGEST_NAME, "…")
            yield from _flat(f"{path}.{name}" if path else name, item, depth + 1)
    elif isinstance(value, (list, tuple)) and value and depth < _DEEPEST:
        for number, item in enumerate(value):
            yield from _flat(f"{path}[{number}]", item, depth + 1)
    else:
        yield path, _text(value)


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception:
        return safe_repr(value)


def _lines(text: str) -> str:
    """The text in its lines, each without control characters; what stands at their beginnings stays."""
    lines = text.expandtabs(len(_INDENT)).splitlines()
    return "\n".join(_printable(line).rstrip() for line in lines).strip("\n")


def _printable(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() or char in _JOINERS else " " for char in line)


def _written(rows: list[tuple[str, str]]) -> list[str]:
    return [f"{name}: {_indented(value)}" for name, value in rows]


def _indented(text: str) -> str:
    return text.replace("\n", f"\n{_INDENT}")


def _decoded(encoded: bytes, limit: int) -> str:
    return encoded[: max(limit, 0)].decode("utf-8", "ignore")


def _boundary(text: str, end: int) -> int:
    """Where to cut at the latest, so that no sign of several characters is cut in two."""
    for cut in range(end, max(end - _LONGEST_CLUSTER, 0), -1):
        if not _continues(text, cut):
            return cut
    return end if end >= _LONGEST_CLUSTER else 0


def _continues(text: str, position: int) -> bool:
    char = text[position]
    is_mark = unicodedata.category(char).startswith("M") or char in _SKIN_TONES or char in _JOINERS
    return is_mark or text[position - 1] == "\u200d" or (char in _FLAG_LETTERS and _is_second(text, position))


def _is_second(text: str, position: int) -> bool:
    """Whether it is the second letter of a flag; where many flags follow each other, that is a matter of counting."""
    before = text[:position]
    return (position - len(before.rstrip(_FLAG_LETTERS))) % 2 == 1
