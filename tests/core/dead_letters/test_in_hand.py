"""The letter that is being run again, known to whatever runs inside."""

from __future__ import annotations

import contextvars
from datetime import UTC, datetime

import pytest

from ninelives.call import Call
from ninelives.dead_letters import in_hand
from ninelives.dead_letters.in_hand import Hand, hand_now, held
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.making import LetterMaker

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def buy(*args, **kwargs):
    """What fails."""


def call(*args, func=buy, **kwargs):
    return Call(func, args, kwargs, 0.0, "shop")


def of_message(message, **options):
    return Hand(LetterMaker(lambda: NOW).of_message(message, None), **options)


def of_call(*args, **kwargs):
    return Hand(LetterMaker(lambda: NOW, "shop").of_call(call(*args, **kwargs), ValueError()))


class Odd:
    def __eq__(self, other):
        raise RuntimeError("eq")

    __hash__ = None

    def __repr__(self):
        return "Odd"


@pytest.mark.parametrize("message", [{"to": ("Tom",)}, [1, {2, 3}], "text", 5, None, True, b"x", float("nan"), Odd()])
def test_an_equal_message_is_the_one_in_hand(message):
    """A message that is written alike is the one in hand, of whatever kind it is."""
    assert of_message(message).holds(message)


@pytest.mark.parametrize(("message", "other"), [(1, True), (1, 1.0), (0, False), ("1", 1), ([1], (1,)), ({}, None)])
def test_what_is_merely_equal_is_another(message, other):
    """1 is not True, and a tuple is no list: a message of another type is another message."""
    assert not of_message(message).holds(other)


def test_the_order_of_keys_and_members_does_not_matter():
    """Equal dictionaries and sets are the same message in whatever order they were made."""
    assert of_message({"a": 1, "b": {0, 8}}).holds({"b": {8, 0}, "a": 1})


def test_a_message_that_was_changed_is_still_the_one_in_hand():
    """The very object that the reprocessor was given is known again, whatever was done to it."""
    message = {"to": "Tom"}
    hand = of_message({"to": "Tom"}, given=(message,))
    message["attempts"] = 2
    assert hand.holds(message)
    assert not hand.holds(dict(message))


def test_any_argument_of_a_call_is_its_message():
    """Of a call's letter every argument is, by position or by name, but none of those that many messages equal."""
    hand = of_call({"to": "Tom"}, 5, None, flag=True, body="text")
    assert hand.holds({"to": "Tom"})
    assert hand.holds("text")
    for other in (5, None, True, {"to": "Ann"}):
        assert not hand.holds(other)
    assert of_call(5).holds(5)
    assert of_call(n=5).holds(5)


def test_arguments_under_odd_names_count_too():
    """Keyword arguments that are kept as pairs are looked at as well."""
    hand = of_call({"a": 1}, **{"$type": "text"})
    assert hand.holds("text")


def test_an_encoder_is_used():
    """What JSON can't hold is compared as the letter's own encoder writes it."""
    maker = LetterMaker(lambda: NOW, encode=lambda value: [value.start, value.stop])
    hand = Hand(maker.of_message(range(3), None), custom=maker.encode)
    assert hand.holds(range(3))
    assert not hand.holds(range(4))


def test_a_call_that_is_given_the_message_is_part_of_the_replay():
    """A call with the message in hand among its arguments is covered by it."""
    hand = of_message({"to": "Tom"})
    assert hand.covers(call({"to": "Tom"}))
    assert hand.covers(call(1, message={"to": "Tom"}))
    assert not hand.covers(call({"to": "Ann"}))
    assert not hand.covers(call())


def test_the_same_call_is_part_of_the_replay():
    """Of a call's letter the same function with the same arguments is covered, and nothing else."""
    hand = of_call({"to": "Tom"}, n=1)
    assert hand.covers(call({"to": "Tom"}, n=1))
    assert not hand.covers(call({"to": "Tom"}, n=2))
    assert not hand.covers(call({"to": "Tom"}))
    assert not hand.covers(call({"to": "Tom"}, n=1, func=len))


def test_a_letter_without_keyword_arguments():
    """A record that has arguments and no keyword arguments is one of a call without."""
    made = DeadLetter(
        id="1", key="1", created=NOW, first_failed=NOW, last_failed=NOW, args=[7], operation=f"{__name__}:buy"
    )
    assert Hand(made).holds(7)
    assert Hand(made).covers(call(7))


def test_it_is_in_hand_within_and_no_longer():
    """What was begun within knows the letter, but no longer than the replay lasts."""
    outer, inner = of_message(1), of_message(2)
    assert hand_now() is None
    with held(outer):
        with held(inner):
            assert hand_now() is inner
            later = contextvars.copy_context()
        assert hand_now() is outer
    assert hand_now() is None
    assert later.run(hand_now) is inner
    assert not inner.holds(2)
    assert not inner.covers(call(2))


def test_what_is_interrupted_as_it_is_taken_in_hand_is_not_in_hand(monkeypatch):
    """Where the program is interrupted in that very moment, what fails later is not taken for that letter, and lost."""

    class Interrupted:
        def set(self, hand):
            inner.set(hand)
            raise KeyboardInterrupt

    def interrupted():
        monkeypatch.setattr(in_hand, "_hand", Interrupted())
        with pytest.raises(KeyboardInterrupt), held(hand):
            raise AssertionError("it was never taken in hand")
        monkeypatch.undo()
        assert hand_now() is hand
        assert not hand.holds("hello")

    inner, hand = in_hand._hand, of_message("hello")
    contextvars.copy_context().run(interrupted)
