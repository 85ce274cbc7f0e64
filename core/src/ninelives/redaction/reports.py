"""Secrets in what databases and validators report: the name of a field stands in one place, its value in another."""

from __future__ import annotations

import re

from ninelives.address import MASK
from ninelives.redaction.keys import is_secret
from ninelives.redaction.pairs import closed

__all__ = ["mask_reports"]

# PostgreSQL: Key (email)=(tom) already exists. Statements: INSERT INTO users (name, password) VALUES ('tom', '...').
_COLUMNS = re.compile(
    r"""(?:Key[ ]\((?P<key>[^()\n]{1,200}+)\)=
          |\((?P<columns>[\w\s,"`.\[\]]{1,500}+)\)\s{0,20}+[Vv](?i:alues)\s{0,20}+)(?=\()""",
    re.VERBOSE,
)
_NEXT_ROW = re.compile(r"\s{0,20}+,\s{0,20}+(?=\()")
_NAMES = re.compile(r"\w++")

# SQLAlchemy: the statement, and on the next line what stands for its question marks.
_PARAMETERS = re.compile(r"\[parameters: (?=\(|\[\()")
_STATEMENT = "[SQL: "
_LONGEST = 5_000  # characters of a statement that are looked at
_INSERT = re.compile(r"\s*(?i:insert|replace)\b[^(]{0,200}\(([^()]{0,2000})\)")
_COMPARED = re.compile(r"""\b(\w{1,64}+)["`\]]?[ ]{0,3}(?:=|<>|!=|(?i:like|ilike|in))[ ]{0,3}\(?[?%$:]""")

# ALTER USER tom IDENTIFIED BY '...', SET PASSWORD = PASSWORD('...'), PRAGMA key = '...'
_STATEMENTS = re.compile(
    r"""(?i:\b(identified[ ](?:with[ ][\w'"]{1,40}+[ ])?(?:by|as)[ ](?:password[ ])?
              |pragma[ ]{1,5}(?:re)?key[ ]?=[ ]?|password[ ]?\((?=['"])))
        (?:'(?:[^'\\\n]|\\.|''){0,200}+'?|"(?:[^"\\\n]|\\.){0,200}+"?|[^\s'"();,]{1,200}+)""",
    re.VERBOSE,
)

# pydantic: the field, and on the next line what is wrong with it. Of a long value it keeps the begin and the end: there
# the name of a secret may be lost, and the secret be there.
_FIELD = re.compile(
    r"^([\w.<>\[\]-]{1,200}+)(\r?\n {2}[^\n]{0,300}?\binput_value=)(?!\*{3})"
    r"[^\n]{1,200}?(?=, input_type=|\]?(?:\n|\Z))",
    re.MULTILINE,
)
_TORN = re.compile(r"(\binput_value=(?:[A-Z]\w{0,60}+)?[({\[][^\n]{0,60}?\.\.\.)[^\n]{1,60}?(?=, input_type=)")


def mask_reports(text: str) -> str:
    """The text, with the values masked whose columns or fields are named beside them as secrets.

    Example:
        >>> mask_reports("Key (phone)=(5551234567) already exists.")
        'Key (phone)=*** already exists.'
    """
    if " " not in text and "(" not in text:
        return text
    if ")=(" in text or "alues" in text or "ALUES" in text:
        text = _without_values(text)
    if "[parameters: " in text:
        text = _without_parameters(text)
    if "input_value=" in text:
        text = _FIELD.sub(_without_input, _TORN.sub(rf"\1{MASK}", text))
    return _STATEMENTS.sub(rf"\1{MASK}", text) if _is_statement(text.lower()) else text


def _is_statement(lowered: str) -> bool:
    return "identified " in lowered or "pragma " in lowered or "password(" in lowered or "password (" in lowered


def _without_values(text: str) -> str:
    parts, done, position = list[str](), 0, 0
    while found := _COLUMNS.search(text, position):
        position = found.end()
        if not any(map(is_secret, _NAMES.findall(found["key"] or found["columns"]))):
            continue
        end = closed(text, position)
        while found["columns"] and (row := _NEXT_ROW.match(text, end)):
            end = closed(text, row.end())
        if found["key"] or "'" in text[position:end] or '"' in text[position:end]:
            parts += [text[done:position], MASK]
            done = end
        position = end
    return "".join([*parts, text[done:]])


def _without_parameters(text: str) -> str:
    parts, done = list[str](), 0
    for found in _PARAMETERS.finditer(text):
        begin = text.rfind(_STATEMENT, max(found.start() - _LONGEST, done), found.start())
        if found.start() < done or begin < 0 or not _asks_for_secret(text[begin + len(_STATEMENT) : found.start()]):
            continue
        parts += [text[done : found.end()], MASK]
        done = closed(text, found.end())
    return "".join([*parts, text[done:]])


def _asks_for_secret(statement: str) -> bool:
    insert = _INSERT.match(statement)
    names = _NAMES.findall(insert[1]) if insert else _COMPARED.findall(statement)
    return any(map(is_secret, names))


def _without_input(found: re.Match[str]) -> str:
    name = found[1].rpartition(".")[2]
    return f"{found[1]}{found[2]}{MASK}" if is_secret(name) else found[0]
