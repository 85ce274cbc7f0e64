"""The channels ``smtp:`` and ``smtps:``: a notification as a mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING

from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.deadline import Deadline
from ninelives.errors import ChannelError
from ninelives.late_imports import importing
from ninelives.locks import new_lock
from ninelives.notifications.notification import Notification
from ninelives.notifications.recipients import Recipients
from ninelives.redaction import redact_text
from ninelives_email.envelope import Envelope
from ninelives_email.server import Server

if TYPE_CHECKING:
    from ninelives_email.connection import Connection
    from ninelives_email.errors import Answer

__all__ = ["IDLE", "EmailChannel"]

IDLE = 60.0
"""Seconds after which an idle connection is not used again: servers and firewalls drop those that are."""

_GOODBYE = 1.0  # seconds


class EmailChannel:
    """Sends each notification as one mail, over one connection that is kept while it is of use.

    A mail is handed over at most once. An error that is certain (refused, never reached) says whether trying again may
    help; where the server did not confirm a mail that it was given, the error is permanent and says that it may have
    been delivered.

    Args:
        server: Which mail server.
        envelope: Who the mails are from and for.
        clock: Tells how much time is left; None is the machine's.

    Attributes:
        name: The server and who the mails are for, as in an address, masked.
    """

    def __init__(self, server: Server, envelope: Envelope, *, clock: Clock | None = None) -> None:
        scheme = "smtps" if server.tls == "ssl" else "smtp"
        self.name = redact_text(f"{scheme}://{server.place}?to={','.join(envelope.to)}")
        self._server = server
        self._envelope = envelope
        self._clock = clock or SYSTEM_CLOCK
        self._recipients = Recipients([*envelope.to, *envelope.cc])
        self._lock = new_lock()
        self._connection: Connection | None = None
        self._used = 0.0
        self._closing = False

    def send(self, notification: Notification, *, timeout: float) -> None:
        """Send it; the server has accepted it for all recipients when this returns.

        When some were refused the others have it: sending the same notification again goes to those who lack it.

        Args:
            notification: What to send.
            timeout: Seconds for all of it: waiting for other mails, connecting, TLS, login, each step of the sending.
                Not for the system's own looking up of the server's name, which can't be cut short.

        Raises:
            ChannelError: It was not accepted, or not for all: it names them. Or it may have been: it says so.
        """
        with importing():
            import email.generator  # noqa: F401 - a mail needs it at its first sending
            import encodings.idna  # noqa: F401 - a socket needs it at its first connection

            from ninelives_email.errors import refused_recipients
            from ninelives_email.message import message_of  # imports the standard library's email

        deadline = Deadline(self._clock, timeout)
        content = message_of(notification, self._envelope)
        wanted = self._recipients.left(notification)
        with self._turn(deadline):
            refused = self._deliver(content, wanted, deadline)
        if not refused:
            self._recipients.forget(notification)
            return
        if len(refused) < len(wanted):
            self._recipients.note(notification, set(wanted) - refused.keys())
        raise refused_recipients(self._server, self._recipients.all, refused)

    def check(self, *, timeout: float) -> str:
        """Connect anew, agree on TLS, log in, and ask whether the server is there; no mail is sent.

        Args:
            timeout: Seconds for all of it.

        Raises:
            ChannelError: What does not work, and what to do about it.
        """
        with importing():
            from ninelives_email.connection import connect  # imports yagmail

        deadline = Deadline(self._clock, timeout)
        connection = connect(self._server, deadline)
        try:
            connection.ask()
        finally:
            connection.leave(deadline)
        tls = "without TLS" if self._server.tls == "none" else "its certificate is good"
        login = "the login works" if self._server.login else "there is no login"
        return f"the server answers, {tls}, {login}; no mail was sent"

    def close(self) -> None:
        """Say goodbye to the server, within a second; mails that are under way are waited for as long. Never raises.

        One that takes longer says goodbye when it is over. A later `send` connects anew.
        """
        self._closing = True
        self._leave(patience=_GOODBYE)

    def _leave(self, patience: float) -> None:
        if not self._lock.acquire(timeout=patience):
            return
        try:
            self._closing = False
            if self._connection is not None:
                self._connection.leave(Deadline(self._clock, _GOODBYE))
            self._connection = None
        finally:
            self._lock.release()

    @contextmanager
    def _turn(self, deadline: Deadline) -> Iterator[None]:
        """One mail at a time, over one connection."""
        if not self._lock.acquire(timeout=min(deadline.remaining, TIMEOUT_MAX)):
            raise ChannelError(f"{self._server}: other mails took all of the {deadline.seconds:g} s")
        try:
            yield
        finally:
            self._lock.release()
            if self._closing:  # `close` did not wait for this; who holds the lock meanwhile comes here later
                self._leave(patience=0)

    def _deliver(self, content: bytes, recipients: Sequence[str], deadline: Deadline) -> dict[str, Answer]:
        """Hand the mail over for those who are not refused; who was, and why."""
        try:
            connection = self._begun(len(content), deadline)
            refused = connection.offer(recipients)
            if len(refused) < len(recipients):
                connection.hand_over(content)
                self._used = self._clock.monotonic()
            else:
                self._drop()
        except BaseException:
            self._drop()
            raise
        return refused

    def _begun(self, size: int, deadline: Deadline) -> Connection:
        """A connection that has taken the sender: the one that there is, else a new one.

        That the old one is lost shows at this first step, before there is any mail that could be sent twice.
        """
        with importing():
            from ninelives_email.connection import connect  # imports yagmail

        old = self._connection
        if old is not None and old.is_open and self._clock.monotonic() - self._used < IDLE:
            try:
                old.begin(self._envelope.sender, size, deadline)
            except ChannelError:
                if old.is_open:
                    raise
            else:
                return old
        self._drop()
        self._connection = connect(self._server, deadline)
        self._connection.begin(self._envelope.sender, size, deadline)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.drop()
        self._connection = None
