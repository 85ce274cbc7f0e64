"""SNS's limits, which are checked before sending: what is published, byte by byte, without a server that is lax."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ninelives.errors import ChannelError
from ninelives.notifications.notification import Notification
from ninelives.notifications.wording import CUT
from ninelives_sns.publication import MAX_BYTES, MAX_SUBJECT, publication_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE = "".join(map(chr, range(0x20))) + "\x7f\x85\u2028\ud800\udfff\ufffe\uffff\u202e"


def size(published):
    """What SNS may count: message, attributes with names and types, and the subject."""
    texts = [published["Message"], published["Subject"]]
    for name, value in published["MessageAttributes"].items():
        texts += [name, value["DataType"], value["StringValue"]]
    return sum(len(text.encode()) for text in texts)


def subject(length, end=""):
    """A notification whose subject has so many characters."""
    return Notification(message="m", pipeline="p" * (length - len("[ERROR] ") - len(end)) + end)


@pytest.mark.parametrize("end", ["", "é", "😀", "👍🏽"])
def test_a_subject_of_99_stays(end):
    """A subject of 99 characters is sent as it is, also one that ends with an emoji. (Law 56.)"""
    assert publication_of(subject(99, end), "text")["Subject"] == subject(99, end).pipeline.join(["[ERROR] ", ""])


@pytest.mark.parametrize(
    ("end", "kept"),
    [("ppp", "p…"), ("😀qq", "😀…"), ("😀q", "…"), ("😀😀😀", "😀…"), ("👍🏽q", "…"), ("👍🏽qq", "👍🏽…"),
     ("👩\u200d🚀", "…"), ("e\u0301q", "…"), ("e\u0301qq", "e\u0301…"), ("🇩🇪q", "…"), ("🇩🇪qq", "🇩🇪…")],
)  # fmt: skip
def test_a_subject_of_100_is_cut(end, kept):
    """One of 100 is cut to 99 at most, by characters, and an emoji at the cut survives or goes whole. (Law 56.)"""
    cut = publication_of(subject(100, end), "text")["Subject"]
    assert len(cut) <= MAX_SUBJECT
    assert cut == "[ERROR] " + "p" * (100 - 8 - len(end)) + kept


@pytest.mark.parametrize("text", ["", "\n", HOSTILE, "a\nb\r\nBcc: c", "😀" * 300_000, "\u0301" * 300_000])
def test_a_subject_is_never_wrong(text):
    """Whatever it is made of, a subject is not empty, has no line break and no control character. (Laws 56, 59.)"""
    for notification in (Notification(message=text), Notification(message="", pipeline=text, error_type=text)):
        made = publication_of(notification, "text")["Subject"]
        assert 0 < len(made) <= MAX_SUBJECT
        assert made.isprintable()
        assert made.encode()


@pytest.mark.parametrize("char", ["a", "é", "猫", "😀"])
def test_the_largest_text(char):
    """A message of 262,144 bytes, attributes included, is sent whole; one byte more is cut at a character. (Law 56.)"""

    def publish(value):
        return publication_of(Notification(message="m", error_type="E", details={"d": value}), "text")

    number, rest = divmod(MAX_BYTES - size(publish("")), len(char.encode()))
    fits = publish("a" * rest + char * number)
    assert size(fits) == MAX_BYTES
    assert CUT not in fits["Message"]
    cut = publish("a" * (rest + 1) + char * number)
    assert MAX_BYTES - 4 < size(cut) <= MAX_BYTES
    assert cut["Message"].endswith(f"{char}{CUT}")


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize("text", [HOSTILE, HOSTILE * 10_000, "😀" * 300_000, "\x00" * 300_000])
@pytest.mark.parametrize("own", [None, "own", HOSTILE, "\x00" * 300_000])
def test_any_text_becomes_one_that_is_taken(text, format, own):
    """Whatever the texts hold, what is published is within the limit, of characters that SNS takes."""
    hostile = Notification(
        message=text, error_type=text, details={text: [text]}, pipeline=text, letter_id=text, key=text, text=own
    )
    published = publication_of(hostile, format)
    assert size(published) <= MAX_BYTES
    assert published["Message"].strip()
    for each in (published["Message"], *(value["StringValue"] for value in published["MessageAttributes"].values())):
        assert not set(each) & set(map(chr, [*range(9), 11, 12, *range(14, 32), 0xD800, 0xDFFF, 0xFFFE, 0xFFFF]))
    if format == "json":
        assert json.loads(published["Message"])["severity"] == "ERROR"


@pytest.mark.parametrize(
    ("notification", "cut", "kept"),
    [
        (Notification(message="m", details={"a": "b"}), [], {"a": "b"}),
        (Notification(message="m", details={"a": "b" * 300_000}), ["details"], {}),
        (Notification(message="m" * 9_000, details={"a": "b" * 300_000}), ["details"], {}),
        (Notification(message="m" * 300_000, key="k"), ["details", "message"], {}),
        (Notification(message="m" * 200_000, pipeline="p" * 200_000), ["details", "message", "pipeline"], {}),
        (Notification(message="m", details={"a": float("nan")}), ["details"], {}),
        (Notification(message="m", details={"a": {"b": NOW}}), [], {"a": {"b": "2026-01-01T00:00:00+00:00"}}),
        (Notification(message="m", details={"a": {1}}), [], {"a": "{1}"}),
        (Notification(message="m", details={(1, 2): "no key of JSON's"}), ["details"], {}),
    ],
)
def test_json_that_is_too_large_stays_json(notification, cut, kept):
    """JSON is cut to JSON: the details go first, then the texts are cut, and `cut` says what."""
    read = json.loads(publication_of(notification, "json")["Message"])
    assert read["cut"] == cut
    assert read["details"] == kept
    assert ("message" in cut) == read["message"].endswith(CUT)


def test_the_largest_json():
    """JSON of 262,144 bytes, attributes included, is sent whole; one byte more loses its details."""
    room = MAX_BYTES - size(publication_of(Notification(message="m", details={"a": ""}), "json"))
    fits = publication_of(Notification(message="m", details={"a": "b" * room}), "json")
    assert size(fits) == MAX_BYTES
    assert json.loads(fits["Message"])["cut"] == []
    over = publication_of(Notification(message="m", details={"a": "b" * (room + 1)}), "json")
    assert json.loads(over["Message"])["cut"] == ["details"]


def test_the_programs_own_wording():
    """It is all of the text, and in JSON a field beside the others; it is cut as the rest is."""
    own = Notification(message="m", pipeline="shop", details={"a": 1}, text="own\nwords")
    assert publication_of(own, "text")["Message"] == "own\nwords\n"
    assert publication_of(own, "text")["Subject"] == "[ERROR] shop"
    read = json.loads(publication_of(own, "json")["Message"])
    assert (read["text"], read["message"], read["details"]) == ("own\nwords", "m", {"a": 1})
    long = Notification(message="m", text="é" * 300_000)
    assert size(publication_of(long, "text")) <= MAX_BYTES
    assert publication_of(long, "text")["Message"].endswith(CUT)
    assert json.loads(publication_of(long, "json")["Message"])["cut"] == ["details", "text"]


def test_times_in_json():
    """Moments are written as ISO 8601."""
    published = publication_of(Notification(message="m", first=NOW, last=NOW), "json")
    assert json.loads(published["Message"])["first"] == "2026-01-01T00:00:00+00:00"


def test_attributes_are_left_out_or_short():
    """An attribute that would be empty is not there; one that is long is cut to 256 characters, on one line."""
    assert publication_of(Notification(message="m"), "text")["MessageAttributes"].keys() == {"severity"}
    named = Notification(message="m", pipeline="\x00", error_type="a\nb" + "é" * 300)
    attributes = publication_of(named, "text")["MessageAttributes"]
    assert attributes["error_type"] == {"DataType": "String", "StringValue": "a b" + "é" * 253}
    assert "pipeline" not in attributes


FIFO = "arn:aws:sns:us-east-1:123456789012:admins.fifo"


def test_a_retry_is_known_to_a_fifo_topic(stub, made):
    """A retry has the identity of the first try; another notification that says the same has its own."""
    channel, news, same = made(stub.endpoint, FIFO), Notification(message="m"), Notification(message="m")
    for _ in range(2):
        stub.fails(500, "InternalError")
        with pytest.raises(ChannelError):
            channel.send(news, timeout=30)
    for notification in (news, same, news):
        channel.send(notification, timeout=30)
    first, second, third, other, again = (asked["MessageDeduplicationId"] for asked in stub.asked)
    assert first == second == third
    assert len({first, other, again}) == 3


@pytest.mark.parametrize(
    ("notification", "group"),
    [
        (Notification(message="m", key="shop:TimeoutError"), "shop:TimeoutError"),
        (Notification(message="m", pipeline="shop"), "shop"),
        (Notification(message="m"), "ninelives"),
        (Notification(message="m", key="k" * 128), "k" * 128),
        (Notification(message="m", key="k" * 129), "9094034fb2d0ce2e"),
        (Notification(message="m", key="a b"), "c8687a08aa5d6ed2"),
        (Notification(message="m", key="\ud800"), "8a8de823d5ed3e12"),
    ],
)
def test_the_group_of_a_fifo_topic(stub, made, notification, group):
    """Notifications of one key are one group; a key that SNS does not take stands as its hash."""
    made(stub.endpoint, FIFO).send(notification, timeout=30)
    assert stub.asked[0]["MessageGroupId"].startswith(group)
    assert len(stub.asked[0]["MessageGroupId"]) <= 128


def test_identities_are_bounded(stub, made):
    """Of notifications that fail and are not tried again, a bounded number is remembered."""
    channel = made(stub.endpoint, FIFO)
    kept = [Notification(message="m") for _ in range(200)]
    for notification in kept:
        channel._repeats.fields_of(notification)
    assert len(channel._repeats._known) == 128


def test_other_topics_get_no_group(stub, made):
    """A topic that is no FIFO topic is told neither group nor identity."""
    made(stub.endpoint).send(Notification(message="m", key="k"), timeout=30)
    assert not {"MessageGroupId", "MessageDeduplicationId"} & stub.asked[0].keys()
