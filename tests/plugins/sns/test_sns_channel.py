"""The channel sns: against a server, and against all that can go wrong on the way to it."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from ninelives.address import Address
from ninelives.checkable import Checkable
from ninelives.errors import ChannelError, ConfigurationError
from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.plugins import Plugins
from ninelives.testing.contracts.channel import ChannelContract
from ninelives.testing.proxy import FaultProxy
from ninelives_sns import plugin
from ninelives_sns.channel import SnsChannel
from ninelives_sns.factory import sns_channel

TOPIC = "arn:aws:sns:us-east-1:123456789012:admins"
NEWS = Notification(
    message="The shop is down",
    severity=ErrorSeverity.CRITICAL,
    error_type="builtins.TimeoutError",
    details={"attempts": 3},
    pipeline="shop",
    key="shop:builtins.TimeoutError",
)


class TestSnsChannel(ChannelContract):
    """The channel keeps the contract of channels."""

    timeout = 30.0

    @pytest.fixture
    def channel(self, aws, made, topic):
        return made(aws.endpoint, topic)

    @pytest.fixture
    def received(self, aws, topic):
        return lambda: len(aws.sns.topics[topic].sent_notifications)

    @pytest.fixture
    def failing_channel(self, aws, made):
        return made(aws.endpoint)

    @pytest.fixture
    def hanging_channel(self, aws_environment, made):
        with FaultProxy() as silent:
            yield made(f"http://{silent.address}")


class TestSnsChannelOfJson(TestSnsChannel):
    """So it does with the notification as JSON, to a FIFO topic."""

    @pytest.fixture
    def topic(self, aws):
        return aws.client("sns").create_topic(Name="admins.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]

    @pytest.fixture
    def channel(self, aws, made, topic):
        return made(aws.endpoint, topic, "&format=json")


@pytest.fixture
def inbox(aws, topic):
    """What a queue that has subscribed to the topic has got."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    policy = {"severity": ["CRITICAL"], "pipeline": ["shop"]}
    sns.set_subscription_attributes(
        SubscriptionArn=subscription["SubscriptionArn"], AttributeName="FilterPolicy", AttributeValue=json.dumps(policy)
    )

    def messages():
        got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in got]

    return messages


def test_a_subscriber_gets_it(aws, made, topic, inbox):
    """Who has subscribed gets subject, text and attributes, and by these only what its filter policy lets pass."""
    channel = made(aws.endpoint, topic)
    channel.send(Notification(message="of another pipeline", severity=ErrorSeverity.CRITICAL), timeout=30)
    channel.send(NEWS, timeout=30)
    (got,) = inbox()
    assert got["Subject"] == "[CRITICAL] shop: builtins.TimeoutError"
    assert got["Message"].startswith("The shop is down\n\nseverity: CRITICAL\npipeline: shop\n")
    assert {name: each["Value"] for name, each in got["MessageAttributes"].items()} == {
        "severity": "CRITICAL",
        "error_type": "builtins.TimeoutError",
        "pipeline": "shop",
    }


def test_json_for_machines(aws, made, topic, inbox):
    """With format=json the message is the notification, each field of it."""
    made(aws.endpoint, topic, "&format=json").send(NEWS, timeout=30)
    (got,) = inbox()
    assert json.loads(got["Message"]) == {
        "message": "The shop is down",
        "severity": "CRITICAL",
        "error_type": "builtins.TimeoutError",
        "details": {"attempts": 3},
        "pipeline": "shop",
        "letter_id": None,
        "key": "shop:builtins.TimeoutError",
        "count": 1,
        "first": None,
        "last": None,
        "resolved": False,
        "text": None,
        "cut": [],
    }


def test_one_request_for_each(stub, made):
    """A notification costs one request, over a connection that is kept."""
    channel = made(stub.endpoint)
    for _ in range(3):
        channel.send(NEWS, timeout=30)
    assert [asked["Action"] for asked in stub.asked] == ["Publish"] * 3


