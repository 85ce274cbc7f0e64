"""Masking what must not leave the program: in notifications and logs, by key names and by pattern.

Every pattern is linear: it starts only where a run of its characters starts, and possessive quantifiers (``++``) never
go back. So hostile text costs no more than other text of its length.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, time
from typing import Any

from ninelives.address import MASK
from ninelives.describing import clean_text, safe_message, safe_repr, type_name

__all__ = ["MAX_DEPTH", "MAX_ITEMS", "MAX_PARTS", "MAX_TEXT", "one_line", "redact", "redact_text"]

MAX_DEPTH = 10
"""Levels of nesting that are kept."""
MAX_ITEMS = 100
"""Entries of one mapping or list that are kept."""
MAX_PARTS = 1_000
"""Values that are kept altogether."""
MAX_TEXT = 10_000
"""Characters of one text that are kept."""

# A secret that the cut would split is still recognised by what follows it this far.
_BEYOND = 200
_INT_BITS = 256

_SECRET_KEY = re.compile(
    r"passw|pass_?phrase|passcode|\Apass\Z|pwd|secret|token|authori[sz]ation|\A(?:auth|sig)\Z|cookie|credential"
    r"|signature\Z"
    r"|(?:api|access|private|signing|encryption)[ _-]?key|session[ _-]?id|phone|mobile|e[_-]?mail|\Assn\Z",
    re.IGNORECASE,
)

# What these hold has spaces in it: it ends with the line.
_HEADER_KEY = re.compile(r"authori[sz]ation\Z|cookie\Z", re.IGNORECASE)
_KEY = re.compile(r"""(?<![\w-])([\w-]++)\\*+["']?\s*+[=:]\s*+""")
_VALUE, _LINE_VALUE = (
    re.compile(rf"""\\*+(?:[bBuUrR]?"(?:[^"\\]|\\.)*+"?|[bBuUrR]?'(?:[^'\\]|\\.)*+'?|{unquoted})""", re.DOTALL)
    for unquoted in (r"[^\s&]++", r"[^\r\n]++")
)
# To the last @ before the path or the query: one in a password that was not encoded must not show its rest.
_URL_PASSWORD = re.compile(r"(://[^\s/:]*+:)(?:[^\s/?]|\?(?!\w++=))+@")
_BEARER = re.compile(
    r"(?i)\b(bearer\s++)(?!(?:token|auth|realm|scheme|error|is|was|and|or|not|for)\b|auth\w*\b)[\w.~+/=-]++"
)
# Credentials in base64 hold a digit, a capital or "=" past their first character; the word after "basic" does not.
_BASIC = re.compile(r"(?i:\b(basic\s++))(?=[A-Za-z0-9+/][a-z+/]*+[A-Z0-9=])[A-Za-z0-9+/_-]{6,}+=*+")
_KNOWN_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:(AKIA|ASIA)[A-Z0-9]{16}|(sk-|[rsp]k_live_|gh[opsu]_|github_pat_|xox[abp]-|glpat-)[\w-]{10,}+)"
)
_MAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]++@(?=[\w-]++\.[\w-])")
# E.164: at most 15 digits, no leading zero. Not the exponent of a number, nor the offset of a time.
_PHONE = re.compile(r"(?<!\d)(?<![\d.][eE])(\+|%2B)([1-9](?:[ ().-]{0,2}\d){6,14})(?!\d)")

