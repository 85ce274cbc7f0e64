"""One connection through a `FaultProxy`: what it does with each piece of what is said."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

__all__ = ["Mode", "Relay", "reset_at_close"]

_PIECE = 65_536


@dataclass(frozen=True, eq=False, kw_only=True)
class Mode:
    """What a proxy does; nothing special by default.

    Attributes:
        silent: It says nothing.
        refuses: It does not listen.
        cut: Bytes of an answer after which a connection is closed.
        reset: Whether it is reset then.
        delay: Seconds that each piece of an answer is late.
        over: Set when another mode holds.
    """

    silent: bool = False
    refuses: bool = False
    cut: int | None = None
    reset: bool = False
    delay: float = 0.0
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Relay:
    """One client's connection, and the one to the server that belongs to it.

    Args:
        client: The client's connection.
        mode: What the proxy does now.
    """

    def __init__(self, client: socket.socket, mode: Mode) -> None:
        self.client = client
        self._mode = mode
        self._passed = 0
        self._lost = mode.silent
        self._server: socket.socket | None = None
        _prepare(client)

    def change(self, mode: Mode) -> None:
        """Do as this mode says from now on; the bytes are counted anew."""
        self._mode, self._passed = mode, 0

    async def run(self, where: tuple[str, int] | None) -> None:
        """Pass on what is said until one side ends it; `where` is the server's host and port."""
        if self._lost:
            await self._ask(None)
            return
        try:
            server = await self._connected(where)
        except OSError:
            reset_at_close(self.client)
            return
        asking = asyncio.create_task(self._ask(server))
        try:
            await self._answer(server)
            if self._lost:  # that the server has ended it is not said either
                await asking
        finally:
            asking.cancel()
            await asyncio.wait([asking])

    def close(self) -> None:
        """Close both connections."""
        self.client.close()
        if self._server is not None:
            self._server.close()

    async def _connected(self, where: tuple[str, int] | None) -> socket.socket:
        if where is None:
            raise ConnectionRefusedError("there is no server")
        self._server = socket.socket()
        _prepare(self._server)
        await asyncio.get_running_loop().sock_connect(self._server, where)
        return self._server

    async def _ask(self, server: socket.socket | None) -> None:
        """From the client to the server."""
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while data := await loop.sock_recv(self.client, _PIECE):
                self._lost = self._lost or self._mode.silent
                if server is not None and not self._lost:
                    await loop.sock_sendall(server, data)
        if server is not None:
            with suppress(OSError):
                server.shutdown(socket.SHUT_WR)

    async def _answer(self, server: socket.socket) -> None:
        """From the server to the client."""
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while data := await loop.sock_recv(server, _PIECE):
                await self._be_late()
                if not await self._say(data):
                    return
        self._lost = self._lost or self._mode.silent

    async def _be_late(self) -> None:
        while self._mode.delay:
            try:
                async with asyncio.timeout(self._mode.delay):
                    await self._mode.over.wait()
            except TimeoutError:
                return

    async def _say(self, data: bytes) -> bool:
        """Whether the connection lasts."""
        mode = self._mode
        self._lost = self._lost or mode.silent
        if self._lost:
            return True
        allowed = data if mode.cut is None else data[: mode.cut - self._passed]
        self._passed += len(allowed)
        await asyncio.get_running_loop().sock_sendall(self.client, allowed)
        if mode.cut is None or self._passed < mode.cut:
            return True
        if mode.reset:
            reset_at_close(self.client)
        return False


def reset_at_close(connection: socket.socket) -> None:
    """Closing it will reset it."""
    with suppress(OSError):  # it may be closed already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _prepare(connection: socket.socket) -> None:
    connection.setblocking(False)
    with suppress(OSError):  # it may be gone already
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
