"""The dead letter store ``sqlite:`` of ninelives: one SQLite database, quick with a million letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ninelives_sqlite.rows import BadRow
    from ninelives_sqlite.store import SqliteStore

__all__ = ["BadRow", "SqliteStore"]


def __getattr__(name: str) -> Any:
    # Late, because every program that uses ninelives imports this package to find the plugin.
    if name == "SqliteStore":
        from ninelives_sqlite.store import SqliteStore

        return SqliteStore
    if name == "BadRow":
        from ninelives_sqlite.rows import BadRow

        return BadRow
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
