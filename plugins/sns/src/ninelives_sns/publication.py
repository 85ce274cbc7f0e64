"""A notification as SNS takes it: subject, message and attributes, each within SNS's limits."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from msgspec.structs import asdict

from ninelives.notifications.notification import Notification
from ninelives.notifications.wording import cut_to_bytes, cut_to_characters, one_line, subject_of, text_of
from ninelives_aws.characters import only_legal

__all__ = ["FORMATS", "MAX_BYTES", "MAX_SUBJECT", "publication_of"]

FORMATS = ("text", "json")

MAX_SUBJECT = 99
"""Characters; source: API reference of SNS, Publish: "less than 100 characters long"."""
MAX_BYTES = 262_144
"""Bytes of UTF-8 of message and attributes together; source: the same. The subject is counted with them, to be sure."""

_ATTRIBUTES = ("severity", "error_type", "pipeline")
_MAX_ATTRIBUTE = 256  # characters; longer ones no one filters by
_SHORT = 7_000  # characters: six texts of it, of 6 bytes each as JSON has them, are within the limit


def publication_of(notification: Notification, format: str) -> dict[str, Any]:
    """The arguments of ``publish``, but for the topic.

    Args:
        notification: What to say.
        format: One of `FORMATS`. What is too long is cut, and the message says so: in ``json``, under ``cut``.
    """
    subject = cut_to_characters(only_legal(subject_of(notification)), MAX_SUBJECT, "…")
    attributes = _attributes(notification)
    room = MAX_BYTES - _size(subject) - sum(_size(name, "String", value) for name, value in attributes.items())
    message = _json(notification, room) if format == "json" else cut_to_bytes(only_legal(text_of(notification)), room)
    return {
        "Subject": subject,
        "Message": message,
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    }


def _attributes(notification: Notification) -> dict[str, str]:
    values = {name: one_line(str(getattr(notification, name) or "")) for name in _ATTRIBUTES}
    return {name: only_legal(value[:_MAX_ATTRIBUTE]) for name, value in values.items() if value}


def _json(notification: Notification, room: int) -> str:
    """The most of it that fits: all, all but the details, or that with its texts cut, which always fits."""
    fields = asdict(notification)
    bare = {**fields, "details": {}}
    texts = {name: value for name, value in fields.items() if isinstance(value, str)}
    short = {name: cut_to_characters(value, _SHORT) for name, value in texts.items()}
    cut = [name for name in texts if texts[name] != short[name]]
    for candidate in ({**fields, "cut": []}, {**bare, "cut": ["details"]}):
        written = _encoded(candidate)
        if written and _size(written) <= room:
            return written
    return _encoded({**bare, **short, "cut": ["details", *cut]})


def _encoded(fields: dict[str, Any]) -> str:
    """As JSON; empty when there are details that JSON can't hold, of a program that calls the channel by itself."""
    try:
        written = json.dumps(fields, ensure_ascii=False, allow_nan=False, default=_as_text)
    except Exception:
        return ""
    # What SNS refuses of characters can only stand within strings, so without it the rest is JSON as well.
    return only_legal(written)


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _size(*texts: str) -> int:
    return sum(len(text.encode()) for text in texts)
