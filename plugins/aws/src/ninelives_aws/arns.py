"""The name that AWS gives to a topic: ``arn:aws:sns:us-east-1:123456789012:admins``."""

from __future__ import annotations

import re

from msgspec import Struct

__all__ = ["TopicArn"]

# Source: API reference of SNS, CreateTopic: letters, digits, - and _, at most 256 of them, .fifo included.
_TOPIC = re.compile(
    r"arn:(?P<partition>aws(?:-[a-z]+)*):sns:(?P<region>[a-z]+(?:-[a-z]+)+-\d+):(?P<account>\d{12})"
    r":(?P<name>(?=.{1,256}\Z)[A-Za-z0-9_-]+(?:\.fifo)?)\Z",
    re.ASCII,
)


class TopicArn(Struct, frozen=True):
    """A topic's ARN in its parts.

    Attributes:
        partition: ``aws``, ``aws-cn``, ``aws-us-gov``.
        region: ``us-east-1``.
        account: Twelve digits.
        name: The topic's name; that of a FIFO topic ends with ``.fifo``.

    Example:
        >>> TopicArn.parse("arn:aws:sns:us-east-1:123456789012:admins").region
        'us-east-1'
    """

    partition: str
    region: str
    account: str
    name: str

    @classmethod
    def parse(cls, text: str) -> TopicArn | None:
        """The parts of an ARN; None when the text is not the ARN of an SNS topic."""
        found = _TOPIC.match(text)
        return cls(**found.groupdict()) if found else None

    @property
    def is_fifo(self) -> bool:
        """Whether the topic keeps an order and drops repeats."""
        return self.name.endswith(".fifo")
