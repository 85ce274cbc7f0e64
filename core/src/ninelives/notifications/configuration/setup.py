"""What a notifier was asked for: checked when it is made, opened when it is known where addresses are looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ninelives.address import Address
from ninelives.checks import Checks
from ninelives.clock import Clock
from ninelives.errors import Problem
from ninelives.notifications.channel import Channel
from ninelives.notifications.configuration.entries import Entry, failover_said
from ninelives.notifications.configuration.options import NotifyOptions, settled
from ninelives.notifications.configuration.targets import close_outlets, open_log, open_targets, targets_of
from ninelives.notifications.notification import ErrorSeverity
from ninelives.notifications.outlet import Outlet
from ninelives.notifications.route import Destination, Route
from ninelives.notifications.stats import Stats

if TYPE_CHECKING:
    from ninelives.events import Event

__all__ = ["Setup"]


class Setup:
    """Where alerts go, and how, as the options say.

    Args:
        entries: The channels.
        given: The options; of these `channels` does not count.
        checks: Told what is wrong; `open` raises it, together with the addresses that are.

    Attributes:
        settled: The options that say how.
        stats: Counts what becomes of the notifications.
    """

    _log: Channel

    def __init__(self, entries: Iterable[Entry], given: NotifyOptions, checks: Checks) -> None:
        self._checks = checks
        self._groups = failover_said(given.failover, checks)
        self._targets = targets_of(entries, self._groups)
        self.settled = settled(given, checks)
        self.stats = Stats()
        self._destinations: tuple[Destination, ...] = ()

    def open(self, open_channel: Callable[[str | Address], Channel]) -> None:
        """Make the channels; no I/O.

        Raises:
            ConfigurationError: All that is wrong.
        """
        self._destinations = open_targets(self._targets, open_channel, self._checks)
        self._log = open_log(open_channel)

    def route(self, name: str, clock: Clock, emit: Callable[[Event], None]) -> Route:
        """A way that alerts go; the channels must be open.

        Args:
            name: Whose it is.
            clock: Tells the time.
            emit: Told what becomes of alerts.
        """
        return Route(
            name=name,
            destinations=self._destinations,
            log=self._log,
            timeout=self.settled.timeout,
            clock=clock,
            emit=emit,
            rules=self.settled.rules,
            template=self.settled.template,
            stats=self.stats,
        )

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with it, as far as that is known before it is opened."""
        return self._checks.problems

    @property
    def outlets(self) -> tuple[Outlet, ...]:
        """The channels, each once; none before they are open."""
        outlets = (outlet for destination in self._destinations for outlet in destination.outlets)
        return tuple({outlet.key: outlet for outlet in outlets}.values())

    def describe(self) -> dict[str, Any]:
        """The options as they hold, secrets masked; of channels what they are called, once they are open."""
        labels = {outlet.key: outlet.label for outlet in self.outlets}
        listed = zip(self._targets, self._destinations, strict=False)
        groups = self._groups if labels else ()
        return {
            "channels": [_described(destination) for target, destination in listed if target.listed],
            "failover": [[labels[member.key] for member in group] for group in groups],
            **self.settled.describe(),
        }

    def close(self) -> None:
        """Close the channels that were opened here."""
        close_outlets(self.outlets)


def _described(destination: Destination) -> Any:
    if destination.severity is ErrorSeverity.INFO:
        return destination.label
    return {"to": destination.label, "severity": str(destination.severity)}
