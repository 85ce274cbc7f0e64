"""What this distribution adds to ninelives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ninelives import hookimpl

if TYPE_CHECKING:
    from ninelives.hookspecs import RegisterStore

__all__ = ["register_stores"]


@hookimpl
def register_stores(register: RegisterStore) -> None:
    """The store ``sqs:``."""
    from ninelives_sqs.factory import sqs_store

    register("sqs", sqs_store)
