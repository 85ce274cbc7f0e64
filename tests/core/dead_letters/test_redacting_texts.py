"""What a letter masks stands in nothing that it says of the failure either."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ninelives.call import Call
from ninelives.dead_letters.failures import MAX_TRACEBACK
from ninelives.dead_letters.fingerprints import Fingerprints
from ninelives.dead_letters.hiding import MAX_CHARACTERS, MAX_HIDDEN, Hiding
from ninelives.dead_letters.letter import encode_letter
from ninelives.dead_letters.making import LetterMaker
from ninelives.dead_letters.payload import encode
from ninelives.dead_letters.redacting import Redactor

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PHONE = "+1 555 123 0000"


def hiding(*values):
    return Hiding.of([encode(value, "x")[0] for value in values])


def letter_of(error, attempts=None, **kwargs):
    maker = LetterMaker(lambda: NOW, "shop", redactor=Redactor.of(["kwargs.phone"]))
    call = Call(print, (), kwargs, 0.0, "shop", attempt=len(attempts or ()) or 1, attempts=attempts)
    try:
        raise error
    except ConnectionError as raised:
        return maker.of_call(call, raised)


def test_the_error_does_not_say_it():
    """It stands neither in the message, the traceback, the causes nor the attempts; what else they say stays."""
    error = ConnectionError(f"no answer from {PHONE} at 12")
    error.add_note(f"asked {PHONE}")
    error.__cause__ = OSError(f"to {PHONE}")
    letter = letter_of(error, [(NOW, "a.B", f"busy: {PHONE}"), (NOW, "a.B", "busy")], phone=PHONE)
    assert letter.error.message == "no answer from *** at 12"
    assert letter.error.causes == ("builtins.OSError: to ***",)
    assert letter.error.traceback.count("***") == 3
    assert "in letter_of\n" in letter.error.traceback
    assert [attempt.message for attempt in letter.attempts] == ["busy: ***", "busy"]
    assert PHONE.encode() not in encode_letter(letter)


def test_where_nothing_was_masked_nothing_is_hidden():
    """A call that lacks what is masked keeps its error's words."""
    assert letter_of(ConnectionError(PHONE), other=PHONE).error.message == PHONE


def test_error_info_does_not_say_it():
    """What was told of the failure of a message is masked at any depth, numbers too; names and other values stay."""
    maker = LetterMaker(lambda: NOW, redactor=Redactor.of(["message.to", "message.pin"]))
    told = {"error_type": "E", "error_message": f"no {PHONE}", "at": [{PHONE: (PHONE, 123456, 12, True, None, b"x")}]}
    letter = maker.of_message({"to": PHONE, "pin": 123456}, told)
    assert letter.error_info == {
        "error_type": "E",
        "error_message": "no ***",
        "at": [
            {
                PHONE: {
                    "$type": "tuple",
                    "value": ["***", "***", 12, True, None, {"$type": "bytes", "value": "eA=="}],
                }
            }
        ],
    }
    assert letter.error.message == "no ***"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (PHONE, PHONE),
        (PHONE, quote(PHONE)),
        (PHONE, "%2B1+555+123+0000"),
        ("tom@example.com", "tom%40example.com"),
        (PHONE, "15551230000"),
        ("4111 1111-1111 1111", "4111111111111111"),
        ("Zoë, Jörg", str("Zoë, Jörg".encode())[2:-1]),
        ("Tom", "Tom"),
        ("123", "123"),
        (123, "123"),
        ("Tom's\n", r"Tom's\n"),
        ("Tom's\n", r"Tom\'s\n"),
        ("Zoë\n", r"Zo\u00eb\n"),
        ("Zoë\n", r"Zoë\n"),
        ("\ud800 abc", r"\ud800 abc"),
        ("-----BEGIN\n  abcdef\n", "abcdef"),
        (" padded ", "padded"),
        (12345, "12345"),
        (12.75, "12.75"),
        (1 << 70, str(1 << 70)),
        (Decimal("12.50"), "12.50"),
        (UUID(int=7), str(UUID(int=7))),
        (NOW, "2026-01-01T00:00:00+00:00"),
        (NOW, "2026-01-01 00:00:00+00:00"),
        (NOW, repr(NOW)),
        (b"\xffsecret", r"\xffsecret"),
        (bytearray(b"\xffsecret"), r"\xffsecret"),
        (b"secret", "secret"),
        ({"a": ["Thomas", {"b": ("Walter",)}]}, "Walter"),
        ({1: "Thomas"}, "Thomas"),
        ({PHONE: 1}, PHONE),
        ({"tom@example.com": 1}, "tom@example.com"),
        ({15551230000: 1}, "15551230000"),
        ({"Thomas"}, "Thomas"),
        (object, "<class 'object'>"),
        (ConnectionError("Thomas"), "Thomas"),
    ],
)
def test_however_it_is_written(value, text):
    """A value is found as Python, JSON and URLs write it; of one with parts each part, of one with lines each line."""
    assert hiding(value).text(f"it was {text}!") == "it was ***!"


@pytest.mark.parametrize(
    "value", ["To", "", "   ", 12, None, True, False, {"a": 1}, [], {"longer name": "To"}, {"Content-Type": 1}]
)
def test_what_says_little_is_left(value):
    """What is shorter than three characters is not looked for, nor are truth values and names that are words."""
    text = "To has 12 longer name True False None true null Content-Type"
    assert hiding(value).text(text) == text


