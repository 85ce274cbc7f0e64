"""The proxy that makes the faults of a network."""

from __future__ import annotations

import errno
import socket
import socketserver
import struct
import threading
import time

import pytest

from ninelives.testing import FaultProxy

PATIENCE = 10.0  # what a test waits for something that must come
SILENCE = 0.1  # what it waits to see that nothing comes


class Echo(socketserver.BaseRequestHandler):
    """Says everything back; and notes what it was told."""

    def handle(self):
        while data := self.request.recv(65_536):
            self.server.heard += data
            self.server.spoken_to.set()
            self.request.sendall(data)
        self.request.sendall(b"bye")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    handler = Echo

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.handler)
        self.heard = b""
        self.spoken_to = threading.Event()
        self.port = self.server_address[1]

    def handle_error(self, request, client_address):
        """A client that has gone is no error."""


class Parting(Server):
    """Says one thing and ends it."""

    class handler(socketserver.BaseRequestHandler):  # noqa: N801 - it takes the place of an attribute
        def handle(self):
            self.request.recv(1)
            self.request.sendall(b"bye")


def running(kind):
    with kind() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server():
    yield from running(Server)


@pytest.fixture
def proxy(server):
    with FaultProxy("localhost", server.port) as proxy:
        yield proxy
    assert not any(thread.name.startswith("proxy ") for thread in threading.enumerate())


@pytest.fixture
def connect(proxy):
    """Makes connections to the proxy, which are closed after the test."""
    made = []

    def connect(to=proxy):
        made.append(socket.create_connection(("127.0.0.1", to.port), PATIENCE))
        return made[-1]

    yield connect
    for client in made:
        client.close()


def ask(client, text=b"hello"):
    """What is answered, whole."""
    client.sendall(text)
    return answer(client, len(text))


def answer(client, length):
    found = b""
    while len(found) < length and (data := client.recv(length - len(found))):
        found += data
    return found


def says_nothing(client):
    client.settimeout(SILENCE)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(PATIENCE)
    return False


def is_reset(client):
    """Whether it was reset, and not just ended."""
    try:
        return client.recv(1) is None
    except ConnectionResetError:
        return True


def test_it_passes_everything_on(proxy, connect, server):
    """What the client says reaches the server, and the answer comes back, whole."""
    text = bytes(range(256)) * 4_000
    client = connect()
    sender = threading.Thread(target=client.sendall, args=(text,))
    sender.start()
    assert answer(client, len(text)) == text
    sender.join()
    assert server.heard == text
    assert proxy.address == f"127.0.0.1:{proxy.port}"


def test_the_end_is_passed_on(connect):
    """A client that has said all is still answered, and sees the server's end."""
    client = connect()
    client.shutdown(socket.SHUT_WR)
    assert answer(client, 10) == b"bye"


def test_it_counts_connections(proxy, connect):
    """The count holds for every connection that was made, also right after it was made, and after the end."""
    assert proxy.connections == 0
    for number in range(1, 6):
        connect()
        assert proxy.connections == number
    proxy.close()
    assert proxy.connections == 5


