"""Making the letter of a failed call: bounded, and never failing itself."""

from __future__ import annotations

import os
import sys
import time
from collections import UserDict
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninelives import Pipeline
from ninelives.call import Call
from ninelives.dead_letters.failures import Failure, error_record, failure_of, failure_said, reason_of
from ninelives.dead_letters.letter import Attempt, DeadLetter, ErrorRecord, decode_letter, encode_letter
from ninelives.dead_letters.making import LetterMaker
from ninelives.errors import CircuitBreakerOpenError
from ninelives.machine import hostname

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MAKER = LetterMaker(lambda: NOW, "shop")


def buy(*args, **kwargs):
    """What fails."""


def call(*args, **fields):
    kwargs = fields.pop("kwargs", {})
    return Call(fields.pop("func", buy), args, kwargs, 0.0, "shop", **fields)


def raised(error):
    try:
        raise error
    except BaseException as caught:
        return caught


def test_a_letter_says_what_failed():
    """The letter of a call has its identity, arguments, error, attempts, kind, origin and tags."""
    failed = call(1, (2,), kwargs={"a": {3}}, attempt=1, tags={"tenant": "acme"}, given_key="k")
    error = raised(ValueError("no"))
    letter = MAKER.of_call(failed, error)
    assert (letter.id, letter.key, letter.pipeline) == (failed.id, "k", "shop")
    assert letter.operation == f"{__name__}:buy"
    assert letter.reason == "permanent"
    assert letter.args == [1, {"$type": "tuple", "value": [2]}]
    assert letter.kwargs == {"a": {"$type": "set", "value": [3]}}
    assert (letter.replayable, letter.unserialisable) == (True, ())
    assert (letter.error.type, letter.error.message) == ("builtins.ValueError", "no")
    assert "raise error" in letter.error.traceback
    assert letter.attempts == (Attempt(at=NOW, type="builtins.ValueError", message="no"),)
    assert (letter.created, letter.first_failed, letter.last_failed) == (NOW, NOW, NOW)
    assert (letter.host, letter.pid) == (hostname(), os.getpid())
    assert letter.tags == {"tenant": "acme"}
    assert len(letter.fingerprint) == 16
    assert decode_letter(encode_letter(letter)) == letter


def test_the_attempts_are_the_last_ten():
    """What the retries wrote down is kept, with the time of the first; the last is added where nobody wrote it down."""
    before = [(datetime(2025, 1, day, tzinfo=UTC), "a.B", str(day)) for day in range(1, 10)]
    letter = MAKER.of_call(call(attempts=before, attempt=10), KeyError("x"))
    assert [attempt.message for attempt in letter.attempts] == [*map(str, range(1, 10)), "'x'"]
    assert letter.first_failed == before[0][0]
    whole = [*before, (NOW, "a.B", "10")]
    assert len(MAKER.of_call(call(attempts=whole, attempt=25), KeyError()).attempts) == 10
    assert MAKER.of_call(call(attempt=0), CircuitBreakerOpenError()).attempts == ()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TypeError(), "permanent"),
        (ConnectionError(), "exhausted"),
        (CircuitBreakerOpenError("x", 1.0), "circuit_open"),
        (KeyboardInterrupt(), "cancelled"),
    ],
)
def test_the_reason_is_told(error, reason):
    """A letter says why the call was given up."""
    assert reason_of(error) == reason


def test_a_nested_letter_is_named():
    """Where the error is, or came from, that of a nested pipeline's letter, the letter names that one."""
    inner = KeyError("inner")
    outer = RuntimeError("outer")
    outer.__cause__ = inner
    assert MAKER.of_call(call(nested=(inner, "7")), outer).caused_by == "7"
    assert MAKER.of_call(call(nested=(inner, "7")), inner).caused_by == "7"
    assert MAKER.of_call(call(nested=(inner, "7")), ValueError()).caused_by is None


class Loud(Exception):
    def __str__(self):
        raise RuntimeError("str")

    __repr__ = __str__

    def __bool__(self):
        return False

    def __eq__(self, other):
        raise RuntimeError("eq")

    __hash__ = None


