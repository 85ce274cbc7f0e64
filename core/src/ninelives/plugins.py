"""What is installed: the typed face over pluggy, which builds and never runs a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from ninelives.address import Address
from ninelives.catalogue import Catalogue, Entry, MiddlewareEntry
from ninelives.checks import told
from ninelives.dead_letters.store import DeadLetterStore
from ninelives.discovery import Plugin, installed_plugins
from ninelives.environment import Setting
from ninelives.errors import ConfigurationError, PluginError
from ninelives.events import Listener
from ninelives.link_options import checked, placed, refused
from ninelives.middleware.link import Middleware
from ninelives.notifications.channel import Channel
from ninelives.registering import registrar

__all__ = ["MiddlewareEntry", "PluginInfo", "Plugins", "default_plugins"]

CORE = "ninelives-core"
_HOOKS = {
    "middleware": "register_middleware",
    "store": "register_stores",
    "channel": "register_channels",
    "listener": "register_listeners",
    "command": "register_commands",
}


class PluginInfo(Struct, frozen=True):
    """One thing that is installed.

    Attributes:
        kind: ``plugin``, or what a plugin adds: ``middleware``, ``store``, ``channel``, ``listener``, ``command``.
        name: Its name or scheme.
        distribution: Whose it is.
        version: The distribution's version; empty where there is none.
        error: Why it can't be used; None if it can.
        switched_off: Whether that is because someone switched it off.
    """

    kind: str
    name: str
    distribution: str
    version: str = ""
    error: str | None = None
    switched_off: bool = False


class Plugins:
    """The links, stores, channels, listeners and commands that there are.

    The built-in ones are always among them, registered through the same hooks as a stranger's. Each hook is called when
    something of its kind is first asked for, and no sooner: whoever runs a call never imports a command line.

    Args:
        *plugins: Modules or objects with hookimpls, besides the built-in ones.

    Example:
        >>> Plugins().links
        ('backoff', 'breaker', 'dead_letter', 'fallback', 'notify')
    """

    def __init__(self, *plugins: object) -> None:
        self._plugins = _distinct(Plugin("ninelives", CORE, _builtin), *map(_plugin, plugins))
        self._catalogues: dict[str, Catalogue[Any]] = {}

    @classmethod
    def discover(cls, environ: Mapping[str, str] | None = None) -> Plugins:
        """What the installed distributions add, as entry points of the group ``ninelives``, sorted by name.

        A plugin that does not load is named by one `ConfigurationWarning`, and stops nobody who does not use it.

        Args:
            environ: Where to look for ``NINELIVES_DISABLE_PLUGINS=a,b``, names of entry points or distributions that
                are left out; None is `os.environ`.
        """
        return cls(*installed_plugins(environ))

    @property
    def links(self) -> tuple[str, ...]:
        """The names of the links, sorted."""
        return self._catalogue("middleware").names

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Those that are told the events of every pipeline."""
        return tuple(entry.factory for entry in self._catalogue("listener").first)

    @property
    def commands(self) -> tuple[Any, ...]:
        """The click commands for the ``ninelives`` command line."""
        return tuple(entry.factory for entry in self._catalogue("command").first)

    def middleware(self, name: str) -> MiddlewareEntry:
        """The link of that name.

        Raises:
            PluginError: There is none, or two plugins have one; it lists those that there are.
        """
        entry: MiddlewareEntry = self._catalogue("middleware").find(name)
        return entry

    def build_link(self, name: str, options: Mapping[str, Setting], place: str) -> Middleware:
        """Make a link with these options.

        Args:
            name: The link's name.
            options: What was given, with where it stands.
            place: Where the link itself stands, for errors.

        Raises:
            ConfigurationError: Every option that is unknown, missing, of a wrong type, or refused by the link, named by
                where it was given.
            PluginError: There is no such link, or its plugin is at fault.
        """
        entry: MiddlewareEntry = self._catalogue("middleware").find(name, place)
        values, problems = checked(entry, options, place)
        if problems:
            raise ConfigurationError(*problems, *refused(entry, values, options))
        try:
            link: Any = entry.factory(**values)
        except ConfigurationError as error:
            raise placed(error, options) from error
        except Exception as error:
            raise _at_fault(entry, place, error) from error
        _refuse_other(Middleware, link, entry, place)
        middleware: Middleware = link
        return middleware

    def open_store(self, address: str | Address) -> DeadLetterStore:
        """Make the store of an address; it does no I/O yet.

        Raises:
            ConfigurationError: The address is wrong.
            PluginError: Nothing installed has such a store, or its plugin is at fault.
        """
        store: DeadLetterStore = self._open("store", DeadLetterStore, address)
        return store

    def open_channel(self, address: str | Address) -> Channel:
        """Make the channel of an address; it does no I/O yet.

        Raises:
            ConfigurationError: The address is wrong.
            PluginError: Nothing installed has such a channel, or its plugin is at fault.
        """
        channel: Channel = self._open("channel", Channel, address)
        return channel

    def installed(self) -> tuple[PluginInfo, ...]:
        """All plugins and all that they add, also what can't be used and why; it calls every hook."""
        catalogues = [self._catalogue(kind) for kind in _HOOKS]
        return (
            *(_of_plugin(plugin) for plugin in self._plugins),
            *(
                PluginInfo(
                    catalogue.kind,
                    entry.name,
                    entry.distribution,
                    _version_of(entry.distribution),
                    catalogue.clash(entry.name),
                )
                for catalogue in catalogues
                for entry in catalogue.all
            ),
        )

    def _open(self, kind: str, protocol: Any, address: str | Address) -> Any:
        parsed = Address.parse(address) if isinstance(address, str) else address
        place = f"{kind} {parsed}"
        entry: Entry = self._catalogue(kind).find(parsed.scheme, f"{kind} {parsed.guarded}")
        try:
            made = entry.factory(parsed)
        except ConfigurationError:
            raise
        except Exception as error:
            raise _at_fault(entry, place, error) from error
        _refuse_other(protocol, made, entry, place)
        return made

    def _catalogue(self, kind: str) -> Catalogue[Any]:
        if kind not in self._catalogues:
            catalogue: Catalogue[Any] = Catalogue(kind, self._plugins)
            for plugin in self._plugins:
                plugin.call(_HOOKS[kind], registrar(catalogue, plugin.distribution))
            # No lock: a hook may import, and a lock held meanwhile could meet an import lock from the other side. Two
            # threads may both come here; what the first one made is what all use.
            self._catalogues.setdefault(kind, catalogue)
        return self._catalogues[kind]


