"""The channel ``sms:``: a notification as a text message to one or several phones."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any

from ninelives.errors import ChannelError
from ninelives.notifications.notification import Notification
from ninelives.notifications.recipients import Recipients
from ninelives.notifications.wording import cut_to_characters, line_of
from ninelives.redaction import redact_text
from ninelives_aws.characters import only_legal
from ninelives_aws.clients import Clients
from ninelives_aws.errors import channel_errors
from ninelives_aws.options import AwsOptions

__all__ = ["MAX_CHARACTERS", "SMS_TYPES", "SmsChannel"]

SMS_TYPES = ("Transactional", "Promotional")

MAX_CHARACTERS = 1_600
"""Of one message; source: API reference of SNS, Publish. SNS sends it in parts of 160 or, beyond GSM's letters, 70."""

_SHARE = 1.0  # seconds that each of many numbers gets at least, while there is time


class SmsChannel:
    """Sends a text message to each number through Amazon SNS, one request for each.

    Each number gets its try whatever became of the others, and a retry goes to those only that may still get it. A
    request whose answer was lost may have been taken: tried again, its message may arrive twice.

    Args:
        numbers: Phone numbers in E.164; `ninelives_sms.factory.sms_channel` checks them.
        sender_id: What is shown as the sender, in countries that allow it.
        sms_type: ``Transactional`` (reliable, the default) or ``Promotional`` (cheap).
        options: Where SNS is, who asks, and how long an answer may take.
    """

    def __init__(
        self,
        numbers: Sequence[str],
        *,
        sender_id: str | None = None,
        sms_type: str = "Transactional",
        options: AwsOptions,
    ) -> None:
        self._recipients = Recipients(numbers)
        self._attributes = {"AWS.SNS.SMS.SMSType": _string(sms_type)}
        if sender_id is not None:
            self._attributes["AWS.SNS.SMS.SenderID"] = _string(sender_id)
        self._clients = Clients("sns", options)

    def send(self, notification: Notification, *, timeout: float) -> None:
        """Send it to all numbers that are still to get it: SNS has accepted it for all when this returns.

        Args:
            notification: What to say, cut to 1,600 characters.
            timeout: Seconds that all numbers may take together.

        Raises:
            ChannelError: Numbers failed; it names each of them, masked, and is transient if trying again may help any.
        """
        numbers = self._recipients.left(notification)
        end = monotonic() + timeout
        share = max(timeout / len(numbers), _SHARE)
        text = only_legal(cut_to_characters(line_of(notification), MAX_CHARACTERS))
        failed: dict[str, ChannelError] = {}
        for number in numbers:
            try:
                self._publish(number, text, min(share, end - monotonic()))
            except ChannelError as error:
                failed[number] = error
        self._conclude(notification, numbers, failed)

    def check(self, *, timeout: float) -> str:
        """Ask SNS whether each number takes messages; nothing is sent, so the permission to send is not tried."""
        for number in self._recipients.all:
            with channel_errors(self._place(number)):
                said = self._clients.client(timeout).check_if_phone_number_is_opted_out(phoneNumber=number)
            if said.get("isOptedOut"):
                text = f"{self._place(number)}: the number does not want messages; ask its owner to send START"
                raise ChannelError(text, transient=False)
        count = len(self._recipients.all)
        return "the number takes messages" if count == 1 else f"all {count} numbers take messages"

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()

    def _publish(self, number: str, text: str, timeout: float) -> None:
        place = self._place(number)
        if timeout <= 0:
            raise ChannelError(f"{place}: not tried, as the others took all the time; it is tried again")
        with channel_errors(place):
            client = self._clients.client(timeout)
            client.publish(PhoneNumber=number, Message=text, MessageAttributes=self._attributes)

    def _conclude(self, notification: Notification, numbers: Sequence[str], failed: dict[str, ChannelError]) -> None:
        """Remember who is to be tried again, and say what failed: what failed for good, when nothing else is left."""
        again = {number for number, error in failed.items() if error.transient}
        refused = {number: str(error) for number, error in failed.items() if number not in again}
        said = {**self._recipients.refused(notification), **{number: str(error) for number, error in failed.items()}}
        if again:
            self._recipients.note(notification, [n for n in numbers if n not in again], refused)
        else:
            self._recipients.forget(notification)
        if said:
            cause = next(iter(failed.values()), None)
            raise ChannelError("\n".join(said.values()), transient=bool(again)) from cause

    def _place(self, number: str) -> str:
        position, count = self._recipients.all.index(number) + 1, len(self._recipients.all)
        which = f" (number {position} of {count})" if count > 1 else ""  # masked, they may look alike
        return f"channel sms:{redact_text(number)}{which}"


def _string(value: str) -> dict[str, Any]:
    return {"DataType": "String", "StringValue": value}