def test_an_error_whose_text_raises_is_survived():
    """An error whose `str()` and `repr()` raise, that is false and can't be compared, is described by its class."""
    error = raised(Loud())
    error.__cause__ = Loud()
    record = error_record(error)
    assert record.message == f"<{__name__}.Loud: its str() raised builtins.RuntimeError>"
    assert len(record.causes) == 1
    assert f"{__name__}.Loud" in record.traceback or "Loud" in record.traceback


def test_a_cyclic_cause_ends():
    """Causes that lead back to themselves are told once each."""
    first, second, third = ValueError("1"), ValueError("2"), ValueError("3")
    first.__cause__, second.__cause__, third.__cause__ = second, third, second
    assert error_record(first).causes == ("builtins.ValueError: 2", "builtins.ValueError: 3")
    second.__cause__ = first
    assert error_record(first).causes == ("builtins.ValueError: 2",)


def test_causes_follow_context_unless_suppressed():
    """What an error was raised `from` counts, else what was being handled; `from None` ends it."""
    first, second = ValueError("1"), ValueError("2")
    first.__context__ = second
    assert error_record(first).causes == ("builtins.ValueError: 2",)
    assert "The above exception" in error_record(first).traceback
    first.__suppress_context__ = True
    assert error_record(first).causes == ()


def test_a_long_chain_is_bounded():
    """A loop that chained ten thousand errors costs no more than ten."""
    error = None
    for number in range(10_000):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following
    begun = time.thread_time()
    record = error_record(error)
    assert len(record.causes) == 10
    assert "9989" in record.traceback
    assert "9988" not in record.traceback
    assert time.thread_time() - begun < 2


def test_a_huge_text_is_bounded():
    """An error with megabytes of text, and notes of megabytes, makes a bounded record that shows both ends."""
    error = raised(ValueError("x" * 3_000_000))
    error.add_note("y" * 3_000_000)
    record = error_record(error)
    assert len(record.message) < 2_100
    assert 32_000 < len(record.traceback) < 33_000
    assert "characters left out" in record.traceback
    assert record.traceback.startswith("Traceback")


def test_a_traceback_begins_in_the_callers_code():
    """The chain's own frames, through which the call went, are left out; an error of ours keeps them."""

    def pay():
        raise ConnectionError("the bank does not answer")

    pipeline = Pipeline("shop", backoff=False, notify=False, dead_letter={"store": "memory:"})
    outcome = pipeline.try_run(pay)
    (letter,) = pipeline["dead_letter"].desk().letters(limit=1).letters
    head, first, *_ = letter.error.traceback.splitlines()
    assert head.startswith("Traceback")
    assert f'"{__file__}"' in first
    assert "in pay" in first
    assert outcome.error.__traceback__ is not None
    pipeline["breaker"].isolate()
    pipeline.try_run(pay)
    *_, refused = pipeline["dead_letter"].desk().letters(limit=9).letters
    assert "ninelives" in refused.error.traceback.splitlines()[1]


def test_groups_are_recorded():
    """An exception group's members are in the traceback."""
    record = error_record(raised(ExceptionGroup("several", [ValueError("one"), KeyError("two")])))
    assert "several (2 sub-exceptions)" in record.message
    assert "ValueError: one" in record.traceback


def test_odd_names_and_surrogates_are_survived():
    """Lone surrogates in messages and class names, and modules that are no text, are written in valid UTF-8."""
    odd = type("Odd", (Exception,), {"__module__": 5, "__qualname__": "O\ud800"})
    letter = MAKER.of_call(call(), raised(odd("\udfff")))
    assert decode_letter(encode_letter(letter)).error.message == "\\udfff"


def test_a_traceback_that_can_not_be_formatted_is_survived():
    """An error that spoils its own formatting has a record that says so."""

    class Spoiled(ExceptionGroup):
        @property
        def exceptions(self):
            raise RecursionError("exceptions")

    assert "can't be formatted" in error_record(Spoiled("several", [ValueError()])).traceback


