"""FIFO queues: groups, deduplication, and what a released letter becomes."""

from __future__ import annotations

import pytest
from msgspec import structs

from ninelives import LetterFilter, StoreError
from ninelives.testing.contracts.letters import letter
from ninelives_sqs.outgoing import message_of
from ninelives_sqs.queue import Queue

LEASE = 60


@pytest.fixture
def queue_url(make_queue):
    return make_queue("dead-letters.fifo", FifoQueue="true", ContentBasedDeduplication="false")


def test_a_letter_comes_back_as_it_went(store, messages):
    """A FIFO queue keeps a letter like any other; its group is its fingerprint."""
    kept = letter(fingerprint="f00", pipeline="shop")
    store.put(kept)
    (message,) = messages()
    assert message["Attributes"]["MessageGroupId"] == "f00"
    assert message["Attributes"]["MessageDeduplicationId"].startswith(f"{kept.id}.0.")
    (lease,) = store.receive(10, lease=LEASE)
    assert lease.letter == kept
    store.ack(lease)
    assert store.count() == 0


def test_letters_of_a_kind_come_in_their_order(store):
    """The letters of one fingerprint are handed out in the order in which they were put."""
    kept = [letter(number, fingerprint="f00") for number in range(5)]
    store.put_many(kept)
    assert [lease.letter for lease in store.receive(5, lease=LEASE)] == kept


def test_another_kind_is_not_held_up(store):
    """While a letter of one kind is held, letters of another are handed out."""
    kept = [letter(1, fingerprint="f00"), letter(2, fingerprint="f00"), letter(3, fingerprint="ba2")]
    store.put_many(kept)
    (first,) = store.receive(1, lease=LEASE)
    assert first.letter == kept[0]
    assert [lease.letter for lease in store.receive(10, lease=LEASE)] == [kept[2]]


def test_the_same_letter_put_twice_is_one(store, clock):
    """A letter that is put again within five minutes, because it is not known whether it arrived, is one letter."""
    kept = letter()
    store.put(kept)
    clock.advance(299)
    store.put(kept)
    store.put_many([kept])
    assert store.count() == 1


@pytest.mark.parametrize(
    "changes", [{"replay_count": 1}, {"notes": ("asked the owner",)}, {"replay_count": 1, "notes": ("again",)}]
)
def test_a_released_letter_is_not_taken_for_the_old_one(store, changes):
    """A record that was changed, in its count or in anything else, takes the old one's place, and is not dropped."""
    kept = letter()
    store.put(kept)
    (lease,) = store.receive(1, lease=LEASE)
    newer = structs.replace(kept, **changes)
    store.release(lease, newer)
    assert [lease.letter for lease in store.receive(10, lease=LEASE)] == [newer]


def test_an_unchanged_letter_keeps_its_place(store):
    """A letter that is given back as it was comes first again."""
    kept = [letter(number, fingerprint="f00") for number in range(3)]
    store.put_many(kept)
    (lease,) = store.receive(1, lease=LEASE)
    store.release(lease)
    assert [lease.letter for lease in store.receive(3, lease=LEASE)] == kept


def test_letters_are_found(store):
    """Browsing, getting and claiming work as with other queues, and give back what they do not keep."""
    kept = [letter(number, fingerprint=f"kind {number}") for number in range(3)]
    store.put_many(kept)
    assert store.browse(LetterFilter(), limit=10).letters == tuple(kept)
    (lease,) = store.claim([kept[1].id], lease=LEASE)
    assert lease.letter == store.get(kept[1].id) == kept[1]
    assert [lease.letter for lease in store.receive(10, lease=LEASE)] == [kept[0], kept[2]]


def test_a_message_of_others_becomes_a_record(store, service, queue_url):
    """What others have put into a FIFO queue can be given back with a new record."""
    client = service.client("sqs")
    client.send_message(QueueUrl=queue_url, MessageBody="meow", MessageGroupId="g", MessageDeduplicationId="d")
    (lease,) = store.receive(1, lease=LEASE)
    newer = structs.replace(lease.letter, replay_count=1)
    store.release(lease, newer)
    assert [lease.letter for lease in store.receive(10, lease=LEASE)] == [newer]


def test_a_released_letter_may_be_again_as_it_was(stubbed, delivered):
    """A record like one that was sent already, and is deleted since, is no repeat when it takes another's place.

    SQS knows the ids of the last five minutes, of deleted messages too; who deletes the other then has lost the letter.
    """
    kept = letter()
    newer = structs.replace(kept, replay_count=1)
    answers = [{"Messages": [delivered(message_of(one).body, name)]} for one, name in ((kept, "m1"), (newer, "m2"))]
    store, client = stubbed(
        "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters.fifo", receive_message=answers
    )
    store.put(kept)
    for one in (newer, kept):
        (lease,) = store.receive(1, lease=LEASE)
        store.release(lease, one)
    sent = [request["MessageDeduplicationId"] for request in client.requests("send_message")]
    assert len(sent) == len(set(sent)) == 3


def test_a_release_that_is_tried_again_sends_one(store, monkeypatch):
    """When the old record could not be deleted, the release that is tried again is known as a repeat of the first."""
    kept = letter()
    store.put(kept)
    (lease,) = store.receive(1, lease=LEASE)
    newer = structs.replace(kept, replay_count=1)
    with monkeypatch.context() as patch:
        patch.setattr(Queue, "delete", fails)
        with pytest.raises(StoreError):
            store.release(lease, newer)
    store.release(lease, newer)
    assert store.count() == 1


def fails(*_):
    raise StoreError("no answer in time")
