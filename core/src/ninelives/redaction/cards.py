"""Numbers of payment cards: digits that pass the check of Luhn, begin and are as many as the schemes' numbers."""

from __future__ import annotations

import re

from ninelives.address import MASK

__all__ = ["is_card", "mask_cards"]

# At least 13 digits, in one piece or in groups; each start is tried over one number's length only.
_DIGITS = re.compile(r"[0-9](?<![0-9A-Za-z_+].)(?<![0-9]\..)(?:[ \xa0-]?[0-9]){12}(?:[ \xa0-]?[0-9])*+")
_GROUPS = re.compile(r"([ \xa0-])")
_FIRST, _SECOND = 4, 6  # digits of the first group; of the second of three: 4-6-5. All others but the last have 4, too

# In front of what goes on after a dash: the beginning of an identifier in hexadecimal, as of a trace.
_HEX = re.compile(r"(?=[0-9-]{0,40}[A-Fa-f])[0-9A-Fa-f-]{7,}[0-9A-Fa-f]-\Z")
_LOOK_BACK = 40  # characters

# ISO/IEC 7812, and how many digits the schemes issue: Visa, Mastercard and Maestro, Mastercard, American Express,
# Diners Club, JCB, Discover and UnionPay and Maestro.
_SCHEME = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|5[0-9]{15,18}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    r"|3[47][0-9]{13}|3[0689][0-9]{12}(?:[0-9]{2,5})?|35[0-9]{14,17}|6[0-9]{15,18}"
)
_LONGEST = 19


def is_card(digits: str) -> bool:
    """Whether these digits can be the number of a payment card.

    Example:
        >>> is_card("4111111111111111"), is_card("4111111111111112")
        (True, False)
    """
    return _SCHEME.fullmatch(digits) is not None and _luhn(digits)


def mask_cards(text: str) -> str:
    """The text with the numbers of payment cards masked, with or without spaces or dashes between their groups."""
    return _DIGITS.sub(_without_cards, text)


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right is doubled, and the sum ends with 0."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (doubled + sum(map(int, digits[::-2]))) % 10 == 0


def _without_cards(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    if text[start - 1 : start] == "-" and _HEX.search(text, max(start - _LOOK_BACK, 0), start):
        return found[0]
    groups = _GROUPS.split(found[0])  # digits, what joins them, digits, ...
    # What goes on with a letter is no number: 4111111111111111abc
    rest = groups.pop() if text[end : end + 1].isalpha() or text[end : end + 1] == "_" else ""
    shown, at = list[str](), 0
    while at < len(groups):
        behind = _end_of_card(groups, at)
        shown.append(MASK if behind else groups[at])
        at = behind or at + 1
    return "".join(shown) + rest


def _end_of_card(groups: list[str], begin: int) -> int:
    """Behind the groups that are a card's number from `begin` on; 0 if there is none."""
    digits = ""
    for at in range(begin, len(groups), 2):
        digits += groups[at]
        if len(digits) > _LONGEST or not _may_go_on(groups, begin, at):
            break
        if is_card(digits):
            return at + 1
    return 0


def _may_go_on(groups: list[str], begin: int, at: int) -> bool:
    """Whether the groups before this one can be a card's: 4-4-4-4-3, 4-6-5. So a row of small numbers is no card."""
    before = [len(group) for group in groups[begin:at:2]]
    return not before or (before[0] == _FIRST and (before[1:] == [_SECOND] or set(before) == {_FIRST}))
