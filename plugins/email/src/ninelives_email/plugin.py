"""What this distribution adds to ninelives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ninelives import hookimpl

if TYPE_CHECKING:
    from ninelives.hookspecs import RegisterChannel

__all__ = ["register_channels"]


@hookimpl
def register_channels(register: RegisterChannel) -> None:
    """The channels ``smtp:`` and ``smtps:``."""
    from ninelives_email.factory import email_channel

    register("smtp", email_channel)
    register("smtps", email_channel)
