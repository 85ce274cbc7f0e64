"""Messages as letters: our own, those of others, and those that can't be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ninelives.dead_letters.letter import encode_letter
from ninelives.testing.contracts.letters import letter, whole_letter
from ninelives_sqs.incoming import received
from ninelives_sqs.outgoing import message_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def message(body, **fields):
    return {"MessageId": "m1", "ReceiptHandle": "r1", "Body": body, **fields}


def as_sent(kept, body=None):
    sent = message_of(kept).request()
    return message(sent["MessageBody"] if body is None else body, MessageAttributes=sent["MessageAttributes"])


def text(value):
    return {"DataType": "String", "StringValue": value}


def test_a_record_of_ours_is_the_letter_that_it_was():
    """What was sent comes back as it was, with the message's own id and receipt beside it."""
    kept = whole_letter()
    came = received(as_sent(kept), NOW)
    assert came.letter == kept
    assert (came.readable, came.to_be_run) == (True, True)
    assert (came.message_id, came.receipt, came.token) == ("m1", "r1", "m1 r1")


def test_a_parked_record_is_not_to_be_run():
    """Who put a parked letter there did not mean it to be handed out."""
    came = received(as_sent(letter(state="parked")), NOW)
    assert (came.readable, came.to_be_run) == (True, False)


@pytest.mark.parametrize(
    "body", ["", "meow", "{", "[1]", '{"id": "7"}', '{"schema": 1, "id": 7}', "null", "\x00", "猫"]
)
def test_a_message_of_others_is_a_letter(body):
    """Any body is a letter without an operation: the raw body is its message, the message's id its id."""
    came = received(message(body, Attributes={"SentTimestamp": "1767225600000"}), datetime(2030, 1, 1, tzinfo=UTC))
    one = came.letter
    assert came.to_be_run
    assert (one.message, one.id, one.key) == (body, "m1", "m1")
    assert (one.operation, one.reason, one.args, one.error_info) == (None, "manual", None, None)
    assert one.created == one.first_failed == one.last_failed == NOW
    assert one.replayable


def test_what_others_say_of_the_failure_is_kept():
    """Message attributes, such as those of a Lambda function's own queue, are the letter's `error_info`."""
    attributes = {
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": text("no answer"),
        "Trace": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    about = {"DeadLetterQueueSourceArn": "arn:aws:sqs:us-east-1:1:orders"}
    one = received(message("{}", MessageAttributes=attributes, Attributes=about), NOW).letter
    assert one.error_info["ErrorCode"] == "200"
    assert one.error_info["ErrorMessage"] == "no answer"
    assert one.error_info["Trace"] == {"$type": "bytes", "value": "AAE="}
    assert one.error_info["DeadLetterQueueSourceArn"] == "arn:aws:sqs:us-east-1:1:orders"


def test_messages_of_one_kind_have_one_fingerprint():
    """Kinds are told apart by where a message comes from and by its error's code, not by what it says."""

    def fingerprint(body, code, source):
        fields = {"MessageAttributes": {"ErrorCode": text(code)}, "Attributes": {"DeadLetterQueueSourceArn": source}}
        return received(message(body, **fields), NOW).letter.fingerprint

    assert fingerprint("a", "200", "arn:x") == fingerprint("b", "200", "arn:x")
    assert len({fingerprint("a", *kind) for kind in (("200", "arn:x"), ("500", "arn:x"), ("200", "arn:y"))}) == 3


def test_an_empty_message_is_a_letter():
    """A message without a body, which SQS refuses and emulators take, is one whose body is empty."""
    assert received({"MessageId": "m1", "ReceiptHandle": "r1"}, NOW).letter.message == ""


@pytest.mark.parametrize("sent", [None, "", "soon", "9" * 40])
def test_a_message_without_a_time_is_of_now(sent):
    """A service that does not say when a message was sent, or says nonsense, breaks nothing."""
    about = {} if sent is None else {"SentTimestamp": sent}
    assert received(message("meow", Attributes=about), NOW).letter.created == NOW


def newer(kept):
    return json.dumps({**json.loads(encode_letter(kept)), "schema": 2})


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda body: body[:-20], "a damaged record"),
        (lambda body: body.replace('"args":null', '"args":7'), "a damaged record"),
        (lambda body: body.replace('"schema":1', '"schema":2'), "a record of schema 2, and this version reads 1"),
    ],
    ids=["cut", "wrong", "newer"],
)
def test_what_can_not_be_read_is_shown_and_not_run(damage, why):
    """A record of ours that is damaged or newer is shown raw, as not replayable, and is never handed out."""
    kept = letter(message="meow")
    body = damage(message_of(kept).body)
    came = received(as_sent(kept, body), NOW)
    assert (came.readable, came.to_be_run) == (False, False)
    assert (came.letter.message, came.letter.replayable) == (body, False)
    (part,) = came.letter.unserialisable
    assert part["path"] == "record"
    assert part["repr"].startswith(why)


def test_an_attribute_of_the_same_name_makes_it_no_record():
    """Others may have an attribute `id` too: that alone does not make a damaged record of their message."""
    assert received(message("meow", MessageAttributes={"id": text("7")}), NOW).to_be_run


@settings(deadline=None)  # a machine with much to do is no fault
@given(st.text(), st.dictionaries(st.text(min_size=1), st.text()))
def test_no_message_breaks_anything(body, attributes):
    """Whatever a message says, also in characters that no text may have, its letter can be written as ours."""
    attributes = {name: text(value) for name, value in attributes.items()}
    one = received(message(body, MessageAttributes=attributes), NOW).letter
    assert received(as_sent(one), NOW).letter == one