@given(st.text(st.characters(categories=None)), st.text(st.characters(categories=None)))
def test_any_text_can_be_written(text, other):
    """Any text as key, tag, operation, pipeline's name, argument or message makes a letter that can be written."""
    failed = call(text, kwargs={text: other}, given_key=text, given_operation=other, tags={text: other})
    letter = LetterMaker(lambda: NOW, text).of_call(failed, ValueError(text))
    assert decode_letter(encode_letter(letter)) == letter


def test_keys_and_tags_that_are_no_text_become_text():
    """An idempotency key, a tag or an operation of another type does not cost the arguments."""
    letter = MAKER.of_call(call(1, given_key=17, tags={1: None}, given_operation=("a",)), ValueError())
    assert (letter.key, letter.tags, letter.operation) == ("17", {"1": "None"}, "('a',)")
    assert (letter.args, letter.replayable) == ([1], True)


def test_keyword_arguments_with_odd_names_come_back():
    """Keyword arguments whose names are tags or lone surrogates make a letter that can be replayed."""
    letter = MAKER.of_call(call(kwargs={"$type": 1, "\ud800": 2}), ValueError())
    assert letter.replayable
    assert decode_letter(encode_letter(letter)).kwargs["$type"] == "dict"


def test_what_can_not_be_held_is_said():
    """Arguments that JSON can't hold make a letter that says which, and that it can't be replayed."""
    letter = MAKER.of_call(call(object(), kwargs={"a": [object()]}), ValueError())
    assert not letter.replayable
    assert [part["path"] for part in letter.unserialisable] == ["args[0]", "kwargs.a[0]"]


class NoTags(UserDict):
    def items(self):
        raise RuntimeError("no tags")


def test_at_worst_there_is_a_wreck():
    """Where no whole letter can be made there is one that says what the call was given, and why it is no more."""
    letter = MAKER.of_call(call(1, tags=NoTags(), kwargs={"a": 2}), ValueError("x"))
    assert (letter.replayable, letter.error.message) == (False, "x")
    assert [part["repr"] for part in letter.unserialisable] == [
        "the letter could not be made: builtins.RuntimeError: no tags",
        "(1,)",
        "{'a': 2}",
    ]
    assert decode_letter(encode_letter(letter)) == letter


class Lying(Exception):
    """Raises at what is asked of it by those who want to know more."""

    @property
    def response(self):
        raise RuntimeError("response")

    @property
    def __cause__(self):
        raise RuntimeError("cause")


def test_what_can_not_be_told_of_the_error_costs_nothing_else():
    """An error that raises when it is looked at leaves the arguments whole."""
    letter = MAKER.of_call(call(1, nested=(ValueError(), "7")), Lying("x"))
    assert letter.args == [1]
    assert letter.replayable
    assert letter.error == ErrorRecord(type=f"{__name__}.Lying")
    assert letter.fingerprint is None
    assert letter.caused_by is None


def test_the_end_of_the_stack_marks_the_arguments():
    """Where the stack has no room left for the arguments they are marked, and there is a letter all the same."""

    def deeper(levels):
        return MAKER.of_call(call([[[[[[[[[[[[1]]]]]]]]]]]]), ValueError()) if levels == 0 else deeper(levels - 1)

    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    letter = deeper(sys.getrecursionlimit() - depth - 30)
    assert isinstance(letter, DeadLetter)
    assert not letter.replayable
    assert encode_letter(letter)


def test_a_message_becomes_a_letter():
    """A message sent by hand is a letter of its own, with what is known of the failure."""
    letter = LetterMaker(lambda: NOW).of_message({"to": ("Tom",)}, UserDict({"error": ValueError("x"), "code": 7}))
    assert letter.message == {"to": {"$type": "tuple", "value": ["Tom"]}}
    assert letter.error_info["code"] == 7
    assert letter.replayable
    assert letter.unserialisable == ({"path": "error_info.error", "repr": "ValueError('x')"},)
    assert (letter.id, letter.reason, letter.pipeline, letter.args) == (letter.key, "manual", None, None)
    assert LetterMaker(lambda: NOW).of_message(1, "boom").error_info == "boom"
    assert not LetterMaker(lambda: NOW).of_message(object(), None).replayable


