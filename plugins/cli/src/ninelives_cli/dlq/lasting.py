"""Where letters may go: into a store that lasts longer than the command that puts them there."""

from __future__ import annotations

import click

__all__ = ["refuse_memory"]


def refuse_memory(name: str) -> None:
    """See that the store of this name or address is not the memory of this very process.

    Raises:
        click.UsageError: It is.
    """
    if name.partition(":")[0].strip().lower() == "memory":
        raise click.UsageError(
            f"{name} ends with this command, and letters that go there would too: name a store that lasts"
        )
