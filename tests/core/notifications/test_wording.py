"""A notification as text, for people: well laid out, never forged, and never broken by what it holds."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.notifications.wording import (
    CUT,
    cut_to_bytes,
    cut_to_characters,
    line_of,
    one_line,
    rows_of,
    subject_of,
    text_of,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ONE = datetime(2026, 1, 1, 13, tzinfo=UTC)
FAILED = Notification(
    message="app:charge failed after 3 attempts: builtins.TimeoutError: no answer",
    severity=ErrorSeverity.CRITICAL,
    error_type="builtins.TimeoutError",
    details={
        "operation": "app:charge",
        "error": {"type": "builtins.TimeoutError", "trace": "one\n  two\r\n\tthree\n"},
        "tags": ["a", {"b": None}],
        "empty": {},
        "none": [],
    },
    pipeline="shop",
    letter_id="0190a5c0",
    count=7,
    first=NOON,
    last=ONE,
)


def test_the_whole():
    """The sentence, then what, where, how often and when, then the details; further lines are indented."""
    assert (
        text_of(FAILED)
        == """\
app:charge failed after 3 attempts: builtins.TimeoutError: no answer

severity: CRITICAL
pipeline: shop
error type: builtins.TimeoutError
times: 7
since: 2026-01-01 12:00:00 UTC
last: 2026-01-01 13:00:00 UTC
dead letter: 0190a5c0

operation: app:charge
error.trace: one
      two
        three
tags[0]: a
tags[1].b: None
empty: {}
none: []
"""
    )


@pytest.mark.parametrize(
    ("times", "row"),
    [
        ({"first": NOON, "last": NOON}, "when: 2026-01-01 12:00:00 UTC\n"),
        ({"first": NOON}, "when: 2026-01-01 12:00:00 UTC\n"),
        ({}, ""),
        ({"count": 2, "last": ONE}, "times: 2\nlast: 2026-01-01 13:00:00 UTC\n"),
    ],
)
def test_when(times, row):
    """One failure has its moment, several have two; what is not known is left out."""
    assert text_of(Notification(message="m", **times)) == f"m\n\nseverity: ERROR\n{row}"


@pytest.mark.parametrize(
    ("notification", "subject", "line"),
    [
        (FAILED, "[CRITICAL] shop: builtins.TimeoutError", f"(7 times): {FAILED.message}"),
        (Notification(message="no answer", pipeline="shop"), "[ERROR] shop", ": no answer"),
        (Notification(message="no answer", error_type="E"), "[ERROR] E", ": no answer"),
        (Notification(message="no answer", severity=ErrorSeverity.INFO), "[INFO] no answer", ""),
        (Notification(message="no answer", count=2), "[ERROR] no answer", "(2 times)"),
        (Notification(message="well again", pipeline="shop", resolved=True), "[RESOLVED] shop", ": well again"),
        (Notification(message="E", error_type="E"), "[ERROR] E", ": E"),
        (Notification(message="", pipeline="shop"), "[ERROR] shop", ""),
        (Notification(message=""), "[ERROR]", ""),
    ],
)
def test_subject_and_line(notification, subject, line):
    """The subject is the same for all of a kind: pipeline and error type; the line adds how often, and the sentence."""
    assert subject_of(notification) == subject
    assert line_of(notification).startswith(subject)
    assert line_of(notification).removeprefix(subject).strip() == line


def test_what_an_alert_says_by_itself():
    """The sentence of an alert says how often; the line does not say it once more."""
    told = Notification(message="7 times since noon: no answer", pipeline="shop", count=7, details={"phase": "new"})
    assert line_of(told) == "[ERROR] shop: 7 times since noon: no answer"


@pytest.mark.parametrize(
    ("key", "subject"),
    [
        ("circuit:api", "[ERROR] circuit api"),
        ("circuit:a:b\nc", "[ERROR] circuit a:b c"),
        ("a:circuit:b", "[ERROR] shop"),
    ],
)
def test_the_subject_of_a_circuit(key, subject):
    """What is told of a circuit is found by its name, whichever pipeline tells it."""
    assert subject_of(Notification(message="m", pipeline="shop", key=key)) == subject


def test_the_programs_own_wording():
    """It is all of the text and all of the line, each without what can't be shown; the subject stays."""
    own = Notification(message="m", pipeline="shop", text="first\r\n\tsecond\x00\n", details={"a": 1}, letter_id="id")
    assert text_of(own) == "first\n    second\n"
    assert line_of(own) == "first second"
    assert subject_of(own) == "[ERROR] shop"


