"""The store as programs use it: from a queue's URL alone, by pipelines and queues, with messages of others."""

from __future__ import annotations

import pytest

from ninelives import DeadLetterQueue, Pipeline
from ninelives.errors import ConfigurationError


@pytest.fixture
def address(queue_url):
    return f"sqs:{queue_url}?wait=0"


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


def test_a_letter_that_is_too_large_goes_to_the_fallback_whole(service, make_queue, tmp_path):
    """What the queue does not take is kept whole in the fallback; the caller need not know."""
    url = make_queue("small", MaximumMessageSize="1024")
    queue = DeadLetterQueue(store=f"sqs:{url}?wait=0", fallback=f"file:{tmp_path}/dlq.json")
    queue.send_to_dlq("x" * 5000)
    (item,) = queue.receive_from_dlq()
    assert item["message"] == "x" * 5000
    assert (tmp_path / "dlq.json").exists()
    queue.close()


def test_another_region_is_refused():
    """`DeadLetterQueue(region=)` that contradicts the queue's URL is refused when the queue is made."""
    with pytest.raises(ConfigurationError, match="eu-west-1"):
        DeadLetterQueue("https://sqs.us-east-1.amazonaws.com/123456789012/q", region="eu-west-1")
