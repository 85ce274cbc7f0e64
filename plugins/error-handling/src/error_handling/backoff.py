"""The exponential backoff of ninelives."""

from __future__ import annotations

from ninelives import BackoffStrategy, RetryExhaustedError, with_backoff

__all__ = ["BackoffStrategy", "RetryExhaustedError", "with_backoff"]
