"""The record of a failed call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninelives.dead_letters.letter import (
    Attempt,
    DeadLetter,
    ErrorRecord,
    LetterFilter,
    decode_letter,
    encode_letter,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def letter(**fields):
    made = {"id": "1", "key": "1", "created": NOW, "first_failed": NOW, "last_failed": NOW} | fields
    return DeadLetter(**made)


WHOLE = letter(
    caused_by="0",
    pipeline="shop",
    operation="shop:buy",
    reason="exhausted",
    args=[1, {"$type": "tuple", "value": [2]}],
    kwargs={"a": None},
    replayable=False,
    unserialisable=({"path": "args[0]", "repr": "<x>"},),
    error=ErrorRecord(type="builtins.ValueError", message='no "x"', traceback="...", causes=("a: b",)),
    attempts=(Attempt(at=NOW, type="builtins.ValueError"),),
    expires=NOW,
    tags={"tenant": "acme"},
    state="parked",
)


def test_a_record_comes_back_as_it_was():
    """A letter is one line of JSON, and comes back equal."""
    line = encode_letter(WHOLE)
    assert b"\n" not in line
    assert decode_letter(line) == decode_letter(line.decode()) == WHOLE


def test_fields_of_a_newer_version_survive():
    """What this version does not know is kept in `extra`, and is at the top level again when it is written."""
    record = msgspec.json.decode(encode_letter(letter(schema=2))) | {"colour": "red", "deep": {"a": [1]}}
    read = decode_letter(msgspec.json.encode(record))
    assert read.extra == {"colour": "red", "deep": {"a": [1]}}
    changed = msgspec.structs.replace(read, replay_count=1)
    assert decode_letter(encode_letter(changed)) == changed
    assert msgspec.json.decode(encode_letter(changed)) == record | {"replay_count": 1}


def test_what_is_in_extra_already_is_kept_too():
    """A record that has both an `extra` and unknown fields keeps both; a known field in `extra` replaces none."""
    record = msgspec.json.decode(encode_letter(letter())) | {"extra": {"old": 1, "id": "other"}, "new": 2}
    read = decode_letter(msgspec.json.encode(record))
    assert read.extra == {"old": 1, "id": "other", "new": 2}
    assert decode_letter(encode_letter(read)).id == "1"


@given(st.dictionaries(st.text(), st.none() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.lists(st.booleans())))
def test_any_unknown_field_survives(fields):
    """Whatever a newer version adds comes through."""
    fields = {name: value for name, value in fields.items() if name not in DeadLetter.__struct_fields__}
    record = msgspec.json.decode(encode_letter(letter())) | fields
    assert decode_letter(msgspec.json.encode(record)).extra == fields


GOOD = encode_letter(letter())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"id": "\xff"}',
        b'{"id": "\\ud800"}',
        '{"id": "\ud800"}',
        b'{"id": NaN}',
        GOOD.replace(b'"id":"1"', b'"id":1'),
        GOOD.replace(b'"state":"waiting"', b'"state":"gone"'),
        GOOD.replace(b'"created":"2026-01-01T00:00:00Z"', b'"created":"2026-01-01T00:00:00"'),
        GOOD.replace(b'"created":"2026-01-01T00:00:00Z"', b'"created":"yesterday"'),
        GOOD.replace(b'"extra":{}', b'"extra":[1],"new":1'),
        GOOD.replace(b'"extra":{}', b'"extra":null'),
        GOOD.replace(b'"kwargs":null', b'"kwargs":[]'),
        GOOD[:-20],
    ],
    ids=lambda data: repr(data[-40:]),
)
def test_what_is_no_letter_is_a_decode_error(data):
    """Whatever is no letter, also by a time without a zone or by its depth, is told as one kind of error."""
    with pytest.raises(msgspec.DecodeError):
        decode_letter(data)


def test_an_empty_filter_matches_all_and_says_so():
    """`LetterFilter()` matches all and is `empty`, also with no tags and an empty text; one that chooses is not."""
    assert LetterFilter().empty
    assert LetterFilter().matches(WHOLE)
    assert LetterFilter(tags={}).empty
    assert LetterFilter(text="").empty
    assert not LetterFilter(tags={"a": "b"}).empty
    assert not LetterFilter(text="a").empty
    assert not LetterFilter(ids=frozenset()).empty


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("fields", "matches"),
    [
        ({"ids": frozenset({"1", "2"})}, True),
        ({"ids": frozenset()}, False),
        ({"pipeline": "shop"}, True),
        ({"pipeline": "other"}, False),
        ({"operation": "shop:buy"}, True),
        ({"operation": "shop"}, False),
        ({"fingerprint": "f"}, False),
        ({"state": "parked"}, True),
        ({"state": "waiting"}, False),
        ({"error_type": "ValueError"}, True),
        ({"error_type": "builtins.ValueError"}, True),
        ({"error_type": "Error"}, False),
        ({"since": NOW}, True),
        ({"since": NOW + SECOND}, False),
        ({"until": NOW}, False),
        ({"until": NOW + SECOND}, True),
        ({"tags": {"tenant": "acme"}}, True),
        ({"tags": {"tenant": "other"}}, False),
        ({"text": "VALUEerror"}, True),
        ({"text": 'no "x"'}, True),
        ({"text": '"state":"parked"'}, True),
        ({"text": "\ud800"}, False),
        ({"text": "nothing"}, False),
        ({"pipeline": "shop", "state": "waiting"}, False),
    ],
    ids=repr,
)
def test_a_filter_matches_by_every_field_that_is_given(fields, matches):
    """A letter is meant when it matches all that is given."""
    assert LetterFilter(**fields).matches(WHOLE) is matches


def test_a_letter_without_an_error_has_no_error_type():
    """A letter sent by hand matches no error type."""
    assert not LetterFilter(error_type="ValueError").matches(letter())


@pytest.mark.parametrize("name", ["since", "until"])
def test_moments_without_a_time_zone_are_refused(name):
    """A filter by a moment that says no time zone is refused when it is made, and says what to write."""
    with pytest.raises(ValueError, match=rf"LetterFilter\({name}=.*expected a time zone"):
        LetterFilter(**{name: datetime(2026, 1, 1)})  # noqa: DTZ001 - that it has none is what is tested
