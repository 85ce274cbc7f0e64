"""Which channels a notifier uses that stands alone."""

from __future__ import annotations

import re
from typing import Any

from ninelives.address import Address
from ninelives.cautions import caution
from ninelives.checks import Checks, guess, shown
from ninelives.errors import Problem
from ninelives.notifications.configuration.entries import Entry, channels_said, entry_at
from ninelives.notifications.configuration.targets import LOG
from ninelives.notifications.notification import NotificationChannel

__all__ = ["channels_alone"]

_MAIL = "smtp://user@host:587?to=ops@example.com"
_MOST_DIGITS = re.compile(r"(?<=\d\d)\d")
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
    channels: Any,
    checks: Checks,
) -> list[Entry]:
    """What `channel` names, else all that was given, else the environment's; and `channels`."""
    argument = _argument(channel, checks)
    given = _given(sns_topic_arn, email, phone_number, checks)
    more = [] if channels is None else channels_said(channels, checks)
    if channel is None:
        named = given or ({} if channels is not None else _from_environment())
    else:
        if argument is not None and argument not in given and not checks.problems:
            _warn_of_no_address(channel, argument)
        named = {where: address for where, address in given.items() if where == argument} or {"channel": LOG}
    entries = (entry_at(where, address, checks) for where, address in named.items())
    return [*(entry for entry in entries if entry is not None), *more]


def _argument(channel: NotificationChannel | str | None, checks: Checks) -> str | None:
    """The argument that has the address of the kind that is asked for; None: the log needs none."""
    if channel is None:
        return None
    try:
        return _ARGUMENTS.get(NotificationChannel(channel.upper()))
    except (ValueError, AttributeError):
        hint = guess(channel, NotificationChannel)
        checks.that(False, "channel", channel, f"one of: {', '.join(NotificationChannel)}{hint}")
        return None


def _given(sns_topic_arn: Any, email: Any, phone_number: Any, checks: Checks) -> dict[str, str]:
    """The addresses, by the arguments that say them."""
    given: dict[str, str] = {}
    if _is_right(sns_topic_arn, "sns_topic_arn", ".+", "the ARN of an SNS topic", checks):
        given["sns_topic_arn"] = Address("sns", sns_topic_arn.removeprefix("sns:")).raw
    if _is_right(email, "email", "smtps?://.*", f"the address of a mail server, like '{_MAIL}'", checks):
        given["email"] = email
    if _is_right(phone_number, "phone_number", _E164, "a number in E.164, like '+15551230000'", checks):
        given["phone_number"] = Address("sms", phone_number).raw
    return given


def _is_right(value: Any, argument: str, pattern: str, expected: str, checks: Checks) -> bool:
    """Whether it was given, and is what was expected; empty is as not given."""
    if value is None or value == "":
        return False
    if isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII | re.DOTALL):
        return True
    said = shown(value, argument)
    if argument == "phone_number":  # as it is written wrongly, nothing else knows it for one
        said = _MOST_DIGITS.sub("X", said)
    checks.problems.append(Problem(f"{checks.owner}({argument}=)", said, expected, argument))
    return False


def _from_environment() -> dict[str, str]:
    from ninelives.environment import defaults

    found = defaults("notify").get("channels")
    return {"channels": LOG} if found is None else {found.source: found.value[0]}


def _warn_of_no_address(channel: str, argument: str) -> None:
    kind = channel.upper()
    caution(f"AdminNotifier(channel={kind}) was given no {argument}=: notifications go to the log")
