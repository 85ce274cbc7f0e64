"""The stores, channels and functions of a pipeline, one by one: for whoever looks after them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from ninelives.address import Address
from ninelives.dead_letters.queue import DeadLetterQueue
from ninelives.notifications.notifier import AdminNotifier

if TYPE_CHECKING:
    from ninelives.pipeline import Pipeline

__all__ = ["Backend", "backends_of", "channels_of", "functions_of"]


class Backend(Struct, frozen=True, eq=False):
    """A store or a channel, and what it is there for.

    Attributes:
        part: ``store``, ``fallback``, ``park`` or ``channel``.
        name: What it calls itself (its own `name`), else its address, else its class; secrets masked.
        own: The store or channel itself.
        address: What it was opened by; None for a ready object.
        timeout: Seconds that one notification may take, as its notifier says; of a store it says nothing.
    """

    part: str
    name: str
    own: Any  # a DeadLetterStore or a Channel, as `kind` says
    address: Address | None = None
    timeout: float = 5.0

    @property
    def kind(self) -> str:
        """What it is, as plugins register it: ``store`` or ``channel``."""
        return "channel" if self.part == "channel" else "store"

    @property
    def key(self) -> tuple[str, object]:
        """The same for two that stand for one place: the same address of the same kind, or the same object."""
        return self.kind, id(self.own) if self.address is None else self.address.raw


def backends_of(pipeline: Pipeline) -> list[Backend]:
    """The stores and channels that the links ``dead_letter`` and ``notify`` of a pipeline use, as its chain has them.

    Example:
        >>> from ninelives import Pipeline
        >>> shop = Pipeline("shop", dead_letter={"store": "memory:"}, notify={"channels": ["log:"]})
        >>> [(backend.part, backend.name) for backend in backends_of(shop)]
        [('channel', 'log:'), ('store', 'memory:')]
    """
    links = (pipeline[link["link"]] for link in pipeline.describe()["chain"])
    return [backend for link in links for backend in _backends(link)]


def channels_of(notifier: AdminNotifier) -> list[Backend]:
    """The channels of a notifier."""
    timeout: float = notifier.describe()["timeout"]
    return [Backend("channel", one.label, one.own, one.address, timeout) for one in notifier.outlets]


def functions_of(pipeline: Pipeline) -> dict[str, Callable[..., Any]]:
    """The functions that a pipeline was given to replay letters with, by their operations.

    Example:
        >>> from ninelives import Pipeline
        >>> shop = Pipeline("shop", dead_letter={"store": "memory:"}, notify=False)
        >>> shop.register(print, "say")
        <built-in function print>
        >>> functions_of(shop)
        {'say': <built-in function print>}
    """
    return pipeline._registry.functions  # noqa: SLF001 - it is one of us


def _backends(link: object) -> Iterable[Backend]:
    if isinstance(link, AdminNotifier):
        return channels_of(link)
    if isinstance(link, DeadLetterQueue):
        places = structs.asdict(link.stores).items()
        return [Backend(part, place.name, place.own, place.address) for part, place in places if place is not None]
    return ()
