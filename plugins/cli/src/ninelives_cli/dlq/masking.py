"""What is shown of a letter: masked, unless all is to be revealed, and without what would steer a terminal."""

from __future__ import annotations

import json
from typing import Any

from msgspec import to_builtins

from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.put_back import masked_again
from ninelives.redaction import one_line, redact, redact_function, redact_text

__all__ = ["as_text", "clean", "clean_function", "clean_lines", "hidden", "pretty", "record_of"]

# What the record says of itself, and nobody else put there: names of ours, moments, numbers.
_PLAIN = frozenset({"schema", "id", "created", "first_failed", "last_failed", "expires", "pid", "state", "reason"})


def clean(text: str | None, *, reveal: bool = False) -> str:
    """The text on one line: masked, unless all is revealed; control characters are escaped."""
    return one_line((text or "") if reveal else redact_text(text or ""))


def clean_function(name: str | None, *, reveal: bool = False) -> str:
    """The name of an operation, as `clean` gives a text; a function's module is no name of a secret."""
    return one_line((name or "") if reveal else redact_function(name or ""))


def hidden(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a record, each masked."""
    return {name: _hidden(name, value) for name, value in fields.items()}


def clean_lines(text: str, *, reveal: bool = False) -> list[str]:
    """The lines of a text, each as `clean` gives it."""
    return [one_line(line) for line in (text if reveal else redact_text(text)).splitlines()]


def record_of(letter: DeadLetter, *, reveal: bool = False) -> dict[str, Any]:
    """The letter's record as JSON has it; masked, unless all is revealed. What is long is cut when it is masked."""
    record: dict[str, Any] = to_builtins(letter if reveal else masked_again(letter))
    if reveal:
        return record
    return hidden(record)


def as_text(value: Any) -> str:
    """A value on one line, as JSON."""
    return one_line(json.dumps(value, ensure_ascii=False))


def pretty(value: Any) -> list[str]:
    """A value as the lines of JSON, indented."""
    return [one_line(line) for line in json.dumps(value, indent=2, ensure_ascii=False).splitlines()]


def _hidden(name: str, value: Any) -> Any:
    if name in _PLAIN:
        return value
    return redact_function(value) if name == "operation" and isinstance(value, str) else redact(value)
