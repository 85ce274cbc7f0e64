"""Every use that people made of `error_handling` before ninelives, in code of our own, with its meaning checked."""

from __future__ import annotations

import json
import os
import traceback
from datetime import UTC, datetime

import pytest

import ninelives
from error_handling.backoff import BackoffStrategy, RetryExhaustedError, with_backoff
from error_handling.circuit_breaker import CircuitBreaker, CircuitBreakerOpenError, CircuitState, circuit_breaker
from error_handling.dead_letter import DeadLetterQueue
from error_handling.notifier import AdminNotifier, ErrorSeverity, NotificationChannel
from ninelives import ConfigurationWarning
from ninelives.testing import instant

ENVIRONMENT = (
    "CIRCUIT_BREAKER_FAILURE_THRESHOLD",
    "CIRCUIT_BREAKER_RECOVERY_TIMEOUT",
    "BACKOFF_BASE_DELAY",
    "BACKOFF_MAX_DELAY",
    "BACKOFF_MAX_RETRIES",
    "DLQ_QUEUE_URL",
    "DLQ_LOCAL_FILE_PATH",
    "SNS_TOPIC_ARN",
    "NINELIVES_CONFIG",
)


class RequestError(Exception):
    """What the service's client raises."""


@pytest.fixture(autouse=True)
def _clean(monkeypatch, tmp_path):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def clock(monkeypatch):
    """Nothing waits; letters still go to their files."""
    from ninelives.clock import SystemClock
    from ninelives.testing import FakeClock

    fake = FakeClock()
    for name in ("monotonic", "sleep", "asleep"):
        monkeypatch.setattr(SystemClock, name, staticmethod(getattr(fake, name)))
    return fake


class Service:
    """Fails while it is down."""

    def __init__(self, *, up=False, error=RequestError):
        self.up, self.error, self.calls = up, error, 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        if not self.up:
            raise self.error("no answer")
        return args, kwargs


def test_the_package_reexports_and_nothing_else():
    """Every name of `error_handling` is that of ninelives itself."""
    import error_handling

    assert all(getattr(error_handling, name) is getattr(ninelives, name) for name in error_handling.__all__)


def test_breaker_as_a_decorator(clock):
    """After three failures the circuit is open for thirty seconds, then a call is tried again."""
    service = Service()

    @circuit_breaker(failure_threshold=3, recovery_timeout=30, name="seed-decorated")
    def call(prompt):
        return service(prompt)

    for _ in range(3):
        with pytest.raises(RequestError):
            call("a")
    with pytest.raises(CircuitBreakerOpenError) as caught:
        call("a")
    assert (service.calls, caught.value.name, caught.value.retry_after) == (3, "seed-decorated", 30)
    clock.advance(30)
    service.up = True
    assert call("b") == (("b",), {})


def test_breaker_as_a_class(clock):
    """`execute` passes all keyword arguments on, `from_` and `to` too; an open circuit is caught by its error."""
    service = Service(up=True)
    breaker = CircuitBreaker(failure_threshold=3, recovery_timeout=30, name="seed-class")
    assert breaker.execute(service, to="1", from_="2", body="hello") == ((), {"to": "1", "from_": "2", "body": "hello"})
    service.up = False
    results = []
    for _ in range(5):
        try:
            results.append(breaker.execute(service, to="1"))
        except CircuitBreakerOpenError:
            results.append("fallback")
        except RequestError:
            results.append("failed")
    assert results == ["failed"] * 3 + ["fallback"] * 2
    assert breaker.state is CircuitState.OPEN


def test_backoff_as_a_decorator(clock):
    """A list of exceptions is retried with growing delays, below their cap; another error comes out at once."""
    service = Service()

    @with_backoff(base_delay=0.5, max_delay=2, max_retries=5, retry_exceptions=[RequestError])
    def fetch(user_id):
        return service(user_id)

    with pytest.raises(RetryExhaustedError) as caught:
        fetch(7)
    assert (service.calls, caught.value.attempts) == (6, 6)
    assert isinstance(caught.value.__cause__, RequestError)
    assert len(clock.sleeps) == 5
    assert all(0 <= seconds <= 2 for seconds in clock.sleeps)
    service.error, service.calls = KeyError, 0
    with pytest.raises(KeyError):
        fetch(7)
    assert service.calls == 1


def test_backoff_as_a_class(clock):
    """`execute` takes the function's own keyword arguments, and `retry_exceptions` for this call."""
    strategy = BackoffStrategy(base_delay=0.5, max_delay=30, max_retries=5)
    service = Service(up=True)
    found = strategy.execute(service, TableName="Conversations", Key={"user_id": 1}, retry_exceptions=(RequestError,))
    assert found == ((), {"TableName": "Conversations", "Key": {"user_id": 1}})
    service.up = False
    with pytest.raises(RetryExhaustedError):
        strategy.execute(service, TableName="Conversations", retry_exceptions=(RequestError,))