@pytest.mark.parametrize("text", ["", " ", "\x00", "\n\t\r\n", "\u200b"])
def test_a_wording_that_says_nothing(text):
    """Where nothing of it can be read, ours stays."""
    said = Notification(message="no answer", text=text)
    assert (text_of(said), line_of(said)) == ("no answer\n\nseverity: ERROR\n", "[ERROR] no answer")


def test_nothing_is_said_twice():
    """What the headings and the sentence say is no row of the details; what differs from them is."""
    details = {"error": {"type": "E", "message": "no"}, "letter": {"id": "id", "place": "file:/x"}}
    said = Notification(message="f failed: E: no", error_type="E", letter_id="id", details=details)
    assert [name for name, _ in rows_of(said)] == ["severity", "error type", "dead letter", "letter.place"]
    other = Notification(message="m", error_type="F", details=details)
    assert [name for name, _ in rows_of(other)][2:] == ["error.type", "error.message", "letter.id", "letter.place"]


def test_rows_are_names_and_values():
    """Rows are all but the sentence, for a table."""
    rows = dict(rows_of(FAILED))
    assert list(rows)[:3] == ["severity", "pipeline", "error type"]
    assert rows["error.trace"] == "one\n  two\n    three"
    assert rows_of(Notification(message="m")) == [("severity", "ERROR")]


def test_no_row_can_be_forged():
    """A value, a name or a sentence with line breaks can't pretend to be another row. (Law 59.)"""
    forged = "x\n\nseverity: INFO\r\nseverity: INFO\x85severity: INFO\u2028severity: INFO\x0bseverity: INFO"
    notification = Notification(message=forged, pipeline=forged, details={forged: forged}, letter_id=forged)
    lines = text_of(notification).splitlines()
    assert [line for line in lines if line.startswith("severity")] == ["severity: ERROR"]
    assert "\n" not in subject_of(notification) + line_of(notification)


