"""Phone numbers in text, in the forms that people and programs write them; the country code stays.

A number needs what other numbers lack: a ``+`` or ``00`` in front, or the brackets and the spacing of its country. Bare
digits are none: order numbers, timestamps, versions and IP addresses stay readable.
"""

from __future__ import annotations

import re

__all__ = ["country_code", "mask_phones"]

# Each pattern begins with the characters that it can begin with, and looks back from there: that is how they are found
# fast. What stands between two digits is bounded, so that nothing is tried over more than a number's length.

# E.164: at most 15 digits, no leading zero; in any script, with any space.
_PLUS = re.compile(r"(\+|%2B|\uff0b)((?!0)\d(?:[ ()./\xa0\u2000-\u2015\u202f-]{0,3}\d){6,14})(?!\d)")
# Dialled with 00; not the minutes or seconds of a time, a network card's address, or a part of something longer.
_DOUBLE_ZERO = re.compile(
    r"(00(?<![\w.+-]00)(?<![0-9]:00)(?!(?:-[0-9]{2}){5}(?![0-9-]))[ -]?)([1-9](?:[ ()./\xa0-]{0,2}[0-9]){8,14})"
    r"(?![\w-])(?!\.[0-9])"
)
# The North American plan without its +, maybe behind a 1: (555) 123-4567, 555-123-4567; with spaces only where no other
# number stands beside it, and neither area nor exchange begins with 0 or 1.
_NORTH_AMERICAN = re.compile(
    r"""[2-9](?<![\w+].)(?<![^1]-.)(?<![02-9]\..)(?<![\w.]1[.-].)[0-9]{2}(?:
        (?<=\(...)\)[ -]?[0-9]{3}[ .-]?[0-9]{4}
      | ([.-])[0-9]{3}\1[0-9]{4}
      | (?<![02-9][ ]...)(?<![0-9]1[ ]...)[ ][2-9][0-9]{2}[ -][0-9]{4}(?![ ][0-9])
    )(?!(?!x[0-9])[\w-])(?!\.[0-9])""",
    re.VERBOSE,
)
# With the 0 of a national number: (020) 7946 0958, 030/1234567, 020 7946 0958, 02 1234 5678, 03-1234-5678,
# 07700 900123, 0171-1234567, 079 123 45 67, 06 12 34 56 78.
_TRUNK = re.compile(
    r"""0(?<![\w.+-].)(?<![0-9][ ].)[1-9](?:
        (?:(?<=\(..)[0-9]{1,4}\)[ /-]?|[0-9]{1,3}/)[0-9]{3,4}(?:[ -]?[0-9]{3,5}|[ ][0-9]{2}[ ][0-9]{2})
      | [0-9]{0,3}[ ][0-9]{3,4}(?:[ -][0-9]{3,5}|[ ][0-9]{2}[ ][0-9]{2})
      | [0-9]?-[0-9]{4}-[0-9]{4}
      | [0-9](?:[ -][0-9]{7,8}|[0-9]{1,2}[ -][0-9]{6,8})
      | ([ .-])[0-9]{2}(?:\1[0-9]{2}){3}
    )(?![\w-])(?![ .][0-9])""",
    re.VERBOSE,
)
# In front of a + that begins no number: another number, an exponent, a version (1.0.0-alpha+20130313 is a build).
_NO_PHONE_BEHIND = re.compile(r"(?:[0-9]|[0-9.][eE]|[0-9]\.[0-9]++[\w.-]*)\Z")
_LOOK_BACK = 40  # characters

# The country codes of one and of two digits; all others have three. ITU-T E.164, and its list of assigned codes
# (Annex to the ITU Operational Bulletin 1114).
_ONE_DIGIT = frozenset("17")
_TWO_DIGITS = frozenset(
    zone + digit
    for zone, digits in {
        "2": "07",
        "3": "0123469",
        "4": "013456789",
        "5": "12345678",
        "6": "0123456",
        "8": "1246",
        "9": "0123458",
    }.items()
    for digit in digits
)
_ONE_DIGIT_LENGTH = 11  # digits of a number whose country code is 1 or 7

# A number with a fraction: +12345.678; but +1.5551230000 is how registries write a phone number (RFC 5733).
_FRACTION = re.compile(r"([0-9]+)\.[0-9]+\Z")
_FEWEST_BEHIND_A_DOT = 9  # digits of a phone number with a single dot


def country_code(digits: str) -> str:
    """The country code that the digits of an international number begin with.

    Example:
        >>> country_code("15551230000"), country_code("442079460958"), country_code("35315550000")
        ('1', '44', '353')
    """
    return digits[: 1 if digits[0] in _ONE_DIGIT else 2 if digits[:2] in _TWO_DIGITS else 3]


def mask_phones(text: str) -> str:
    """The text, with the digits of phone numbers as ``X``; the country code stays where there is one.

    Example:
        >>> mask_phones("+1 (555) 123-4567 or (555) 123-4567")
        '+1XXXXXXXXXX or (XXX) XXX-XXXX'
    """
    if "+" in text or "%2B" in text or "\uff0b" in text:
        text = _PLUS.sub(_international, text)
    if "00" in text:
        text = _DOUBLE_ZERO.sub(_dialled, text)
    return _TRUNK.sub(_national, _NORTH_AMERICAN.sub(_national, text))


def _international(found: re.Match[str]) -> str:
    begin = found.start()
    if _NO_PHONE_BEHIND.search(found.string[max(begin - _LOOK_BACK, 0) : begin]):
        return found[0]
    digits = "".join(str(int(digit)) for digit in re.findall(r"\d", found[2]))
    if (number := _FRACTION.match(found[2])) and (
        len(number[1]) < len(country_code(digits)) or len(digits) < _FEWEST_BEHIND_A_DOT
    ):
        return found[0]
    return found[1] + _masked(digits)


def _dialled(found: re.Match[str]) -> str:
    digits = re.sub("[^0-9]", "", found[2])
    code = country_code(digits)
    if not found[2].startswith(code) or (len(code) == 1 and len(digits) != _ONE_DIGIT_LENGTH):
        return found[0]
    return found[1] + _masked(digits)


def _national(found: re.Match[str]) -> str:
    return re.sub("[0-9]", "X", found[0])


def _masked(digits: str) -> str:
    code = country_code(digits)
    return code + "X" * (len(digits) - len(code))
