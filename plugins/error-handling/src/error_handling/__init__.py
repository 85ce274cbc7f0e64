"""The parts of ninelives under the names of the package that they grew from.

``from error_handling.circuit_breaker import CircuitBreaker`` and its neighbours keep working; every name is that of
ninelives itself.
"""

from __future__ import annotations

from error_handling.backoff import BackoffStrategy, RetryExhaustedError, with_backoff
from error_handling.circuit_breaker import CircuitBreaker, CircuitBreakerOpenError, CircuitState, circuit_breaker
from error_handling.dead_letter import DeadLetterQueue
from error_handling.notifier import AdminNotifier, ErrorSeverity, NotificationChannel

__all__ = [
    "AdminNotifier",
    "BackoffStrategy",
    "CircuitBreaker",
    "CircuitBreakerOpenError",
    "CircuitState",
    "DeadLetterQueue",
    "ErrorSeverity",
    "NotificationChannel",
    "RetryExhaustedError",
    "circuit_breaker",
    "with_backoff",
]
