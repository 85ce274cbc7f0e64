"""A message that came from SQS as a letter, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct, structs

from ninelives.dead_letters.letter import SCHEMA, DeadLetter, decode_letter
from ninelives.dead_letters.payload import encode
from ninelives.describing import clean_text

__all__ = ["Received", "received"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = 16


class Received(Struct, frozen=True):
    """A message that is ours while its visibility time-out runs.

    Attributes:
        message_id: The message's own id, the same at each delivery.
        receipt: What it is deleted or given back by; another at each delivery.
        letter: What it says.
        readable: Whether `letter` is what its writer meant: not so for a record that is damaged or of a newer schema.
    """

    message_id: str
    receipt: str
    letter: DeadLetter
    readable: bool = True

    @property
    def to_be_run(self) -> bool:
        """Whether it may be handed out."""
        return self.readable and self.letter.state == "waiting"

    @property
    def token(self) -> str:
        """What its claim is known by."""
        return f"{self.message_id} {self.receipt}"


def received(message: Mapping[str, Any], now: datetime) -> Received:
    """A message of an answer to ReceiveMessage. Whatever its body is, there is a letter for it.

    A record of ours is the letter that it was. A message of someone else is one without an operation: its raw body is
    the letter's message, its id the letter's id, its attributes the letter's `error_info`. A record of ours that can't
    be read is shown like that, and as not replayable.

    Args:
        message: As the SDK gives it.
        now: For a message that does not say when it was sent.
    """
    name, receipt = message["MessageId"], message["ReceiptHandle"]
    letter, problem = _record(message)
    if letter is not None:
        return Received(name, receipt, letter)
    foreign = _foreign(message, now)
    if problem is None:
        return Received(name, receipt, foreign)
    marked = structs.replace(foreign, replayable=False, unserialisable=({"path": "record", "repr": problem},))
    return Received(name, receipt, marked, readable=False)


def _record(message: Mapping[str, Any]) -> tuple[DeadLetter | None, str | None]:
    """The record; or why it can't be read, if it is one."""
    try:
        letter = decode_letter(_body(message))
    except msgspec.DecodeError as error:
        return None, f"a damaged record: {error}" if _claims_to_be_ours(message) else None
    if letter.schema > SCHEMA:
        return None, f"a record of schema {letter.schema}, and this version reads {SCHEMA}: upgrade ninelives"
    return letter, None


def _claims_to_be_ours(message: Mapping[str, Any]) -> bool:
    name = message.get("MessageAttributes", {}).get("id", {}).get("StringValue")
    return name is not None and f'"id":"{name}"' in _body(message)


def _body(message: Mapping[str, Any]) -> str:
    body: str = message.get("Body", "")  # emulators let messages be empty
    return body


def _foreign(message: Mapping[str, Any], now: datetime) -> DeadLetter:
    about = message.get("Attributes", {})
    said = {name: _value(value) for name, value in message.get("MessageAttributes", {}).items()}
    if source := about.get("DeadLetterQueueSourceArn"):
        said["DeadLetterQueueSourceArn"] = source
    sent = _sent(about.get("SentTimestamp"), now)
    kind = ("sqs", source or "", str(said.get("ErrorCode", "")), about.get("MessageGroupId", ""))
    return DeadLetter(
        id=message["MessageId"],
        key=message["MessageId"],
        message=clean_text(_body(message)),
        error_info=encode(said, "error_info")[0] if said else None,
        fingerprint=sha256(clean_text("\n".join(kind)).encode()).hexdigest()[:_DIGITS],
        created=sent,
        first_failed=sent,
        last_failed=sent,
    )


def _value(attribute: Mapping[str, Any]) -> Any:
    value = attribute.get("StringValue")
    return attribute.get("BinaryValue") if value is None else clean_text(value)


def _sent(milliseconds: str | None, now: datetime) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=int(milliseconds or ""))
    except (ValueError, OverflowError):
        return now
