"""`ninelives doctor` and `ninelives notify test` against a queue and a topic."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def queue(aws):
    return aws.client("sqs").create_queue(QueueName="doctors-queue")["QueueUrl"]


@pytest.fixture
def topic(aws, queue):
    """A topic whose notifications are put into the queue."""
    sns = aws.client("sns")
    topic = sns.create_topic(Name="doctors-topic")["TopicArn"]
    arn = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic


@pytest.fixture
def doctor(program, aws):
    """Runs the command, and gives its exit status and for each part whether it works and what was tried."""
    # What the program imports first may take a while on a busy machine.
    program.environ["AWS_ENDPOINT_URL"] = aws.endpoint

    def run():
        done = program("doctor", "--json", "--timeout", "30")
        assert done.stderr == ""
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return done.returncode, {row["part"]: (row["works"], row["detail"]) for row in rows}

    return run


def received(aws, queue):
    answer = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_what_the_environment_names_works(program, doctor, aws, queue, topic):
    """With a queue, a file and a topic in the environment alone, all are tried, and nothing is sent to either."""
    program.environ |= {"DLQ_QUEUE_URL": queue, "DLQ_LOCAL_FILE_PATH": "dlq.json", "SNS_TOPIC_ARN": topic}
    status, parts = doctor()
    assert status == 0, parts
    assert list(parts) == ["settings", "channel", "store", "fallback"]
    assert "the queue is there" in parts["store"][1]
    assert "topic" in parts["channel"][1]
    assert received(aws, queue) == []


def test_what_is_not_there_says_what_to_do(program, doctor, aws, queue, topic):
    """A queue and a topic that are not there fail, each with the next step."""
    program.environ |= {"DLQ_QUEUE_URL": f"{queue}-no", "SNS_TOPIC_ARN": f"{topic}-no"}
    status, parts = doctor()
    assert status == 1
    assert parts["store"][0] is parts["channel"][0] is False
    assert "there is no such queue" in parts["store"][1]
    assert "see that its URL, the region and the account are the right ones" in parts["store"][1]
    assert "there is no such topic" in parts["channel"][1]


def test_missing_credentials_say_what_to_do(program, doctor, queue, topic, monkeypatch):
    """Without credentials neither works, and both say which to give."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    program.environ |= {"DLQ_QUEUE_URL": queue, "SNS_TOPIC_ARN": topic}
    status, parts = doctor()
    assert status == 1
    for part in ("store", "channel"):
        assert "there are no credentials" in parts[part][1]
        assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in parts[part][1]


def test_a_test_notification_arrives_once(program, aws, queue, topic):
    """`notify test` sends one to the topic that the environment names, and shows that it was accepted."""
    program.environ |= {"SNS_TOPIC_ARN": topic, "AWS_ENDPOINT_URL": aws.endpoint}
    done = program("notify", "test", "--message", "all is well")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.splitlines()[1].startswith(f"sns:{topic}  yes")
    (body,) = received(aws, queue)
    assert "UTC: all is well" in body
