"""Several at once: what fits into one request, and what became of each part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from ninelives_sqs.outgoing import MAX_SIZE, Message

__all__ = ["MOST_ENTRIES", "Failed", "batches", "failed_of", "tens"]

MOST_ENTRIES = 10
"""Entries of one request; source: the API's reference, SendMessageBatch."""

T = TypeVar("T")


class Failed(Struct, frozen=True):
    """What SQS says of an entry that it did not accept.

    Attributes:
        code, message: Its error.
        transient: Whether trying again may help.
    """

    code: str
    message: str
    transient: bool

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def tens(items: Iterable[T]) -> Iterator[list[T]]:
    """The items, as many at a time as one request may have."""
    return _split(items, lambda _batch, _item: True)


def batches(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """The messages, as many at a time as one request may have and hold."""
    return _split(messages, lambda batch, message: sum(one.size for one in batch) + message.size <= MAX_SIZE)


def _split(items: Iterable[T], fits: Callable[[list[T], T], bool]) -> Iterator[list[T]]:
    batch: list[T] = []
    for item in items:
        if batch and (len(batch) == MOST_ENTRIES or not fits(batch, item)):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def failed_of(sent: Sequence[object], answer: Mapping[str, Any]) -> dict[int, Failed]:
    """Which of the entries were not accepted, by their places in what was sent.

    SQS answers with success also where it refused all of them. An entry of which the answer says nothing was not
    accepted, as far as is known.

    Args:
        sent: What was sent, each under its place as its id.
        answer: What SQS said.
    """
    told = {entry["Id"]: _failed(entry) for entry in answer.get("Failed", ())}
    accepted = {entry["Id"] for entry in answer.get("Successful", ())} - told.keys()
    unknown = Failed("NoAnswer", "the answer says nothing of this entry", transient=True)
    return {place: told.get(str(place), unknown) for place in range(len(sent)) if str(place) not in accepted}


def _failed(entry: Mapping[str, Any]) -> Failed:
    code = entry.get("Code", "")
    return Failed(code, entry.get("Message", ""), not entry.get("SenderFault", False) or "Throttl" in code)
