"""Ending and prolonging claims: in time, late, and after someone else has got the letter."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import structs

from ninelives import LeaseLostError, LetterTooLargeError, StoreError
from ninelives.dead_letters.letter import decode_letter
from ninelives.dead_letters.store import Lease
from ninelives.testing.contracts.letters import letter
from ninelives_sqs.outgoing import message_of

FIFO = "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters.fifo"
EXPIRED = "Value r1 for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
TOO_LONG = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"


@pytest.fixture
def kept():
    return letter()


@pytest.fixture
def holding(stubbed, delivered, kept):
    """Makes a store that holds the letter for a minute, and gives it, its client, and the lease."""

    def make(*url, **answers):
        body = message_of(kept).body
        store, client = stubbed(*url, **{"receive_message": {"Messages": [delivered(body)]}, **answers})
        (lease,) = store.receive(1, lease=60)
        client.asked.clear()
        return store, client, lease

    return make


def failed_again(kept):
    return structs.replace(kept, replay_count=kept.replay_count + 1)


# --- leases are visibility time-outs --------------------------------------------------------------------------------


@pytest.mark.parametrize(("lease", "hidden"), [(0, 0), (0.1, 1), (1, 1), (59.5, 60), (43_200, 43_200)])
def test_a_lease_is_in_whole_seconds(stubbed, delivered, clock, kept, lease, hidden):
    """SQS hides messages for whole seconds: rounded up, so that the lease ends no later for its holder than there."""
    store, client = stubbed(receive_message=[{"Messages": [delivered(message_of(kept).body)]}, {}])
    (taken,) = store.receive(1, lease=lease)
    assert client.requests("receive_message")[0]["VisibilityTimeout"] == hidden
    assert taken.until == clock.now() + timedelta(seconds=lease)


@pytest.mark.parametrize("lease", [-1, 43_200.5, 43_201, float("inf"), float("nan")])
def test_a_lease_that_can_not_be_had_is_refused(holding, lease):
    """Less than nothing and more than 12 hours are refused before SQS is asked, with the limit."""
    store, client, held = holding()
    for ask in (
        lambda: store.receive(1, lease=lease),
        lambda: store.claim(["x"], lease=lease),
        lambda: store.renew(held, lease),
    ):
        with pytest.raises(StoreError, match="43,200") as caught:
            ask()
        assert not caught.value.transient
    assert client.asked == []


def test_a_lease_begins_before_sqs_counts(stubbed, delivered, clock, kept):
    """However long the answer takes, the lease is over for its holder no later than for SQS."""
    asked_at = clock.now()

    def answer(request):
        clock.advance(5)
        return {"Messages": [delivered(message_of(kept).body)]}

    store, _ = stubbed(receive_message=answer)
    (taken,) = store.receive(1, lease=60)
    assert taken.until == asked_at + timedelta(seconds=60)


# --- acknowledging --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [0, 3600])
def test_what_is_done_is_deleted(holding, clock, late):
    """An acknowledged letter's message is deleted by its receipt, also late: its work is done."""
    store, client, lease = holding()
    clock.advance(late)
    store.ack(lease)
    store.ack(lease)
    assert [request["ReceiptHandle"] for request in client.requests("delete_message")] == ["r1", "r1"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ReceiptHandleIsInvalid", ""),
        ("InvalidParameterValue", EXPIRED),
        ("AWS.SimpleQueueService.MessageNotInflight", ""),
    ],
)
def test_a_receipt_that_sqs_does_not_take_is_a_lost_lease(holding, refusal, code, message):
    """When SQS says that a receipt has run out, or is none, the lease is lost; whatever is tried with it."""
    error = refusal(code, message)
    for ending in (
        lambda store, lease: store.ack(lease),
        lambda store, lease: store.release(lease),
        lambda store, lease: store.renew(lease, 60),
    ):
        store, _, lease = holding(delete_message=error, change_message_visibility=error)
        with pytest.raises(LeaseLostError, match=lease.letter.id) as caught:
            ending(store, lease)
        assert not caught.value.transient
        assert caught.value.__cause__ is error


def test_other_errors_are_no_lost_lease(holding, refusal):
    """A service that is down has said nothing of the lease."""
    store, _, lease = holding(delete_message=refusal("ServiceUnavailable", status=503))
    with pytest.raises(StoreError) as caught:
        store.ack(lease)
    assert type(caught.value) is StoreError
    assert caught.value.transient


