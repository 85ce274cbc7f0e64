"""A store as a queue knows it: with a name that can be shown."""

from __future__ import annotations

from msgspec import Struct

from ninelives.address import Address
from ninelives.dead_letters.store import DeadLetterStore, is_searchable
from ninelives.describing import safe_message, type_name
from ninelives.errors import LeaseLostError, LetterBusyError, LetterNotFoundError, StoreError
from ninelives.stand_ins import stand_ins

__all__ = ["Place", "Places", "looked_in", "parks", "said_of"]


class Place(Struct, frozen=True):
    """A store and what it is called.

    Attributes:
        own: The store.
        name: Its address, secrets masked.
        address: What it was opened by; None for one that someone made.
    """

    own: DeadLetterStore
    name: str
    address: Address | None = None

    @property
    def store(self) -> DeadLetterStore:
        """The store; under `ninelives.testing.instant` the one that stands in for it."""
        stand_in = stand_ins.store
        return self.own if stand_in is None else stand_in(self.name)

    def is_same_as(self, other: Place) -> bool:
        """Whether both are one store, as far as can be said without asking it."""
        if self.own is other.own:
            return True
        return self.is_known and other.is_known and self.name == other.name

    @property
    def is_known(self) -> bool:
        """Whether its address says which store it is: of two objects, or two times ``memory:``, each is its own."""
        return self.address is not None and isinstance(getattr(self.own, "name", None), str)

    @property
    def key(self) -> tuple[str, str]:
        """Which store it is, where that is known; it has the address with its secrets."""
        return ("" if self.address is None else self.address.raw, self.name)


class Places(Struct, frozen=True):
    """The stores of a queue.

    Attributes:
        store: Where letters go.
        fallback: Where those go that the store does not take.
        park: Where those go that are parked; None: they stay, or go to the fallback from a store that can't keep them.
    """

    store: Place
    fallback: Place | None = None
    park: Place | None = None

    @property
    def all(self) -> tuple[Place, ...]:
        """Wherever a letter may be, each once."""
        park = None if self.park is self.store or self.park is self.fallback else self.park
        return tuple(place for place in (self.store, self.fallback, park) if place is not None)

    @property
    def keeping(self) -> tuple[Place, ...]:
        """Where new letters go, in this order."""
        return (self.store,) if self.fallback is None else (self.store, self.fallback)

    def parking(self, place: Place) -> Place | None:
        """Where a letter of that place goes when it is parked; None: it stays there.

        Args:
            place: Where it is now.
        """
        if place is self.park:
            return None
        if self.park is not None:
            return self.park
        return None if place is self.fallback or parks(place.store) else self.fallback


def parks(store: DeadLetterStore) -> bool:
    """Whether a parked letter may stay in the store: it is never handed out there. Else it says ``parks = False``."""
    return getattr(store, "parks", True) is True


def said_of(place: Place, error: BaseException) -> str:
    """What a store said when it failed, with its name; masked: events and logs are read by others."""
    from ninelives.missing import install_advice
    from ninelives.redaction import redact_text

    said = safe_message(error, 500) + install_advice(error)
    if not _names(said, place):
        # Their names say nothing more than their words.
        kind = "" if type(error) in (StoreError, LetterBusyError, LeaseLostError) else f"{type_name(error)}: "
        said = f"{place.name}: {kind}{said}"
    return redact_text(said)


def _names(said: str, place: Place) -> bool:
    """Whether it begins with the store's name, or with its path: ``dead letter file /srv/dlq.json: ...``."""
    path = getattr(place.own, "path", None)
    return said.startswith(place.name) or (isinstance(path, str) and path in said.partition(": ")[0])


def looked_in(place: Place, error: LetterNotFoundError) -> str:
    """Where a letter was looked for in vain; of a store without search, also how far."""
    said = str(error).removeprefix(f"{place.name}: ")
    return place.name if is_searchable(place.store) else f"{place.name} ({said})"
