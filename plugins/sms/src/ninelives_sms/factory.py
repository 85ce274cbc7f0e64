"""The channel of an address."""

from __future__ import annotations

import re
from itertools import count

from ninelives.address import Address
from ninelives.address_options import problem_of
from ninelives.errors import ConfigurationError, Problem
from ninelives.redaction import redact_text
from ninelives_aws.options import read_options, unknown_options
from ninelives_sms.channel import SMS_TYPES, SmsChannel

__all__ = ["sms_channel"]

# No example: it would be masked where this is shown.
_EXPECTED = "phone numbers in E.164, a + and 7 to 15 digits, with commas between them"

_E164 = re.compile(r"\+[1-9]\d{6,14}\Z", re.ASCII)
# Source: API reference of SNS, SMS message attributes: 1-11 letters and digits, at least one letter, no spaces.
_SENDER_ID = re.compile(r"(?=\d*[A-Za-z])[A-Za-z0-9]{1,11}\Z", re.ASCII)


def sms_channel(address: Address) -> SmsChannel:
    """The channel of ``sms:NUMBER,NUMBER?sender_id=&sms_type=``, which takes `ninelives_aws.options` too.

    Raises:
        ConfigurationError: A number is not in E.164, or an option is unknown or wrong.
    """
    numbers = [number.strip() for number in address.target.split(",")]
    place = f"channel sms:{','.join(map(_shown, numbers))}"
    options, problems = read_options(address, place)
    problems += unknown_options(address, place, ("sender_id", "sms_type"))
    problems += (Problem(f"{place}: number", repr(_shown(n)), _EXPECTED) for n in numbers if not _E164.match(n))
    sender_id = address.options.get("sender_id")
    if sender_id is not None and not _SENDER_ID.match(sender_id):
        problems.append(
            problem_of(place, "sender_id", redact_text(sender_id), "1 to 11 letters and digits, at least one letter")
        )
    sms_type = address.options.get("sms_type", SMS_TYPES[0])
    if sms_type not in SMS_TYPES:
        problems.append(problem_of(place, "sms_type", sms_type, " or ".join(SMS_TYPES)))
    if problems:
        raise ConfigurationError(*problems)
    return SmsChannel(numbers, sender_id=sender_id, sms_type=sms_type, options=options)


def _shown(number: str) -> str:
    """A phone number masked, also one that is none: somebody's it may still be."""
    if _E164.match(number):
        return redact_text(number)
    digits = count()
    # The first two stay, as a country code would.
    return redact_text(re.sub(r"\d", lambda digit: digit[0] if next(digits) < 2 else "X", number))  # noqa: PLR2004 - these