# The separators of lines and paragraphs, and what turns the direction of a text: the rest of the line would lie.
_STEERING = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_CONTROLS = (
    {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
    | {code: f"\\u{code:04x}" for code in _STEERING}
    | {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}
)


def redact_text(text: str) -> str:
    """The text with its secrets masked; always valid UTF-8, and one that is very long is cut.

    Masked are: the values of keys that name a secret (``password=…``, ``"api_key": "…"``), authorization and cookie
    headers, bearer and basic credentials, access keys and tokens of well-known shapes, passwords in URLs, mail
    addresses (the domain stays) and phone numbers in E.164 (the country code stays, roughly).

    Args:
        text: Any text; the first 10,000 characters are kept.

    Example:
        >>> redact_text("call +15551230000 with password=hunter2")
        'call +1XXXXXXXXXX with password=***'
    """
    length = str.__len__(text)
    # Cut before the patterns look at it, so that a text of a megabyte costs no more than a short one.
    head = clean_text(str.__getitem__(text, slice(MAX_TEXT + _BEYOND)))
    masked = _masked(head)
    if length <= MAX_TEXT:
        return masked
    return f"{masked[:MAX_TEXT]}… ({length} characters)"


def redact(value: Any, *, one_line_only: bool = False) -> Any:
    """The value as JSON can hold it, with its secrets masked.

    The whole value of a key that names a secret is masked; all other text is as `redact_text` gives it. What JSON
    lacks becomes text; what is too deep, too much, contains itself or can't be read becomes a placeholder in ``<>``.
    Never raises an `Exception`.

    Args:
        value: Anything.
        one_line_only: Also escape line breaks and other control characters, as `one_line` does.

    Example:
        >>> redact({"user": {"password": "hunter2", "id": 7}})
        {'user': {'password': '***', 'id': 7}}
    """
    return _Masker((lambda text: one_line(redact_text(text))) if one_line_only else redact_text).mask(value, 0)


def one_line(text: str) -> str:
    r"""The text with its control characters escaped, so that it can't pretend to be another line.

    Example:
        >>> one_line("no\nERROR: forged")
        'no\\nERROR: forged'
    """
    return text.translate(_CONTROLS)


def _masked(text: str) -> str:
    # Looking for a plain character or word first spares most texts most patterns.
    if "=" in text or ":" in text:
        text = _mask_values(_URL_PASSWORD.sub(rf"\1{MASK}@", text))
    lowered = text.lower()
    if "bearer" in lowered:
        text = _BEARER.sub(rf"\1{MASK}", text)
    if "basic" in lowered:
        text = _BASIC.sub(rf"\1{MASK}", text)
    if "-" in text or "_" in text or "AKIA" in text or "ASIA" in text:
        text = _KNOWN_TOKEN.sub(lambda found: f"{found[1] or found[2]}{MASK}", text)
    if "@" in text:
        text = _MAIL.sub(f"{MASK}@", text)
    if "+" in text or "%2B" in text:
        text = _PHONE.sub(_mask_phone, text)
    return text


def _mask_values(text: str) -> str:
    parts, done, position = list[str](), 0, 0
    while key := _KEY.search(text, position):
        position = key.end()
        if not _SECRET_KEY.search(key[1]):
            continue  # its value may itself begin with a key: url=https://host?token=abc
        value = (_LINE_VALUE if _HEADER_KEY.search(key[1]) else _VALUE).match(text, position)
        if value is not None and not _counts(key[1], value[0].isdecimal()):
            parts += [text[done:position], MASK]
            done = position = value.end()
    return "".join([*parts, text[done:]])


def _mask_phone(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[2])
    country = 1 if digits[0] in "17" else 2
    return f"{found[1]}{digits[:country]}{'X' * (len(digits) - country)}"


def _counts(key: str, is_number: bool) -> bool:  # noqa: FBT001 - reads as a sentence
    """Whether it says how many, not which: max_tokens, prompt_tokens."""
    return is_number and key.lower().endswith("tokens")


class _Masker:
    """One walk through a value."""

    def __init__(self, text: Callable[[str], str]) -> None:
        self._text = text
        self._parts = MAX_PARTS
        self._inside: set[int] = set()

    def mask(self, value: Any, depth: int) -> Any:
        self._parts -= 1
        try:
            if value is None or isinstance(value, bool):
                return value
            if isinstance(value, (int, float)):
                return _number(value)
            if isinstance(value, str):
                return self._text(value)
            if isinstance(value, (Mapping, list, tuple, set, frozenset)):
                return self._container(value, depth)
            return self._text(_said(value))
        except Exception as error:
            return f"<{type(value).__name__}: {type_name(error)}>"

    def _container(self, value: Any, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            return "<too deep>"
        if id(value) in self._inside:
            return "<contains itself>"
        self._inside.add(id(value))
        try:
            if isinstance(value, Mapping):
                return self._mapping(value, depth + 1)
            return [self.mask(item, depth + 1) for item in self._first(value)] + self._rest(value)
        finally:
            self._inside.discard(id(value))

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        masked: dict[str, Any] = {}
        for key in self._first(value):
            name = key if isinstance(key, str) else _said(key)
            item = value[key]
            secret = _SECRET_KEY.search(name) is not None and not _counts(name, isinstance(item, (int, float)))
            masked[self._unused(self._text(name), masked)] = MASK if secret else self.mask(item, depth)
        for note in self._rest(value):
            masked["<more>"] = note
        return masked

    def _first(self, value: Iterable[Any]) -> Iterator[Any]:
        for number, item in enumerate(value):
            if number >= MAX_ITEMS or self._parts <= 0:
                return
            yield item

    def _rest(self, value: Any) -> list[str]:
        return [f"<{len(value)} in all>"] if len(value) > MAX_ITEMS or self._parts <= 0 else []

    @staticmethod
    def _unused(name: str, taken: Mapping[str, Any]) -> str:
        # Two phone numbers as keys look alike when they are masked.
        return name if name not in taken else f"{name} ({len(taken)})"


def _number(value: float) -> Any:
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _INT_BITS else f"<a number of {value.bit_length()} bits>"
    return float(value) if math.isfinite(value) else repr(float(value))


def _said(value: Any) -> str:
    if isinstance(value, BaseException):
        return f"{type_name(value)}: {safe_message(value)}"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>"
    if isinstance(value, (date, time)):
        return value.isoformat()
    return safe_repr(value)
