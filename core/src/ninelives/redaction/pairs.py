"""Secrets in text that stand behind their names: ``password=…``, ``"api_key": "…"``, ``--token …``, ``<pin>…``."""

from __future__ import annotations

import re

from ninelives.address import MASK
from ninelives.redaction.keys import is_count, is_header, is_number, is_secret

__all__ = ["closed", "mask_pairs"]

# A name and what joins it to its value. It starts only where a run of a name's characters starts.
# name=…, "name": …, [name] = …, name => …, name%3D…, name: type = …
_NAME = re.compile(
    r"""(?P<key>[\w-](?<![\w-].)[\w-]*+)(?:\\*+["']|%2[27]|&(?:quot|apos|\#39|\#x27|\#34);)?
        (?:\]|%5[Dd])?\s*+
        (?:%3[AaDd]|:[ ]?[A-Za-z_][\w.]{0,40}+(?:\[[^\]\n]{0,40}+\])?(?:[ ]\|[ ]None)?[ ]=(?=[ ])
            |[!?+]?[=:][=>]?|->)(?:\s|%20)*+""",
    re.VERBOSE,
)
# --name …, <name>…</name>, ("name", "…"), and {"name": "name", "value": "…"}, name="name" value="…",
# and the parts of forms: Content-Disposition: form-data; name="name", an empty line, and the value.
_OTHER = re.compile(
    r"""--(?<![\w-]--)(?P<flag>[\w-]++)(?:\\*+["'],\s*+|[ ]++)(?=[^\s-])
      | <(?P<tag>[\w.:-]++)(?:\s[^<>]{0,200}+)?>
      | [(\[]b?\\*+["'](?P<first>[\w-]++)\\*+["'],\s*+(?=[bu\\]{0,20}["'(\[{0-9])
      | ["'](?:[Nn]ame|[Kk]ey)\\*+["']:[ ]?\\*+["'](?P<named>[\w.-]{1,64})\\*+["'],[ ]?\\*+["'][Vv]alue\\*+["']:[ ]?
      | (?<![\w-])(?:name|key)=\\*+["'](?P<attribute>[\w.-]{1,64})\\*+["'](?:[ ]value=|(?P<more>[ ]?/?>))
      | ;[ ]name=\\*+["'](?P<part>[\w.\[\]-]{1,64})\\*+["'](?:(?!\r?\n|\\r\\n|\\n).){0,200}+
        (?:(?:\r?\n|\\r\\n|\\n)[\w-]{1,40}:[ ][^\r\n\\]{0,200}+)?
        (?:\r?\n|\\r\\n|\\n){2}""",
    re.VERBOSE,
)

