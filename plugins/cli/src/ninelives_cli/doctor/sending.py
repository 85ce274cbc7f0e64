"""Sending a notification to channels as a test: once to each, whatever came before, and what fails is said."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from ninelives.errors import ConfigurationError, Problem
from ninelives.inspecting import Backend, backends_of, channels_of
from ninelives.notifications.notification import Notification
from ninelives.notifications.notifier import AdminNotifier
from ninelives.notifications.words.content import of_message
from ninelives.settings import find_settings
from ninelives_cli.doctor.pipelines import build_all, choose
from ninelives_cli.doctor.together import GRACE, Ended, side_by_side
from ninelives_cli.doctor.words import clean, why
from ninelives_cli.tables import show_table

__all__ = ["channels_at", "channels_in", "make_notification", "send_all", "show_sent"]

_OPTION = "--channel"
_ENTRY = re.compile(r"\Achannels\[\d+\](?:: )?")


def channels_at(addresses: Sequence[str]) -> list[Backend]:
    """The channels of these addresses.

    Raises:
        ConfigurationError: Addresses are wrong; it names them all.
    """
    try:
        return _each_once(channels_of(AdminNotifier(channels=addresses)))
    except ConfigurationError as error:
        raise type(error)(*map(_of_option, error.args)) from None


def channels_in(names: Sequence[str]) -> list[Backend]:
    """The channels of these pipelines; of all that are configured if none is named, else of the defaults.

    Raises:
        ConfigurationError: There is no such pipeline, or the configuration is wrong.
    """
    settings = find_settings()
    pipelines = build_all(settings, choose(settings, names))
    found = (backend for pipeline in pipelines for backend in backends_of(pipeline))
    return _each_once([backend for backend in found if backend.kind == "channel"])


def make_notification(message: str, severity: str) -> Notification:
    """A notification that says that it is a test, where it comes from and when."""
    now = datetime.now(UTC)
    text = f"Test of notifications from {platform.node()}, {now:%Y-%m-%d %H:%M:%S} UTC: {message}"
    return of_message(text, {"sent_by": "ninelives notify test"}, severity, None, now)


def send_all(channels: Sequence[Backend], notification: Notification) -> list[Ended[None]]:
    """Send it to each, side by side, in the time that each has."""
    longest = max(channel.timeout for channel in channels)
    return side_by_side([partial(_send, channel, notification) for channel in channels], longest + GRACE)


def show_sent(channels: Sequence[Backend], sent: Sequence[Ended[None]]) -> None:
    """Print a table of what came of it."""
    rows = [_row(channel, ended) for channel, ended in zip(channels, sent, strict=True)]
    show_table(("channel", "accepted", "seconds", "detail"), rows, numbers=("seconds",))


def _of_option(what: str | Problem) -> str | Problem:
    """The same as the one who gave the option knows it."""
    if isinstance(what, str):
        return _ENTRY.sub(f"{_OPTION}: ", what)
    return what._replace(place=_OPTION, part=_ENTRY.sub("", what.part))


def _row(channel: Backend, ended: Ended[None]) -> tuple[str, ...]:
    accepted, detail = ("yes", "") if ended.error is None else ("no", why(channel, ended.error))
    return clean(channel.name), accepted, f"{ended.seconds:.2f}", detail


def _send(channel: Backend, notification: Notification) -> None:
    try:
        channel.own.send(notification, timeout=channel.timeout)
    finally:
        with suppress(Exception):  # whether it was accepted is what counts
            channel.own.close()


def _each_once(channels: Sequence[Backend]) -> list[Backend]:
    first: dict[object, Backend] = {}
    for channel in channels:
        first.setdefault(channel.key, channel)
    return list(first.values())
