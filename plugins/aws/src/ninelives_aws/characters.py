"""The characters that SQS and SNS take."""

from __future__ import annotations

import re

__all__ = ["only_legal"]

# Source: API reference of SQS, SendMessage. They are those of XML 1.0, which SNS answers and delivers in.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def only_legal(text: str) -> str:
    r"""The text with each character that the services refuse replaced by U+FFFD: control characters, lone surrogates.

    Example:
        >>> only_legal("no\x00 answer")
        'no� answer'
    """
    return _ILLEGAL.sub("\ufffd", text)
