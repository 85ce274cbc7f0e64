"""What the tests of the SQS store share: a server that stands in for SQS, and a client that says what it is told."""

from __future__ import annotations

import itertools
import threading

import moto.sqs.models
import pytest
from botocore.exceptions import ClientError

from ninelives.testing import FakeClock
from ninelives_aws.clients import Clients
from ninelives_aws.options import AwsOptions
from ninelives_sqs import SqsStore

PATIENT = AwsOptions(connect_timeout=30.0, read_timeout=30.0)  # for a machine with much to do


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def service(aws, clock, monkeypatch):
    """The server, telling time by the clock, and doing one thing after the other, which it can't by itself."""
    ticks = itertools.count(1)
    models = moto.sqs.models
    # Each look is a little later than the one before: "visible in 0 seconds" is true for whoever looks next.
    monkeypatch.setattr(models, "unix_time_millis", lambda: clock.now().timestamp() * 1000 + next(ticks) / 1000)
    monkeypatch.setattr(models, "unix_time", lambda: clock.now().timestamp())
    lock = threading.RLock()
    for name in ("receive_message", "send_message", "delete_message", "change_message_visibility"):
        monkeypatch.setattr(models.SQSBackend, name, _locked(getattr(models.SQSBackend, name), lock))
    return aws


def _locked(method, lock):
    def locked(*args, **kwargs):
        with lock:
            return method(*args, **kwargs)

    return locked


@pytest.fixture
def make_queue(service):
    """Makes a queue, and says its URL."""

    def make(name="dead-letters", **attributes):
        return service.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    return make


@pytest.fixture
def queue_url(make_queue):
    return make_queue()


@pytest.fixture
def make_store(clock):
    """Makes stores that wait for nothing, and closes them."""
    made = []

    def make(queue_url, **options):
        made.append(SqsStore(queue_url, **{"clock": clock, "wait": 0, "options": PATIENT, **options}))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(make_store, queue_url):
    return make_store(queue_url)


@pytest.fixture
def messages(service, queue_url):
    """What the queue holds, as others see it; nothing is claimed."""
    client = service.client("sqs")

    def look():
        answer = client.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    return look


class StubClient:
    """An SQS that answers what it was told to, and keeps what it was asked.

    `answers` has for each method its answer, an error to raise, or a list of these, one a call.
    """

    def __init__(self, **answers):
        self.answers = {
            "get_queue_attributes": {"Attributes": {"MaximumMessageSize": "1048576"}},
            "send_message": {},
            "delete_message": {},
            "change_message_visibility": {},
            "receive_message": {},
            **answers,
        }
        self.asked = []

    def __getattr__(self, name):
        def method(**request):
            self.asked.append((name, request))
            answer = self.answers.get(name, all_accepted)
            if isinstance(answer, list):
                answer = answer.pop(0)
            if callable(answer):
                answer = answer(request)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return method

    def requests(self, name):
        return [request for asked, request in self.asked if asked == name]


def all_accepted(request):
    """The answer to a batch of which all is well."""
    return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}


@pytest.fixture
def stubbed(monkeypatch, make_store):
    """Makes a store whose client is a stub, and gives both."""

    def make(queue_url="https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters", **answers):
        client = StubClient(**answers)
        monkeypatch.setattr(Clients, "client", lambda self, timeout=None: client)
        return make_store(queue_url), client

    return make


@pytest.fixture
def refusal():
    """Makes the error that the SDK raises when SQS refuses something."""

    def make(code, message="", status=400):
        response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return ClientError(response, "Operation")

    return make


@pytest.fixture
def delivered():
    """Makes a message as SQS delivers it."""

    def make(body, name="m1", receipt="r1", **fields):
        return {"MessageId": name, "ReceiptHandle": receipt, "Body": body, **fields}

    return make
