"""The channel of an address."""

from __future__ import annotations

from ninelives.address import Address
from ninelives.address_options import problem_of
from ninelives.checks import shown
from ninelives.errors import ConfigurationError, Problem
from ninelives_aws.arns import TopicArn
from ninelives_aws.options import read_options, unknown_options
from ninelives_sns.channel import SnsChannel
from ninelives_sns.publication import FORMATS

__all__ = ["sns_channel"]

_EXAMPLE = "arn:aws:sns:us-east-1:123456789012:admins"


def sns_channel(address: Address) -> SnsChannel:
    """The channel of ``sns:TOPIC_ARN?format=text|json``, which also takes the options of `ninelives_aws.options`.

    Raises:
        ConfigurationError: The ARN is none of a topic, or an option is unknown or wrong.
    """
    place = f"channel {Address(address.scheme, address.target)}"  # an option that is misspelt may be a password
    arn = TopicArn.parse(address.target)
    options, problems = read_options(address, place, region=arn.region if arn else None)
    problems += unknown_options(address, place, ("format",))
    if arn is None:
        problems.append(
            Problem(f"{place}: topic", shown(address.target), f"the ARN of an SNS topic, like {_EXAMPLE!r}")
        )
    format = address.options.get("format", "text")  # noqa: A001 - the option's name
    if format not in FORMATS:
        problems.append(problem_of(place, "format", format, " or ".join(FORMATS)))
    if arn is None or problems:
        raise ConfigurationError(*problems)
    return SnsChannel(address.target, format=format, options=options)
