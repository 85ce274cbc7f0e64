"""The dead letter queue of ninelives."""

from __future__ import annotations

from ninelives import DeadLetterQueue

__all__ = ["DeadLetterQueue"]
