"""The store as programs use it: from a queue's URL alone, by pipelines and queues, with messages of others."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from msgspec import structs

from ninelives import DeadLetterQueue, Pipeline
from ninelives.dead_letters.letter import encode_letter
from ninelives.errors import ConfigurationError
from ninelives.testing.contracts.letters import letter

PATIENT = "wait=0&connect_timeout=30&read_timeout=30"  # for a machine with much to do


@pytest.fixture
def address(queue_url):
    return f"sqs:{queue_url}?{PATIENT}"


def test_a_url_in_the_environment_is_enough(service, queue_url, monkeypatch):
    """`DLQ_QUEUE_URL` alone keeps what failed in that queue, and shows it."""
    monkeypatch.setenv("DLQ_QUEUE_URL", queue_url)
    queue = DeadLetterQueue()
    letter_id = queue.send_to_dlq({"to": "Tom"}, {"error_message": "no answer"})
    (item,) = queue.receive_from_dlq(max_messages=1)
    assert (item["message_id"], item["message"]) == (letter_id, {"to": "Tom"})
    queue.close()


def test_a_failed_call_is_a_letter_and_is_replayed(service, address):
    """A pipeline's failed call is a letter in the queue; when it is replayed with success the queue is empty."""
    works = []

    def send(order):
        if not works:
            raise ConnectionError("no answer")
        works.append(order)

    with Pipeline("shop", dead_letter={"store": address}, notify=False, backoff=False) as pipeline:
        pipeline.register(send)
        with pytest.raises(ConnectionError):
            pipeline.run(send, 17)
        assert pipeline.replay().failed == 1
        works.append("now")
        assert pipeline.replay().replayed == 1
        assert works == ["now", 17]
        assert pipeline["dead_letter"].receive_from_dlq() == []


def test_messages_of_others_are_run_by_a_reprocessor(service, address, queue_url):
    """The raw body of what someone else has put there is given to the reprocessor; its failures are counted."""
    fails, seen = [True], []

    def reprocess(message):
        seen.append(message)
        if fails:
            raise ConnectionError("no answer")

    service.client("sqs").send_message(QueueUrl=queue_url, MessageBody='{"order": 17}')
    queue = DeadLetterQueue(store=address, reprocessor=reprocess)
    (item,) = queue.receive_from_dlq()
    assert (item["message"], item["operation"], item["reason"]) == ('{"order": 17}', None, "manual")
    assert queue.reprocess_message(item["message_id"]) is False
    (again,) = queue.receive_from_dlq()
    assert (again["message_id"], again["replay_count"]) == (item["message_id"], 1)
    fails.clear()
    assert queue.reprocess_message(item["message_id"]) is True
    assert queue.receive_from_dlq() == []
    assert seen == 2 * ['{"order": 17}']
    queue.close()


def test_messages_of_others_are_replayed_by_name(service, address, queue_url):
    """A pipeline leaves them alone when it replays its own letters; named, they are run by its reprocessor."""
    works, seen = [], []

    def reprocess(message):
        seen.append(message)
        if not works:
            raise ConnectionError("no answer")

    body = json.dumps({"schema": 2, "id": "7", "message": "of a Lambda function"})
    service.client("sqs").send_message(
        QueueUrl=queue_url,
        MessageBody=body,
        MessageAttributes={"ErrorCode": {"DataType": "Number", "StringValue": "200"}},
    )
    options = {"store": address, "reprocessor": reprocess}
    with Pipeline("shop", dead_letter=options, notify=False, backoff=False) as pipeline:
        queue = pipeline["dead_letter"]
        (item,) = queue.receive_from_dlq()
        name = item["message_id"]
        assert pipeline.replay().replayed == 0
        assert pipeline.replay([name]).failed == 1
        (again,) = queue.receive_from_dlq()
        assert (again["message_id"], again["message"], again["replay_count"]) == (name, body, 1)
        assert again["error_info"] == {"ErrorCode": "200"}
        works.append("now")
        assert pipeline.replay([name, name]).replayed == 1
        assert queue.receive_from_dlq() == []
    assert seen == [body, body]


def test_a_record_of_another_age_hinders_no_others(service, address, queue_url):
    """A record whose moments no clock of this world can show is a letter like any other."""
    queue = DeadLetterQueue(store=address)
    queue.send_to_dlq("meow")
    old = structs.replace(letter(), created=datetime.min.replace(tzinfo=timezone(timedelta(hours=1))))
    service.client("sqs").send_message(QueueUrl=queue_url, MessageBody=encode_letter(old).decode())
    first, second = queue.receive_from_dlq()
    assert (first["timestamp"], second["message"]) == ("0001-01-01T00:00:00+00:00", "meow")
    queue.close()


def test_a_letter_that_is_too_large_goes_to_the_fallback_whole(service, make_queue, tmp_path):
    """What the queue does not take is kept whole in the fallback; the caller need not know."""
    url = make_queue("small", MaximumMessageSize="1024")
    queue = DeadLetterQueue(store=f"sqs:{url}?{PATIENT}", fallback=f"file:{tmp_path}/dlq.json")
    queue.send_to_dlq("x" * 5000)
    (item,) = queue.receive_from_dlq()
    assert item["message"] == "x" * 5000
    assert (tmp_path / "dlq.json").exists()
    queue.close()


def test_another_region_is_refused():
    """`DeadLetterQueue(region=)` that contradicts the queue's URL is refused when the queue is made."""
    with pytest.raises(ConfigurationError, match="eu-west-1"):
        DeadLetterQueue("https://sqs.us-east-1.amazonaws.com/123456789012/q", region="eu-west-1")
