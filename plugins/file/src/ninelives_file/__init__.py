"""The dead letter store ``file:`` of ninelives: append-only JSON Lines, safe between processes and after a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ninelives_file.lines import BadLine
    from ninelives_file.store import FileStore

__all__ = ["BadLine", "FileStore"]


def __getattr__(name: str) -> Any:
    # Late, because every program that uses ninelives imports this package to find the plugin.
    if name == "FileStore":
        from ninelives_file.store import FileStore

        return FileStore
    if name == "BadLine":
        from ninelives_file.lines import BadLine

        return BadLine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
