"""A TCP proxy that makes the faults of a network, and of a bad server: for the tests of backends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from threading import Lock, Thread
from typing import Any, Self

from ninelives.testing.relay import Mode, Relay, reset_at_close

__all__ = ["FaultProxy"]

_LOOPBACK = "127.0.0.1"
_BACKLOG = 128


class FaultProxy:
    """Stands before a server, on a free port of the loopback interface, and passes on what is said; until told not to.

    It works from when it is made until `close`. What it is told to do holds when the method returns, for connections
    that come, and for those that are there already as each method says. A connection for which the server can't be
    reached is reset. One thread does it all, and none is left after `close`.

    Args:
        host: The server's host, of IPv4; None: there is no server, and the proxy is silent until told otherwise.
        port: The server's port.

    Attributes:
        port: The proxy's own port.
        address: Where to connect to, as ``127.0.0.1:PORT``.

    Raises:
        OSError: The host is unknown, or no port is free.

    Example:
        >>> with FaultProxy() as server:
        ...     client = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        ...     server.connections
        ...     client.close()
        1
    """

    def __init__(self, host: str | None = None, port: int = 0) -> None:
        self._server = None if host is None else (socket.gethostbyname(host), port)
        self._relays: dict[asyncio.Task[None], Relay] = {}
        self._accepted = 0
        self._closed = False
        self._lock = Lock()
        self._listener = _bound(0)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"{_LOOPBACK}:{self.port}"
        self._mode = Mode(refuses=True)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"proxy {self.address}", daemon=True)
        self._thread.start()
        self._set(Mode(silent=host is None))

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        with self._lock:
            if not self._closed:
                self._do(self._accept_waiting())
            return self._accepted

    def works(self) -> None:
        """Pass everything on, both ways."""
        self._set(Mode())

    def silent(self) -> None:
        """Accept, and say nothing; nothing gets through to the server either.

        A connection that was there before goes on when the proxy does, if nothing was said on it meanwhile; one that
        has lost something, and one that was made in the silence, stays silent until the client ends it.
        """
        self._set(Mode(silent=True))

    def refuse(self) -> None:
        """Refuse connections, and reset those that are there. The port stays taken until `close`."""
        self._set(Mode(refuses=True))

    def cut(self, after: int = 0, *, reset: bool = False) -> None:
        """Close each connection when so much of the server's answer has passed; the server gets all that is sent.

        Args:
            after: Bytes that pass, for a connection that is there already counted from now. 0: the server does what it
                is asked, and nothing of its answer comes back.
            reset: Whether the client sees a reset, not an end.
        """
        self._set(Mode(cut=after, reset=reset))

    def delay(self, seconds: float) -> None:
        """Pass each piece of the server's answer on so many seconds late; what waits passes when the mode changes."""
        self._set(Mode(delay=seconds))

    def close(self) -> None:
        """End all connections, free the port and stop the thread; calling it twice does no harm."""
        with self._lock:
            if self._closed:
                return
            self._do(self._switch(Mode(refuses=True)))
            self._closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _set(self, mode: Mode) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("the proxy is closed")
            self._do(self._switch(mode))

    def _do(self, action: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(action, self._loop).result()

    async def _switch(self, mode: Mode) -> None:
        before, self._mode = self._mode, mode
        for relay in self._relays.values():
            relay.change(mode)
        before.over.set()
        if mode.refuses and not before.refuses:
            await self._stop_listening()
        elif before.refuses and not mode.refuses:
            self._listener.listen(_BACKLOG)
            self._loop.add_reader(self._listener, self._accept_all)

    async def _stop_listening(self) -> None:
        self._loop.remove_reader(self._listener)
        self._listener.close()
        self._listener = _bound(self.port)  # a port that is bound, and not listened at, refuses
        relays = dict(self._relays)
        for task, relay in relays.items():
            reset_at_close(relay.client)
            task.cancel()
        await asyncio.gather(*relays, return_exceptions=True)
        for relay in relays.values():
            relay.close()

    async def _accept_waiting(self) -> None:
        if not self._mode.refuses:
            self._accept_all()

    def _accept_all(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # nobody waits any more
                return
            self._accepted += 1
            relay = Relay(client, self._mode)
            task = self._loop.create_task(relay.run(self._server))
            self._relays[task] = relay
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._relays.pop(task).close()  # here, since a task that is cancelled before it has begun closes nothing


def _bound(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_LOOPBACK, port))
    except OSError:
        listener.close()
        raise
    return listener
