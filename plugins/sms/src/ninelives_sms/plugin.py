"""What this distribution adds to ninelives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ninelives import hookimpl

if TYPE_CHECKING:
    from ninelives.hookspecs import RegisterChannel

__all__ = ["register_channels"]


@hookimpl
def register_channels(register: RegisterChannel) -> None:
    """The channel ``sms:``."""
    from ninelives_sms.factory import sms_channel

    register("sms", sms_channel)