# A mask, text in quotes that may be escaped themselves, or a number. A quote behind backslashes ends nothing: in a text
# that was quoted twice nobody knows how many of them count.
_QUOTED = r"""
    \*{3}(?![:.]?+[^\s,;&<>()\[\]{}"'\\])
  | [bBfFrRuU]{0,2}+(?:(?:"(?:[^"\\]|\\++.)*+"?)++|(?:'(?:[^'\\]|\\++.)*+'?)++)
  | (?P<escape>\\++)(?P<quote>["'])(?:(?!(?<!\\)(?P=escape)(?P=quote)).)*+(?:(?P=escape)(?P=quote))?
  | (?P<entity>&(?:quot|apos|\#39|\#x27|\#34);)(?:(?!(?P=entity)).)*+(?:(?P=entity))?
  | \u201c[^\u201d]*+\u201d?
  | (?:-[ ]++\S++)(?:\s++-[ ]++\S++)*+
  | [|>][+-]?[ ]*+(?P<break>\r?\n[ ]++)[^\r\n]*+(?:(?P=break)[^\r\n]*+)*+
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
_CLOSING = ('"', "'", ")", "]", "}")
_REST = re.compile(r"[\w!@#$%^+~-][^\s,;&<>()\[\]{}\"'\\]*+")
_NOTHING = frozenset({"None", "null", "nil", "undefined", "True", "False", "true", "false", "YES", "NO"})
_PLACE = re.compile(r"\?|%s|%\(\w{1,64}\)s|[:$]\w{1,64}")  # of a parameter in a statement: the value stands elsewhere

# Names that say too little without the word before: API key, security code.
_SECOND_WORDS = frozenset({"key", "code", "number", "id"})
_WORD_BEFORE = re.compile(r"[A-Za-z]{2,20} \Z")
_LONGEST_WORD = 21

# What stands above a line of code in a traceback, and code that holds no text and no number.
_FRAME = re.compile(r' *File "[^"\n]*", line [0-9]+')
_EXPRESSION = re.compile(r"[A-Za-z_](?![a-z]?[\"'])[^\"'0-9]*+\Z")
_LONGEST_LINE = 300  # characters of one that is looked at
_CONTENT = re.compile(r"(?:<!\[CDATA\[)?[^<]++(?=</)")
_PART = re.compile(r"(?:(?!\r?\n--|\\r\\n--|\\n--).)++", re.DOTALL)
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
    return _mask_behind(_NAME, text) if "=" in text or ":" in text or "%3" in text or "->" in text else text


def _mask_behind(names: re.Pattern[str], text: str) -> str:
    parts, done, position = list[str](), 0, 0
    while found := names.search(text, position):
        position = found.end()
        name = _name(text, found)
        if (
            is_secret(name)
            and (end := _end_of_value(text, found, name)) > position
            and not _is_code(text, position, end)
        ):
            parts += [text[done:position], MASK]
            done = position = end
        elif found.lastgroup == "tag":
            position = found.end("tag")  # its attributes may name one
        # Else its value may itself begin with a name: url=https://host?token=abc
    return "".join([*parts, text[done:]]) if parts else text


def _name(text: str, found: re.Match[str]) -> str:
    """The name in it; of two words where one says too little: ``API key: ...``."""
    name = found["attribute"] if found.lastgroup == "more" else found[found.lastgroup or 0]
    start = found.start()
    if name.lower() in _SECOND_WORDS and text[start - 1 : start] == " ":
        before = _WORD_BEFORE.search(text, max(start - _LONGEST_WORD, 0), start)
        return f"{before[0]}{name}" if before else name
    return name


def _is_code(text: str, start: int, end: int) -> bool:
    """Whether the value is an expression in a traceback's line of code: it names a secret, and is none."""
    line = text.rfind("\n", max(start - _LONGEST_LINE, 0), start)
    above = text.rfind("\n", max(line - _LONGEST_LINE, 0), max(line, 0)) + 1
    if line < 0 or not _FRAME.match(text, above, line):
        return False
    return _EXPRESSION.match(text[start:end]) is not None


def _end_of_value(text: str, named: re.Match[str], name: str) -> int:
    """Where the secret ends that is named; where it begins if there is none."""
    start = named.end()
    value = _value(named, name).match(text, start)
    if value is None or _says_nothing(value, named.lastgroup, name):
        return start
    end = closed(text, value.end() - 1) if value.lastgroup == "opening" else value.end()
    # A password that holds a quote or a bracket goes on behind it.
    rest = _REST.match(text, end) if text[end - 1 : end] in _CLOSING else None
    return rest.end() if rest else end


def _value(named: re.Match[str], name: str) -> re.Pattern[str]:
    """What the value looks like."""
    if named.lastgroup in {"tag", "more"}:
        return _CONTENT
    if named.lastgroup == "part":
        return _PART
    if named.lastgroup == "key" and is_header(name):
        # Cookie: "a"; b=c is all of it a secret; in {"cookie": "a", ...} the value is what is in quotes.
        return _LINE if named[0][len(name) :].startswith(":") else _WORDS
    return _NUMBER if is_number(name) else _WORD


def _says_nothing(found: re.Match[str], kind: str | None, name: str) -> bool:
    if kind == "first":  # ("email", "phone") names two fields
        return len(found[0]) <= _LONGEST_NAME and is_secret(found[0].strip("bu\\\"'"))
    said = found[0].rstrip(",;)]}")
    return said in _NOTHING or _PLACE.fullmatch(said) is not None or (found[0].isdecimal() and is_count(name))


def closed(text: str, start: int) -> int:
    """Where the bracket that stands at `start` is closed; if nowhere, the text's end."""
    depth = 0
    for found in (_ANGLES if text[start] == "<" else _BRACKETS).finditer(text, start):
        depth += 1 if found[0] in "<([{" else -1 if found[0] in ">)]}" else 0
        if depth == 0:
            return found.end()
    return len(text)
