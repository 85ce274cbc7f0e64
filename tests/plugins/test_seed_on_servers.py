"""The program that the project began with, unchanged but for its environment: against SQS, SNS and a mail server."""

from __future__ import annotations

import email
import email.policy
import os
import traceback

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from error_handling.backoff import BackoffStrategy
from error_handling.circuit_breaker import CircuitBreaker, CircuitBreakerOpenError
from error_handling.dead_letter import DeadLetterQueue
from error_handling.notifier import AdminNotifier, ErrorSeverity, NotificationChannel


class RequestError(Exception):
    """What the service's client raises."""


def down(content):
    raise RequestError(f"no answer to {content!r}")


def process_message(message, generate):
    """As in the document: breaker around backoff, then dead letter and notification."""
    breaker = CircuitBreaker(failure_threshold=2, recovery_timeout=60, name="openai-api")
    backoff = BackoffStrategy(base_delay=0.001, max_delay=0.002, max_retries=1)
    dlq = DeadLetterQueue(queue_url=os.getenv("DLQ_QUEUE_URL"), local_file_path="./local_dlq.json")
    notifier = AdminNotifier(sns_topic_arn=os.getenv("SNS_TOPIC_ARN"))
    try:
        return breaker.execute(backoff.execute, generate, message["content"], retry_exceptions=(RequestError,))
    except CircuitBreakerOpenError:
        notifier.send_notification("OpenAI API circuit is open", severity=ErrorSeverity.WARNING)
        return "taking a catnap"
    except Exception as error:
        dlq.send_to_dlq(message=message, error_info={"error_type": "processing_error", "error_message": str(error)})
        notifier.send_notification(
            message="Failed to process message",
            details={"error": str(error), "user_id": message["user_id"], "traceback": traceback.format_exc()},
            severity=ErrorSeverity.ERROR,
            error_type="message_processing_error",
        )
        return "confused"


@pytest.fixture
def production(aws, monkeypatch, tmp_path):
    """What is set where it runs: the queue, the topic, and where AWS is."""
    monkeypatch.chdir(tmp_path)
    queue_url = aws.client("sqs").create_queue(QueueName="dlq")["QueueUrl"]
    topic = aws.client("sns").create_topic(Name="admins")["TopicArn"]
    monkeypatch.setenv("DLQ_QUEUE_URL", queue_url)
    monkeypatch.setenv("SNS_TOPIC_ARN", topic)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    return topic


def published(topic):
    return sns_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].topics[topic].sent_notifications


def test_the_document_against_aws(production, tmp_path):
    """With `DLQ_QUEUE_URL` and `SNS_TOPIC_ARN` set letters are in SQS and alerts in SNS; nothing else is needed."""
    messages = [{"content": f"hello {number}", "user_id": "+15551234567"} for number in range(3)]
    assert [process_message(one, down) for one in messages] == ["confused", "confused", "taking a catnap"]
    subjects = [subject for _, _, subject, *_ in published(production)]
    assert subjects == ["[ERROR] message_processing_error"] * 2 + ["[WARNING] OpenAI API circuit is open"]
    assert "5551234567" not in str(published(production))
    assert not (tmp_path / "local_dlq.json").exists()

    done = []
    dlq = DeadLetterQueue(queue_url=os.getenv("DLQ_QUEUE_URL"), region="us-east-1", reprocessor=done.append)
    kept = dlq.receive_from_dlq(max_messages=10)
    assert [item["message"] for item in kept] == messages[:2]
    assert kept[0]["error_info"]["error_type"] == "processing_error"
    assert all(dlq.reprocess_message(item["message_id"]) for item in kept)
    assert done == messages[:2]
    assert dlq.receive_from_dlq() == []
    dlq.close()


def test_the_document_against_a_mail_server(mail, monkeypatch):
    """With the address of a mail server the notifier's alerts are mails."""
    monkeypatch.delenv("SNS_TOPIC_ARN", raising=False)
    notifier = AdminNotifier(email=mail.address, channel=NotificationChannel.EMAIL)
    assert notifier.send_notification("Failed to process message", {"user_id": "+15551234567"})
    assert notifier.send_health_check_notification(is_healthy=False, details={"component": "openai_api"})
    notifier.close()
    first, second = (email.message_from_bytes(sent, policy=email.policy.default) for sent in mail.mails)
    assert first["Subject"].startswith("[ERROR] ")
    assert "Failed to process message" in first.get_body(("plain",)).get_content()
    assert "5551234567" not in first.as_string()
    assert "openai_api" in second.get_body(("plain",)).get_content()
