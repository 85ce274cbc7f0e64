"""Secrets in text that stand behind their names: ``password=…``, ``"api_key": "…"``, ``--token …``, ``<pin>…``."""

from __future__ import annotations

import re

from ninelives.address import MASK
from ninelives.redaction.keys import is_count, is_header, is_number, is_secret

__all__ = ["mask_pairs"]

# A name and what joins it to its value. It starts only where a run of a name's characters starts.
# name=…, "name": …, [name] = …, name => …, name%3D…, name: type = …
_NAME = re.compile(
    r"""(?P<key>[\w-](?<![\w-].)[\w-]*+)\\*+["']?\]?\s*+
        (?:%3[AaDd]|:[ ]?[A-Za-z_][\w.]{0,40}+(?:\[[^\]\n]{0,40}+\])?(?:[ ]\|[ ]None)?[ ]=(?=[ ])|[=:][=>]?)\s*+""",
    re.VERBOSE,
)
# --name …, <name>…</name>, ("name", "…"), and {"name": "name", "value": "…"}
_OTHER = re.compile(
    r"""--(?<![\w-]--)(?P<flag>[\w-]++)(?:\\*+["'],\s*+|[ ]++)(?=[^\s-])
      | <(?P<tag>[\w.:-]++)(?:\s[^<>]{0,200}+)?>
      | [(\[]b?\\*+["'](?P<first>[\w-]++)\\*+["'],\s*+(?=[bu\\]{0,20}["'(\[{0-9])
      | ["'](?:[Nn]ame|[Kk]ey)\\*+["']:[ ]?\\*+["'](?P<named>[\w.-]{1,64})\\*+["'],[ ]?\\*+["'][Vv]alue\\*+["']:[ ]?""",
    re.VERBOSE,
)

# A mask, text in quotes that may be escaped themselves, or a number. A quote behind backslashes ends nothing: in a text
# that was quoted twice nobody knows how many of them count.
_QUOTED = r"""
    \*{3}(?![^\s,;&<>()\[\]{}"'\\])
  | [bBfFrRuU]{0,2}+(?:(?:"(?:[^"\\]|\\++.)*+"?)++|(?:'(?:[^'\\]|\\++.)*+'?)++)
  | (?P<escape>\\++)(?P<quote>["'])(?:(?!(?<!\\)(?P=escape)(?P=quote)).)*+(?:(?P=escape)(?P=quote))?
  | (?P<number>[0-9]++)(?=[\s,;&<>()\[\]{}"'\\]|\Z)"""
_GROUPS = r"[+(]*+[0-9X](?:[ ()./-]{0,3}[0-9X])*+(?=[\s,;&<>\[\]{}\"'\\]|\Z)"
_WORD_OR_OPENING = r"(?P<opening>[\w.]*+[(\[{]|<)|[^\s&]++"
_WORD, _NUMBER, _WORDS = (
    re.compile(value, re.VERBOSE | re.DOTALL)
    for value in (
        rf"{_QUOTED}|{_WORD_OR_OPENING}",
        rf"{_GROUPS}|{_QUOTED}|{_WORD_OR_OPENING}",
        rf"{_QUOTED}|[^\r\n]++",
    )
)
_LINE = re.compile(r"[^\r\n]++")
_LONGEST_NAME = 64
_CONTENT = re.compile(r"[^<]++(?=</)")
_STRING = r""""(?:[^"\\]|\\++.)*+"?|'(?:[^'\\]|\\++.)*+'?"""
_BRACKETS = re.compile(rf"[(\[{{)\]}}]|{_STRING}", re.DOTALL)
_ANGLES = re.compile(rf"[<>]|{_STRING}", re.DOTALL)


def mask_pairs(text: str) -> str:
    """The text, with the values masked whose names say that they are secrets.

    Example:
        >>> mask_pairs("login(user='tom', password='hunter2')")
        "login(user='tom', password=***)"
    """
    if "--" in text or "<" in text or "," in text:
        text = _mask_behind(_OTHER, text)
    return _mask_behind(_NAME, text) if "=" in text or ":" in text or "%3" in text else text


def _mask_behind(names: re.Pattern[str], text: str) -> str:
    parts, done, position = list[str](), 0, 0
    while found := names.search(text, position):
        position = found.end()
        name = found[found.lastgroup or 0]
        if is_secret(name) and (end := _end_of_value(text, found, name)) > position:
            parts += [text[done:position], MASK]
            done = position = end
        # Else its value may itself begin with a name: url=https://host?token=abc
    return "".join([*parts, text[done:]]) if parts else text


def _end_of_value(text: str, named: re.Match[str], name: str) -> int:
    """Where the secret ends that is named; where it begins if there is none."""
    start = named.end()
    value = _value(named, name).match(text, start)
    if value is None or _says_nothing(value, named.lastgroup, name):
        return start
    return _closed(text, value.end() - 1) if value.lastgroup == "opening" else value.end()


def _value(named: re.Match[str], name: str) -> re.Pattern[str]:
    """What the value looks like."""
    if named.lastgroup == "tag":
        return _CONTENT
    if named.lastgroup == "key" and is_header(name):
        # Cookie: "a"; b=c is all of it a secret; in {"cookie": "a", ...} the value is what is in quotes.
        return _LINE if named[0][len(name) :].startswith(":") else _WORDS
    return _NUMBER if is_number(name) else _WORD


def _says_nothing(found: re.Match[str], kind: str | None, name: str) -> bool:
    if kind == "first":  # ("email", "phone") names two fields
        return len(found[0]) <= _LONGEST_NAME and is_secret(found[0].strip("bu\\\"'"))
    return found[0].isdecimal() and is_count(name)


def _closed(text: str, start: int) -> int:
    """Where the bracket that stands at `start` is closed; if nowhere, the text's end."""
    depth = 0
    for found in (_ANGLES if text[start] == "<" else _BRACKETS).finditer(text, start):
        depth += 1 if found[0] in "<([{" else -1 if found[0] in ">)]}" else 0
        if depth == 0:
            return found.end()
    return len(text)
