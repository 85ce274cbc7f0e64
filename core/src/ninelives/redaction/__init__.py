"""Masking what must not leave the program: in notifications and logs, by the names of keys and by pattern."""

from __future__ import annotations

from ninelives.masked_keys import mask_keys
from ninelives.redaction.errors import masked_traceback
from ninelives.redaction.functions import functions_in, redact_function
from ninelives.redaction.text import MAX_TEXT, one_line, redact_text
from ninelives.redaction.walk import MAX_DEPTH, MAX_ITEMS, MAX_PARTS, redact

__all__ = [
    "MAX_DEPTH",
    "MAX_ITEMS",
    "MAX_PARTS",
    "MAX_TEXT",
    "functions_in",
    "mask_keys",
    "masked_traceback",
    "one_line",
    "redact",
    "redact_function",
    "redact_text",
]
