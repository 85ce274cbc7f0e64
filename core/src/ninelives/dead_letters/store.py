"""The contract of a dead letter store: what every store can, and what one may be able to.

A store is synchronous and thread-safe. It holds what is particular to its service and no more; timeouts, retries,
fallbacks and redaction are the core's. Its factory checks the address and does nothing else: no I/O, no import of an
SDK; both come at first use. A test of a store is a class that inherits `ninelives.testing.contracts.StoreContract`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol, TypeGuard, runtime_checkable

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.records import IdPage, Lease, LetterGroup, Page

__all__ = [
    "ALL_TO_PURGE",
    "Batched",
    "Browsable",
    "Claimable",
    "DeadLetterStore",
    "Expiring",
    "Grouped",
    "IdPage",
    "Lease",
    "LetterGroup",
    "Listable",
    "Page",
    "Purgeable",
    "Releasing",
    "Renewable",
    "is_searchable",
]


ALL_TO_PURGE = "purge LetterFilter(state='waiting') and LetterFilter(state='parked') to say so"
"""How to say that every letter is to be deleted."""


@runtime_checkable
class DeadLetterStore(Protocol):
    """What every store can. Every failure is raised as a `StoreError`."""

    def put(self, letter: DeadLetter) -> None:
        """Keep the letter; it is durable when this returns. The same id again replaces, where the store can."""
        ...

    def receive(self, max_letters: int, *, lease: float) -> list[Lease]:
        """Claim the oldest waiting letters that nobody holds, for `lease` seconds; never parked ones."""
        ...

    def ack(self, lease: Lease) -> None:
        """The letter is gone for good.

        Raises:
            LeaseLostError: The lease had ended and someone else took the letter.
        """
        ...

    def release(self, lease: Lease, letter: DeadLetter | None = None) -> None:
        """Give the letter back, with its updated record if one is given.

        Raises:
            LeaseLostError: The lease had ended and someone else took the letter.
        """
        ...

    def close(self) -> None:
        """Free what is held; calling it twice does no harm."""
        ...


@runtime_checkable
class Browsable(Protocol):
    """A store that can be looked through without claiming anything.

    One that can't search, and shows only some of its letters, says ``searchable = False``.
    """

    def browse(self, filter: LetterFilter, *, limit: int, cursor: str | None = None) -> Page:
        """The letters that match, oldest first, at most `limit` of them; claimed ones too."""
        ...

    def get(self, letter_id: str) -> DeadLetter:
        """The letter with that id.

        Raises:
            LetterNotFoundError: There is none.
        """
        ...

    def count(self, filter: LetterFilter | None = None) -> int:
        """How many match; None: how many there are."""
        ...


def is_searchable(store: object) -> TypeGuard[Browsable]:
    """Whether all of the store's letters can be found by looking."""
    return isinstance(store, Browsable) and getattr(store, "searchable", True) is True


@runtime_checkable
class Claimable(Protocol):
    """A store that can claim letters by their ids, parked ones too."""

    def claim(self, letter_ids: Sequence[str], *, lease: float) -> list[Lease]:
        """Claim each of these for `lease` seconds; all or none.

        Raises:
            LetterNotFoundError: One of them is not there.
            LetterBusyError: Someone else holds one of them.
        """
        ...


@runtime_checkable
class Renewable(Protocol):
    """A store that can prolong a lease."""

    def renew(self, lease: Lease, seconds: float) -> Lease:
        """The same claim, for `seconds` from now.

        Raises:
            LeaseLostError: The lease had ended and someone else took the letter.
        """
        ...


@runtime_checkable
class Batched(Protocol):
    """A store that can do several at once, faster than one by one."""

    def put_many(self, letters: Iterable[DeadLetter]) -> None:
        """Keep all of them; all are durable when this returns.

        Raises:
            StoreError: Not all were kept; its `stored` says which were.
        """
        ...

    def ack_many(self, leases: Iterable[Lease]) -> None:
        """All of these letters are gone for good."""
        ...


@runtime_checkable
class Releasing(Protocol):
    """A store that can give several letters back at once, faster than one by one."""

    def release_many(self, releases: Iterable[tuple[Lease, DeadLetter | None]]) -> None:
        """Give all of these back, each with its updated record if one is given; all or none.

        Raises:
            LeaseLostError: The lease of one of them had ended and someone else took the letter; none is given back.
        """
        ...


@runtime_checkable
class Purgeable(Protocol):
    """A store that can delete without claiming."""

    def purge(self, filter: LetterFilter) -> int:
        """Delete the letters that match and that nobody holds; how many there were.

        Raises:
            ValueError: The filter is empty (`LetterFilter.refuse_empty` with `ALL_TO_PURGE`): that would delete every
                letter without its being said.
        """
        ...


@runtime_checkable
class Listable(Protocol):
    """A store that finds letters without reading them whole: for going through very many."""

    def list_ids(self, filter: LetterFilter, *, limit: int, cursor: str | None = None) -> IdPage:
        """The ids of the letters that match, in the order of `Browsable.browse`, at most `limit` of them."""
        ...


@runtime_checkable
class Grouped(Protocol):
    """A store that knows its groups without counting letters."""

    def groups(self, filter: LetterFilter, *, limit: int) -> list[LetterGroup]:
        """The groups of the letters that match, the largest first, of equal ones the one that failed last."""
        ...


@runtime_checkable
class Expiring(Protocol):
    """A store that can delete what has expired."""

    def expire(self, now: datetime, *, limit: int) -> list[DeadLetter]:
        """Delete at most `limit` letters that nobody holds and whose `expires` is at or before `now`; return them."""
        ...
