"""The public names, signatures and defaults are those of the design; changing one is a decision, not an accident."""

from __future__ import annotations

import inspect

import pytest

import ninelives
import ninelives.testing

DESIGN = {
    "AdminNotifier", "BackoffStrategy", "CircuitBreaker", "CircuitBreakerOpenError", "CircuitState", "Circuits",
    "DeadLetterQueue", "ErrorSeverity", "NotificationChannel", "Pipeline", "RetryExhaustedError", "circuit_breaker",
    "current_call", "default_circuits", "pipeline", "with_backoff", "DEFAULT_CHAIN", "hookimpl", "Address", "Call",
    "Outcome", "DeadLetter", "Notification", "Middleware", "Context", "NinelivesError", "ConfigurationError",
    "PluginError", "StoreError", "LetterNotFoundError", "LetterBusyError", "LeaseLostError", "LetterTooLargeError",
    "UnsupportedError", "ChannelError", "ConfigurationWarning", "RetryScheduled", "CallFailed", "CallRejected",
    "CallSucceeded", "CircuitOpened", "CircuitHalfOpened", "CircuitClosed", "LetterStored", "LetterSpilled",
    "LetterLost", "LetterReplayed", "ReplayFailed", "LetterParked", "LetterPurged", "NotificationSent",
    "NotificationFailed", "NotificationSuppressed", "Permit", "Plugins", "default_plugins",
}  # fmt: skip


def test_all_is_sorted_and_complete():
    """`__all__` has every name of the design, each once (`ruff` sorts them), and each can be had."""
    names = ninelives.__all__
    assert len(set(names)) == len(names)
    assert set(names) >= DESIGN
    assert all(getattr(ninelives, name) is not None for name in names)
    assert sorted(dir(ninelives)) == sorted(names)


def test_unknown_names_are_refused():
    """What is not there is an AttributeError, as with any module."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ninelives.nothing  # noqa: B018 - asking is the test


def _parameters(func):
    return {
        parameter.name: parameter.default
        for parameter in inspect.signature(func).parameters.values()
        if parameter.name != "self"
    }


def _positional(func):
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in inspect.signature(func).parameters.values() if p.kind in kinds and p.name != "self"]


SIGNATURES = [
    (ninelives.CircuitBreaker, ["failure_threshold", "recovery_timeout", "name"],
     {"failure_threshold": None, "recovery_timeout": None, "name": None, "half_open_max_calls": 1,
      "success_threshold": 1, "probe_timeout": None, "record": None, "ignore": (), "listeners": ()}),
    (ninelives.circuit_breaker, ["failure_threshold", "recovery_timeout", "name"],
     {"failure_threshold": None, "recovery_timeout": None, "name": None}),
    (ninelives.BackoffStrategy, ["base_delay", "max_delay", "max_retries"],
     {"base_delay": None, "max_delay": None, "max_retries": None, "retry_exceptions": None, "jitter": "full",
      "max_elapsed": None, "listeners": ()}),
    (ninelives.with_backoff, ["base_delay", "max_delay", "max_retries", "retry_exceptions"],
     {"base_delay": None, "max_delay": None, "max_retries": None, "retry_exceptions": None}),
    (ninelives.DeadLetterQueue, ["queue_url", "region", "local_file_path", "reprocessor"],
     {"queue_url": None, "region": None, "local_file_path": None, "reprocessor": None, "store": None,
      "fallback": None}),
    (ninelives.AdminNotifier, ["sns_topic_arn", "channel"],
     {"sns_topic_arn": None, "channel": None, "email": None, "phone_number": None, "channels": None}),
    (ninelives.Pipeline, ["name"],
     {"chain": ninelives.DEFAULT_CHAIN, "listeners": (), "settings": None, "plugins": None, "circuits": None,
      "clock": None, "random": None}),
    (ninelives.DeadLetterQueue.send_to_dlq, ["message", "error_info"], {"error_info": None}),
    (ninelives.DeadLetterQueue.receive_from_dlq, ["max_messages"], {"max_messages": 10}),
    (ninelives.DeadLetterQueue.reprocess_message, ["message_id"], {}),
    (ninelives.AdminNotifier.send_notification, ["message", "details", "severity", "error_type"],
     {"details": None, "severity": ninelives.ErrorSeverity.ERROR, "error_type": None}),
    (ninelives.AdminNotifier.send_health_check_notification, ["is_healthy", "details"], {"details": None}),
    (ninelives.Pipeline.using, [], {"key": None, "tags": None, "operation": None}),
    (ninelives.Pipeline.register, ["func", "name"], {"name": None}),
    (ninelives.pipeline, ["name"], {}),
    (ninelives.current_call, [], {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("func", "positional", "defaults"), SIGNATURES, ids=lambda value: getattr(value, "__name__", "")
)
def test_signatures_are_those_of_the_design(func, positional, defaults):
    """Names, order of the positional ones, and defaults hold."""
    assert _positional(func)[: len(positional)] == positional
    found = _parameters(func)
    assert {name: found.get(name, "missing") for name in defaults} == defaults


@pytest.mark.parametrize("name", ["run", "arun", "try_run", "atry_run"])
def test_run_takes_the_function_by_position_only(name):
    """The function is positional-only, so that every keyword argument is the function's own."""
    first = list(inspect.signature(getattr(ninelives.Pipeline, name)).parameters.values())[1]
    assert (first.name, first.kind) == ("func", inspect.Parameter.POSITIONAL_ONLY)


