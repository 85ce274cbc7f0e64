"""What this distribution adds to ninelives: its own commands, registered like a stranger's."""

from __future__ import annotations

from ninelives.hookspecs import RegisterCommand, hookimpl

__all__ = ["register_commands"]


@hookimpl
def register_commands(register: RegisterCommand) -> None:
    """The commands ``plugins``, ``schema`` and ``demo``."""
    from ninelives_cli.commands import demo, plugins, schema

    register(plugins)
    register(schema)
    register(demo)