def test_three_characters_are_a_word():
    """What has three characters, as a card's check number has, is found as a word of its own, not within another."""
    assert (
        hiding("Tom", 123, "Ünö").text("Tom's Tomcat, cvv=123 of 1234, Ünö Ünöx")
        == "***'s Tomcat, cvv=*** of 1234, *** Ünöx"
    )


def test_tags_do_not_say_it():
    """Where a tag says what is masked, it is masked there too; what else tags say stays, and so does the key."""
    maker = LetterMaker(lambda: NOW, "shop", redactor=Redactor.of(["kwargs.phone"]))
    tags = {"caller": f"tel:{PHONE}", "shard": "7"}
    call = Call(print, (), {"phone": PHONE}, 0.0, "shop", tags=tags, given_key=f"ring {PHONE}")
    letter = maker.of_call(call, ConnectionError())
    assert letter.tags == {"caller": "tel:***", "shard": "7"}
    assert letter.key == f"ring {PHONE}"


@pytest.mark.parametrize("own", [True, False])
def test_the_programs_own_fingerprint_does_not_say_it(own):
    """What the program's own function says of the kind is masked; ours is made of no value."""
    fingerprints = Fingerprints(str if own else None)
    maker = LetterMaker(lambda: NOW, "shop", fingerprints=fingerprints, redactor=Redactor.of(["kwargs.phone"]))

    def kind(error, **kwargs):
        return maker.of_call(Call(print, (), kwargs, 0.0, "shop"), ConnectionError(error)).fingerprint

    assert kind(f"no {PHONE}", phone=PHONE) == ("no ***" if own else kind("down"))
    many = list(map(str, range(1000, 1001 + MAX_HIDDEN)))
    assert (kind("no 1000", phone=many) == kind("no 1001", phone=many)) is not own
    assert "1000" not in kind("no 1000", phone=many)


def test_a_number_that_is_too_long_to_be_written():
    """A whole number with more digits than Python writes is survived."""
    assert hiding(1 << 100_000, PHONE).text(PHONE) == "***"


def test_the_longest_goes_first():
    """Of two values of which one is a part of the other, nothing of the longer is left."""
    assert hiding("1234", "123456").text("123456, 1234") == "***, ***"


def test_a_part_beside_a_cut():
    """Where a text was cut in the middle of a value, what is left of that goes too."""
    long = "abcdefghijklmnopqrstuvwxyz" * 200
    letter = letter_of(ConnectionError(f"no {long} at"), phone=long)
    assert letter.error.message == "no ***… (5206 characters)"
    letter = letter_of(ConnectionError("x" * 1994 + PHONE), phone=PHONE)
    assert letter.error.message == "x" * 1994 + "***… (2009 characters)"
    whole = hiding("abcdefgh")
    cut = "\n... 7 characters left out ...\n"
    assert whole.text(f"an abcdef{cut}defgh abcde") == f"an ***{cut}*** abcde"
    assert hiding("abcd-efgh-ij", "-efgh-xy").text("abcd-efgh-… (7 characters)") == "***… (7 characters)"
    assert whole.text(f"an abcabcdx{cut}xefgh, defg") == f"an abcabcdx{cut}xefgh, defg"
    assert whole.text(f"abcdabcd{cut}efghefgh") == f"abcd***{cut}***efgh"


@settings(deadline=None)
@given(st.integers(0, 2100), st.integers(5, 3000))
def test_wherever_a_text_is_cut(before, length):
    """Wherever the bounds of a message and of a traceback fall, four characters in a row of a value are never left."""
    value = "".join(chr(0x4E00 + number) for number in range(length))
    letter = letter_of(ConnectionError("x" * before + value + "y" * (MAX_TRACEBACK - before)), phone=value)
    said = (letter.error.message, letter.error.traceback)
    assert not any(value[at : at + 4] in text for text in said for at in range(length - 3))


@settings(deadline=None)
@given(st.text("ab", max_size=16), st.text("ab", min_size=5, max_size=12))
def test_no_part_is_left_of_what_repeats_itself(text, value):
    """Of a value that is like its own parts, no four characters in a row are left beside a cut, nor is more taken."""
    cut = "\n... 7 characters left out ...\n"
    plain = text.replace(value, "***")
    begin, _, end = hiding(value).text(f"{text}{cut}{text}").partition(cut)
    parts = [size for size in range(len(value), 3, -1) if plain.endswith(value[:size])]
    assert begin == (plain[: -parts[0]] + "***" if parts else plain)
    parts = [size for size in range(len(value), 3, -1) if plain.startswith(value[-size:])]
    assert end == ("***" + plain[parts[0] :] if parts else plain)


def test_very_many_values():
    """Where more is masked than can be looked for, no text of the failure is kept at all."""
    values = [f"value-{number}" for number in range(MAX_HIDDEN + 1)]
    letter = letter_of(ConnectionError("anything"), phone=values)
    assert (letter.error.message, letter.error.traceback, letter.error.type) == (
        "***",
        "***",
        "builtins.ConnectionError",
    )
    assert hiding(values[:-1]).text("anything value-7") == "anything ***"
    assert hiding(values).text("") == ""
    half = "x" * (MAX_CHARACTERS // 2)
    assert hiding(half, half).text("anything") == "anything"
    assert hiding(half, half, "1").text("anything") == "***"
