"""Letters that are held: giving them back, and seeing whether someone holds them in another store too."""

from __future__ import annotations

from collections.abc import Iterable

from ninelives.dead_letters.store import Claimable, DeadLetterStore, Lease, Releasing, is_searchable
from ninelives.dead_letters.telling import warn
from ninelives.describing import safe_message, type_name
from ninelives.errors import LetterBusyError, StoreError

__all__ = ["are_one", "claim_copy", "give_back", "give_back_all"]

_A_LOOK = 1.0  # seconds: the claim is given back at once


def give_back(store: DeadLetterStore, lease: Lease) -> None:
    """Release it unchanged; if the store can't, the lease's end does it."""
    try:
        store.release(lease)
    except Exception as error:  # one that can't be given back must not keep the others, nor hide what happened
        said = f"{type_name(error)}: {safe_message(error)}"
        warn("letter %s comes back when its lease ends: %s", lease.letter.id, said)


def give_back_all(store: DeadLetterStore, leases: Iterable[Lease]) -> None:
    """Release each of them unchanged, also where the program is being ended in the middle of it."""
    left = list(leases)
    try:
        if _at_once(store, left):
            left.clear()
        while left:
            give_back(store, left.pop(0))
    finally:
        if left:
            give_back_all(store, left)


def _at_once(store: DeadLetterStore, leases: list[Lease]) -> bool:
    if len(leases) <= 1 or not isinstance(store, Releasing):
        return False
    try:
        store.release_many([(lease, None) for lease in leases])
    except Exception:  # one by one it is seen which can't be
        return False
    return True


def claim_copy(store: DeadLetterStore, other: DeadLetterStore, letter_id: str, seconds: float) -> Lease | None:
    """Claim a letter that we hold in a store in another one, where it may stand too.

    Who holds it there may be about to put it here and delete it there, or both may be one store under two names: what
    we put there and delete here would be gone. A store that can't be searched is not asked: it keeps every letter that
    is put there, whatever is deleted.

    Returns:
        The claim of its copy; None: there is none.

    Raises:
        LetterBusyError: It is held there.
        StoreError: The other store can't be asked at the moment.
    """
    if store is other:
        raise LetterBusyError(f"letter {letter_id} is held here")
    if not (isinstance(other, Claimable) and _shows_all(other)):
        return None
    try:
        return other.claim([letter_id], lease=seconds)[0]
    except LetterBusyError:
        raise
    except StoreError as error:
        if error.transient:
            raise
        return None  # it is not there; or it can't be claimed there, as it could where we have it from


def are_one(store: DeadLetterStore, other: DeadLetterStore, letter_id: str) -> bool:
    """Whether a letter that we hold in a store is held in the other too: then both seem to be one, under two names.

    Raises:
        StoreError: The other store can't be asked at the moment.
    """
    try:
        copy = claim_copy(store, other, letter_id, _A_LOOK)
    except LetterBusyError:
        return True
    if copy is not None:
        give_back(other, copy)
    return False


def _shows_all(store: object) -> bool:
    # Not a type guard: what is asked stays a store.
    return is_searchable(store)
