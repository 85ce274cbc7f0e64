"""Claiming several letters by their ids: those that nobody else holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeGuard

from ninelives.dead_letters.carrying import LEASE
from ninelives.dead_letters.holding import give_back_all
from ninelives.dead_letters.store import Browsable, Claimable, DeadLetterStore, Lease, is_searchable
from ninelives.errors import LetterBusyError, LetterNotFoundError, StoreError

__all__ = ["BATCH", "Searchable", "can_claim", "claim_free"]

BATCH = 100
"""How many letters are in hand at once."""


class ClaimableStore(DeadLetterStore, Claimable, Protocol):
    """What letters can be claimed in by their ids, and given back to."""


class Searchable(Browsable, ClaimableStore, Protocol):
    """What letters can be looked for in, and claimed from."""


def can_claim(store: object) -> TypeGuard[Searchable]:
    """Whether letters can be looked for in the store, and claimed."""
    return is_searchable(store) and isinstance(store, Claimable)


def claim_free(
    source: ClaimableStore,
    letter_ids: Sequence[str],
    lease: float = LEASE,
    passed: Callable[[str, StoreError], None] = lambda _id, _why: None,
) -> list[Lease]:
    """Claim those of these letters that nobody else holds.

    Args:
        source: Where they are.
        letter_ids: Which.
        lease: For how many seconds.
        passed: Told of each that can't be had: it is held, or not there.
    """
    taken: list[Lease] = []
    try:
        _claim_into(taken, source, letter_ids, lease, passed)
    except BaseException:  # also where the program is being ended
        give_back_all(source, taken)
        raise
    return taken


def _claim_into(
    taken: list[Lease],
    source: Claimable,
    letter_ids: Sequence[str],
    lease: float,
    passed: Callable[[str, StoreError], None],
) -> None:
    if not letter_ids:
        return
    try:
        taken += source.claim(letter_ids, lease=lease)
    except (LetterBusyError, LetterNotFoundError) as error:
        if len(letter_ids) == 1:
            passed(letter_ids[0], error)
        else:
            for letter_id in letter_ids:
                _claim_into(taken, source, [letter_id], lease, passed)
