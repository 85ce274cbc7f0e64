"""`check`: what it asks, what it says, and what it does not leave behind."""

from __future__ import annotations

import pytest

from ninelives import StoreError

ATTRIBUTES = {
    "ApproximateNumberOfMessages": "3",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
}


def test_a_check_leaves_nothing_behind(store, messages):
    """The queue is looked at and asked whether it may be sent to, over HTTP; nothing is sent."""
    said = store.check(timeout=30)
    assert said == ("the queue is there with about 0 letters, and may be sent to; letters are deleted after 4 days")
    assert messages() == []


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({}, "the queue is there with about 3 letters, and may be sent to; letters are deleted after 4 days"),
        ({"FifoQueue": "true"}, "the FIFO queue is there"),
        ({"MaximumMessageSize": "262144"}, "it takes letters of up to 262,144 bytes"),
        ({"MessageRetentionPeriod": "3600"}, "letters are deleted after 0.0417 days"),
        ({"RedrivePolicy": '{"maxReceiveCount": 5}'}, "moves letters away that were received 5 times"),
    ],
)
def test_it_says_what_one_should_know(stubbed, refusal, attributes, words):
    """A smaller limit, a retention period and a redrive policy of the queue are said in words."""
    store, client = stubbed(
        get_queue_attributes={"Attributes": {**ATTRIBUTES, **attributes}},
        send_message_batch=refusal("AWS.SimpleQueueService.EmptyBatchRequest"),
    )
    assert words in store.check(timeout=1)
    assert client.requests("send_message_batch")[0]["Entries"] == []


@pytest.mark.parametrize("policy", ["", "{", "[]", "{}"])
def test_an_odd_policy_breaks_nothing(stubbed, policy):
    """What a service says that is not quite SQS is taken as it comes; one that takes an empty batch may be sent to."""
    store, _ = stubbed(get_queue_attributes={"Attributes": {"RedrivePolicy": policy}})
    assert store.check(timeout=1) == "the queue is there with about 0 letters, and may be sent to"


def test_who_may_not_send_is_told_so(stubbed, refusal):
    """Permission to read is not enough."""
    store, _ = stubbed(send_message_batch=refusal("AccessDenied", status=403))
    with pytest.raises(StoreError, match="access denied") as caught:
        store.check(timeout=1)
    assert not caught.value.transient
