"""Masking text, by the names of keys and by pattern."""

from __future__ import annotations

import re

from ninelives.describing import clean_text
from ninelives.redaction.cards import mask_cards
from ninelives.redaction.pairs import mask_pairs
from ninelives.redaction.phones import mask_phones
from ninelives.redaction.prose import mask_prose
from ninelives.redaction.reports import mask_reports
from ninelives.redaction.shells import mask_shells
from ninelives.redaction.tokens import (
    mask_credentials,
    mask_key_blocks,
    mask_mail,
    mask_tokens,
    mask_url_passwords,
)

__all__ = ["MAX_TEXT", "mask_whole", "one_line", "redact_text"]

MAX_TEXT = 10_000
"""Characters of one text that are kept."""

# Read beyond that, so that a secret at the cut is still recognised by what follows it.
_BEYOND = 200
_SHORTEST = 13  # characters of the shortest secret that is one word without any sign
# No phone or card number has fewer digits, close together.
_SOME_DIGITS = re.compile(r"\d(?:\D{0,3}\d){6}")
_MARK = 40  # characters, at most, of what is said at a cut
_CUT_END = " characters)"
_CUT = re.compile(r"… \([0-9]{1,20} characters\)\Z")
# What stands before a cut may be half a secret, which nothing recognises any more.
_TORN = re.compile(r"(?:[0-9 ().+-]{0,40}[0-9().+-]|\s?\S{1,200})\Z")

# The separators of lines and paragraphs, and what turns the direction of a text: the rest of the line would lie.
_STEERING = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_CONTROLS = (
    {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
    | {code: f"\\u{code:04x}" for code in _STEERING}
    | {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}
)


def redact_text(text: str) -> str:
    """The text with its secrets masked; always valid UTF-8, and one that is very long is cut.

    Masked are: the values of keys that name a secret (``password=…``, ``"api_key": "…"``, ``--token …``; `mask_keys`
    adds names), authorization and cookie headers, bearer and basic credentials, AWS access key ids, JSON Web Tokens and
    tokens of well-known shapes, blocks of private keys, passwords in URLs, the numbers of payment cards, mail addresses
    (the domain stays) and phone numbers (the country code stays). At a cut the last word goes too: it may be half a
    secret.

    Args:
        text: Any text; the first 10,000 characters are kept.

    Example:
        >>> redact_text("call +15551230000 with password=hunter2")
        'call +1XXXXXXXXXX with password=***'
    """
    length = str.__len__(text)
    if length <= MAX_TEXT and not str.endswith(text, _CUT_END):
        return mask_whole(clean_text(text))
    # Cut before the patterns look at it, so that a text of a megabyte costs no more than a short one.
    head = clean_text(str.__getitem__(text, slice(MAX_TEXT + _BEYOND)))
    mark = _CUT.search(head, max(len(head) - _MARK, 0)) if head.endswith(_CUT_END) else None
    if mark is not None and length <= MAX_TEXT + _MARK:
        return mask_whole(_without_torn(head[: mark.start()])) + mark[0]
    if length <= MAX_TEXT:
        return mask_whole(head)
    whole = head if length <= MAX_TEXT + _BEYOND else _without_torn(head)
    return f"{mask_whole(whole)[:MAX_TEXT]} … ({length} characters)"


def mask_whole(text: str) -> str:
    """The text whole, its secrets masked: `redact_text` without a limit."""
    if len(text) < _SHORTEST and text.isidentifier():
        return text  # most keys, and many values
    text = mask_url_passwords(mask_key_blocks(text))
    if _SOME_DIGITS.search(text):
        text = mask_phones(mask_cards(text))
    text = mask_reports(mask_shells(mask_tokens(text)))
    return mask_mail(mask_prose(mask_credentials(mask_pairs(text))))


def one_line(text: str) -> str:
    r"""The text with its control characters escaped, so that it can't pretend to be another line.

    Example:
        >>> one_line("no\nERROR: forged")
        'no\\nERROR: forged'
    """
    return text.translate(_CONTROLS)


def _without_torn(text: str) -> str:
    """The text without the word that a cut may have torn; in its place a space, so that nothing is torn again."""
    at = max(len(text) - _BEYOND, 0)
    return text[:at] + _TORN.sub(" ", text[at:])