def test_an_older_receipt_is_lost(holding, delivered, clock, kept):
    """When the same message was delivered once more through this store, the first holder can end nothing."""
    first, second = ({"Messages": [delivered(message_of(kept).body, receipt=name)]} for name in ("r1", "r2"))
    store, client, late = holding(receive_message=[first, second])
    clock.advance(60)
    (current,) = store.receive(1, lease=60)
    client.asked.clear()
    for ending in (store.ack, store.release, lambda lease: store.ack_many([lease])):
        with pytest.raises(LeaseLostError):
            ending(late)
    assert client.asked == []
    store.ack(current)
    assert client.requests("delete_message")[0]["ReceiptHandle"] == "r2"


def test_a_copy_of_a_letter_is_a_letter_of_its_own(stubbed, delivered, kept):
    """A letter that stands there twice is held twice; each is ended by its own receipt."""
    body = message_of(kept).body
    both = [delivered(body, "m1", "r1"), delivered(body, "m2", "r2")]
    store, client = stubbed(receive_message=[{"Messages": both}])
    leases = store.receive(2, lease=60)
    assert [lease.letter for lease in leases] == [kept, kept]
    for lease in leases:
        store.ack(lease)
    assert [request["ReceiptHandle"] for request in client.requests("delete_message")] == ["r1", "r2"]


def test_a_letter_given_back_is_nobodys(holding):
    """Who has given a letter back can end nothing any more."""
    store, _, lease = holding()
    store.release(lease)
    with pytest.raises(LeaseLostError):
        store.ack(lease)


def test_only_so_many_claims_are_remembered(stubbed, delivered, kept):
    """A program that takes letters and never ends a claim does not fill its memory."""
    body = message_of(kept).body
    numbers = iter(range(2000))
    store, _ = stubbed(receive_message=lambda request: {"Messages": [delivered(body, f"m{next(numbers)}")]})
    for _ in range(1100):
        store.receive(1, lease=60)
    assert len(store._leases._newest) == 1000


@pytest.mark.parametrize(("count", "batches"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1])])
def test_ten_are_acknowledged_at_once(stubbed, clock, count, batches):
    """Ten letters are deleted with one request, eleven with two, none with none."""
    store, client = stubbed()
    store.ack_many(Lease(letter(number), f"m{number} r{number}", clock.now()) for number in range(count))
    assert [len(request["Entries"]) for request in client.requests("delete_message_batch")] == batches


def test_what_can_not_be_deleted_hinders_no_others(holding, clock):
    """Of several letters the others are deleted nevertheless, and the error names the first that is not."""
    failed = [{"Id": "1", "Code": "InternalError", "SenderFault": False}]
    answers = [{"Successful": [{"Id": str(n)} for n in range(10) if n != 1], "Failed": failed}, {"Successful": []}]
    store, client, lease = holding(delete_message_batch=answers)
    others = [Lease(letter(number), f"n{number} s{number}", clock.now()) for number in range(10)]
    with pytest.raises(StoreError, match=f"{others[0].letter.id} is not deleted: InternalError") as caught:
        store.ack_many([lease, *others])
    assert caught.value.transient
    assert len(client.requests("delete_message_batch")) == 2


@pytest.mark.parametrize(
    "entry",
    [
        {"Code": "ReceiptHandleIsInvalid", "SenderFault": True},
        {"Code": "InvalidParameterValue", "Message": EXPIRED, "SenderFault": True},
    ],
)
def test_lost_ones_among_several_are_told(holding, entry):
    """A receipt that SQS does not take is a lost lease, also among several."""
    store, _, lease = holding(delete_message_batch={"Failed": [{"Id": "0", **entry}]})
    with pytest.raises(LeaseLostError):
        store.ack_many([lease])


# --- giving back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unchanged", [True, False])
def test_an_unchanged_letter_is_only_made_visible(holding, unchanged):
    """Giving back a letter as it was, or without a record, is one request that sends nothing."""
    store, client, lease = holding()
    store.release(lease, lease.letter if unchanged else None)
    ((name, request),) = client.asked
    assert (name, request["ReceiptHandle"], request["VisibilityTimeout"]) == ("change_message_visibility", "r1", 0)


