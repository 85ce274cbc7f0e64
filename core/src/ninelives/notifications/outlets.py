"""Which channels a notifier uses, and opening them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ninelives.address import Address
from ninelives.cautions import caution
from ninelives.checks import Checks
from ninelives.errors import ConfigurationError, PluginError, together
from ninelives.notifications.channel import Channel
from ninelives.notifications.delivery import Outlet
from ninelives.notifications.notification import NotificationChannel

__all__ = ["LOG", "channels_alone", "check_channels", "close_outlets", "open_log", "open_outlets"]

OpenChannel = Callable[[str | Address], Channel]

LOG = "log:"

_E164 = r"\+[1-9]\d{6,14}"
# By kind, the argument that says where.
_ARGUMENTS = {
    NotificationChannel.SNS: "sns_topic_arn",
    NotificationChannel.EMAIL: "email",
    NotificationChannel.SMS: "phone_number",
}


def channels_alone(
    sns_topic_arn: str | None,
    channel: NotificationChannel | str | None,
    email: str | None,
    phone_number: str | None,
    channels: Iterable[Any] | None,
    checks: Checks,
) -> list[Any]:
    """Those of a notifier used alone: what `channel` names, else all that was given, else the environment's."""
    kind = _kind(channel, checks)
    given = _given(sns_topic_arn, email, phone_number, checks)
    if channels is not None:
        channels = check_channels(channels, checks)
    if channel is None:
        return [*given.values(), *(channels or ())] or _from_environment()
    if kind is None or kind is NotificationChannel.LOG:
        return [LOG, *(channels or ())]
    if kind not in given and not checks.problems:
        _warn_of_no_address(kind)
    return [given.get(kind, LOG), *(channels or ())]


def check_channels(channels: Any, checks: Checks) -> list[Any]:
    """The channels as a list, one alone too; what is none is noted."""
    listed = [channels] if isinstance(channels, (str, Address)) or _is_channel(channels) else _listed(channels)
    checks.that(bool(listed), "channels", channels, "at least one address, like 'log:'; leave the link out for none")
    for each in listed or ():
        checks.that(isinstance(each, (str, Address)) or _is_channel(each), "channels", each, "an address, or a channel")
    return listed or []


def open_outlets(channels: Sequence[Any], open_channel: OpenChannel) -> tuple[Outlet, ...]:
    """Make the channels; no I/O.

    Raises:
        ConfigurationError: Addresses are wrong; it names them all.
    """
    outlets: list[Outlet] = []
    errors: list[ConfigurationError] = []
    for channel in channels:
        try:
            outlets.append(_outlet(channel, open_channel))
        except ConfigurationError as error:
            errors.append(error.about("channels"))
    if errors:
        raise together(errors)
    return tuple(outlets)


def open_log(open_channel: OpenChannel) -> Channel:
    """The channel ``log:``, or what stands in for it where no plugin provides one."""
    try:
        return open_channel(LOG)
    except PluginError:
        from ninelives.notifications.standard_log import StandardLog

        return StandardLog()


def close_outlets(outlets: Iterable[Outlet]) -> None:
    """Close those that we opened; one that can't be closed is logged."""
    for outlet in outlets:
        if not outlet.ours:
            continue
        try:
            outlet.own.close()
        except Exception:
            import logging

            logging.getLogger("ninelives").warning("channel %s could not be closed", outlet.label, exc_info=True)


def _outlet(channel: Any, open_channel: OpenChannel) -> Outlet:
    if not isinstance(channel, (str, Address)):
        return Outlet(channel, str(getattr(channel, "name", None) or type(channel).__name__))
    address = channel if isinstance(channel, Address) else Address.parse(channel)
    if address.raw == LOG:
        return Outlet(open_log(open_channel), LOG, is_log=True, ours=True, address=address)
    from ninelives.redaction import redact_text

    own, is_log = open_channel(channel), address.scheme == "log"
    name = getattr(own, "name", None)  # it knows best what of its address may be shown
    label = redact_text(name if isinstance(name, str) and name else str(address))
    return Outlet(own, label, is_log=is_log, ours=True, address=address)


def _kind(channel: NotificationChannel | str | None, checks: Checks) -> NotificationChannel | None:
    if channel is None:
        return None
    try:
        return NotificationChannel(channel.upper())
    except (ValueError, AttributeError):
        checks.that(False, "channel", channel, f"one of: {', '.join(NotificationChannel)}")
        return None


def _given(
    sns_topic_arn: str | None, email: str | None, phone_number: str | None, checks: Checks
) -> dict[NotificationChannel, str]:
    given: dict[NotificationChannel, str] = {}
    if sns_topic_arn:
        given[NotificationChannel.SNS] = Address("sns", sns_topic_arn.removeprefix("sns:")).raw
    if email:
        expected = "the address of a mail server, like 'smtp://user@host:587?to=ops@example.com'"
        checks.that(email.startswith(("smtp://", "smtps://")), "email", email, expected)
        given[NotificationChannel.EMAIL] = email
    if phone_number:
        expected = "a number in E.164, like '+15551230000'"
        checks.that(re.fullmatch(_E164, phone_number, re.ASCII) is not None, "phone_number", phone_number, expected)
        given[NotificationChannel.SMS] = Address("sms", phone_number).raw
    return given


def _from_environment() -> list[Any]:
    from ninelives.environment import defaults

    found = defaults("notify").get("channels")
    return [LOG] if found is None else list(found.value)


def _warn_of_no_address(kind: NotificationChannel) -> None:
    argument = _ARGUMENTS[kind]
    text = f"AdminNotifier(channel={kind}) was given no {argument}=: notifications go to the log"
    caution(text)


def _is_channel(value: Any) -> bool:
    # A generator has `send` and `close` too.
    return isinstance(value, Channel) and not isinstance(value, (type, Iterator))


def _listed(channels: Any) -> list[Any] | None:
    return list(channels) if isinstance(channels, Iterable) else None
