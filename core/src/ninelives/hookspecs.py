"""The whole plugin contract: what a distribution does to add links, stores, channels, listeners and commands.

A plugin is a module with one or more of the hooks below, each marked with `hookimpl`, and an entry point of the group
``ninelives`` that names the module::

    # pyproject.toml
    [project.entry-points.ninelives]
    redis = "ninelives_redis.plugin"

    # ninelives_redis/plugin.py
    from ninelives import hookimpl

    @hookimpl
    def register_stores(register):
        register("redis", open_redis_store)

The module is imported when plugins are discovered, by every program that uses ninelives: it imports nothing heavy. What
a backend needs is imported by the backend, at its first use. A hook is called when something of its kind is first asked
for. One that raises stops no other plugin; what it registered before it raised is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pluggy
from msgspec import Struct

from ninelives.address import Address
from ninelives.dead_letters.store import DeadLetterStore
from ninelives.events import Listener
from ninelives.middleware.link import Middleware
from ninelives.notifications.channel import Channel

__all__ = [
    "RegisterChannel",
    "RegisterCommand",
    "RegisterListener",
    "RegisterMiddleware",
    "RegisterStore",
    "hookimpl",
    "hookspec",
]

hookspec = pluggy.HookspecMarker("ninelives")
hookimpl = pluggy.HookimplMarker("ninelives")


class RegisterMiddleware(Protocol):
    """What `register_middleware` is given."""

    def __call__(self, name: str, factory: Callable[..., Middleware], *, options: type[Struct] | None = None) -> None:
        """Add the link `name`; see `register_middleware`."""
        ...


class RegisterStore(Protocol):
    """What `register_stores` is given."""

    def __call__(self, scheme: str, factory: Callable[[Address], DeadLetterStore]) -> None:
        """Add the store of the addresses that begin with `scheme`; see `register_stores`."""
        ...


class RegisterChannel(Protocol):
    """What `register_channels` is given."""

    def __call__(self, scheme: str, factory: Callable[[Address], Channel]) -> None:
        """Add the channel of the addresses that begin with `scheme`; see `register_channels`."""
        ...


class RegisterListener(Protocol):
    """What `register_listeners` is given."""

    def __call__(self, name: str, listener: Listener) -> None:
        """Add a listener; see `register_listeners`."""
        ...


class RegisterCommand(Protocol):
    """What `register_commands` is given."""

    def __call__(self, command: Any) -> None:
        """Add a command; see `register_commands`."""
        ...


@hookspec
def register_middleware(register: RegisterMiddleware) -> None:
    """Add links: call ``register(name, factory, options=None)`` for each.

    `name` is what stands in a chain, so it is a Python identifier. ``factory(**options)`` gives a `Middleware`; it is
    called whenever a pipeline that has the link is built, with the options that were given and no others. `options`
    may be a msgspec struct type, which says which options there are and of what type; without it they are checked
    against the factory's signature. A value that is of the right type but wrong is the factory's to refuse, with a
    `ConfigurationError` whose problems carry the option's name; the pipeline adds where the value stands.
    """


@hookspec
def register_stores(register: RegisterStore) -> None:
    """Add dead letter stores: call ``register(scheme, factory)`` for each.

    ``factory(address)`` gives the `DeadLetterStore` of an address that begins with ``scheme:``. It checks the address
    and does nothing else: no I/O and no import of an SDK, both come at the store's first use. So building a pipeline
    finds every configuration mistake and touches no network.
    """


@hookspec
def register_channels(register: RegisterChannel) -> None:
    """Add notification channels: call ``register(scheme, factory)`` for each.

    ``factory(address)`` gives the `Channel` of an address that begins with ``scheme:``, under the same rules as a
    store's factory.
    """


@hookspec
def register_listeners(register: RegisterListener) -> None:
    """Add listeners: call ``register(name, listener)`` for each.

    ``listener(event)`` is told the events of every pipeline and part of the program, all but `CallSucceeded` unless it
    has an attribute ``events``: a tuple of the types that it wants. It must be quick; what it raises is logged once.
    """


@hookspec
def register_commands(register: RegisterCommand) -> None:
    """Add commands to the ``ninelives`` command line: call ``register(command)`` for each `click.Command`.

    Called by the command line only, so click may be imported here.
    """