def _handler_for(path, service):
    """A message handler that builds its parts anew on each call, as people wrote it."""

    def process_message(message):
        breaker = CircuitBreaker(failure_threshold=5, recovery_timeout=60, name="seed-handler")
        backoff = BackoffStrategy(base_delay=1.0, max_delay=30.0, max_retries=3)
        dlq = DeadLetterQueue(queue_url=os.getenv("DLQ_QUEUE_URL"), local_file_path=path)
        notifier = AdminNotifier(sns_topic_arn=os.getenv("SNS_TOPIC_ARN"))
        try:
            try:
                return breaker.execute(
                    backoff.execute, service, message["content"], retry_exceptions=(RequestError, TimeoutError)
                )
            except CircuitBreakerOpenError:
                notifier.send_notification(
                    message="the circuit is open",
                    details={"circuit_name": "seed-handler", "message_content": message["content"][:100]},
                    severity=ErrorSeverity.WARNING,
                    error_type="circuit_breaker_open",
                )
                return "catnap"
        except Exception as error:
            dlq.send_to_dlq(message=message, error_info={"error_type": "processing_error", "error_message": str(error)})
            notifier.send_notification(
                message="Failed to process message",
                details={
                    "error": str(error),
                    "user_id": message.get("user_id"),
                    "traceback": traceback.format_exc(),
                },
                severity=ErrorSeverity.ERROR,
                error_type="message_processing_error",
            )
            return "confused"

    return process_message


def test_parts_combined_by_hand(clock, caplog, tmp_path):
    """The circuit opens after five exhausted calls although each call builds a new breaker; what was exhausted is in
    the queue's file and in the log."""
    service = Service()
    handler = _handler_for("./local_dlq.json", service)
    answers = [handler({"content": f"message {n}", "user_id": "+15551230000"}) for n in range(7)]
    assert answers == ["confused"] * 5 + ["catnap"] * 2
    assert service.calls == 5 * 4
    lines = [json.loads(line) for line in (tmp_path / "local_dlq.json").read_text().splitlines()]
    assert [line["message"]["content"] for line in lines] == [f"message {n}" for n in range(5)]
    assert lines[0]["error_info"]["error_type"] == "processing_error"
    text = caplog.text
    assert text.count("message_processing_error") >= 5
    assert text.count("circuit_breaker_open") >= 2
    assert "+15551230000" not in text
    service.up = True
    clock.advance(60)
    assert handler({"content": "healed"}) == (("healed",), {})


def test_queue_in_a_local_file(tmp_path):
    """Send, look and reprocess, in a local file."""
    seen = []
    dlq = DeadLetterQueue(local_file_path="./queue.json", reprocessor=seen.append)
    letter_id = dlq.send_to_dlq(
        message={"user_id": 1, "content": "hello"},
        error_info={
            "error_type": "api_error",
            "error_message": "no answer",
            "timestamp": datetime.now(UTC).isoformat(),
        },
    )
    (item,) = dlq.receive_from_dlq(max_messages=10)
    assert item["message_id"] == letter_id
    assert item["message"] == {"user_id": 1, "content": "hello"}
    assert item["error_info"]["error_type"] == "api_error"
    assert datetime.fromisoformat(item["timestamp"]).utcoffset().total_seconds() == 0
    assert item["replay_count"] == 0
    assert dlq.receive_from_dlq() == [item]
    assert (tmp_path / "queue.json").exists()
    assert dlq.reprocess_message(letter_id) is True
    assert seen == [{"user_id": 1, "content": "hello"}]
    assert dlq.receive_from_dlq() == []


def test_reprocessing_with_the_handler_itself(clock):
    """A handler that sends the message to a queue of its own building again makes no second letter: False."""
    service = Service()
    handler = _handler_for("./local_dlq.json", service)
    handler({"content": "hello"})
    dlq = DeadLetterQueue(local_file_path="./local_dlq.json", reprocessor=handler)
    (item,) = dlq.receive_from_dlq()
    assert dlq.reprocess_message(item["message_id"]) is False
    (again,) = dlq.receive_from_dlq()
    assert (again["message_id"], again["replay_count"]) == (item["message_id"], 1)
    service.up = True
    assert dlq.reprocess_message(item["message_id"]) is True
    assert dlq.receive_from_dlq() == []


