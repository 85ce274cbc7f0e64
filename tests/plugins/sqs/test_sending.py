"""Putting letters: none that is too large, ten at a time, and knowing which have arrived."""

from __future__ import annotations

import pytest

from ninelives import LetterTooLargeError, StoreError, UnsupportedError
from ninelives.testing.contracts.letters import letter
from ninelives_sqs.outgoing import MAX_SIZE, message_of


def sized(bytes_in_all, number=0, filler="x", **fields):
    """A letter whose message has exactly so many bytes."""
    empty = message_of(letter(number, message="", **fields))
    each = len(message_of(letter(number, message=filler, **fields)).body) - len(empty.body)
    times, rest = divmod(bytes_in_all - empty.size, each)
    kept = letter(number, message=filler * times + "x" * rest, **fields)
    assert message_of(kept).size == bytes_in_all
    return kept


def attributes(**given):
    return {"Attributes": {name: str(value) for name, value in given.items()}}


@pytest.mark.parametrize(
    "fields",
    [{}, {"pipeline": "shop", "fingerprint": "f00"}, {"filler": "é"}, {"filler": "\N{CAT FACE}"}],
    ids=["plain", "with attributes", "two-byte characters", "four-byte characters"],
)
def test_a_mebibyte_goes_and_no_more(stubbed, fields):
    """1,048,576 bytes, attributes and escapes included, are sent whole; with one more nothing is sent at all."""
    store, client = stubbed()
    store.put(sized(MAX_SIZE, **fields))
    with pytest.raises(LetterTooLargeError, match="1,048,577 bytes, and the queue takes 1,048,576") as caught:
        store.put(sized(MAX_SIZE + 1, **fields))
    assert len(client.requests("send_message")) == 1
    assert not caught.value.transient


def test_a_queue_may_take_less(stubbed):
    """The queue's own `MaximumMessageSize` counts, and is asked for once."""
    store, client = stubbed(get_queue_attributes=attributes(MaximumMessageSize=2048))
    store.put(sized(2048))
    with pytest.raises(LetterTooLargeError, match="the queue takes 2,048"):
        store.put(sized(2049))
    assert [name for name, _ in client.asked] == ["get_queue_attributes", "send_message"]


@pytest.mark.parametrize("said", [{}, {"MaximumMessageSize": "much"}, {"MaximumMessageSize": 9 * MAX_SIZE}])
def test_a_queue_that_does_not_say_takes_a_mebibyte(stubbed, said):
    """Where a service does not say how much it takes, or says more than SQS takes, SQS's own limit counts."""
    store, _ = stubbed(get_queue_attributes=attributes(**said))
    store.put(sized(MAX_SIZE))
    with pytest.raises(LetterTooLargeError):
        store.put(sized(MAX_SIZE + 1))


def test_a_letter_costs_one_request(stubbed):
    """After the first, which asks for the queue's limit, each letter is one request."""
    store, client = stubbed()
    for number in range(5):
        store.put(letter(number))
    assert [name for name, _ in client.asked] == ["get_queue_attributes"] + 5 * ["send_message"]


def test_who_may_not_ask_may_still_send(stubbed, refusal):
    """Without permission to read the attributes letters are sent; what is too large then, SQS says."""
    too_long = refusal(
        "InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 2048 bytes."
    )
    store, client = stubbed(
        get_queue_attributes=refusal("AccessDenied", status=403), send_message=[{}, too_long, refusal("AccessDenied")]
    )
    store.put(letter())
    with pytest.raises(LetterTooLargeError, match="more than the queue takes") as caught:
        store.put(letter())
    assert not caught.value.transient
    with pytest.raises(StoreError, match="access denied"):
        store.put(letter())
    assert len(client.requests("get_queue_attributes")) == 1


def test_a_limit_that_can_not_be_had_is_asked_for_again(stubbed, refusal):
    """A service that is down for the moment has not said its limit: the letter is not sent, the next one asks."""
    store, client = stubbed(
        get_queue_attributes=[refusal("ServiceUnavailable", status=503), attributes(MaximumMessageSize=2048)]
    )
    with pytest.raises(StoreError) as caught:
        store.put(letter())
    assert caught.value.transient
    assert client.requests("send_message") == []
    with pytest.raises(LetterTooLargeError):
        store.put(sized(2049))


def test_a_parked_letter_is_refused(stubbed):
    """SQS hands out whatever it has: a letter that must not be handed out is not put there."""
    store, client = stubbed()
    with pytest.raises(UnsupportedError, match="park"):
        store.put(letter(state="parked"))
    assert client.asked == []


@pytest.mark.parametrize(("count", "batches"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])])
def test_a_batch_has_ten_letters(stubbed, count, batches):
    """Ten letters go with one request, eleven with two, none with none."""
    store, client = stubbed()
    store.put_many(letter(number) for number in range(count))
    assert [len(request["Entries"]) for request in client.requests("send_message_batch")] == batches
    assert len(client.requests("get_queue_attributes")) == min(count, 1)


