"""Each way to a mail server keeps every promise of a channel."""

from __future__ import annotations

import pytest

from ninelives.testing.contracts import ChannelContract
from ninelives.testing.proxy import FaultProxy


class TestPlain(ChannelContract):
    """Without TLS, and without a login."""

    timeout = 30.0

    @pytest.fixture
    def channel(self, plain):
        return plain

    @pytest.fixture
    def received(self, mailbox):
        return lambda: len(mailbox.mails)

    @pytest.fixture
    def failing_channel(self, plain, mailbox):
        mailbox.answers["DATA"] = "554 no"
        return plain

    @pytest.fixture
    def hanging_channel(self, channel_of, address_at):
        with FaultProxy() as silent:
            yield channel_of(address_at(silent.port))


class TestStartTls(ChannelContract):
    """With TLS that begins later, and a login."""

    timeout = 30.0

    @pytest.fixture
    def address(self, starttls_server, ca_file):
        return (
            f"smtp://ops%40example.com:hunter2%3A%2F%40%3F@localhost:{starttls_server.port}"
            f"?to=ann@example.com,bob@example.com&ca={ca_file}"
        )

    @pytest.fixture
    def channel(self, channel_of, address):
        return channel_of(address)

    @pytest.fixture
    def received(self, mailbox):
        return lambda: len(mailbox.mails)

    @pytest.fixture
    def failing_channel(self, channel_of, address):
        return channel_of(address.replace("hunter2", "hunter3"))

    @pytest.fixture
    def hanging_channel(self, channel_of, address, starttls_server):
        with FaultProxy() as silent:
            yield channel_of(address.replace(str(starttls_server.port), str(silent.port)))


class TestSsl(TestStartTls):
    """With TLS from the start."""

    @pytest.fixture
    def address(self, ssl_server, ca_file):
        return f"smtps://localhost:{ssl_server.port}?to=ann@example.com&sender=app@example.com&ca={ca_file}"

    @pytest.fixture
    def failing_channel(self, channel_of, address):
        return channel_of(address.partition("&ca=")[0])

    @pytest.fixture
    def hanging_channel(self, channel_of, address, ssl_server):
        with FaultProxy() as silent:
            yield channel_of(address.replace(str(ssl_server.port), str(silent.port)))
