"""What it costs to mask 10 KB of nested details, beside writing the same as JSON, in one process.

Run with ``make bench``. Of interleaved rounds the smallest counts: what the machine does meanwhile can only add to it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from ninelives.redaction import redact

ROUNDS = 200
LIMITS_MS = {"nested details": 2.0, "one text": 5.0}
RATIO_LIMIT = 60
"""How often `json.dumps` of nested details may fit into masking them. For one text there is none: JSON copies it."""


def details() -> dict[str, Any]:
    """10 KB as programs notify of: mostly harmless, with a secret of each kind in every order."""
    return {"orders": [_order(number) for number in range(26)]}


def flat() -> dict[str, Any]:
    """10 KB in one text: a page of a log, as an error may quote it."""
    return {"response": json.dumps(details())[:9_900]}


def _order(number: int) -> dict[str, Any]:
    address = {"street": "1 Fish Street", "city": "Catville", "zip": "12345"}
    return {
        "id": f"ord-{number:08d}",
        "customer": {
            "name": "Tom Cat",
            "phone": f"+1555123{number:04d}",
            "contact": f"tom{number}@example.com",
            "address": address,
        },
        "amount": 12.5 + number,
        "at": "2026-01-01T00:00:00Z",
        "url": f"https://api.example.com/v1/orders/{number}?token=abc{number}",
        "note": "please deliver to the back door, password=hunter2",
        "attempt": number,
        "ok": True,
    }


def milliseconds(*functions: Callable[[], object]) -> list[float]:
    """The smallest time of each, in interleaved rounds."""
    best = [float("inf")] * len(functions)
    for _ in range(ROUNDS):
        for number, function in enumerate(functions):
            begin = time.perf_counter()
            function()
            best[number] = min(best[number], (time.perf_counter() - begin) * 1e3)
    return best


def main() -> int:
    """Print the table; 1 if a limit is not held."""
    missed = False
    print(f"{'masking':28} {'bytes':>7} {'ms':>8} {'json.dumps, ms':>15} {'ratio':>7}")
    for name, given in (("nested details", details()), ("one text", flat())):
        masking, writing = milliseconds(lambda: redact(given), lambda: json.dumps(given))  # noqa: B023 - called at once
        size, ratio = len(json.dumps(given)), masking / writing
        print(f"{name:28} {size:7} {masking:8.3f} {writing:15.3f} {ratio:7.1f}")
        missed |= masking > LIMITS_MS[name] or (name == "nested details" and ratio > RATIO_LIMIT)
    print("over the limit" if missed else "all limits are held")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
