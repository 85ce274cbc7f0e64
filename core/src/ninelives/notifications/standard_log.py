"""The log without any plugin: where notifications go when nothing else takes them."""

from __future__ import annotations

from typing import Any

from ninelives.notifications.notification import ErrorSeverity, Notification

__all__ = ["StandardLog"]


class StandardLog:
    """Writes notifications to the standard library's logger ``ninelives``, one line each.

    It stands in for the channel ``log:`` where no plugin provides one, and takes what ``log:`` itself did not.
    """

    inline = True

    def send(self, notification: Notification, *, timeout: float) -> None:
        """Write it."""
        import logging

        from ninelives.redaction import functions_in, one_line, redact

        level = logging.getLevelNamesMapping()[ErrorSeverity(notification.severity)]
        fields = {"said": notification.text or notification.message, **_more(notification)}
        masked: dict[str, Any] = redact(fields, functions=functions_in(notification.details))
        said, more = masked.pop("said"), "".join(f" {name}={value}" for name, value in masked.items())
        text = f"notification {notification.severity}: {said}{more}"
        # No arguments: a "%" in the text stays one.
        logging.getLogger("ninelives").log(level, one_line(text))

    def check(self, *, timeout: float) -> str:
        """What there is to say of it: it always works."""
        return "notifications go to the logger 'ninelives' of the standard library"

    def close(self) -> None:
        """There is nothing to free."""


def _more(notification: Notification) -> dict[str, Any]:
    more: dict[str, Any] = {
        "error_type": notification.error_type,
        "pipeline": notification.pipeline,
        "letter_id": notification.letter_id,
        "count": notification.count if notification.count != 1 else None,
        "details": notification.details or None,
    }
    return {name: value for name, value in more.items() if value is not None}
