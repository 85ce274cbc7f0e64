"""Format strings for notifications: the fields that they may name, and what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from string import Formatter
from typing import Any

from ninelives.checks import guess
from ninelives.notifications.notification import Notification

__all__ = ["FIELDS", "formatted", "wrong_with"]

# Where in a notification each field is: in itself, or, with several names, in its details.
_PATHS: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in Notification.__struct_fields__ if name not in ("details", "text")},
    "phase": ("details", "phase"),
    "total": ("details", "total"),
    "began": ("details", "began"),
    "duration": ("details", "duration"),
    "operation": ("details", "operation"),
    "attempts": ("details", "attempts"),
    "error": ("details", "error", "message"),
    "circuit": ("details", "circuit"),
    "state": ("details", "state"),
    "failures": ("details", "failures"),
    "host": ("details", "host"),
    "process": ("details", "process"),
    "call_id": ("details", "call_id"),
    "place": ("details", "letter", "place"),
    "lacks": ("details", "letter", "lacks"),
    "spilled": ("details", "letter", "spilled"),
    "lost": ("details", "letter", "lost"),
    "import": ("details", "import"),
    "list": ("details", "list"),
    "show": ("details", "show"),
    "edit": ("details", "edit"),
    "register": ("details", "register"),
    "replay": ("details", "replay"),
    "trace": ("details", "trace"),
}

FIELDS = tuple(_PATHS)
"""What a format string may name. Of what a notification does not have, nothing stands in the text."""

_NEEDS_FIELD = "a field at least, like {pipeline}: {message}; else no alert would say what has failed"
_MAY_NAME = f"fields by their names alone, of: {', '.join(FIELDS)}"
_TIME = datetime(2000, 1, 31, 13, 59, tzinfo=UTC)
# What a field holds, where it is no text.
_SAMPLES = {
    "count": 1,
    "total": 1,
    "attempts": 1,
    "failures": 1,
    "process": 1,
    "resolved": True,
    "first": _TIME,
    "last": _TIME,
}
_KINDS = {
    str: "text, like {error:.80}",
    int: "a whole number, like {count:>5}",
    bool: "True or False",
    datetime: "a time, like {first:%H:%M}",
}
# A text of a hundred million spaces is no alert.
_WIDE = re.compile(r"[0-9]{4}")


class _Named(Formatter):
    """Formats with the fields of a notification; one that is None is no text, however it is to be formatted."""

    def get_value(self, key: Any, args: Any, kwargs: Any) -> Any:
        """The field of this name, of the only argument."""
        value = args[0]
        for name in _PATHS[key]:
            value = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
        return value

    def format_field(self, value: Any, format_spec: str) -> str:
        """The value as text."""
        return "" if value is None else str(super().format_field(value, format_spec))


_FORMATTER = _Named()


def formatted(form: str, notification: Notification) -> str:
    """The text that a format string makes of a notification."""
    return _FORMATTER.vformat(form, (notification,), {})


def wrong_with(form: str) -> Iterator[str]:
    """What would be right, for each thing that is wrong with a format string."""
    try:
        parts = list(_FORMATTER.parse(form))
    except ValueError as error:
        yield f"braces in pairs, {{{{ and }}}} for those that are meant as text ({error})"
        return
    fields = [field for _text, *field in parts if field[0] is not None]
    if not fields:
        yield _NEEDS_FIELD
    for name, how, conversion in fields:
        if name not in _PATHS:
            yield f"{_MAY_NAME}; not {{{name}}}{guess(name, FIELDS)}"
        elif conversion is not None or "{" in (how or ""):
            yield f"nothing behind the field {name} but a colon and how it is to be formatted"
        elif how and not _fits(sample := _SAMPLES.get(name, ""), how):
            yield f"how a field is formatted that is {_KINDS[type(sample)]}; not {{{name}:{how}}}"


def _fits(sample: Any, how: str) -> bool:
    """Whether it can be formatted so, as far as one of its kind shows."""
    if _WIDE.search(how):
        return False
    if isinstance(sample, datetime):
        # A letter behind % that means nothing is left as it is, or refused: that is the platform's choice.
        how = how.replace("%%", "")
        if "%" not in how:
            return False
    try:
        return "%" not in format(sample, how) or not isinstance(sample, datetime)
    except Exception:
        return False
