"""Phone numbers and card numbers in text, and the numbers that are neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninelives.redaction import redact, redact_text
from ninelives.redaction.cards import is_card
from ninelives.redaction.phones import country_code


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+15551230000", "+1XXXXXXXXXX"),
        ("+1 (555) 123-4567", "+1XXXXXXXXXX"),
        ("+44 (0)20 7946 0958", "+44XXXXXXXXXXX"),
        ("+49.30.1234567", "+49XXXXXXXXX"),
        ("+353-1-555-0000", "+353XXXXXXXX"),
        ("+998 90 123 45 67", "+998XXXXXXXXX"),
        ("a+79261234567", "a+7XXXXXXXXXX"),
        ("+1 555 123 4567 12345678", "+1XXXXXXXXXX 12345678"),
        ("0044 20 7946 0958", "0044XXXXXXXXXX"),
        ("00442079460958", "0044XXXXXXXXXX"),
        ("tel 00 1 555 123 4567", "tel 00 1XXXXXXXXXX"),
        ("(555) 123-4567", "(XXX) XXX-XXXX"),
        ("call(555)123-4567", "call(XXX)XXX-XXXX"),
        ("555-123-4567", "XXX-XXX-XXXX"),
        ("555.123.4567.", "XXX.XXX.XXXX."),
        ("555 234 5678", "XXX XXX XXXX"),
        ("1-800-555-0199", "1-XXX-XXX-XXXX"),
        ("1 (800) 555-0199", "1 (XXX) XXX-XXXX"),
        ("1 800 555 0199", "1 XXX XXX XXXX"),
        ("(020) 7946 0958", "(XXX) XXXX XXXX"),
        ("020 7946 0958", "XXX XXXX XXXX"),
        ("030/1234567", "XXX/XXXXXXX"),
        ("06 12 34 56 78", "XX XX XX XX XX"),
        ("phone: 555 1234, x", "phone: ***, x"),
        ("phone: (555) 123-4567 x", "phone: *** x"),
    ],
)
def test_common_forms_of_phone_numbers_are_masked(text, masked):
    """International numbers keep their country code; of national ones the shape stays."""
    assert redact_text(text) == masked
    assert redact_text(masked) == masked


@pytest.mark.parametrize(
    ("digits", "code"),
    [("15551230000", "1"), ("79261234567", "7"), ("20123456789", "20"), ("21261234567", "212"), ("33612345678", "33"),
     ("35315550000", "353"), ("442079460958", "44"), ("420601123456", "420"), ("5511912345678",
     "55"), ("8613012345678", "86"),
     ("85212345678", "852"), ("966501234567", "966"), ("998901234567", "998"), ("919812345678", "91")],
)  # fmt: skip
def test_the_country_code_is_that_of_the_zone(digits, code):
    """One digit in the zones 1 and 7, else two or three as E.164 has given them out."""
    assert country_code(digits) == code
    assert redact_text(f"+{digits}") == f"+{code}{'X' * (len(digits) - len(code))}"


@pytest.mark.parametrize(
    "text",
    ["10.0.0.1", "255.255.255.255", "192.168.100.200:8080", "1.0.0-alpha+20130313144700", "1.2.3+20260101",
     "Chrome/120.0.6099.109", "2026-01-01T00:00:00+10:00", "2026-11-25 02:25:03", "12:30:00 2026-11-25 02:25:03",
     "1700000000", "1700000000000", "1700000000000000000", "0190a5c0-0000-7000-8000-000000000000",
     "order 0012345678", "001234567890",
     "order 0000012345",
     "order 112-1234567-1234567", "ORD-555-123-4567", "555-123-4567-89", "order 4111111111111112",
     "4111111111111111abc", "0.4111111111111111", "took 1e+12345678 s", "5+12345678", "12 34 56 78 90 12 34 56",
     "5 10 15 20 25 30 35 40", "512 128 4096 bytes", "1 555 234 5678 9", "ISBN 978-3-16-148410-0", "123-45-6789",
     "01-23-45-67-89-10", "01:23:45:67:89:10", "arn:aws:sns:us-east-1:123456789012:admins", "v2.0.0044207946"],
)  # fmt: skip
def test_other_numbers_stay_readable(text):
    """Addresses, versions, times, identifiers and amounts are no phone numbers and no cards."""
    assert redact_text(text) == text


CARDS = ["4111111111111111", "4222222222222", "5555555555554444", "2223003122003222", "378282246310005",
"371449635398431",
         "30569309025904", "38520000023237", "3530111333300000", "6011111111111117", "6304000000000000",
         "6212345678901265"]  # fmt: skip


@pytest.mark.parametrize("number", CARDS)
def test_card_numbers_are_masked_in_every_spelling(number):
    """In one piece, in the groups that are printed on them, with spaces or dashes, in text and as a number."""
    assert is_card(number)
    sizes = (4, 6, 5) if len(number) == 15 else (4, 4, 4, 7)
    groups, rest = [], number
    for size in sizes:
        groups, rest = [*groups, rest[:size]], rest[size:]
    for joint in ("", " ", "-"):
        assert redact_text(f"card {joint.join(filter(None, groups))}, 7 left") == "card ***, 7 left"
    assert redact({"n": int(number)}) == {"n": "***"}


@pytest.mark.parametrize("number", CARDS)
def test_a_wrong_check_digit_is_no_card(number):
    """Luhn's check tells card numbers from others."""
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not is_card(wrong)
    assert redact({"text": wrong, "n": int(wrong)}) == {"text": wrong, "n": int(wrong)}


def test_a_card_beside_other_numbers_is_found():
    """What stands before and behind it stays."""
    assert redact_text("2026 4111 1111 1111 1111 1234") == "2026 *** 1234"


@given(st.from_regex(r"[1-9][0-9]{7,14}", fullmatch=True), st.text(" ab,;:()[]{}<>'\"\n"))
def test_no_number_in_e164_comes_out(digits, before):
    """Whatever stands before it, and whatever the country."""
    shown = redact_text(f"{before}+{digits}")
    assert digits[3:] not in shown
