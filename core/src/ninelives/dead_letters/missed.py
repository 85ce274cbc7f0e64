"""Why a letter is not in its store: known to the call, and to whoever is told of it."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Missed", "is_lost"]


class Missed(Struct, frozen=True):
    """Why a letter is not in its store.

    Attributes:
        store: That store: its address, secrets masked.
        why: What the stores said that did not take it, masked.
        is_lost: Whether no store took it: it was only printed.
    """

    store: str
    why: str
    is_lost: bool = False


def is_lost(missed: Missed | None) -> bool:
    """Whether a letter was put into no store; None: it is in its own."""
    return missed is not None and missed.is_lost