def test_queue_by_the_environment(monkeypatch, tmp_path):
    """Without arguments the environment says where; with nothing there it is ./local_dlq.json, said once."""
    monkeypatch.setenv("DLQ_LOCAL_FILE_PATH", str(tmp_path / "other.json"))
    DeadLetterQueue().send_to_dlq("a")
    assert (tmp_path / "other.json").exists()
    monkeypatch.delenv("DLQ_LOCAL_FILE_PATH")
    with pytest.warns(ConfigurationWarning, match=r"local_dlq\.json"):
        DeadLetterQueue().send_to_dlq("b")
    assert (tmp_path / "local_dlq.json").exists()


def test_a_local_file_is_that_file_whatever_the_environment_says(monkeypatch, tmp_path):
    """The environment counts only where no backend argument is given."""
    monkeypatch.setenv("DLQ_QUEUE_URL", "https://queue.example/1/dlq")
    DeadLetterQueue(local_file_path="./mine.json").send_to_dlq("a")
    assert (tmp_path / "mine.json").exists()


def test_notifier_by_default_logs(caplog):
    """With no parameters the notifier logs; `send_notification` says whether a channel took it."""
    caplog.set_level("INFO")
    notifier = AdminNotifier()
    assert notifier.send_notification(
        message="Failed to process message from user",
        details={"user_id": "+1XXXXXXXXXX", "message_id": "msg_123", "error": "no answer"},
        severity=ErrorSeverity.ERROR,
        error_type="message_processing_error",
    )
    assert "Failed to process message from user" in caplog.text
    assert "msg_123" in caplog.text


def test_notifier_without_its_topic_logs(caplog):
    """A channel asked for without its address: the log, and one warning."""
    caplog.set_level("INFO")
    with pytest.warns(ConfigurationWarning, match="SNS"):
        notifier = AdminNotifier(sns_topic_arn=os.getenv("SNS_TOPIC_ARN"), channel=NotificationChannel.SNS)
    assert notifier.send_notification(message="still told")
    assert "still told" in caplog.text


def test_health_checks_send_changes(caplog):
    """The first is sent if unhealthy, then changes; one that is held back returns True."""
    caplog.set_level("INFO")
    notifier = AdminNotifier()
    details = {"component": "openai_api", "error": "Timeout"}
    assert notifier.send_health_check_notification(is_healthy=True, details=details)
    assert caplog.text.count("openai_api") == 0
    assert notifier.send_health_check_notification(is_healthy=False, details=details)
    once = caplog.text.count("openai_api")
    assert once >= 1
    assert notifier.send_health_check_notification(is_healthy=False, details=details)
    assert caplog.text.count("openai_api") == once
    assert notifier.send_health_check_notification(is_healthy=True, details=details)
    assert caplog.text.count("openai_api") > once


def test_parts_with_their_defaults():
    """For local development each part works with next to no arguments."""
    breaker = CircuitBreaker(name="seed-local")
    backoff = BackoffStrategy(max_retries=3)
    dlq = DeadLetterQueue(local_file_path="./local_dlq.json")
    notifier = AdminNotifier()
    assert breaker.execute(backoff.execute, str, 5) == "5"
    assert dlq.receive_from_dlq() == []
    assert notifier.send_notification("hello")


def test_defaults_by_the_environment(monkeypatch, clock):
    """The environment gives the numbers that are not passed."""
    for name, value in {
        "CIRCUIT_BREAKER_FAILURE_THRESHOLD": "2",
        "CIRCUIT_BREAKER_RECOVERY_TIMEOUT": "7",
        "BACKOFF_BASE_DELAY": "0.25",
        "BACKOFF_MAX_DELAY": "0.5",
        "BACKOFF_MAX_RETRIES": "4",
    }.items():
        monkeypatch.setenv(name, value)
    service = Service()
    with pytest.raises(RetryExhaustedError):
        BackoffStrategy().execute(service)
    assert service.calls == 5
    assert max(clock.sleeps) <= 0.5
    breaker = CircuitBreaker()
    for _ in range(2):
        with pytest.raises(RequestError):
            breaker.execute(service)
    with pytest.raises(CircuitBreakerOpenError) as caught:
        breaker.execute(service)
    assert caught.value.retry_after == pytest.approx(7)


def test_the_seed_in_a_test_of_its_users():
    """Under `instant` a handler of the old kind waits for nothing and leaves no file."""
    service = Service()
    with instant() as world:
        assert _handler_for("./local_dlq.json", service)({"content": "a"}) == "confused"
        assert [letter.message for letter in world.letters] == [{"content": "a"}]
        assert [note.error_type for note in world.notifications] == ["message_processing_error"]
    assert os.listdir() == []
