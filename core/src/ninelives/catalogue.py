"""What plugins registered, by name: a name that two registered is refused, an unknown one says what to install."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from msgspec import Struct

from ninelives.cautions import caution
from ninelives.checks import guess
from ninelives.discovery import Plugin, switch_off
from ninelives.errors import PluginError, Problem

__all__ = ["Catalogue", "Entry", "MiddlewareEntry"]

# Which distribution has what: the first error that everyone meets is a backend that is not installed.
_HOMES = {
    "store": {"file": "ninelives-file", "sqlite": "ninelives-sqlite", "sqs": "ninelives-sqs"},
    "channel": {
        "log": "ninelives-log",
        "sms": "ninelives-sms",
        "smtp": "ninelives-email",
        "smtps": "ninelives-email",
        "sns": "ninelives-sns",
    },
}


class Entry(Struct, frozen=True, eq=False):
    """Something that a plugin registered.

    Attributes:
        name: The link's or listener's name, the scheme of a store or channel, the command's name.
        factory: What makes it; the listener or the command itself.
        distribution: Whose it is.
    """

    name: str
    factory: Any
    distribution: str


class MiddlewareEntry(Entry, frozen=True, eq=False):
    """A link that a plugin registered.

    Attributes:
        options: The struct type that says which options it takes; None: its factory's signature says so.
    """

    options: type[Struct] | None = None


E = TypeVar("E", bound=Entry)


class Catalogue(Generic[E]):
    """All entries of one kind.

    Args:
        kind: What they are, in the singular: ``store``.
        plugins: Those that were asked for them, the broken ones too.
    """

    def __init__(self, kind: str, plugins: Iterable[Plugin]) -> None:
        self.kind = kind
        self.plugins = tuple(plugins)
        self._entries: dict[str, list[E]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names that are of use, sorted."""
        return tuple(sorted(name for name, entries in self._entries.items() if len(entries) == 1))

    @property
    def first(self) -> tuple[E, ...]:
        """The first entry of each name, as they were registered: where several are used, a clash stops nobody."""
        return tuple(entries[0] for entries in self._entries.values())

    @property
    def all(self) -> tuple[E, ...]:
        """Every entry, those that clash too, as they were registered."""
        return tuple(entry for entries in self._entries.values() for entry in entries)

    def add(self, entry: E) -> None:
        """Add an entry; warns when another has that name."""
        entries = self._entries.setdefault(entry.name, [])
        entries.append(entry)
        if clash := self.clash(entry.name):
            caution(clash)

    def clash(self, name: str) -> str | None:
        """What to say of a name that was registered more than once; None if it was not."""
        owners = [entry.distribution for entry in self._entries.get(name, ())]
        if len(owners) <= 1:
            return None
        return f"the {self.kind} {name!r} is registered by {' and by '.join(owners)}: {switch_off('<one of them>')}"

    def find(self, name: str, place: str = "") -> E:
        """The entry of that name.

        Args:
            name: Its name or scheme.
            place: Where it was asked for, for the error.

        Raises:
            PluginError: There is none, or more than one.
        """
        if clash := self.clash(name):
            raise PluginError(clash)
        if name not in self._entries:
            raise PluginError(Problem(place or f"{self.kind} {name!r}", "", self._known(name)))
        return self._entries[name][0]

    def _known(self, name: str) -> str:
        names, advice = ", ".join(self.names) or "none", self._advice(name)
        hint = "" if advice else guess(name, (*_HOMES.get(self.kind, ()), *self.names))
        return "; ".join((f"an installed {self.kind} (there are: {names}){hint}", *advice, *self._broken()))

    def _advice(self, name: str) -> tuple[str, ...]:
        home = _HOMES.get(self.kind, {}).get(name)
        elsewhere = next((kind for kind, homes in _HOMES.items() if kind != self.kind and name in homes), None)
        if home is not None:
            return () if home in {plugin.distribution for plugin in self.plugins} else (f"pip install {home} adds it",)
        return (f"{name!r} is a {elsewhere}",) if elsewhere is not None else ()

    def _broken(self) -> tuple[str, ...]:
        broken = (plugin for plugin in self.plugins if plugin.error is not None)
        return tuple(f"plugin {each} {'is ' if each.switched_off else ''}{each.error}" for each in broken)
