"""The channel ``log:``: a notification as a structured log."""

from __future__ import annotations

from msgspec.structs import asdict

from ninelives.address import Address
from ninelives.errors import ConfigurationError, Problem
from ninelives.late_imports import importing
from ninelives.notifications.notification import ErrorSeverity, Notification

__all__ = ["LogChannel", "open_log_channel"]


class LogChannel:
    """Writes notifications where the events go, at the level of their severity; it never waits.

    Each is an event ``notification``, its sentence, or the program's own wording, the field ``text``.
    """

    inline = True

    def send(self, notification: Notification, *, timeout: float) -> None:
        """Write it."""
        with importing():
            from ninelives_log.output import write  # imports structlog: at the first notification

        fields = asdict(notification)
        # First, for whoever reads the line; and not as "message", which the standard logging keeps for itself.
        message, text = fields.pop("message"), fields.pop("text")
        fields = {"text": text or message, **fields}
        if notification.count == 1:
            del fields["count"], fields["first"], fields["last"]
        shown = {name: value for name, value in fields.items() if value not in (None, {}, False)}
        write(ErrorSeverity(notification.severity).lower(), "notification", shown)

    def check(self, *, timeout: float) -> str:
        """See that structlog can be imported; nothing is written."""
        import ninelives_log.output  # noqa: F401 - importing it is the check

        return "notifications go to the program's log"

    def close(self) -> None:
        """There is nothing to free."""


def open_log_channel(address: Address) -> LogChannel:
    """The channel of the address ``log:``, which has no target and no options.

    Raises:
        ConfigurationError: It has some.
    """
    address.refuse_unknown_options(())
    if address.target:
        raise ConfigurationError(Problem(f"channel {address}", "", "'log:' and nothing behind it"))
    return LogChannel()
