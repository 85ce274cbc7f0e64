"""A letter on its way to SQS: its record as the message's body, what else the message says, and how large it is."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Any

from msgspec import Struct

from ninelives.dead_letters.letter import DeadLetter, encode_letter
from ninelives.errors import StoreError

__all__ = ["MAX_SIZE", "Message", "attribute_value", "message_of"]

MAX_SIZE = 1_048_576
"""Bytes of a message, its attributes included, and of all messages of one batch together.

Source: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

_LONGEST_VALUE = 256
_DIGITS = 32
_GROUPLESS = "none"

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
# What FIFO queues take as the id of a group or of a deduplication.
_TOKEN = re.compile(r"[!-~]{1,128}")


class Message(Struct, frozen=True):
    """A message to be sent.

    Attributes:
        letter_id: The letter that it holds.
        body: The letter's record, JSON in ASCII: SQS takes only some characters, and these are among them.
        attributes: What stands beside it, for filters and people: the letter's id, fingerprint and pipeline.
        group, deduplication: For a FIFO queue; None for others.
    """

    letter_id: str
    body: str
    attributes: dict[str, str]
    group: str | None = None
    deduplication: str | None = None

    @property
    def size(self) -> int:
        """How many bytes SQS counts: the body, and each attribute's name, type and value."""
        beside = sum(len(name) + len("String") + len(value) for name, value in self.attributes.items())
        return len(self.body) + beside

    def request(self) -> dict[str, Any]:
        """It as the SDK takes it, alone or in a batch."""
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in self.attributes.items()}
        request: dict[str, Any] = {"MessageBody": self.body, "MessageAttributes": attributes}
        if self.group is not None:
            request |= {"MessageGroupId": self.group, "MessageDeduplicationId": self.deduplication}
        return request


def message_of(letter: DeadLetter, *, fifo: bool = False, instead_of: str = "") -> Message:
    """The message that holds the letter.

    Args:
        letter: A letter.
        fifo: Whether it is for a FIFO queue. Letters of one fingerprint are one group; a letter's record that is sent
            again within five minutes is dropped there, one that says anything else is not.
        instead_of: The id of the message that it takes the place of.

    Raises:
        StoreError: The letter holds what JSON can't.
    """
    try:
        body = _BEYOND_ASCII.sub(_escaped, encode_letter(letter).decode())
    except Exception as error:
        raise StoreError(f"letter {letter.id} can't be kept: {error}", transient=False) from error
    given = {"id": letter.id, "fingerprint": letter.fingerprint, "pipeline": letter.pipeline}
    attributes = {name: attribute_value(value) for name, value in given.items() if value}
    if not fifo:
        return Message(letter.id, body, attributes)
    group = _token(letter.fingerprint or _GROUPLESS)
    return Message(letter.id, body, attributes, group, _deduplication(letter, instead_of + body))


def attribute_value(text: str) -> str:
    """The text as a message attribute may hold it: in ASCII, escaped as in JSON, and not too long."""
    return json.dumps(text[:_LONGEST_VALUE])[1:-1][:_LONGEST_VALUE]


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def _deduplication(letter: DeadLetter, content: str) -> str:
    # The digest: a record that takes another's place must not be dropped as known, since the other is deleted then;
    # whether it was changed without another failed replay, or is again as it was five minutes ago.
    return _token(f"{_token(letter.id)}.{letter.replay_count}.{_digest(content)}")


def _token(text: str) -> str:
    return text if _TOKEN.fullmatch(text) else _digest(text)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:_DIGITS]
