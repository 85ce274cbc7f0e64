"""Folding a chain into one step, once, when the pipeline is built: plain closures, which are then only called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from msgspec import Struct

from ninelives.errors import ConfigurationError, Problem
from ninelives.middleware.link import AsyncMiddleware, AsyncNext, Next
from ninelives.middleware.watching import Watcher, Watches, watch, watch_async

if TYPE_CHECKING:
    from ninelives.chain import Link

__all__ = ["Folded", "fold", "fold_async"]

S = TypeVar("S")


class Folded(Struct, Generic[S], frozen=True, eq=False):
    """A chain as one step.

    Attributes:
        step: Goes through all links but the outermost watchers.
        watchers: The outermost links, as far as they act on failure only, innermost first: whoever calls the step
            tells them, as it stands in a ``try`` anyway.
    """

    step: S
    watchers: tuple[Watcher, ...]


def fold(links: Sequence[Link], innermost: Next) -> Folded[Next]:
    """One step that goes through all links, outermost first.

    Raises:
        ConfigurationError: What the links find wrong with the addresses that they open, all of it.
    """
    step, watchers, problems = innermost, list[Watcher](), list[str | Problem]()
    for link in reversed(links):
        try:
            if isinstance(link.part, Watches):
                watchers.append(link.part.watcher(link.context))
                continue
            step = watch(tuple(watchers), step) if watchers else step
            step, watchers = link.part.wrap(step, link.context), []
        except ConfigurationError as error:
            problems += error.args
    if problems:
        raise ConfigurationError(*problems)
    return Folded(step, tuple(watchers))


def fold_async(links: Sequence[Link], innermost: AsyncNext) -> Folded[AsyncNext]:
    """The same for asynchronous calls.

    Raises:
        ConfigurationError: Some links take synchronous calls only; it names them.
    """
    lacking = [link.alias for link in links if not isinstance(link.part, AsyncMiddleware)]
    if lacking:
        raise ConfigurationError(f"no wrap_async in: {', '.join(lacking)}: this chain takes synchronous calls only")
    step, watchers = innermost, list[Watcher]()
    for link in reversed(links):
        if isinstance(link.part, Watches):
            watchers.append(link.part.watcher(link.context))
        else:
            step = watch_async(tuple(watchers), step) if watchers else step
            step, watchers = cast("AsyncMiddleware", link.part).wrap_async(step, link.context), []
    return Folded(step, tuple(watchers))
