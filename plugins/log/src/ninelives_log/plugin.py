"""What this distribution adds to ninelives."""

from __future__ import annotations

from ninelives.hookspecs import RegisterChannel, RegisterListener, hookimpl
from ninelives_log.channel import open_log_channel
from ninelives_log.listener import log_event

__all__ = ["register_channels", "register_listeners"]


@hookimpl
def register_listeners(register: RegisterListener) -> None:
    """Every event is logged."""
    register("log", log_event)


@hookimpl
def register_channels(register: RegisterChannel) -> None:
    """The channel ``log:``."""
    register("log", open_log_channel)
