"""The links and the store that come with the core, registered through the same hooks as a stranger's."""

from __future__ import annotations

from typing import Any

from ninelives.hookspecs import hookimpl

__all__ = ["register_middleware", "register_stores"]


@hookimpl
def register_middleware(register: Any) -> None:
    """The five links of the default chain."""
    from ninelives.dead_letters.options import DeadLetterOptions
    from ninelives.dead_letters.queue import DeadLetterQueue
    from ninelives.middleware.backoff import BackoffOptions, BackoffStrategy
    from ninelives.middleware.breaker import BreakerOptions, CircuitBreaker
    from ninelives.middleware.fallback import Fallback, FallbackOptions
    from ninelives.notifications.notifier import AdminNotifier, NotifyOptions

    register("fallback", Fallback, options=FallbackOptions)
    register("notify", AdminNotifier.as_link, options=NotifyOptions)
    register("dead_letter", DeadLetterQueue.as_link, options=DeadLetterOptions)
    register("breaker", CircuitBreaker.as_link, options=BreakerOptions)
    register("backoff", BackoffStrategy.as_link, options=BackoffOptions)


@hookimpl
def register_stores(register: Any) -> None:
    """Letters in memory: for tests, and for programs that may lose them."""
    from ninelives.dead_letters.shared_memory import memory_store

    register("memory", memory_store)
