"""Where each alert goes, of what `channels` and `failover` say: to every channel, and on from there when it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from ninelives.address import Address
from ninelives.checks import Checks
from ninelives.errors import ConfigurationError, PluginError, together
from ninelives.faults import log_fault
from ninelives.notifications.channel import Channel
from ninelives.notifications.configuration.entries import Entry, Place, located
from ninelives.notifications.notification import ErrorSeverity
from ninelives.notifications.outlet import Outlet
from ninelives.notifications.route import Destination

__all__ = ["LOG", "Target", "close_outlets", "open_log", "open_targets", "targets_of"]

OpenChannel = Callable[[str | Address], Channel]

LOG = "log:"

_ORDER = {severity: number for number, severity in enumerate(ErrorSeverity)}


class Target(Struct, frozen=True, eq=False):
    """One destination, before its channels are opened.

    Attributes:
        entries: The channel, and those that are tried after it, in order.
        severity: The least severity that goes there.
        listed: Whether it stands in `channels`; otherwise it is a group of `failover`.
    """

    entries: tuple[Entry, ...]
    severity: ErrorSeverity = ErrorSeverity.INFO
    listed: bool = True


def targets_of(listed: Iterable[Entry], groups: Sequence[Sequence[Entry]]) -> list[Target]:
    """The destinations.

    A channel that is listed twice is one, and gets what either entry says. When it fails, those after it in its group
    are tried: in the group in which it stands furthest ahead, if it stands in several. A group whose first is not
    listed is a destination of its own.
    """
    least: dict[object, Entry] = {}
    for entry in listed:
        known = least.setdefault(entry.key, entry)
        least[entry.key] = min(known, entry, key=lambda one: _ORDER[one.severity])
    targets = [Target((entry, *_after(entry, groups)), entry.severity) for entry in least.values()]
    return [*targets, *(Target(tuple(group), listed=False) for group in groups if group[0].key not in least)]


def open_targets(targets: Sequence[Target], open_channel: OpenChannel, checks: Checks) -> tuple[Destination, ...]:
    """Make the channels, each once; no I/O.

    Raises:
        ConfigurationError: All that was noted, and all addresses that are wrong.
    """
    errors = [ConfigurationError(*checks.problems)] if checks.problems else []
    outlets: dict[object, Outlet] = {}
    for entry in _each_once(targets):
        try:
            outlets[entry.key] = _outlet(entry.to, open_channel)
        except ConfigurationError as error:
            errors.append(located(error, entry.where, checks.owner))
    if errors:
        raise together(errors)
    return tuple(Destination(tuple(outlets[entry.key] for entry in one.entries), one.severity) for one in targets)


def open_log(open_channel: OpenChannel) -> Channel:
    """The channel ``log:``, or what stands in for it where no plugin provides one."""
    try:
        return open_channel(LOG)
    except PluginError:
        from ninelives.notifications.standard_log import StandardLog

        return StandardLog()


def close_outlets(outlets: Iterable[Outlet]) -> None:
    """Close those that we opened; one that can't be closed is logged."""
    for outlet in outlets:
        if not outlet.ours:
            continue
        try:
            outlet.own.close()
        except Exception as error:
            log_fault("warning", "channel %s could not be closed", outlet.label, fault=error)


def _after(entry: Entry, groups: Sequence[Sequence[Entry]]) -> Sequence[Entry]:
    """Who is tried when this one fails."""
    keys = [[member.key for member in group] for group in groups]
    ahead = [(within.index(entry.key), number) for number, within in enumerate(keys) if entry.key in within]
    if not ahead:
        return ()
    position, number = min(ahead)
    return groups[number][position + 1 :]


def _each_once(targets: Iterable[Target]) -> list[Entry]:
    """The channels, as they were first said."""
    entries: dict[object, Entry] = {}
    for target in targets:
        for entry in target.entries:
            entries.setdefault(entry.key, entry)
    return list(entries.values())


def _name_of(place: Place) -> str:
    return str(place) if isinstance(place, Address) else str(getattr(place, "name", None) or type(place).__name__)


def _outlet(place: Place, open_channel: OpenChannel) -> Outlet:
    if not isinstance(place, Address):
        return Outlet(place, _name_of(place))
    if place.raw == LOG:
        return Outlet(open_log(open_channel), LOG, is_log=True, ours=True, address=place)
    from ninelives.redaction import redact_text

    own, is_log = open_channel(place), place.scheme == "log"
    name = getattr(own, "name", None)  # it knows best what of its address may be shown
    label = redact_text(name if isinstance(name, str) and name else str(place))
    return Outlet(own, label, is_log=is_log, ours=True, address=place)
