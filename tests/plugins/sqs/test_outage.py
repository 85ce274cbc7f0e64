"""An outage of SQS, with real servers and a clock that runs faster: nobody waits twice, and nothing is lost."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from ninelives import DeadLetterQueue, LetterSpilled, LetterStored, Pipeline
from ninelives.dead_letters.letter import LetterFilter
from ninelives.settings import load_settings
from ninelives.testing.proxy import FaultProxy

CALLERS, CALLS = 8, 50
# Long enough for the answers of a machine with much to do: what is late there stands twice.
SHORT = "connect_timeout=3&read_timeout=3&wait=0&region=us-east-1"
SPEED = 40  # an hour of the program's is a minute and a half of ours


class FastClock:
    """A clock of whose seconds `SPEED` go into one."""

    def __init__(self):
        self.start, self.began = datetime.now(UTC), time.monotonic()

    def monotonic(self):
        return (time.monotonic() - self.began) * SPEED

    def now(self):
        return self.start + timedelta(seconds=self.monotonic())

    def sleep(self, seconds):
        time.sleep(seconds / SPEED)

    async def asleep(self, seconds):
        raise AssertionError("nothing here is asynchronous")


class Told:
    """Keeps events, and says when so many letters are in SQS."""

    def __init__(self):
        self.told = []
        self.changed = threading.Condition()

    def __call__(self, event):
        with self.changed:
            self.told.append(event)
            self.changed.notify_all()

    def of(self, kind):
        return [event for event in self.told if type(event) is kind]

    def wait_for_stored(self, number):
        with self.changed:
            return self.changed.wait_for(lambda: len(self.of(LetterStored)) >= number, timeout=60)


@pytest.fixture
def queue_url(aws):
    return aws.client("sqs").create_queue(QueueName="outage")["QueueUrl"]


@pytest.fixture
def proxy(aws):
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        yield proxy


def in_sqs():
    # From the server's own memory: receiving hundreds of messages takes it very long.
    messages = sqs_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].queues["outage"]._messages
    return [json.loads(message.body)["id"] for message in messages]


def fails(number):
    raise ConnectionError(f"call {number} failed")


def calls(pipeline, outcomes, barrier):
    barrier.wait()
    for number in range(CALLS):
        outcomes.append(pipeline.try_run(fails, number))


def test_an_outage(proxy, queue_url, tmp_path):
    """While SQS is silent each caller waits for it once at most; when it is back, all letters are in SQS, each once."""
    told, outcomes = Told(), []
    url = queue_url.replace(queue_url.split("/")[2], proxy.address)
    pipeline = Pipeline(
        "outage",
        backoff=False,
        breaker=False,
        notify=False,
        dead_letter={"store": f"sqs:{url}?{SHORT}", "fallback": f"file:{tmp_path}/fallback.json"},
        clock=FastClock(),
        settings=load_settings(environ={}),
        listeners=[told],
    )
    before = pipeline.try_run(fails, -1)
    assert in_sqs() == [before.letter_id]
    proxy.silent()
    barrier = threading.Barrier(CALLERS)
    callers = [threading.Thread(target=calls, args=(pipeline, outcomes, barrier)) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    spilled = told.of(LetterSpilled)
    assert len(spilled) == CALLERS * CALLS
    assert len([event for event in spilled if "known to be down" not in event.reason]) <= CALLERS
    assert len(in_sqs()) == 1
    proxy.works()
    assert told.wait_for_stored(1 + CALLERS * CALLS)
    pipeline.close()
    assert sorted(in_sqs()) == sorted([before.letter_id, *(outcome.letter_id for outcome in outcomes)])
    fallback = pipeline["dead_letter"].stores.fallback.store
    assert fallback.browse(LetterFilter(), limit=1).letters == ()


def test_queues_that_are_built_on_every_call(proxy, queue_url, tmp_path):
    """What one queue has found out of SQS the next ones of its addresses know, so that only the first waits for it."""
    url = queue_url.replace(queue_url.split("/")[2], proxy.address)
    store = f"sqs:{url}?{SHORT}"
    stores = {"store": store, "fallback": f"file:{tmp_path}/fallback.json"}
    proxy.silent()
    for number in range(20):
        DeadLetterQueue(**stores).send_to_dlq(number)
    assert proxy.connections == 1
    proxy.works()
    told = Told()
    queue = DeadLetterQueue(**stores, listeners=[told])
    assert queue.drain() == 20
    queue.close()
    assert len(in_sqs()) == len(told.of(LetterStored)) == 20
