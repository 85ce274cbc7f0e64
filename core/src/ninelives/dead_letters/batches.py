"""Claiming and confirming several letters at once, where their store can."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from ninelives.dead_letters.claims import Claimed, store_errors
from ninelives.dead_letters.places import Place
from ninelives.dead_letters.store import Batched, Claimable, Lease
from ninelives.errors import StoreError, UnsupportedError

__all__ = ["claim_many", "confirm_many"]


def claim_many(place: Place, letter_ids: Sequence[str], lease: float) -> list[Lease]:
    """Claim all of these letters, or none, of a store that can claim; in the order of their ids.

    Raises:
        LetterNotFoundError: One of them is not there.
        LetterBusyError: Someone else holds one of them.
        UnsupportedError: The store can't claim.
        StoreError: The store can't be reached.
    """
    store = place.store
    if not isinstance(store, Claimable):
        raise UnsupportedError(f"{place.name} can't claim letters by their ids")
    with store_errors(place):
        leases = {one.letter.id: one for one in store.claim(letter_ids, lease=lease)}
    return [leases[letter_id] for letter_id in letter_ids]


def confirm_many(claims: Sequence[Claimed]) -> list[StoreError | None]:
    """They were done: gone for good, together if their stores can.

    Returns:
        Of each None, or why its store could not record it: then it may be run once more.
    """
    places = {id(one.place): one.place for one in claims}
    gone: set[int] = set()
    for key, place in places.items():
        theirs = [one for one in claims if id(one.place) == key]
        store = place.store
        if len(theirs) > 1 and isinstance(store, Batched):
            # Where it does not work together, each gets its own verdict.
            with suppress(Exception):
                store.ack_many([one.lease for one in theirs])
                gone.add(key)
    return [_confirmed(one, recorded=id(one.place) in gone) for one in claims]


def _confirmed(claimed: Claimed, *, recorded: bool) -> StoreError | None:
    if recorded:
        claimed.replayed()
        return None
    try:
        claimed.confirm()
    except StoreError as error:
        return error
    return None
