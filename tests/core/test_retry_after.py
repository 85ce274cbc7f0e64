"""When a service said to come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.message import Message
from types import SimpleNamespace
from urllib.error import HTTPError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninelives.retry_after import LONGEST, retry_after, seconds_until

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
MORNING = datetime(2026, 1, 1, 11, 0, tzinfo=UTC)


class Error(Exception):
    """An error with any attributes."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


def urllib_error(value):
    headers = Message()
    headers["Retry-After"] = value
    return HTTPError("http://localhost", 503, "Service Unavailable", headers, None)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (b"3", 3.0),
        (3, 3.0),
        (2.5, 2.5),
        (timedelta(minutes=1), 60.0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thursday, 01-Jan-26 12:00:30 GMT", 30.0),
        ("Thu Jan  1 12:00:30 2026", 30.0),
        ("Thu, 01 Jan 2026 13:00:30 +0100", 30.0),
        (NOW + timedelta(seconds=5), 5.0),
        ((NOW + timedelta(seconds=5)).replace(tzinfo=None), 5.0),
        ((NOW + timedelta(seconds=5)).astimezone(timezone(timedelta(hours=9))), 5.0),
        (NOW - timedelta(seconds=5), 0.0),
        ("86400", LONGEST),
    ],
    ids=repr,
)
def test_seconds_and_dates_are_understood(value, seconds):
    """Retry-After is a number of seconds or an HTTP date, as text or as what libraries make of it."""
    assert seconds_until(value, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [
        *("", "soon", "-1", "1e3", "1_000", "nan", "inf", "86401", "9" * 400, "٣", "1.2.3", ".", b"\xff"),
        *(-1, 86_401, 10**400, float("nan"), float("inf"), float("-inf"), True, None, [], object()),
        *(timedelta(seconds=-1), timedelta(days=2), MORNING, datetime.max.replace(tzinfo=UTC)),
        *("Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 99 Jan 2026 00:00:00 GMT"),
        *("Thu, 01 Jan 2026 12:00:30 +9999999999", "x" * 1_000_000),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_negative_huge_and_garbage_is_ignored(value):
    """What makes no sense is as if it had not been said."""
    assert seconds_until(value, NOW) is None


@given(st.text() | st.binary() | st.floats() | st.integers() | st.datetimes() | st.timedeltas())
def test_whatever_a_service_says_the_answer_is_a_sensible_wait_or_none(value):
    """No value raises, and none is negative or longer than a day."""
    seconds = seconds_until(value, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST


@pytest.mark.parametrize(
    "error",
    [
        Error(response=SimpleNamespace(headers={"retry-after": "7"})),
        Error(response=SimpleNamespace(headers={"Retry-After": "7"})),
        Error(headers={"Retry-After": "7"}),
        Error(response={"ResponseMetadata": {"HTTPHeaders": {"retry-after": "7"}}}),
        urllib_error("7"),
        urllib_error("Thu, 01 Jan 2026 12:00:07 GMT"),
        Error(retry_after=7),
        Error(retry_after="7"),
        Error(retry_after=timedelta(seconds=7)),
        Error(response=SimpleNamespace(headers={"Retry-After": "soon"}), retry_after=7),
    ],
    ids=repr,
)
def test_it_is_read_from_headers_and_attributes(error):
    """The header is found where requests, httpx, aiohttp, urllib and botocore keep it, then the attribute."""
    assert retry_after(error, NOW) == 7.0


@pytest.mark.parametrize(
    "error", [ValueError(), Error(headers=None), Error(response=None), Error(headers=["Retry-After"])]
)
def test_most_errors_say_nothing(error):
    """Without a header and an attribute there is nothing."""
    assert retry_after(error, NOW) is None