def test_a_batch_has_a_mebibyte(stubbed):
    """All letters of a request together have 1,048,576 bytes at most, attributes included."""
    store, client = stubbed()
    half = MAX_SIZE // 2
    store.put_many(sized(size, number) for number, size in enumerate((half, half, half, half + 1, MAX_SIZE)))
    assert [len(request["Entries"]) for request in client.requests("send_message_batch")] == [2, 1, 1, 1]


def test_part_of_a_batch_may_fail(stubbed):
    """An answer of success may say that some have failed: the error names one, and knows which are stored."""
    failed = {"Id": "1", "Code": "InternalError", "Message": "try again", "SenderFault": False}
    store, _ = stubbed(
        send_message_batch=[{"Successful": [{"Id": "0"}], "Failed": [failed]}, {"Successful": [{"Id": "0"}]}]
    )
    kept = [letter(number, message="x" * (MAX_SIZE // 2 - 1000)) for number in range(3)]
    with pytest.raises(StoreError, match=f"letter {kept[1].id}: InternalError: try again") as caught:
        store.put_many(kept)
    assert caught.value.stored == {kept[0].id, kept[2].id}
    assert caught.value.transient


@pytest.mark.parametrize(
    ("code", "sender", "transient"),
    [
        ("InvalidMessageContents", True, False),
        ("InternalError", False, True),
        ("RequestThrottled", True, True),
        ("ThrottlingException", True, True),
    ],
)
def test_a_failed_entry_says_whether_it_may_pass(stubbed, code, sender, transient):
    """What is the sender's fault stays so, unless it was only asked too often."""
    failed = {"Id": "0", "Code": code, "SenderFault": sender}
    store, _ = stubbed(send_message_batch={"Failed": [failed]})
    with pytest.raises(StoreError, match=code) as caught:
        store.put_many([letter()])
    assert caught.value.transient is transient
    assert caught.value.stored == frozenset()


def test_an_answer_that_does_not_add_up_is_no_success(stubbed):
    """An entry of which the answer says nothing, or both, is not known to be stored."""
    answer = {"Successful": [{"Id": "0"}, {"Id": "2"}, {"Id": "7"}], "Failed": [{"Id": "2", "Code": "Odd"}]}
    store, _ = stubbed(send_message_batch=answer)
    kept = [letter(number) for number in range(3)]
    with pytest.raises(StoreError, match="says nothing of this entry") as caught:
        store.put_many(kept)
    assert caught.value.stored == {kept[0].id}
    assert caught.value.transient


def test_letters_that_do_not_fit_hinder_no_others(stubbed):
    """Of one that is too large the others are sent nevertheless, and the error says that it is too large."""
    store, _ = stubbed(get_queue_attributes=attributes(MaximumMessageSize=2048))
    kept = [sized(2049, 0), letter(1), sized(2049, 2), letter(3)]
    with pytest.raises(LetterTooLargeError, match=r"\(and 1 more\)") as caught:
        store.put_many(kept)
    assert caught.value.stored == {kept[1].id, kept[3].id}
    assert not caught.value.transient


def test_problems_of_several_kinds_are_one_error(stubbed):
    """Where letters fail for several reasons, trying again helps if it may help one of them."""
    failed = {"Id": "0", "Code": "InternalError", "SenderFault": False}
    store, _ = stubbed(send_message_batch={"Failed": [failed]})
    with pytest.raises(StoreError, match="parked") as caught:
        store.put_many([letter(0, state="parked"), letter(1)])
    assert type(caught.value) is StoreError
    assert caught.value.transient


def test_a_service_that_fails_is_not_asked_again(stubbed, refusal):
    """When a whole request fails, the rest is not tried, and what was sent before is known."""
    store, client = stubbed(
        send_message_batch=[
            {"Successful": [{"Id": str(n)} for n in range(10)]},
            refusal("ServiceUnavailable", status=503),
        ]
    )
    kept = [letter(number) for number in range(25)]
    with pytest.raises(StoreError) as caught:
        store.put_many(kept)
    assert caught.value.stored == {one.id for one in kept[:10]}
    assert caught.value.transient
    assert len(client.requests("send_message_batch")) == 2


def test_a_limit_that_can_not_be_had_stops_a_batch(stubbed, refusal):
    """While the service does not say how much it takes nothing is sent."""
    store, client = stubbed(get_queue_attributes=refusal("ServiceUnavailable", status=503))
    with pytest.raises(StoreError) as caught:
        store.put_many([letter(1), letter(2)])
    assert (caught.value.transient, caught.value.stored) == (True, frozenset())
    assert client.requests("send_message_batch") == []