HOSTILE = {
    "surrogates": "\ud800\udfff",
    "controls": "".join(map(chr, range(0x20))) + "\x7f\x80\x9f",
    "directions": "\u202eevil\u2066",
    "long": "é\n" * 150_000,
    "tabs": "\t" * 300_000,
    "marks": "e" + "\u0301" * 300_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text(text):
    """Whatever texts hold, what is said of them is valid UTF-8 without control characters but line breaks."""
    notification = Notification(
        message=text, error_type=text, pipeline=text, letter_id=text, details={text: text, "list": [text]}
    )
    for said in (
        subject_of(notification),
        line_of(notification),
        text_of(notification),
        *sum(rows_of(notification), ()),
    ):
        said.encode()
        assert said.replace("\n", "").isprintable()
    for said in (subject_of(notification), line_of(notification), *(name for name, _ in rows_of(notification))):
        assert "\n" not in said


class Broken:
    """Can't be said."""

    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


def test_what_can_not_be_said():
    """A value or a name whose `str` raises is described by its class."""
    rows = dict(rows_of(Notification(message="m", details={"a": Broken(), Broken(): 1})))
    assert rows["a"].startswith("<Broken: its repr() raised ")
    assert any(name.startswith("<Broken") for name in rows)


def test_deep_details_are_bounded():
    """What is nested deeper than 20 levels is one value, whatever it contains, also itself."""
    deep: dict = {}
    deep["deep"] = deep
    bottom: list = []
    for _ in range(100_000):
        bottom = [bottom]
    rows = rows_of(Notification(message="m", details={"deep": deep, "bottom": bottom}))
    assert len(rows) == 3
    assert rows[1][0] == ".".join(["deep"] * 20)


def test_many_details_are_bounded():
    """Of very many details the first 1,000 are shown, and a row says that there are more."""
    assert len(rows_of(Notification(message="m", details={"a": list(range(1_000))}))) == 1_001
    rows = rows_of(Notification(message="m", details={"a": list(range(100_000))}))
    assert rows[-1] == ("…", "more than 1000 details: these are the first")
    assert len(rows) == 1_002


def test_names_are_bounded():
    """A name of any length costs little, however often it stands before others."""
    rows = rows_of(Notification(message="m", details={"k" * 300_000: list(range(1_000))}))
    assert rows[1][0] == "k" * 99 + "…[0]"


def test_time_is_linear():
    """Ten times the text takes about ten times as long, not a hundred times."""

    def cost(length):
        notification = Notification(message="a\u0301\x00\t\n🇩" * length, details={"a": "\x00 \t" * length})
        start = time.process_time()
        text_of(notification), line_of(notification), cut_to_characters(notification.message, length)
        cut_to_bytes(notification.message, length), cut_to_characters("🇩" * length, length - 1)
        return time.process_time() - start

    assert cost(200_000) < 40 * max(min(cost(20_000) for _ in range(3)), 0.005)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb", "a b"),
        ("  a \r\n\t b\x00\x1b[2J ", "a b [2J"),
        ("\u2028", ""),
        ("👩\u200d🚀 \u0645\u06cc\u200c\u062e", "👩\u200d🚀 \u0645\u06cc\u200c\u062e"),
    ],
)
def test_one_line(text, line):
    """Line breaks and what can't be seen become single spaces; what makes an emoji or a word one stays."""
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("abcd", 1, "…"), ("abcd", 0, ""), ("👍🏽👍🏽", 3, "👍🏽…"),
     ("👍🏽👍🏽", 2, "…"), ("a\u0301b\u0301", 3, "a\u0301…"),
     ("a👩\u200d🚀", 3, "a…"), ("a👩\u200d🚀b", 4, "a…"), ("a🇩🇪b", 3, "a…"), ("🇩🇪🇫🇷", 3, "🇩🇪…"),
     ("🇩🇪🇫🇷b", 4, "🇩🇪…"), ("🇩🇪" * 30, 41, "🇩🇪" * 20 + "…"), ("🇩🇪" * 30, 42, "🇩🇪" * 20 + "…")],
)  # fmt: skip
def test_cut_to_characters(text, limit, cut):
    """What is too long is cut to the limit, the mark included, and no sign of several characters in two."""
    made = cut_to_characters(text, limit, "…")
    assert made == cut
    assert len(made) <= limit


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [("éé", 4, "éé"), ("ééé", 5, "é…"), ("ééé", 3, "…"), ("ééé", 2, ""), ("éé", 0, ""), ("a\ud800", 2, "a?"),
     ("\ud800" * 9, 5, "??…"), ("😀😀", 7, "😀…"), ("😀😀", 6, "…"), ("a👍🏽", 8, "a…")],
)  # fmt: skip
def test_cut_to_bytes(text, limit, cut):
    """What is too long is cut to the limit in bytes, the mark included, between two characters."""
    made = cut_to_bytes(text, limit, "…")
    assert made == cut
    assert len(made.encode()) <= limit


@given(st.text(st.characters() | st.sampled_from("\u0301\u200d🏽👍\ud800"), max_size=60), st.integers(0, 80))
def test_cuts_keep_their_limits(text, limit):
    """For any text and limit: never longer, the same when it fits, else a beginning of it and the mark."""
    cut = cut_to_characters(text, limit)
    assert len(cut) <= limit
    assert (
        cut == text
        if len(text) <= limit
        else cut.endswith(CUT[:limit]) and text.startswith(cut.removesuffix(CUT[:limit]))
    )
    encoded = text.encode("utf-8", "replace")
    cut = cut_to_bytes(text, limit)
    assert len(cut.encode()) <= limit
    assert (cut == encoded.decode()) == (len(encoded) <= limit)


def test_a_run_of_marks_is_cut_anywhere():
    """A run of marks that is no sign any more is cut where the limit is."""
    assert cut_to_characters("e" + "\u0301" * 100, 50, "…") == "e" + "\u0301" * 48 + "…"
