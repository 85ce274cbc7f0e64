"""What a letter is as a message: its body, its attributes, its size, and its ids in a FIFO queue."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ninelives import StoreError
from ninelives.dead_letters.letter import decode_letter
from ninelives.testing.contracts.letters import letter, whole_letter
from ninelives_sqs.outgoing import message_of

ALLOWED = re.compile("[\t\n\r\x20-\x7f]*")
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)  # a machine with much to do is no fault
@given(TEXT)
def test_the_body_is_the_record_in_ascii(text):
    """Whatever a letter says, its body has only characters that SQS takes, and says the same."""
    kept = letter(message=text, pipeline=text)
    body = message_of(kept).body
    assert ALLOWED.fullmatch(body)
    assert decode_letter(body) == kept


def test_the_whole_record_is_in_the_body():
    """Nothing of a letter is left out, and the attributes are three."""
    kept = whole_letter()
    message = message_of(kept)
    assert decode_letter(message.body) == kept
    assert message.attributes == {"id": kept.id, "fingerprint": kept.fingerprint, "pipeline": "shop"}


@settings(deadline=None)  # a machine with much to do is no fault
@given(TEXT.filter(bool))
def test_attributes_have_only_what_sqs_takes(text):
    """An attribute's value is never empty nor long, and has only characters that SQS takes."""
    for value in message_of(letter(id=text, pipeline=text, fingerprint=text)).attributes.values():
        assert ALLOWED.fullmatch(value)
        assert 1 <= len(value) <= 256


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_there_is_not_is_no_attribute(nothing):
    """SQS takes no empty attribute: what says nothing is left out."""
    assert message_of(letter(pipeline=nothing, fingerprint=nothing)).attributes.keys() == {"id"}


def test_the_size_is_what_sqs_counts():
    """Counted are the body and each attribute's name, type and value."""
    message = message_of(letter(id="i", pipeline="zoo"))
    assert message.size == len(message.body) + len("id" + "String" + "i") + len("pipeline" + "String" + "zoo")


def test_what_json_can_not_hold_is_a_store_error():
    """A letter that can't be written is refused for good, by its id."""
    with pytest.raises(StoreError, match="letter odd can't be kept") as caught:
        message_of(letter(id="odd", message="\ud800"))
    assert not caught.value.transient


def test_the_request_is_what_the_sdk_takes():
    """Attributes go as text; only a FIFO queue is told of groups."""
    kept = letter(pipeline="zoo", fingerprint="f00")
    plain, fifo = message_of(kept).request(), message_of(kept, fifo=True).request()
    assert plain.keys() == {"MessageBody", "MessageAttributes"}
    assert plain["MessageAttributes"]["pipeline"] == {"DataType": "String", "StringValue": "zoo"}
    assert fifo.keys() - plain.keys() == {"MessageGroupId", "MessageDeduplicationId"}
    assert json.loads(fifo["MessageBody"])["fingerprint"] == fifo["MessageGroupId"] == "f00"


def test_letters_of_one_kind_are_a_group():
    """The group is the fingerprint; those that have none are one group together."""
    assert message_of(letter(fingerprint="f00"), fifo=True).group == "f00"
    assert message_of(letter(1), fifo=True).group == message_of(letter(2), fifo=True).group


def test_the_same_record_is_known_and_no_other():
    """The deduplication is the letter's id and its replay count, and changes with whatever else the record says."""
    first = letter()
    told = [
        message_of(one, fifo=True).deduplication
        for one in (
            first,
            letter(id=first.id, replay_count=1),
            letter(id=first.id, notes=("asked the owner",)),
            letter(1),
        )
    ]
    assert message_of(first, fifo=True).deduplication == told[0]
    assert len(set(told)) == 4
    assert told[0].startswith(f"{first.id}.0.")


@settings(deadline=None)  # a machine with much to do is no fault
@given(TEXT.filter(bool))
def test_groups_and_deduplications_are_what_sqs_takes(text):
    """Whatever a foreign letter's id and fingerprint are, a FIFO queue gets at most 128 characters that it takes."""
    message = message_of(letter(id=text, fingerprint=text), fifo=True)
    assert re.fullmatch("[!-~]{1,128}", message.group)
    assert re.fullmatch("[!-~]{1,128}", message.deduplication)


def test_long_ids_stay_apart():
    """Ids that are too long for SQS are shortened without becoming the same."""
    one, other = (message_of(letter(id="x" * 200 + end, fingerprint="y" * 200 + end), fifo=True) for end in "ab")
    assert one.group != other.group
    assert one.deduplication != other.deduplication
