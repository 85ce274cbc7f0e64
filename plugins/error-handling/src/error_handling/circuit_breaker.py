"""The circuit breaker of ninelives."""

from __future__ import annotations

from ninelives import CircuitBreaker, CircuitBreakerOpenError, CircuitState, circuit_breaker

__all__ = ["CircuitBreaker", "CircuitBreakerOpenError", "CircuitState", "circuit_breaker"]
