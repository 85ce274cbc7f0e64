"""What there is to know of a queue before letters are entrusted to it, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from ninelives_sqs.outgoing import MAX_SIZE

__all__ = ["count_of", "words_of"]

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_DAY = 86_400


def count_of(attributes: Mapping[str, str]) -> int:
    """About how many messages are in the queue: waiting, held and delayed ones."""
    return sum(int(attributes.get(name, 0)) for name in _COUNTS)


def words_of(attributes: Mapping[str, str]) -> str:
    """What works, and what one should know."""
    return "; ".join(_words(attributes))


def _words(attributes: Mapping[str, str]) -> Iterator[str]:
    kind = "FIFO queue" if attributes.get("FifoQueue") == "true" else "queue"
    yield f"the {kind} is there with about {count_of(attributes)} letters, and may be sent to"
    most = int(attributes.get("MaximumMessageSize", MAX_SIZE))
    if most < MAX_SIZE:
        yield f"it takes letters of up to {most:,} bytes, larger ones go to the fallback"
    if "MessageRetentionPeriod" in attributes:
        yield f"letters are deleted after {int(attributes['MessageRetentionPeriod']) / _DAY:.3g} days"
    if times := _receives(attributes.get("RedrivePolicy", "{}")):
        yield f"its redrive policy moves letters away that were received {times} times, and looking at one counts"


def _receives(policy: str) -> str:
    try:
        return str(json.loads(policy).get("maxReceiveCount", ""))
    except (ValueError, AttributeError):
        return ""
