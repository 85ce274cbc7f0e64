"""How a notification is worded, where the program wants it otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import replace

from ninelives.checks import shown, told
from ninelives.decorating import Kind, kind_of
from ninelives.errors import ConfigurationError, Problem
from ninelives.imported import imported
from ninelives.locks import new_lock
from ninelives.notifications.notification import Notification
from ninelives.notifications.words.formats import formatted, wrong_with

__all__ = ["Template", "reworded"]

_FUNCTION = "a function of one notification that returns its text"
_EXPECTED = f'{_FUNCTION}, "module:name" of one, or a format string with named fields'
_NAME = re.compile(r"[\w.]+:[\w.]+")  # no format string that could be used: it has no field


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

    @staticmethod
    def of(value: Any) -> Template:
        """The template that is meant.

        Args:
            value: A function that takes a `Notification`, masked, and returns its text; ``"module:name"`` of one, which
                is imported; or a format string as of `str.format`, with fields of `FIELDS` by their names:
                ``"{pipeline}: {message} ({count} times)"``. What stands behind a colon says how, as in
                ``{first:%H:%M}``.

        Raises:
            ConfigurationError: It is none of these, or can't be used: it says what of it.
        """
        if isinstance(value, str):
            return _of_name(value) if _NAME.fullmatch(value) else _of_format(value)
        if not callable(value):
            raise ConfigurationError(_problem(value, _EXPECTED))
        if why := _why_not(value):
            raise ConfigurationError(_problem(value, f"{_FUNCTION}; {why}"))
        return Template(str(getattr(value, "__qualname__", type(value).__qualname__)), value)

    def render(self, notification: Notification) -> str | None:
        """The text, masked; None when there is none: the program's code has failed, which the log says once.

        Never raises an `Exception`.
        """
        from ninelives.redaction import functions_in, redact  # late: its patterns take a while to compile

        try:
            text = self._make(notification)
        except (Exception, SystemExit) as error:  # the program's own code; it must not end a call that has failed
            self._warn(told(error))
            return None
        if not isinstance(text, str) or not text.strip():
            self._warn(f"it gave no text but {shown(text)}")
            return None
        masked: str = redact(text, functions=functions_in(notification.details))
        return masked

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


def _of_format(form: str) -> Template:
    if wrong := list(wrong_with(form)):
        raise ConfigurationError(*(_problem(form, expected) for expected in wrong))
    return Template(form, partial(formatted, form))


def _of_name(name: str) -> Template:
    try:
        function = imported(name)
    except Exception as error:  # a module may raise anything when it is imported
        raise ConfigurationError(_problem(name, f"{_EXPECTED}; importing it raised {told(error)}")) from error
    if why := _why_not(function):
        raise ConfigurationError(_problem(name, f"{_EXPECTED}; {why}"))
    return Template(name, function)


def _why_not(function: Any) -> str | None:
    """Why calling it with a notification can't give a text; None: it can, as far as can be seen."""
    if not callable(function):
        return "what it names is none"
    try:
        if kind_of(function) is Kind.ASYNC:
            return "this is a coroutine function, which nobody would await"
    except TypeError:
        return "this is a generator function, of which nothing would run"
    return None if _takes_one(function) else "this one can't be called with a notification alone"


def _takes_one(function: Callable[..., Any]) -> bool:
    """Whether it can be called with one argument, as far as can be seen."""
    import inspect

    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    except ValueError:  # of those written in C some don't say
        return True
    return True


def _problem(value: Any, expected: str) -> Problem:
    return Problem("AdminNotifier(template=)", shown(value, "template"), expected, "template")
