"""What this distribution adds to ninelives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ninelives import hookimpl

if TYPE_CHECKING:
    from ninelives.hookspecs import RegisterStore


@hookimpl
def register_stores(register: RegisterStore) -> None:
    """The store ``sqlite:``."""
    from ninelives_sqlite.factory import sqlite_store

    register("sqlite", sqlite_store)
