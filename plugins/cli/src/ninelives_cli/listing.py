"""What is installed, as ``ninelives plugins`` shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable

import click

from ninelives.discovery import DISABLED, switched_off_in_vain
from ninelives.plugins import PluginInfo
from ninelives.redaction import redact_text
from ninelives_cli.tables import show_table

__all__ = ["is_broken", "json_lines", "show", "warn_of_names"]


def is_broken(info: PluginInfo) -> bool:
    """Whether it is of no use, or not of full use, though nobody switched it off."""
    return info.error is not None and not info.switched_off


def warn_of_names(installed: Iterable[PluginInfo]) -> None:
    """Say on stderr what is to be switched off, and is not installed."""
    plugins = [info for info in installed if info.kind == "plugin"]
    for name in switched_off_in_vain(name for info in plugins for name in (info.name, info.distribution)):
        there = ", ".join(sorted({info.name for info in plugins}))
        click.echo(f"Warning: {DISABLED} names {name!r}, which is not installed (there are: {there})", err=True)


def show(installed: Iterable[PluginInfo]) -> None:
    """Print a table of it."""
    rows = [(info.kind, info.name, info.distribution, info.version, _status(info)) for info in installed]
    show_table(("kind", "name or scheme", "distribution", "version", "works"), rows)


def json_lines(installed: Iterable[PluginInfo]) -> str:
    """One object a line: kind, name, distribution, version, works, error (null: nothing is wrong), and switched_off."""
    return "".join(
        json.dumps(
            {
                "kind": info.kind,
                "name": info.name,
                "distribution": info.distribution,
                "version": info.version,
                "works": info.error is None,
                "error": info.error and redact_text(info.error),
                "switched_off": info.switched_off,
            }
        )
        + "\n"
        for info in installed
    )


def _status(info: PluginInfo) -> str:
    if info.error is None:
        return "yes"
    return f"no: {redact_text(info.error)}"
