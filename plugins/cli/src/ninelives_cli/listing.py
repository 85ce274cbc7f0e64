"""What is installed, as ``ninelives plugins`` shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ninelives.discovery import DISABLED
from ninelives.plugins import PluginInfo
from ninelives_cli.tables import show_table

__all__ = ["is_broken", "json_lines", "show"]

_SWITCHED_OFF = f"switched off by {DISABLED}"


def is_broken(info: PluginInfo) -> bool:
    """Whether it is of no use, or not of full use, though nobody switched it off."""
    return info.error is not None and info.error != _SWITCHED_OFF


def show(installed: Iterable[PluginInfo]) -> None:
    """Print a table of it."""
    rows = [(info.kind, info.name, info.distribution, info.version, _status(info)) for info in installed]
    show_table(("kind", "name or scheme", "distribution", "version", "works"), rows)


def json_lines(installed: Iterable[PluginInfo]) -> str:
    """One object a line: kind, name, distribution, version, works, and error, which is null where nothing is wrong."""
    return "".join(
        json.dumps(
            {
                "kind": info.kind,
                "name": info.name,
                "distribution": info.distribution,
                "version": info.version,
                "works": info.error is None,
                "error": info.error,
            }
        )
        + "\n"
        for info in installed
    )


def _status(info: PluginInfo) -> str:
    if info.error is None:
        return "yes"
    return f"no: {info.error}"
