"""Letters for the tests of stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ninelives.dead_letters.letter import Attempt, DeadLetter, ErrorRecord
from ninelives.dead_letters.store import Lease
from ninelives.ids import new_id

__all__ = ["LEASE", "ids", "letter", "whole_letter"]

LEASE = 60.0
"""Seconds that the letters of these tests are claimed for."""

_FIRST = datetime(2025, 12, 1, 12, tzinfo=UTC)
_WHOLE: dict[str, Any] = {
    "key": "order-17",
    "caused_by": "0193a000-0000-7000-8000-000000000000",
    "pipeline": "shop",
    "operation": "shop.orders:send",
    "reason": "exhausted",
    "host": "node-9",
    "pid": 4711,
    "message": {"$type": "tuple", "value": [1, None, "Zürich \u2603 \U0001f431", "\u0000\t\n\u2028\u007f"]},
    "args": [1, -(2**63), 1.5, True, None, "x" * 50_000, {"nested": [{"deep": []}]}],
    "kwargs": {"op": "ack", "schema": 7},
    "replayable": False,
    "unserialisable": ({"path": "args[0]", "repr": "<socket>"},),
    "redacted": ("kwargs.password",),
    "error": ErrorRecord(type="shop.Down", message="no\nanswer", traceback="a\n  b\n", causes=("OSError: x",)),
    "attempts": (Attempt(at=_FIRST, type="shop.Down", message="1"), Attempt(at=_FIRST, type="shop.Down")),
    "error_info": {"code": 503},
    "fingerprint": "0f" * 8,
    "fingerprint_version": 2,
    "first_failed": _FIRST - timedelta(seconds=2),
    "last_failed": _FIRST + timedelta(microseconds=123_456),
    "original": {"args": [0], "kwargs": {}},
    "expires": _FIRST + timedelta(days=30),
    "replay_count": 3,
    "notes": ("asked the owner", "try on Monday"),
    "tags": {"tenant": "a", "": "empty"},
    "trace": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "extra": {"severity": "high", "op": "ack", "from": {"a newer": ["version"]}},
}


def letter(number: int = 0, **fields: Any) -> DeadLetter:
    """A letter that is so many seconds younger than the first, with these fields."""
    moment = _FIRST + timedelta(seconds=number)
    name = new_id(int(moment.timestamp()) * 1_000_000_000)
    given = {"id": name, "key": name, "created": moment, "first_failed": moment, "last_failed": moment, **fields}
    return DeadLetter(**given)


def whole_letter() -> DeadLetter:
    """A letter in which every field says something."""
    return letter(**_WHOLE)


def ids(leases: list[Lease]) -> list[str]:
    """The letters' ids."""
    return [lease.letter.id for lease in leases]