@pytest.mark.parametrize(
    ("part", "names"),
    [
        (ninelives.CircuitBreaker, "execute aexecute state reset isolate acquire wrap wrap_async"),
        (ninelives.BackoffStrategy, "execute aexecute wrap wrap_async"),
        (ninelives.DeadLetterQueue, "asend_to_dlq areceive_from_dlq areprocess_message aclose close wrap wrap_async"),
        (ninelives.AdminNotifier, "asend_notification asend_health_check_notification aclose close wrap wrap_async"),
        (ninelives.Pipeline, "replay areplay describe close aclose register using"),
        (ninelives.Circuits, "join reset"),
        (ninelives.Outcome, "ok value error attempts elapsed letter_id fell_back unwrap"),
        (ninelives.testing, "FakeClock RecordingChannel RecordingListener instant"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_parts_have_their_methods(part, names):
    """Each part has the methods of the design."""
    assert [name for name in names.split() if not hasattr(part, name)] == []


def test_enumerations():
    """The members of the enumerations are those of the design."""
    assert [state.name for state in ninelives.CircuitState] == ["CLOSED", "OPEN", "HALF_OPEN", "ISOLATED"]
    assert [channel.name for channel in ninelives.NotificationChannel] == ["LOG", "SNS", "EMAIL", "SMS"]
    assert [severity.name for severity in ninelives.ErrorSeverity] == ["INFO", "WARNING", "ERROR", "CRITICAL"]


def test_the_error_tree():
    """Errors have their place in the tree, so that `except` works as the design says."""
    tree = {
        ninelives.ConfigurationError: (ninelives.NinelivesError, ValueError),
        ninelives.PluginError: (ninelives.ConfigurationError,),
        ninelives.CircuitBreakerOpenError: (ninelives.NinelivesError,),
        ninelives.RetryExhaustedError: (ninelives.NinelivesError,),
        ninelives.StoreError: (ninelives.NinelivesError,),
        ninelives.LetterNotFoundError: (ninelives.StoreError, KeyError),
        ninelives.LetterBusyError: (ninelives.StoreError,),
        ninelives.LeaseLostError: (ninelives.StoreError,),
        ninelives.LetterTooLargeError: (ninelives.StoreError,),
        ninelives.UnsupportedError: (ninelives.StoreError,),
        ninelives.ChannelError: (ninelives.NinelivesError,),
        ninelives.ConfigurationWarning: (UserWarning,),
    }
    assert all(
        issubclass(kind, bases) and all(issubclass(kind, base) for base in bases) for kind, bases in tree.items()
    )
