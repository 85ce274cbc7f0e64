"""Mail servers for the tests: real ones, and one that says what it is told to."""

from __future__ import annotations

import asyncio
import datetime as dt
import email
import email.policy
import selectors
import socket
import ssl
import threading
from contextlib import suppress

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from ninelives.address import Address
from ninelives_email.factory import email_channel

USER, PASSWORD = "ops@example.com", "hunter2:/@?"


class Mailbox:
    """What a server does with mails: keeps them. Recipients and commands that it is to refuse are told by answers."""

    def __init__(self):
        self.mails, self.peers, self.answers = [], [], {}

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        return self._answer("MAIL") or self._accepted(envelope, "mail_from", address)

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if answer := self._answer(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        if answer := self._answer("DATA"):
            return answer
        self.mails.append(envelope)
        self.peers.append(session.peer)
        return "250 OK"

    def _answer(self, what):
        return self.answers.get(what)

    def _accepted(self, envelope, name, value):
        setattr(envelope, name, value)
        return "250 OK"

    @property
    def connections(self):
        """How many brought mails."""
        return len(set(self.peers))

    @property
    def messages(self):
        """The mails as they were written."""
        return [email.message_from_bytes(mail.content, policy=email.policy.default) for mail in self.mails]


class MailServer(Controller):
    """aiosmtpd on a free port of the loopback interface; nothing of it is left when it is stopped."""

    def __init__(self, handler, **options):
        self._selector = selectors.DefaultSelector()
        loop = asyncio.SelectorEventLoop(self._selector)
        # With a name of its own it asks DNS for none.
        super().__init__(handler, hostname="127.0.0.1", loop=loop, server_hostname="mail.example", **options)
        self._protocols = []

    def factory(self):
        protocol = super().factory()
        self._protocols.append(protocol)
        return protocol

    def end(self):
        asyncio.run_coroutine_threadsafe(self._end_all(), self.loop).result()
        self.stop()

    def _create_server(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        return self.loop.create_server(self._factory_invoker, sock=listener, ssl=self.ssl_context)

    async def _end_all(self):
        self.server.close()
        while self._has_work():
            for transport in self._transports():
                transport.abort()
            await asyncio.sleep(0.001)
        for _ in range(3):  # what is over is closed in one of the next rounds
            await asyncio.sleep(0)

    def _has_work(self):
        # The loop listens to itself.
        return len(asyncio.all_tasks()) > 1 or len(self._selector.get_map()) > 1 or self._transports()

    def _transports(self):
        """Those of connections that are not lost yet; under TLS one that is closing waits for the other side."""
        there = [protocol for protocol in self._protocols if protocol.transport is not None]
        both = [(protocol._original_transport, protocol.transport) for protocol in there]
        return [transport for pair in both for transport in pair if transport is not None]


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=good)


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def serve(mailbox):
    """Starts a mail server with options of aiosmtpd's; all are stopped at the end."""
    servers = []

    def start(**options):
        server = MailServer(mailbox, **options)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.end()


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture(scope="session")
def certificates(authority):
    """Contexts for servers, by what their certificates are."""
    long_ago = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    leaves = {
        "good": authority.issue_cert("localhost", "127.0.0.1"),
        "wrong host": authority.issue_cert("elsewhere.example"),
        "unknown CA": trustme.CA().issue_cert("localhost", "127.0.0.1"),
        "expired": authority.issue_cert(
            "localhost", "127.0.0.1", not_before=long_ago, not_after=long_ago + dt.timedelta(days=1)
        ),
    }
    return {name: server_context(leaf) for name, leaf in leaves.items()}


def server_context(leaf):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


@pytest.fixture
def plain_server(serve):
    return serve()


@pytest.fixture
def starttls_server(serve, certificates):
    context = certificates["good"]
    return serve(tls_context=context, require_starttls=True, authenticator=authenticate, auth_required=True)


@pytest.fixture
def ssl_server(serve, certificates):
    return serve(ssl_context=certificates["good"])


@pytest.fixture
def channel_of():
    """Makes channels of addresses; they are closed at the end."""
    channels = []

    def make(address):
        channel = email_channel(Address.parse(address))
        channels.append(channel)
        return channel

    yield make
    for channel in channels:
        channel.close()


@pytest.fixture
def plain_address(plain_server):
    return plain_address_of(plain_server.port)


def plain_address_of(port):
    return f"smtp://127.0.0.1:{port}?tls=none&to=ann@example.com&sender=app@example.com"


@pytest.fixture
def address_at():
    """The address of a server without TLS, by its port."""
    return plain_address_of


@pytest.fixture
def plain(channel_of, plain_address):
    return channel_of(plain_address)


@pytest.fixture
def script():
    """Starts servers that say what they are told to."""
    servers = []

    def start(**answers):
        server = ScriptedServer(answers)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


USUAL = {
    "GREETING": b"220 scripted\r\n",
    "EHLO": b"250-scripted\r\n250 SIZE 1000000\r\n",
    "DATA": b"354 go on\r\n",
    "QUIT": b"221 bye\r\n",
}


class ScriptedServer:
    """Answers each command with what is written for it: bytes, or bytes and then the end, or a function of the socket.

    Args:
        answers: By command, in capitals; ``GREETING`` and ``CONTENT`` (the mail itself) too. A list is used up, one
            for each time. What is not written is said yes to.
    """

    def __init__(self, answers):
        self.answers = {**USUAL, **answers}
        self.commands, self.connections, self._stopping = [], 0, False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stop(self):
        self._stopping = True
        socket.create_connection(("127.0.0.1", self.port)).close()  # for the thread that waits for one
        self._threads[0].join()
        self._listener.close()
        for connection in self._open:
            hang_up(connection)
        for thread in self._threads:
            thread.join()

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            if self._stopping:
                connection.close()
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as lines, suppress(OSError):  # one side may end it
            self._answer(connection, "GREETING")
            for line in lines:
                text = line.decode("latin-1")
                command = text.partition(" ")[0].strip().upper()
                self.commands.append(text.strip())
                if self._answer(connection, command).startswith(b"354"):
                    while lines.readline() not in (b".\r\n", b""):
                        pass
                    self._answer(connection, "CONTENT")

    def _answer(self, connection, command):
        answer = self.answers.get(command, b"250 OK\r\n")
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else b"250 OK\r\n"
        if callable(answer):
            answer(connection)
            return b""
        connection.sendall(answer)
        return answer


def hang_up(connection):
    """The end of a connection, also for a thread that waits for it."""
    with suppress(OSError):  # the other side may have ended it
        connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def ends():
    """An answer of a scripted server: what is said, then the end of the connection."""

    def after(said=b""):
        def answer(connection):
            connection.sendall(said)
            hang_up(connection)

        return answer

    return after
