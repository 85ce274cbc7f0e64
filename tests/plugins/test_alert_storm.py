"""A storm of failures, and servers that count what arrives of it: as many messages as the rules give, none twice."""

from __future__ import annotations

import email
import email.policy
import json
import logging
import re
from collections import Counter
from threading import Barrier, Thread

import pytest

from ninelives import Pipeline

PHONE = "+15551230000"
PATIENT = "connect_timeout=30&read_timeout=30"  # for a machine with much to do
THREADS, KINDS, EACH = 8, 50, 2_000
ERRORS = [type(f"Error{number}", (Exception,), {}) for number in range(10)]
UNTIL = 25
"""So many mails the first server takes before it goes away: half of those that are due at once."""


def fail_here(error):
    raise error("no answer")


def fail_there(error):
    raise error("no answer")


def fail_above(error):
    raise error("no answer")


def fail_below(error):
    raise error("no answer")


def fail_elsewhere(error):
    raise error("no answer")


PLACES = (fail_here, fail_there, fail_above, fail_below, fail_elsewhere)


class GoingAway:
    """Takes so many mails, then says that it is going, and can't be reached any more."""

    def __init__(self, until=None):
        self.mails = []
        self._until = until
        self.go = None

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if len(self.mails) == self._until:
            self.go()
            return "421 going away"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def mail_server(serve_mail):
    """Starts a mail server that goes away after so many mails: what it took, and its address."""

    def start(until=None):
        handler = GoingAway(until)
        server = serve_mail(handler)
        handler.go = server.server.close
        return handler.mails, server.address

    return start


@pytest.fixture
def inbox(aws):
    """A topic, and what a queue that has subscribed to it has got."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    topic = sns.create_topic(Name="admins")["TopicArn"]
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def messages():
        got = []
        while page := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            got += [json.loads(message["Body"]) for message in page]
        return got

    return topic, messages


@pytest.fixture
def storm(aws, inbox, mail_server, caplog):
    """A pipeline that tells a topic, a phone when it is critical, and two mail servers: the first goes away."""
    caplog.set_level(logging.CRITICAL, "ninelives")  # there would be a line for each of 100,000 calls
    topic, _ = inbox
    (_, first), (_, second) = servers = mail_server(UNTIL), mail_server()
    endpoint = f"endpoint={aws.endpoint}&{PATIENT}"
    pipeline = Pipeline(
        "storm",
        breaker=False,
        backoff=False,
        dead_letter=False,
        notify={
            "channels": [
                f"sns:{topic}?{endpoint}",
                {"to": f"sms:{PHONE}?{endpoint}", "severity": "CRITICAL"},
                first,
            ],
            "failover": [[first, second]],
            "timeout": 30,  # seconds: servers and storm share one interpreter
        },
    )
    yield pipeline, [mails for mails, _ in servers]
    pipeline.close()


def rage(pipeline):
    """50 kinds of failure, 2,000 each, from 8 threads that begin together."""
    barrier = Barrier(THREADS)

    def fail():
        barrier.wait()
        for _ in range(EACH // THREADS):
            for place in PLACES:
                for error in ERRORS:
                    pipeline.try_run(place, error)

    threads = [Thread(target=fail) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def counts(texts):
    """How many failures each text says that it stands for."""
    found = [re.match(r"([\d,]+) more, ([\d,]+) in all since ", text) for text in texts]
    return [1 if one is None else int(one[1].replace(",", "")) for one in found]


def test_a_storm(aws, inbox, storm):
    """100,000 failures of 50 kinds are 50 messages at once and 50 at the end for each channel that wants them."""
    pipeline, (first, second) = storm
    rage(pipeline)
    notifier = pipeline["notify"]
    assert notifier.flush(60)
    assert notifier.send_notification("The shop is on fire", severity="CRITICAL")
    pipeline.close()
    assert notifier.flush(60)

    posted = inbox[1]()
    for texts in (
        [one["Message"] for one in posted],
        [one.get_body(("plain",)).get_content() for one in (*first, *second)],
    ):
        assert len(texts) == 2 * KINDS + 1
        assert sum(counts(texts)) == KINDS * EACH + 1
        assert Counter(counts(texts)) == {1: KINDS + 1, EACH - 1: KINDS}
    assert (len(first), len(second)) == (UNTIL, 2 * KINDS + 1 - UNTIL)
    assert len({one["Message-ID"] for one in (*first, *second)}) == 2 * KINDS + 1
    assert len({one["MessageId"] for one in posted}) == 2 * KINDS + 1
    told = notifier.stats()
    assert sorted(told["sent"].values()) == [1, UNTIL, 2 * KINDS + 1 - UNTIL, 2 * KINDS + 1]
    assert list(told["failed"].values()) == [
        2 * KINDS + 1 - UNTIL
    ]  # what the first server did not take, the second did
    assert told["suppressed"] == {"grouped": KINDS * (EACH - 1)}
    assert list(aws.sns.sms_messages.values()) == [(PHONE, "[CRITICAL] The shop is on fire")]
