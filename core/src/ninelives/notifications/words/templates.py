"""How a notification is worded, where the program wants it otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from string import Formatter
from typing import Any

from msgspec.structs import replace

from ninelives.checks import shown, told
from ninelives.errors import ConfigurationError, Problem
from ninelives.locks import new_lock
from ninelives.notifications.notification import ErrorSeverity, Notification

__all__ = ["FIELDS", "Template", "reworded"]

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
    "host": ("details", "host"),
    "process": ("details", "process"),
    "call_id": ("details", "call_id"),
    "place": ("details", "letter", "place"),
    "show": ("details", "show"),
    "replay": ("details", "replay"),
    "trace": ("details", "trace"),
}

FIELDS = tuple(_PATHS)
"""What a format string may name. Of what a notification does not have, nothing stands in the text."""

_EXPECTED = "a function of one notification that returns its text, or a format string with named fields"
_MAY_NAME = f"fields by their names alone, of: {', '.join(FIELDS)}"


class Template:
    """How a notification is worded: a format string, or a function of the program's.

    Made by `Template.of`. Its text is what mails, SNS, text messages and the log carry in the place of ours.

    Example:
        >>> template = Template.of("{pipeline}: {message}")
        >>> template.render(Notification(message="no answer", pipeline="shop"))
        'shop: no answer'
    """

    def __init__(self, name: str, make: Callable[[Notification], Any]) -> None:
        self._name = name
        self._make = make
        self._has_failed = False
        self._lock = new_lock()

    def __str__(self) -> str:
        return self._name

    @classmethod
    def of(cls, value: Any) -> Template:
        """The template that is meant.

        Args:
            value: A function that takes a `Notification`, masked, and returns its text; or a format string as of
                `str.format`, with fields of `FIELDS` by their names: ``"{pipeline}: {message} ({count} times)"``. What
                stands behind a colon says how, as in ``{first:%H:%M}``.

        Raises:
            ConfigurationError: It is neither, or the format string can't be used: it says what of it.
        """
        if isinstance(value, str):
            return _of_format(value)
        if not callable(value) or not _takes_one(value):
            raise _wrong(value, _EXPECTED)
        return cls(str(getattr(value, "__qualname__", type(value).__qualname__)), value)

    def render(self, notification: Notification) -> str | None:
        """The text, masked; None when there is none: the program's code has failed, which the log says once.

        Never raises an `Exception`.
        """
        from ninelives.redaction import redact_text  # late: its patterns take a while to compile

        try:
            text = self._make(notification)
        except (Exception, SystemExit) as error:  # the program's own code; it must not end a call that has failed
            self._warn(told(error))
            return None
        if not isinstance(text, str) or not text.strip():
            self._warn(f"it gave no text but {shown(text)}")
            return None
        return redact_text(text)

    def _warn(self, why: str) -> None:
        with self._lock:
            is_known, self._has_failed = self._has_failed, True
        if is_known:
            return
        import logging

        from ninelives.redaction import one_line, redact_text

        name, said = (one_line(redact_text(text)) for text in (self._name, why))
        text = "the template %s failed, so notifications keep their own wording (this is said once): %s"
        logging.getLogger("ninelives").warning(text, name, said)


def reworded(notification: Notification, template: Template | None) -> Notification:
    """The notification with the template's text; as it is without a template, or where that has none for it."""
    text = None if template is None else template.render(notification)
    return notification if text is None else replace(notification, text=text)


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

_SAMPLE = Notification(
    message="",
    severity=ErrorSeverity.ERROR,
    details={"total": 1, "attempts": 1, "process": 1},
    count=1,
    first=datetime(2000, 1, 1, tzinfo=UTC),
    last=datetime(2000, 1, 1, tzinfo=UTC),
)


def _of_format(form: str) -> Template:
    def make(notification: Notification) -> str:
        return _FORMATTER.vformat(form, (notification,), {})

    problems = tuple(_problems(form))
    if problems:
        raise ConfigurationError(*problems)
    try:
        make(_SAMPLE)
    except Exception as error:
        raise _wrong(form, f"formats that its fields can have ({told(error)})") from None
    return Template(form, make)


def _problems(form: str) -> Iterator[Problem]:
    """What is wrong with the fields of a format string."""
    if not form.strip():
        yield _problem(form, _EXPECTED)
    try:
        parts = list(_FORMATTER.parse(form))
    except ValueError as error:
        yield _problem(form, f"braces in pairs, {{{{ and }}}} for those that are meant as text ({error})")
        return
    for _text, name, how, conversion in parts:
        if name is None:
            continue
        if name not in _PATHS:
            yield _problem(form, f"{_MAY_NAME}; not {{{name}}}")
        elif conversion is not None or "{" in (how or ""):
            yield _problem(form, f"nothing behind the field {name} but a colon and how it is to be formatted")


def _takes_one(function: Callable[..., Any]) -> bool:
    """Whether it can be called with one argument and then has its result at once, as far as can be seen."""
    import inspect

    if inspect.iscoroutinefunction(function):
        return False
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    except ValueError:  # of those written in C some don't say
        return True
    return True


def _wrong(value: Any, expected: str) -> ConfigurationError:
    return ConfigurationError(_problem(value, expected))


def _problem(value: Any, expected: str) -> Problem:
    return Problem("AdminNotifier(template=)", shown(value, "template"), expected, "template")
