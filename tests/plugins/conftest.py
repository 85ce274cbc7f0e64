"""What the tests of the plugins share: servers that stand in for AWS and for mail, and processes that use a store."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl
from urllib.request import Request, urlopen

import boto3
import botocore.session
import pytest
from aiosmtpd.controller import Controller
from moto.core import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer
from moto.sns.models import sns_backends

REGION = "us-east-1"
STORE_CHILDREN = Path(__file__).with_name("store_children.py")
WELL = "<{0}Response><{0}Result/></{0}Response>"


class Aws:
    """The server, and plain clients of it, which all tests share."""

    region = REGION

    def __init__(self, port):
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self.session = boto3.session.Session("testing", "testing", region_name=REGION)
        self.clients = {}

    def client(self, service):
        """A client with the SDK's defaults, for looking at what was done."""
        if service not in self.clients:
            self.clients[service] = self.session.client(service, endpoint_url=self.endpoint)
        return self.clients[service]

    @property
    def sns(self):
        """What the server keeps of SNS: `.topics`, `.sms_messages`."""
        return sns_backends[DEFAULT_ACCOUNT_ID][REGION]

    def close(self):
        for client in self.clients.values():
            client.close()


class Stub:
    """A server that records what it is asked, and gives one answer to all: what moto is lax about is seen here."""

    def __init__(self):
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked = dict(parse_qsl(body.decode(), keep_blank_values=True))
                stub.asked.append(asked)
                status, text = stub.answers.pop(0) if stub.answers else (200, WELL.format(asked["Action"]))
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.asked = []
        self.answers = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.thread = Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def fails(self, status, code, message="no"):
        """The next answer is this error."""
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        self.answers.append((status, f"<ErrorResponse>{error}</ErrorResponse>"))

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="session")
def services_read_once():
    """The SDK's descriptions of the services: each session reads them again, which takes most of what it costs."""
    cache, make = {}, botocore.session.create_loader

    def create_loader(*args):
        loader = make(*args)
        loader._cache = cache
        return loader

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", create_loader)
        yield


@pytest.fixture(scope="session")
def moto_server(services_read_once):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    aws = Aws(port)
    yield aws
    aws.close()
    server.stop()


@pytest.fixture
def aws_environment(monkeypatch, tmp_path, services_read_once):
    """Credentials and a region that mean nothing, and nothing of the machine's own configuration."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def aws(moto_server, aws_environment):
    """The server, empty, with `.endpoint`, `.region`, and `.client(service)` for looking at what was done."""
    reset = Request(f"{moto_server.endpoint}/moto-api/reset", method="POST")  # noqa: S310 - its own server
    urlopen(reset, timeout=30).close()  # noqa: S310 - likewise
    return moto_server


@pytest.fixture
def stub(aws_environment):
    """A server with `.endpoint` that records in `.asked` and fails when told by `.fails(status, code)`."""
    server = Stub()
    yield server
    server.close()


class Mailbox(list):
    """The mails that arrived, as bytes."""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.append(envelope.content)
        return "250 OK"


class MailServer(Controller):
    """aiosmtpd on a free port of the loopback interface."""

    def _create_server(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        return self.loop.create_server(self._factory_invoker, sock=listener)


@pytest.fixture
def serve_mail():
    """Starts mail servers without TLS and login, each with what it does with mails; all are stopped at the end."""
    servers = []

    def start(handler):
        server = MailServer(handler, hostname="127.0.0.1")
        server.start()
        servers.append(server)
        server.address = f"smtp://127.0.0.1:{server.port}?to=ops@example.com&sender=cat@example.com&tls=none"
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def mail(serve_mail):
    """A mail server without TLS and login: `.mails`, and `.address`, the channel's."""
    server = serve_mail(Mailbox())
    server.mails = server.handler
    return server


@pytest.fixture
def child(store_kind):
    """Starts a program of `store_children.py` with a store of this kind; what still runs at the end is ended."""
    # They are killed, or measured: none of them tells coverage anything.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    started = []

    def start(name, *args):
        command = [sys.executable, str(STORE_CHILDREN), store_kind, name, *map(str, args)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=environment, text=True, stdin=pipe, stdout=pipe)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def output(child):
    """What a program of `store_children.py` prints, as lines."""

    def run(name, *args):
        process = child(name, *args)
        printed, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return printed.splitlines()

    return run