def test_the_option_encodes_messages_and_their_errors():
    """`encode` is used for the message, for what is known of its failure, and again after a replay."""
    maker = LetterMaker(lambda: NOW, encode=repr)
    letter = maker.of_message(range(3), {"at": range(2)})
    assert letter.message == {"$type": "custom", "value": "range(0, 3)"}
    again = maker.after_replay(letter, failure_said({"at": range(5)}, NOW), 5)
    assert again.error_info == {"at": {"$type": "custom", "value": "range(0, 5)"}}


def test_only_this_process_made_its_letters():
    """A letter is of this very process by its number, its machine, and by not being older than the process."""
    letter = MAKER.of_call(call(), ValueError())
    replace = msgspec.structs.replace
    assert MAKER.made_here(letter)
    assert not MAKER.made_here(replace(letter, pid=letter.pid + 1))
    assert not MAKER.made_here(replace(letter, host="other"))
    assert not MAKER.made_here(replace(letter, id="01900000-0000-7000-8000-000000000000"))


def failure(**fields):
    record = ErrorRecord(type="a.B", message="again")
    return Failure(reason="exhausted", record=record, attempts=(Attempt(at=NOW, type="a.B"),), **fields)


def test_after_a_replay_it_is_the_same_letter():
    """A failed replay keeps the id and all else, counts one more, and has the new error last."""
    before = MAKER.of_call(call(1, attempt=1), ValueError("first"))
    before = msgspec.structs.replace(before, extra={"new": 1}, error_info={"a": 1})
    later = LetterMaker(lambda: datetime(2026, 2, 1, tzinfo=UTC), "shop")
    after = later.after_replay(before, failure(), 5)
    assert (after.id, after.args, after.extra, after.created) == (before.id, before.args, {"new": 1}, NOW)
    assert (after.replay_count, after.state, after.reason) == (1, "waiting", "exhausted")
    assert after.error.message == "again"
    assert [attempt.type for attempt in after.attempts] == ["builtins.ValueError", "a.B"]
    assert after.last_failed > before.last_failed
    assert after.error_info == {"a": 1}
    assert later.after_replay(before, failure(error_info={"b": 2}), 5).error_info == {"b": 2}


def test_it_is_parked_after_the_last_allowed_replay():
    """The letter is parked by the failure that reaches `max_replays`, stays so, and keeps ten attempts."""
    letter = MAKER.of_call(call(), ValueError())
    for _ in range(2):
        letter = MAKER.after_replay(letter, failure(), 3)
        assert letter.state == "waiting"
    for _ in range(12):
        letter = MAKER.after_replay(letter, failure(), 3)
        assert letter.state == "parked"
    assert (letter.replay_count, len(letter.attempts)) == (14, 10)


@pytest.mark.parametrize(
    ("info", "kind", "message"),
    [
        (None, "sent again by its reprocessor", ""),
        ({}, "sent again by its reprocessor", ""),
        ({"error_type": "api", "error_message": "\ud800"}, "api", "\\ud800"),
        ({"error_type": None, "error_message": ValueError("x")}, "None", "x"),
        ("boom", "sent again by its reprocessor", "boom"),
        (
            UserDict({"error_message": "x" * 5_000}),
            "sent again by its reprocessor",
            "x" * 2_000 + "… (5000 characters)",
        ),
    ],
)
def test_what_a_reprocessor_said_is_the_failure(info, kind, message):
    """What is sent with the message that came again is the error of its replay, whatever it is."""
    said = failure_said(info, NOW)
    assert (said.record.type, said.record.message, said.reason) == (kind, message, "manual")
    assert said.error_info == (info or None)


def test_the_failure_of_a_replay_is_that_of_the_call():
    """A replay's failure has the error's record, its reason and its attempts."""
    made = failure_of(call(attempt=1), ConnectionError("x"), NOW)
    assert (made.reason, made.record.message, len(made.attempts)) == ("exhausted", "x", 1)
