"""Secrets in sentences: ``password 'hunter2' is wrong``, ``your code is 913412``, ``Incorrect API key provided: …``.

A sentence says "password" far more often than it quotes one. So what follows must stand in quotes, or hold a digit or a
sign among its letters; and of a token it must be long too.
"""

from __future__ import annotations

import re

from ninelives.address import MASK

__all__ = ["mask_prose"]

# Each starts at a word of its own, and what it looks at from there is bounded.
_PASSWORD = re.compile(
    r"""(?<![\w-])(pass(?:word|wd|phrase|code)|pwd)
        ((?:[ ]for(?:[ ]user)?[ ][\w.@+'"-]{1,64}+)?(?:[ ](?:is|was))?[ ])
        (?:(?P<quote>["'`])(?:(?!(?P=quote))\S){1,200}+(?P=quote)
          |(?=[^\s"'`]{0,64}?[0-9!@#$%^&*])(?=[^\s"'`]{0,64}?[a-z])[^\s"'`,;()<>\[\]{}=]{4,200}+(?![=(]))""",
    re.IGNORECASE | re.VERBOSE,
)
_TOKEN = re.compile(
    r"""(?<![\w-])((?:api|access|secret|auth)[ _-]?key|(?<!\bcsrf[ ])token)
        ((?:[ ](?:is|was|provided|given|id))?:?[ ])
        (?:["'`])?(?=[\w.~+/=-]{0,200}?[0-9])(?=[\w.~+/=-]{0,200}?[a-z])\w[\w.~+/=-]{15,}+["'`]?""",
    re.IGNORECASE | re.VERBOSE,
)
_CODE = re.compile(
    r"""\b((?:otp|totp|pin|(?:one[ -]time|verification|security|confirmation|login|2fa|mfa|your(?:[ ]\w{1,20}+)?)
        [ -](?:code|password|passcode|pin))(?:[ ](?:is|was)|:)?[ ])[0-9]{4,8}(?![\w.-])""",
    re.IGNORECASE | re.VERBOSE,
)


def mask_prose(text: str) -> str:
    """The text, with the passwords, tokens and codes masked that its sentences quote.

    Example:
        >>> mask_prose("the password hunter2 is wrong, password expired")
        'the password *** is wrong, password expired'
    """
    if " " not in text:
        return text
    # What stands in each pattern is found many times faster than the pattern is, and most texts hold none.
    lowered = text.lower()
    word = "word " in lowered
    if word or "phrase " in lowered or "code " in lowered or "wd " in lowered:
        text = _PASSWORD.sub(rf"\1\2{MASK}", text)
    if "token " in lowered or "key " in lowered:
        text = _TOKEN.sub(rf"\1\2{MASK}", text)
    return _CODE.sub(rf"\1{MASK}", text) if word or "code" in lowered or "otp" in lowered or "pin" in lowered else text