def test_a_server_that_is_not_there(connect):
    """A connection to a server that is not there is reset."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with FaultProxy("127.0.0.1", unused.getsockname()[1]) as proxy:
            with pytest.raises(ConnectionResetError):
                connect(proxy).recv(1)
            assert proxy.connections == 1


def test_without_a_server_it_is_silent(connect):
    """A proxy before nothing takes connections and says nothing; told to work, it has nothing to pass them on to."""
    with FaultProxy() as proxy:
        client = connect(proxy)
        client.sendall(b"anyone there?")
        assert says_nothing(client)
        assert proxy.connections == 1
        proxy.works()
        with pytest.raises(ConnectionResetError):
            connect(proxy).recv(1)


def test_silence_holds_for_all_connections(proxy, connect, server):
    """Silent, it accepts and says nothing, on connections that were there too; the server hears nothing."""
    before = connect()
    assert ask(before) == b"hello"
    proxy.silent()
    after = connect()
    for client in (before, after):
        client.sendall(b"lost")
        assert says_nothing(client)
    assert server.heard == b"hello"


def test_what_lost_nothing_goes_on_after_silence(proxy, connect):
    """After a silence, a connection on which nothing was said goes on, and one that has lost something never does."""
    idle, spoken = connect(), connect()
    assert ask(idle) == ask(spoken) == b"hello"
    proxy.silent()
    fresh = connect()
    spoken.sendall(b"lost")
    assert says_nothing(spoken)
    proxy.works()
    assert ask(idle) == ask(connect()) == b"hello"
    for client in (spoken, fresh):
        client.sendall(b"more")
        assert says_nothing(client)


def test_in_silence_no_end_is_seen(connect):
    """That the server has ended a connection is not said either, nor the answer before it."""
    for parting in running(Parting):
        with FaultProxy("127.0.0.1", parting.port) as proxy:
            proxy.delay(3_600)
            client = connect(proxy)
            client.sendall(b"?")
            assert says_nothing(client)
            proxy.silent()
            assert says_nothing(client)
            proxy.works()
            assert says_nothing(client)


def test_refusal(proxy, connect):
    """Refusing, it resets what is there and refuses what comes, until told otherwise; the port stays the same."""
    for mode in (proxy.works, proxy.silent, proxy.works):
        proxy.works()
        client = connect()
        assert ask(client) == b"hello"
        proxy.refuse()
        proxy.refuse()
        assert is_reset(client)
        with pytest.raises(ConnectionRefusedError):
            connect()
        made = proxy.connections
        mode()
        connect()
        assert proxy.connections == made + 1
    assert ask(connect()) == b"hello"


def test_refusal_takes_nobody_elses_port(proxy):
    """While it refuses, nobody else can listen at its port."""
    proxy.refuse()
    with socket.socket() as other, pytest.raises(OSError, match=r".") as caught:
        other.bind(("127.0.0.1", proxy.port))
    assert caught.value.errno == errno.EADDRINUSE


@pytest.mark.parametrize("after", [0, 1, 4, 5, 6, 9])
@pytest.mark.parametrize("reset", [False, True])
def test_an_answer_is_cut(proxy, connect, server, after, reset):
    """Each connection ends, or is reset, when so many bytes of the answer have passed; the server got all requests."""
    proxy.cut(after=after, reset=reset)
    for _ in range(2):
        client = connect()
        first, rest = min(after, 5), max(after - 5, 0)
        client.sendall(b"hello")
        assert answer(client, first) == b"hello"[:first]
        if rest:
            client.sendall(b"again")
            assert answer(client, rest) == b"again"[:rest]
        assert is_reset(client) is reset
    assert server.heard == (b"helloagain" if after > 5 else b"hello") * 2


def test_the_count_of_a_cut_begins_with_the_call(proxy, connect):
    """On a connection that is there already, the bytes are counted from when it was told to cut."""
    client = connect()
    assert ask(client) == b"hello"
    proxy.cut(after=3)
    assert ask(client) == b"hel"
    client = connect()
    assert ask(client, b"he") == b"he"
    proxy.cut(after=3)
    assert ask(client, b"llo!") == b"llo"


def test_an_answer_is_late(proxy, connect):
    """Each piece of the answer comes so many seconds late, and whole."""
    proxy.delay(0.05)
    client = connect()
    for _ in range(2):
        began = time.monotonic()
        assert ask(client) == b"hello"
        assert time.monotonic() - began > 0.049


@pytest.mark.parametrize("mode", ["works", "silent", "cut", "refuse", "close"])
def test_what_is_late_waits_no_longer_than_the_mode(proxy, connect, server, mode):
    """An answer that is late is dealt with at once when the mode changes, as the new one says."""
    proxy.delay(3_600)
    client = connect()
    client.sendall(b"hello")
    assert server.spoken_to.wait(PATIENCE)
    assert says_nothing(client)
    getattr(proxy, mode)()
    if mode == "works":
        assert answer(client, 5) == b"hello"
    elif mode == "silent":
        assert says_nothing(client)
    elif mode == "cut":
        assert client.recv(1) == b""
    else:
        assert is_reset(client)


def test_a_new_delay_takes_the_place_of_the_old(proxy, connect, server):
    """An answer that is late waits anew when the delay changes."""
    proxy.delay(3_600)
    client = connect()
    client.sendall(b"hello")
    assert server.spoken_to.wait(PATIENCE)
    assert says_nothing(client)
    proxy.delay(0.01)
    assert answer(client, 5) == b"hello"


def test_clients_that_go_leave_nothing(proxy, connect, server):
    """A client that ends or resets its connection does no harm in any mode, and the next is served."""
    for mode in (proxy.works, proxy.silent, lambda: proxy.delay(0.01), proxy.cut, proxy.works):
        mode()
        for linger in (0, 1):
            client = connect()
            client.sendall(b"hello" * 1_000)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", linger, 0))
            client.close()
    assert ask(connect()) == b"hello"


def test_a_closed_proxy_can_not_be_told(proxy, connect):
    """After `close`, which may be called twice, nobody can connect, and to set a mode is an error."""
    client = connect()
    proxy.close()
    proxy.close()
    assert is_reset(client)
    with pytest.raises(ConnectionRefusedError):
        connect()
    with pytest.raises(RuntimeError, match="closed"):
        proxy.works()


def test_a_port_that_can_not_be_had(monkeypatch):
    """Where no port can be had, that is the error, and nothing is left open."""

    def refused(self, address):
        raise OSError(errno.EADDRINUSE, "in use")

    monkeypatch.setattr(socket, "socket", type("Socket", (socket.socket,), {"bind": refused}))
    with pytest.raises(OSError, match="in use"):
        FaultProxy()


def test_many_threads_use_it(proxy, connect):
    """Many clients at once are served while the mode changes between harmless ones."""
    done, answers = threading.Event(), []

    def client():
        while not done.is_set():
            with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as connection:
                answers.append(ask(connection))

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        proxy.works()
        proxy.delay(0.001)
    done.set()
    for thread in threads:
        thread.join()
    assert set(answers) <= {b"hello"}
