"""Run a call that may fail, and lose nothing when it does.

``Pipeline("openai-api").run(function, ...)`` goes through a chain of links: a fallback, notifications, dead letters, a
circuit breaker, retries with backoff. The parts work alone too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ninelives.address import Address
from ninelives.call import Call, Outcome, current_call
from ninelives.chain import DEFAULT_CHAIN
from ninelives.circuit import CircuitState
from ninelives.circuits import Circuits, default_circuits
from ninelives.clock import Clock
from ninelives.configured import pipeline
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.store import (
    Batched,
    Browsable,
    Claimable,
    DeadLetterStore,
    Expiring,
    Grouped,
    IdPage,
    Lease,
    LetterGroup,
    Listable,
    Page,
    Purgeable,
    Releasing,
    Renewable,
)
from ninelives.errors import (
    ChannelError,
    CircuitBreakerOpenError,
    ConfigurationError,
    ConfigurationWarning,
    LeaseLostError,
    LetterBusyError,
    LetterNotFoundError,
    LetterTooLargeError,
    NinelivesError,
    PluginError,
    RetryExhaustedError,
    StoreError,
    UnsupportedError,
)
from ninelives.middleware.backoff import BackoffStrategy, with_backoff
from ninelives.middleware.breaker import CircuitBreaker, Permit, circuit_breaker
from ninelives.middleware.link import AsyncMiddleware, Context, Middleware
from ninelives.notifications.channel import Channel
from ninelives.notifications.notification import ErrorSeverity, Notification, NotificationChannel
from ninelives.pipeline import Pipeline

if TYPE_CHECKING:
    from ninelives.dead_letters.queue import DeadLetterQueue
    from ninelives.events import (
        CallFailed,
        CallRejected,
        CallSucceeded,
        CircuitClosed,
        CircuitHalfOpened,
        CircuitOpened,
        Event,
        LetterChanged,
        LetterLost,
        LetterParked,
        LetterPurged,
        LetterReplayed,
        LetterSpilled,
        LetterStored,
        Listener,
        NotificationFailed,
        NotificationSent,
        NotificationSuppressed,
        ReplayEnded,
        ReplayFailed,
        ReplayProgressed,
        ReplayStarted,
        RetryScheduled,
        StoreOverLimit,
    )
    from ninelives.hookspecs import hookimpl
    from ninelives.notifications.notifier import AdminNotifier
    from ninelives.plugins import Plugins, default_plugins
    from ninelives.replaying.report import ReplayProgress, ReplayReport
    from ninelives.settings import Settings, load_settings

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_CHAIN",
    "Address",
    "AdminNotifier",
    "AsyncMiddleware",
    "BackoffStrategy",
    "Batched",
    "Browsable",
    "Call",
    "CallFailed",
    "CallRejected",
    "CallSucceeded",
    "Channel",
    "ChannelError",
    "CircuitBreaker",
    "CircuitBreakerOpenError",
    "CircuitClosed",
    "CircuitHalfOpened",
    "CircuitOpened",
    "CircuitState",
    "Circuits",
    "Claimable",
    "Clock",
    "ConfigurationError",
    "ConfigurationWarning",
    "Context",
    "DeadLetter",
    "DeadLetterQueue",
    "DeadLetterStore",
    "ErrorSeverity",
    "Event",
    "Expiring",
    "Grouped",
    "IdPage",
    "Lease",
    "LeaseLostError",
    "LetterBusyError",
    "LetterChanged",
    "LetterFilter",
    "LetterGroup",
    "LetterLost",
    "LetterNotFoundError",
    "LetterParked",
    "LetterPurged",
    "LetterReplayed",
    "LetterSpilled",
    "LetterStored",
    "LetterTooLargeError",
    "Listable",
    "Listener",
    "Middleware",
    "NinelivesError",
    "Notification",
    "NotificationChannel",
    "NotificationFailed",
    "NotificationSent",
    "NotificationSuppressed",
    "Outcome",
    "Page",
    "Permit",
    "Pipeline",
    "PluginError",
    "Plugins",
    "Purgeable",
    "Releasing",
    "Renewable",
    "ReplayEnded",
    "ReplayFailed",
    "ReplayProgress",
    "ReplayProgressed",
    "ReplayReport",
    "ReplayStarted",
    "RetryExhaustedError",
    "RetryScheduled",
    "Settings",
    "StoreError",
    "StoreOverLimit",
    "UnsupportedError",
    "__version__",
    "circuit_breaker",
    "current_call",
    "default_circuits",
    "default_plugins",
    "hookimpl",
    "load_settings",
    "pipeline",
    "with_backoff",
]

# Imported when first asked for: they bring pluggy, tomllib or traceback, or take long to make, and few programs need
# them at their start.
_EVENTS = (
    "CallFailed",
    "CallRejected",
    "CallSucceeded",
    "CircuitClosed",
    "CircuitHalfOpened",
    "CircuitOpened",
    "Event",
    "LetterChanged",
    "LetterLost",
    "LetterParked",
    "LetterPurged",
    "LetterReplayed",
    "LetterSpilled",
    "LetterStored",
    "Listener",
    "NotificationFailed",
    "NotificationSent",
    "NotificationSuppressed",
    "ReplayEnded",
    "ReplayFailed",
    "ReplayProgressed",
    "ReplayStarted",
    "RetryScheduled",
    "StoreOverLimit",
)
_LATE = {
    **dict.fromkeys(_EVENTS, "ninelives.events"),
    "AdminNotifier": "ninelives.notifications.notifier",
    "DeadLetterQueue": "ninelives.dead_letters.queue",
    "Plugins": "ninelives.plugins",
    "ReplayProgress": "ninelives.replaying.report",
    "ReplayReport": "ninelives.replaying.report",
    "Settings": "ninelives.settings",
    "default_plugins": "ninelives.plugins",
    "hookimpl": "ninelives.hookspecs",
    "load_settings": "ninelives.settings",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_LATE[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