FAULTS = {
    "refuses": FaultProxy.refuse,
    "says nothing": FaultProxy.silent,
    "ends at once": FaultProxy.cut,
    "ends within the headers": lambda proxy: proxy.cut(40),
    "ends within the answer": lambda proxy: proxy.cut(300),
    "is reset": lambda proxy: proxy.cut(0, reset=True),
    "is late": lambda proxy: proxy.delay(30),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("before", [True, False], ids=["connected before", "new"])
def test_faults_of_the_network(aws, made, topic, fault, before):
    """Whatever fails on the way is a failure that may pass, within the time-out, and no more when it has passed."""
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        channel = made(f"http://{proxy.address}", topic)
        if before:
            channel.send(NEWS, timeout=30)
        channel._clients.client(0.5)  # what it costs to make one is not what is measured
        fault(proxy)
        start = time.monotonic()
        with pytest.raises(ChannelError) as raised:
            channel.send(NEWS, timeout=0.5)
        assert raised.value.transient
        assert time.monotonic() - start < 0.5 + TestSnsChannel.grace
        assert str(raised.value).startswith(f"channel sns:{topic}: ")
        proxy.works()
        channel.send(NEWS, timeout=30)


@pytest.mark.parametrize(
    ("status", "code", "transient"),
    [(429, "ThrottledException", True), (400, "Throttling", True), (500, "InternalError", True),
     (403, "ExpiredToken", True), (403, "AuthorizationError", False), (404, "NotFound", False),
     (400, "InvalidParameter", False), (400, "KMSDisabled", False), (403, "InvalidClientTokenId", False)],
)  # fmt: skip
def test_answers_of_the_service(stub, made, status, code, transient):
    """What the service answers is judged by its code; the request is not repeated by the SDK."""
    stub.fails(status, code)
    with pytest.raises(ChannelError, match=rf"{TOPIC}.*\({code}\)") as raised:
        made(stub.endpoint).send(NEWS, timeout=30)
    assert raised.value.transient is transient
    assert len(stub.asked) == 1


def test_check(aws, made, topic):
    """A check sees that the topic is there, and publishes nothing."""
    channel = made(aws.endpoint, topic)
    assert isinstance(channel, Checkable)
    assert channel.check(timeout=30) == "the topic is there, but nobody has confirmed a subscription to it"
    assert aws.sns.topics[topic].sent_notifications == []


def test_check_says_who_has_subscribed(stub, made):
    """It also says how many would get what is published."""
    entry = "<entry><key>SubscriptionsConfirmed</key><value>3</value></entry>"
    result = f"<GetTopicAttributesResult><Attributes>{entry}</Attributes></GetTopicAttributesResult>"
    stub.answers.append((200, f"<GetTopicAttributesResponse>{result}</GetTopicAttributesResponse>"))
    assert made(stub.endpoint).check(timeout=30) == "the topic is there; confirmed subscriptions: 3"
    assert [asked["Action"] for asked in stub.asked] == ["GetTopicAttributes"]


def test_check_of_what_is_not_there(aws, made):
    """A topic that is not there, is a `ChannelError` that says so and what to do."""
    with pytest.raises(ChannelError, match=r"no such topic .*; make it") as raised:
        made(aws.endpoint).check(timeout=30)
    assert not raised.value.transient


def test_what_is_misspelt_in_an_address_may_be_a_password():
    """The value of an option that nobody knows is not shown."""
    with pytest.raises(ConfigurationError) as raised:
        sns_channel(Address.parse("sns:topic?pasword=hunter2"))
    assert len(raised.value.problems) == 2
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("sns:", ["topic is '': expected the ARN of an SNS topic, like 'arn:aws:sns:us-east-1:123456789012:admins'"]),
        ("sns:arn:aws:sqs:us-east-1:123456789012:q", ["topic is 'arn:aws:sqs:us-east-1:123456789012:q'"]),
        (f"sns:{TOPIC}?format=xml", ["option 'format' is 'xml': expected text or json"]),
        (f"sns:{TOPIC}?region=eu-west-1", ["option 'region' is 'eu-west-1': expected 'us-east-1'"]),
        (
            f"sns:{TOPIC}?colour=red",
            ["option 'colour': expected one of: connect_timeout, endpoint, format, profile, r"],
        ),
        ("sns:admins?format=&read_timeout=0&a=b", ["topic", "format", "read_timeout", "'a'"]),
    ],
)
def test_wrong_addresses(text, problems):
    """What is wrong with an address is said when the channel is made, all of it at once. (Law 60.)"""
    with pytest.raises(ConfigurationError) as raised:
        sns_channel(Address.parse(text))
    assert len(raised.value.problems) == len(problems)
    for problem in problems:
        assert problem in str(raised.value)
    assert all(problem.place.startswith("channel sns:") for problem in raised.value.problems)


def test_it_is_registered():
    """The plugin adds the channel."""
    assert isinstance(Plugins(plugin).open_channel(f"sns:{TOPIC}"), SnsChannel)


def test_nothing_heavy_is_imported_before_it_is_used():
    """Discovery and making the channel import neither boto3 nor botocore. (Law 61.)"""
    code = (
        "import sys, ninelives_sns.plugin as p; from ninelives.plugins import Plugins; "
        f"Plugins(p).open_channel('sns:{TOPIC}').close(); "
        "assert not {'boto3', 'botocore', 'urllib3'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
