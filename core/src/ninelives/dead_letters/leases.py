"""Refusing what is done under a lease that does not hold, or to another letter: for stores."""

from __future__ import annotations

from collections.abc import Iterable

from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.records import Lease
from ninelives.errors import LeaseLostError, StoreError

__all__ = ["Release", "lost", "own_records"]

Release = tuple[Lease, DeadLetter | None]
"""A claim that is given back, and the letter's new record, if it has one."""


def lost(lease: Lease, where: object = None) -> LeaseLostError:
    """The error of who is too late.

    Args:
        lease: The claim that is over.
        where: The store, as the error names it; None: it has no name.
    """
    name = "" if where is None else f"{where}: "
    return LeaseLostError(
        f"{name}the lease of letter {lease.letter.id}, until {lease.until.isoformat()}, is over and the letter was "
        "given back or taken by someone else: what was done under it is not recorded"
    )


def own_records(releases: Iterable[Release]) -> list[Release]:
    """What is given back, if each record is that of the letter that it is given back for.

    Raises:
        StoreError: One is another letter's.
    """
    given = list(releases)
    for lease, letter in given:
        if letter is not None and letter.id != lease.letter.id:
            raise StoreError(f"letter {lease.letter.id} can't become letter {letter.id}", transient=False)
    return given