def test_a_new_record_is_sent_before_the_old_one_goes(holding, kept):
    """The updated record is sent, then the old message deleted: what happens in between loses nothing."""
    store, client, lease = holding()
    store.release(lease, failed_again(kept))
    assert [name for name, _ in client.asked] == ["get_queue_attributes", "send_message", "delete_message"]
    assert decode_letter(client.requests("send_message")[0]["MessageBody"]) == failed_again(kept)


def test_what_can_not_be_sent_is_not_deleted(holding, refusal, kept):
    """When the new record can't be sent, the old message stays, and its lease too."""
    store, client, lease = holding(send_message=[refusal("ServiceUnavailable", status=503), {}])
    with pytest.raises(StoreError):
        store.release(lease, failed_again(kept))
    assert client.requests("delete_message") == []
    store.release(lease, failed_again(kept))
    assert len(client.requests("delete_message")) == 1


def test_a_record_that_has_grown_too_large_changes_nothing(holding, kept):
    """A new record that the queue does not take is refused, and the letter stays as it was."""
    store, client, lease = holding(get_queue_attributes={"Attributes": {"MaximumMessageSize": "1024"}})
    with pytest.raises(LetterTooLargeError):
        store.release(lease, structs.replace(kept, notes=("x" * 2000,)))
    assert [name for name, _ in client.asked] == ["get_queue_attributes"]


def test_a_letter_stays_that_letter(holding):
    """The record of another letter is refused."""
    store, client, lease = holding()
    with pytest.raises(StoreError, match="can't become"):
        store.release(lease, letter(5))
    assert client.asked == []


def test_who_is_late_gives_back_by_doing_nothing(holding, clock):
    """After the lease's end the message is visible by itself; to hide it anew could take it from someone else."""
    store, client, lease = holding()
    clock.advance(60)
    store.release(lease)
    assert client.asked == []


def test_who_is_late_still_records_the_failure(holding, clock, kept):
    """On a standard queue a letter that failed again is recorded also late: else it would never be parked."""
    store, client, lease = holding()
    clock.advance(3600)
    store.release(lease, failed_again(kept))
    assert [name for name, _ in client.asked] == ["get_queue_attributes", "send_message", "delete_message"]


def test_a_fifo_queue_is_asked_before_a_late_record_is_sent(holding, clock, refusal, kept):
    """A FIFO queue knows when a receipt has run out: then no second copy is sent."""
    store, client, lease = holding(FIFO, change_message_visibility=refusal("InvalidParameterValue", EXPIRED))
    clock.advance(3600)
    with pytest.raises(LeaseLostError):
        store.release(lease, failed_again(kept))
    assert client.requests("send_message") == []


def test_a_fifo_queue_that_still_takes_the_receipt_gets_the_record(holding, clock, kept):
    """When the receipt is still good, by SQS's clock, the new record is sent and the old one deleted."""
    store, client, lease = holding(FIFO)
    clock.advance(60)
    store.release(lease, failed_again(kept))
    assert [name for name, _ in client.asked][1:] == ["change_message_visibility", "send_message", "delete_message"]


# --- prolonging -----------------------------------------------------------------------------------------------------


def test_a_lease_can_be_prolonged(holding, clock):
    """It then lasts so many seconds from now, by the same receipt."""
    store, client, lease = holding()
    clock.advance(59)
    longer = store.renew(lease, 90.5)
    assert longer == Lease(lease.letter, lease.token, clock.now() + timedelta(seconds=90.5))
    ((_, request),) = client.asked
    assert (request["ReceiptHandle"], request["VisibilityTimeout"]) == ("r1", 91)
    clock.advance(90)
    store.release(longer)
    assert len(client.asked) == 2


def test_an_ended_lease_can_not_be_prolonged(holding, clock):
    """After its end the message may be someone else's: it is not taken from them."""
    store, client, lease = holding()
    clock.advance(60)
    with pytest.raises(LeaseLostError):
        store.renew(lease, 60)
    assert client.asked == []


def test_twelve_hours_are_all_there_is(holding, refusal):
    """SQS hides a message for 12 hours in all, and the error says so."""
    store, _, lease = holding(change_message_visibility=refusal("InvalidParameterValue", TOO_LONG))
    with pytest.raises(StoreError, match="12 hours in all") as caught:
        store.renew(lease, 43_200)
    assert type(caught.value) is StoreError
    assert not caught.value.transient