_default: dict[str, Plugins] = {}


def default_plugins() -> Plugins:
    """What is installed in this process; found at the first call, the same object ever after."""
    return _default.get("plugins") or _default.setdefault("plugins", Plugins.discover())


def _builtin() -> object:
    from ninelives import builtin  # it imports every link, and they may import this

    return builtin


def _plugin(given: object) -> Plugin:
    if isinstance(given, Plugin):
        return given
    name = getattr(given, "__name__", type(given).__name__)
    return Plugin(name, name, lambda: given)


def _distinct(*plugins: Plugin) -> tuple[Plugin, ...]:
    """Each module once, though two entry points may name it."""
    by_module: dict[int, Plugin] = {}
    for plugin in plugins:
        by_module.setdefault(id(plugin if plugin.module is None else plugin.module), plugin)
    return tuple(by_module.values())


def _refuse_other(protocol: Any, made: object, entry: Entry, place: str) -> None:
    if not isinstance(made, protocol):
        what = f"a {type(made).__name__}, which is no {protocol.__name__}"
        raise PluginError(f"{place}: {entry.distribution} made {what}")


def _at_fault(entry: Entry, place: str, error: Exception) -> PluginError:
    return PluginError(f"{place}: {entry.distribution} failed: {told(error)}")


def _of_plugin(plugin: Plugin) -> PluginInfo:
    version = _version_of(plugin.distribution)
    return PluginInfo("plugin", plugin.name, plugin.distribution, version, plugin.error, plugin.switched_off)


def _version_of(distribution: str) -> str:
    from importlib import metadata  # takes longer to import than all of ninelives

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""
