"""Where the alerts of one notifier go: to whom, from which severity on, and who is tried when one fails."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import force_setattr

from ninelives.clock import Clock
from ninelives.notifications.channel import Channel
from ninelives.notifications.notification import ErrorSeverity
from ninelives.notifications.stats import Stats
from ninelives.notifications.steady import steady

if TYPE_CHECKING:
    from ninelives.events import Event
    from ninelives.notifications.outlet import Outlet
    from ninelives.notifications.words.templates import Template

__all__ = ["Destination", "Route", "Rules"]

_ORDER = {severity: number for number, severity in enumerate(ErrorSeverity)}


class Rules(Struct, frozen=True, kw_only=True):
    """How often one kind is told; all in seconds. `AdminNotifier` describes each; they are checked there."""

    group_interval: float = 300.0
    repeat_interval: float = 14_400.0
    over_after: float = 3_600.0
    wait: float = 30.0


class Destination(Struct, frozen=True, eq=False):
    """Who is to get an alert: one channel, or the next when that fails.

    Attributes:
        outlets: The channel, and those that are tried after it, in order; the log comes after the last.
        severity: The least severity that goes there.
    """

    outlets: tuple[Outlet, ...]
    severity: ErrorSeverity = ErrorSeverity.INFO

    @property
    def label(self) -> str:
        """What the channel is called, secrets masked."""
        return self.outlets[0].label

    @property
    def key(self) -> object:
        """What tells it from others: two phone numbers have one label. Never shown."""
        return self.outlets[0].key

    @property
    def inline(self) -> bool:
        """Whether none of its channels ever waits, so that no thread is needed."""
        return all(outlet.inline for outlet in self.outlets)

    def takes(self, severity: ErrorSeverity) -> bool:
        """Whether what is that bad goes there."""
        return _ORDER[severity] >= _ORDER[self.severity]


class Route(Struct, frozen=True, eq=False, kw_only=True):
    """Where the alerts of one notifier go. One for each link of a chain, and one for a notifier used alone.

    Attributes:
        name: Whose it is: the pipeline's name and the link's; two pipelines of one name have routes of one name.
        destinations: All of these get each alert of their severity.
        log: The channel that takes what nobody else did.
        timeout: Seconds that one attempt at a channel may take.
        clock: Tells the time, and waits between attempts; one that raises hurts no other route (`steady`).
        emit: Told what became of an alert.
        rules: How often one kind is told.
        template: How an alert is worded; None: as we do it.
        stats: Counts what became of them.
        context: What a channel's code sees when nobody's call is being told of: the context variables of whoever built
            the route.
    """

    name: str
    destinations: tuple[Destination, ...]
    log: Channel
    timeout: float
    clock: Clock
    emit: Callable[[Event], None]
    rules: Rules = Rules()
    template: Template | None = None
    stats: Stats = field(default_factory=Stats)
    context: Context = field(default_factory=copy_context)

    def __post_init__(self) -> None:
        force_setattr(self, "clock", steady(self.clock))
