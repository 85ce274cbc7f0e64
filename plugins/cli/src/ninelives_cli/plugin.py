"""What this distribution adds to ninelives: its own commands, registered like a stranger's."""

from __future__ import annotations

from ninelives.hookspecs import RegisterCommand, hookimpl

__all__ = ["register_commands"]


@hookimpl
def register_commands(register: RegisterCommand) -> None:
    """The commands ``plugins``, ``doctor``, ``notify``, ``dlq``, ``schema``, ``completion`` and ``demo``."""
    from ninelives_cli.commands import demo, plugins, schema
    from ninelives_cli.completion import completion
    from ninelives_cli.dlq.command import dlq
    from ninelives_cli.doctor.command import doctor
    from ninelives_cli.notify import notify

    register(plugins)
    register(doctor)
    register(notify)
    register(dlq)
    register(schema)
    register(completion)
    register(demo)
