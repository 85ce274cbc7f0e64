"""What the URL of a queue says: its region, where its service is, and whether it is a FIFO queue."""

from __future__ import annotations

import re

from msgspec import Struct

__all__ = ["EXPECTED", "QueueUrl", "read_url"]

EXPECTED = "the URL of a queue, like https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters"

# A name has up to 80 characters, as the "Quotas" of SQS say.
_URL = re.compile(
    r"(?P<origin>https?://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)"
    r"/(?P<folders>(?:[\w.~-]+/)*)[a-z0-9_-]{1,80}(?P<fifo>\.fifo)?",
    re.IGNORECASE | re.ASCII,
)
_REGION = re.compile(
    r"(?:^|\.)sqs(?:-fips)?\.([a-z]{2,}(?:-[a-z]+)+-[0-9]+)\.|^([a-z]{2,}(?:-[a-z]+)+-[0-9]+)\.queue\."
)
# Hosts that the SDK finds by itself, old names of them too. Others, as of VPC endpoints, it has to be told.
_FOUND_BY_REGION = re.compile(r"(?:sqs\.[a-z0-9-]+|[a-z0-9-]+\.queue|queue)\.amazonaws\.com(?:\.cn)?")
_ACCOUNT = re.compile("[0-9]+/")
_FIRST_QUEUES = "queue.amazonaws.com"


class QueueUrl(Struct, frozen=True):
    """A queue's URL, and what it says.

    Attributes:
        text: The URL itself.
        region: The AWS region; None if it does not say one, as with an emulator.
        endpoint: Where the service is, if that is not simply the region's own.
        fifo: Whether it is a FIFO queue: these have names that end so.
    """

    text: str
    region: str | None
    endpoint: str | None
    fifo: bool


def read_url(text: str) -> QueueUrl | None:
    """What the URL says; None if it is none of a queue.

    Example:
        >>> read_url("https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters").region
        'eu-west-1'
        >>> read_url("http://localhost:4566/000000000000/dead-letters.fifo").endpoint
        'http://localhost:4566'
    """
    found = _URL.fullmatch(text)
    if found is None:
        return None
    host = found["host"].lower()
    is_aws = _FOUND_BY_REGION.fullmatch(host) is not None
    if is_aws and not _ACCOUNT.fullmatch(found["folders"]):
        return None
    return QueueUrl(text, _region(host), None if is_aws else found["origin"], found["fifo"] is not None)


def _region(host: str) -> str | None:
    if host == _FIRST_QUEUES:
        return "us-east-1"
    found = _REGION.search(host)
    return None if found is None else found[1] or found[2]
