"""What the options `channels` and `failover` say: who is to be told of what, and who is tried when one fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from inspect import iscoroutinefunction, signature
from typing import Any

from msgspec import Struct

from ninelives.address import Address
from ninelives.checks import Checks, guess, shown, without_secrets
from ninelives.environment import VARIABLES
from ninelives.errors import ConfigurationError, Problem
from ninelives.notifications.channel import Channel
from ninelives.notifications.notification import ErrorSeverity

__all__ = ["Entry", "Place", "channels_said", "entry_at", "failover_said", "located", "severity_of"]

Place = Address | Channel
"""An address, or a channel that the program gives."""

_CHANNEL = "an address, like 'log:', or a channel"
_SEND = "a channel whose `send` can be called with a notification and timeout= in seconds"
_SEVERITY = f"one of: {', '.join(ErrorSeverity)}"
_GROUP = "a list of at least two different channels, in the order in which they are tried"


class Entry(Struct, frozen=True, eq=False):
    """One entry of `channels`, or one member of a group of `failover`.

    Attributes:
        where: Where it was said: ``channels[0]``.
        to: Where it goes.
        severity: The least severity that goes there.
    """

    where: str
    to: Place
    severity: ErrorSeverity = ErrorSeverity.INFO

    @property
    def key(self) -> object:
        """The same for two that are one channel: the same address, or the same object."""
        return self.to.raw if isinstance(self.to, Address) else id(self.to)


def channels_said(channels: Any, checks: Checks) -> list[Entry]:
    """The entries, one alone too; what is none is noted."""
    listed = [channels] if _is_place(channels) or isinstance(channels, Mapping) else _listed(channels)
    expected = "at least one address, like 'log:'; leave the link out for none"
    checks.that(bool(listed), "channels", channels, expected)
    entries = [_entry(f"channels[{number}]", each, checks) for number, each in enumerate(listed)]
    return [entry for entry in entries if entry is not None]


def failover_said(failover: Any, checks: Checks) -> list[list[Entry]]:
    """The groups, each in its order; what is none is noted."""
    alone = not _is_ordered(failover)
    checks.that(not alone, "failover", failover, f"a list of groups, each {_GROUP}")
    groups = [] if alone else [_group(f"failover[{number}]", each, checks) for number, each in enumerate(failover)]
    # Of a group whose first is wrong another one is the first here.
    firsts = [
        group[0].key for number, group in enumerate(groups) if group and group[0].where == f"failover[{number}][0]"
    ]
    checks.that(len(set(firsts)) == len(firsts), "failover", failover, "groups that begin with different channels")
    return [group for group in groups if group]


def severity_of(given: Any) -> ErrorSeverity | None:
    """The severity that is meant, in any case of letters; None if there is no such."""
    try:
        return ErrorSeverity(given.upper())
    except (ValueError, AttributeError):
        return None


def entry_at(where: str, given: Any, checks: Checks, expected: str = _CHANNEL) -> Entry | None:
    """The entry that an address or a channel is; None if it is none, which is noted."""
    if isinstance(given, str):
        try:
            return Entry(where, Address.parse(given))
        except ConfigurationError as error:
            checks.problems += located(error, where, checks.owner).problems
            return None
    if _is_place(given):
        if iscoroutinefunction(getattr(given, "send", None)):
            _note(checks, where, given, "a channel whose `send` is no coroutine function: nobody would await it")
        elif not isinstance(given, Address) and not _takes_timeout(given.send):
            _note(checks, where, given, _SEND)
        return Entry(where, given)
    _note(checks, where, given, expected)
    return None


def located(error: ConfigurationError, where: str, owner: str) -> ConfigurationError:
    """The same error, each problem with the place of what it is about: the owner's argument, or a variable."""
    whole = _problem(where, "", "", owner)

    def at(what: Problem) -> Problem:
        part = ": ".join(filter(None, (whole.part, without_secrets(what.place))))
        return what._replace(place=whole.place, option=whole.option, part=part)

    return type(error)(*(at(what) if isinstance(what, Problem) else f"{where}: {what}" for what in error.args))


def _problem(where: str, value: str, expected: str, owner: str) -> Problem:
    """What is wrong there, in the form that other arguments' problems have."""
    option = where.partition("[")[0]
    place = where if option in VARIABLES else f"{owner}({option}=)"
    return Problem(place, value, expected, option, "" if where == option else where)


def _entry(where: str, given: Any, checks: Checks) -> Entry | None:
    if not isinstance(given, Mapping):
        return entry_at(where, given, checks, f"{_CHANNEL}, or {{to = ..., severity = ...}} of one")
    for key in given:
        if key not in ("to", "severity"):
            hint = guess(key, ("to", "severity"))
            _note(checks, f"{where}.{key}", given[key], f"one of: to, severity{hint}")
    severity = severity_of(said := given.get("severity", ErrorSeverity.INFO))
    if severity is None:
        _note(checks, f"{where}.severity", said, f"{_SEVERITY}{guess(said, ErrorSeverity)}")
    entry = entry_at(f"{where}.to", given.get("to"), checks)
    return None if entry is None or severity is None else Entry(where, entry.to, severity)


def _group(where: str, given: Any, checks: Checks) -> list[Entry]:
    if not _is_ordered(given):
        _note(checks, where, given, _GROUP)
        return []
    listed = list(given)
    members = [entry_at(f"{where}[{number}]", each, checks) for number, each in enumerate(listed)]
    group = [member for member in members if member is not None]
    if len(listed) < 2 or len({member.key for member in group}) < len(group):  # noqa: PLR2004 - one, and another
        _note(checks, where, listed, _GROUP)
    return group


def _note(checks: Checks, where: str, value: Any, expected: str) -> None:
    checks.problems.append(_problem(where, shown(value, where), expected, checks.owner))


def _is_place(value: Any) -> bool:
    # A generator has `send` and `close` too.
    return isinstance(value, (str, Address)) or (isinstance(value, Channel) and not isinstance(value, (type, Iterator)))


def _takes_timeout(send: Callable[..., object]) -> bool:
    """As far as can be seen; of those written in C some don't say."""
    try:
        signature(send).bind(None, timeout=1.0)
    except ValueError:
        return True
    except TypeError:
        return False
    return True


def _is_ordered(value: Any) -> bool:
    """Whether it is some kind of list; a set would give another order each time."""
    is_listed = isinstance(value, Iterable) and not isinstance(value, (bytes, Mapping, AbstractSet))
    return is_listed and not _is_place(value)


def _listed(channels: Any) -> list[Any]:
    return list(channels) if isinstance(channels, Iterable) and not isinstance(channels, bytes) else []
