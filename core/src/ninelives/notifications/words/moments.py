"""Times as words: when something happened, and how long it took."""

from __future__ import annotations

from datetime import datetime

__all__ = ["duration_text", "moment_text"]

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def moment_text(moment: datetime) -> str:
    """The date and the time, to the second, and where it holds: ``2026-11-25 09:00:00 UTC``."""
    return moment.isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")


def duration_text(seconds: float) -> str:
    """How long something took, in its two largest units.

    Example:
        >>> duration_text(4_830)
        '1 h 20 min'
    """
    left = max(round(seconds), 0)
    parts: list[str] = []
    for unit, size in _UNITS:
        number, left = divmod(left, size)
        if number or parts:
            parts.append(f"{number} {unit}" if number else "")
    return " ".join(filter(None, parts[:2])) or "0 s"
