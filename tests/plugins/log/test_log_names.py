"""What a line of the log keeps readable, and what it never takes from the program's own context."""

from __future__ import annotations

import sys

import pytest
import structlog

from ninelives import Pipeline
from ninelives.events import CallFailed, NotificationSuppressed
from ninelives.testing import FakeClock, RecordingChannel
from ninelives_log.listener import log_event

NOW = FakeClock().now()
NAMES = ["token-service", "auth", "pw", "email", "api key", "password"]


def boom():
    raise ConnectionError("down")


@pytest.mark.parametrize("name", NAMES)
def test_what_a_pipeline_is_called_is_no_secret(logged, name):
    """Whatever it is called, its name, its circuit's and the key of its failures stand in alerts and lines unmasked."""
    told = RecordingChannel()
    options = {"breaker": {"failure_threshold": 2}, "dead_letter": {"store": "memory:"}, "backoff": False}
    with Pipeline(name, listeners=[log_event], notify={"channels": [told, "log:"]}, **options) as pipeline:
        for _ in range(3):
            pipeline.try_run(boom)
        pipeline["notify"].send_health_check_notification(False, {"component": name})
    lines = [record.getMessage() for record in logged.records]
    assert "***" not in "".join(lines)
    assert "***" not in repr(told.notifications)
    assert f"closed, 1 failure in a row ({name})" in repr(told.notifications)
    assert f"Health check ({name}): not healthy" in repr(told.notifications)
    assert any(f"{name}:builtins.ConnectionError:" in line for line in lines)


def test_a_secret_in_a_name_is_masked_all_the_same(logged):
    """A pipeline's name that itself holds a token or a number stands nowhere in the line."""
    for name in ("ghp_abcdefghij1234567890", "shop +15551230000", "shop password=hunter2"):
        key = f"{name}:OSError:1a"
        log_event(NotificationSuppressed(at=NOW, pipeline=name, key=key, channel="log:", severity="ERROR"))
    text = "".join(record.getMessage() + repr(vars(record)) for record in logged.records)
    assert not any(secret in text for secret in ("abcdefghij", "5551230000", "hunter2"))


@pytest.mark.parametrize("configured", [True, False])
def test_the_error_that_is_handled_is_not_taken_along(logged, configured):
    """A line that is written where an error is handled takes neither it nor its traceback along: nobody masked them."""
    lines = []
    if configured:
        renderer = structlog.processors.JSONRenderer()
        structlog.configure(
            processors=[structlog.processors.format_exc_info, renderer, lambda *said: lines.append(said[2]) or "x"],
        )
    try:
        raise ValueError("password=hunter2")
    except ValueError:
        log_event(CallFailed(at=NOW, operation="app:f", attempts=1, elapsed=0.5, error_type="E", error_message="no"))
        assert sys.exc_info()[0] is ValueError
    if not configured:
        lines = [repr(vars(record)) for record in logged.records]
        assert logged.records[0].exc_info is None
    (line,) = lines
    assert "call_failed" in line
    assert "hunter2" not in line
