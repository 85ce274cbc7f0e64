"""A connection to a mail server: yagmail makes it, with TLS and login; the mails go over it step by step."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from yagmail import Client  # type: ignore[import-untyped]

from ninelives.deadline import Deadline
from ninelives.errors import ChannelError
from ninelives_email.errors import Answer, Step, in_doubt, not_accepted, refusal
from ninelives_email.names import host_name
from ninelives_email.server import Server
from ninelives_email.waits import Limit, TimedConnection

__all__ = ["Connection", "connect"]

T = TypeVar("T")

_GO_AHEAD = 354  # RFC 5321, section 3.3: to DATA


class Connection:
    """A connection over which mails can be sent, one after the other; after an error it is good for nothing but `drop`.

    Args:
        server: Whose.
        smtp: The library's connection, logged in.
    """

    def __init__(self, server: Server, smtp: Any) -> None:
        self._server = server
        self._smtp = smtp
        self._process = os.getpid()

    @property
    def is_open(self) -> bool:
        """Whether it can be used, as far as is known here, and in this process: a child has its parent's sockets."""
        return self._smtp.is_open and self._process == os.getpid()

    def begin(self, sender: str, size: int, deadline: Deadline) -> None:
        """Begin a mail of so many bytes; all that is done for it must be over by the deadline.

        Raises:
            ChannelError: The sender was refused, or the connection is lost.
        """
        self._smtp.wait_within(Limit(deadline, self._server.read_timeout))
        sizes = [f"size={size}"] if self._smtp.has_extn("size") else []
        answer = self._ask("the sender", lambda: self._smtp.mail(sender, sizes))
        if not answer.is_yes:
            raise refusal(self._server, "the sender", answer)

    def offer(self, recipients: Iterable[str]) -> dict[str, Answer]:
        """Name the recipients; those that were refused, and why.

        Raises:
            ChannelError: The connection is lost.
        """
        refused: dict[str, Answer] = {}
        for recipient in recipients:
            answer = self._ask("a recipient", partial(self._smtp.rcpt, recipient))
            if not answer.is_yes:
                refused[recipient] = answer
            if not self.is_open:
                raise refusal(self._server, "a recipient", answer)
        return refused

    def hand_over(self, content: bytes) -> None:
        """Give it the mail; accepted when this returns.

        Raises:
            ChannelError: It was refused; or the server did not say what became of it, which the text says.
        """
        answer = self._ask("the mail", lambda: self._smtp.docmd("DATA"))
        if answer.code != _GO_AHEAD:
            raise refusal(self._server, "the mail", answer)
        # While a part of it is missing, the last line at least, no server takes it.
        self._speak(partial(self._smtp.send, re.sub(rb"(?m)^\.", b"..", content) + b".\r\n"))
        try:
            answer = self._smtp.getreply()
        except OSError as error:
            raise in_doubt(self._server, error) from error
        if answer.is_no:
            raise refusal(self._server, "the mail", answer)
        if not answer.is_yes:
            raise in_doubt(self._server, answer)

    def ask(self) -> None:
        """Ask whether it is there.

        Raises:
            ChannelError: It is not.
        """
        answer = self._ask("NOOP", self._smtp.noop)
        if not answer.is_yes:
            raise refusal(self._server, "NOOP", answer)

    def drop(self) -> None:
        """Close it at once and say nothing."""
        self._smtp.close()

    def leave(self, deadline: Deadline) -> None:
        """Say that nothing more will come, then close it; never raises."""
        try:
            if self.is_open:
                self._smtp.wait_within(Limit(deadline, self._server.read_timeout))
                self._smtp.quit()
        except OSError:  # it was gone already
            pass
        finally:
            self.drop()

    def _ask(self, what: str, command: Callable[[], tuple[int, bytes]]) -> Answer:
        answer = Answer(*self._speak(command))
        if not (answer.is_yes or answer.is_no or answer.code == _GO_AHEAD):
            raise refusal(self._server, what, answer)
        return answer

    def _speak(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except OSError as error:
            raise not_accepted(self._server, error, is_open=self.is_open) from error


def connect(server: Server, deadline: Deadline) -> Connection:
    """Connect, agree on TLS, and log in.

    Raises:
        ChannelError: That can't be done, or not by the deadline.
    """
    client = _Client(server, Limit(deadline, server.read_timeout))
    try:
        client.login()
        client.smtp.ehlo_or_helo_if_needed()
    except (OSError, ValueError) as error:
        told = not_accepted(server, error, is_open=client.is_open, step=client.step, answer=client.answer)
        # Not as its cause where it may hold the password: a server may repeat what it was sent.
        raise told from (None if client.step is Step.PASSWORD else error)
    else:
        return Connection(server, client.handed_on())
    finally:
        client.drop()


class _Client(Client):  # type: ignore[misc]
    """The mail library's client, as far as it is good: it makes one connection, and gives it away."""

    smtp: Any

    def __init__(self, server: Server, limit: Limit) -> None:
        self._server, self._limit = server, limit
        super().__init__(
            host=server.host,
            port=server.port,
            soft_email_validation=False,
            local_hostname=_own_name(),
            **_login(server),
            **_tls(server),
        )
        self.set_logging(None)

    @property
    def connection(self) -> Any:
        """What makes the library's connection."""
        return partial(self._connect, super().connection)

    def _connect(self, kind: type, host: str, port: str, **options: Any) -> Any:
        # Each of the host's addresses is tried, and TLS waits as long as one of them: all together have what is left.
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        connecting = Limit(self._limit.deadline, self._server.connect_timeout)
        timeout = connecting.share(len(addresses) + 1)
        timed = type("SmtpConnection", (TimedConnection, kind), {})
        return timed(self._limit, host, port, timeout=timeout, **options)

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self.smtp is not None and self.smtp.is_open

    @property
    def answer(self) -> Answer | None:
        """The server's last one."""
        answer: Answer | None = None if self.smtp is None else self.smtp.answer
        return answer

    @property
    def step(self) -> Step:
        """How far the connection is."""
        step: Step = Step.CONNECTION if self.smtp is None else self.smtp.step
        return step

    def handed_on(self) -> Any:
        """The connection, no longer its own."""
        smtp, self.smtp = self.smtp, None
        return smtp

    def drop(self) -> None:
        """Close what it still has, and say nothing: left to itself, it would say goodbye when it is collected."""
        self.is_closed = True
        if self.smtp is not None:
            self.smtp.close()


def _login(server: Server) -> dict[str, Any]:
    """The login as the library wants it told: the user as a mapping, else it would append a domain of its own."""
    if server.login is None:
        return {"user": {"": ""}, "smtp_skip_login": True}
    user = server.login.user
    return {"user": {user: user}, "password": server.login.password()}


def _tls(server: Server) -> dict[str, Any]:
    """TLS as the library wants it told, verifying the certificate and its name: by itself it would not."""
    if server.tls == "none":
        return {"smtp_ssl": False, "smtp_starttls": False}
    try:
        context = ssl.create_default_context(cafile=server.ca)
    except OSError as error:
        why = error.strerror or error
        raise ChannelError(f"{server}: ca={server.ca} can't be read as CAs in PEM: {why}", transient=False) from error
    if server.tls == "ssl":
        return {"smtp_ssl": True, "smtp_starttls": False, "context": context}
    return {"smtp_ssl": False, "smtp_starttls": {"context": context}}


def _own_name() -> str:
    """Who we say we are, without asking DNS, which can take long: an address that means "this machine" is as good."""
    name = host_name(socket.gethostname()) or ""
    return name if "." in name else "[127.0.0.1]"
