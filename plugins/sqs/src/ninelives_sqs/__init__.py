"""The dead letter store ``sqs:`` of ninelives: letters in an Amazon SQS queue, standard or FIFO."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ninelives_sqs.store import SqsStore

__all__ = ["SqsStore"]


def __getattr__(name: str) -> Any:
    # Late, because every program that uses ninelives imports this package to find the plugin.
    if name == "SqsStore":
        from ninelives_sqs.store import SqsStore

        return SqsStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
