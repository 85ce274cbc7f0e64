"""A real HTTP service on the loopback interface: it works, fails now and then, is down, and works again."""

from __future__ import annotations

import hashlib
import json
import socketserver
import threading
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from random import Random
from typing import Any, cast

__all__ = ["Phase", "Service", "receipt_for"]

OVERLOADED = 0.35
"""How many of the attempts it answers with 503 while it fails now and then."""

FORBIDDEN = 0.05
"""How many of the orders it then refuses with 403, however often they are tried."""

_POLL = 0.02  # seconds until it notices that it is to stop


class Phase(StrEnum):
    """What the service does."""

    WORKING = "works"
    FLAKY = "fails now and then"
    DOWN = "is down"
    HEALED = "works again"


def receipt_for(order: str) -> str:
    """What the service answers to an order: computed from it, so that every answer can be checked."""
    return hashlib.sha256(f"receipt for {order}".encode()).hexdigest()[:12]


class Service:
    """Takes orders with POST and answers each with its receipt.

    Args:
        seed: Decides, with the order and the number of its attempt, what fails now and then: not when, nor on which
            thread.
        answer: Computes the receipt.

    Attributes:
        url: Where it is; the same, however often it goes down.
        phase: What it does.
        ledger: The orders that it has served, and the receipt of each.
    """

    def __init__(self, seed: int, answer: Callable[[str], str] = receipt_for) -> None:
        self._seed = seed
        self._answer = answer
        self._attempts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._server = _Server(("127.0.0.1", 0), self)
        self.ledger: dict[str, str] = {}
        host, port = self._server.server_address[:2]
        self.url = f"http://{host!s}:{port}/orders"
        self.enter(Phase.WORKING)

    def enter(self, phase: Phase) -> None:
        """From now on do this. Down means down: the listening socket is closed and the system refuses connections."""
        if phase is Phase.DOWN:
            address = self._server.server_address
            self.close()
            # Bound, but not listening: the port stays ours, and whoever connects to it is refused.
            self._server = _Server(cast("tuple[str, int]", address), self)
        elif self._thread is None:
            self._server.server_activate()
            self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL,), name="service")
            self._thread.start()
        self.phase = phase

    def close(self) -> None:
        """Finish what is under way, and close the socket."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def reply(self, order: str) -> tuple[HTTPStatus, dict[str, str]]:
        """Serve an order, or fail to: the status and the body of the answer."""
        with self._lock:
            self._attempts[order] += 1
            attempt = self._attempts[order]
        if self.phase is Phase.FLAKY and (status := self._failure(order, attempt)) is not None:
            return status, {"error": status.phrase}
        receipt = self._answer(order)
        with self._lock:
            self.ledger[order] = receipt
        return HTTPStatus.OK, {"order": order, "receipt": receipt}

    def _failure(self, order: str, attempt: int) -> HTTPStatus | None:
        if self._chance(order) < FORBIDDEN:
            return HTTPStatus.FORBIDDEN
        return HTTPStatus.SERVICE_UNAVAILABLE if self._chance(order, attempt) < OVERLOADED else None

    def _chance(self, *of: object) -> float:
        return Random(f"{self._seed}:{of}").random()  # noqa: S311 - which requests fail is no secret


class _Server(socketserver.ThreadingTCPServer):
    """Bound to its port, and not listening until it is activated."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], service: Service) -> None:
        super().__init__(address, _Handler, bind_and_activate=False)
        self.service = service
        try:
            self.server_bind()
        except OSError:
            self.server_close()
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client is hung up on, as by any service that breaks; a traceback in the demo helps no one."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 5.0

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        order = json.loads(self.rfile.read(length))["order"]
        status, body = cast("_Server", self.server).service.reply(order)
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:
        """What happens is told by the pipeline's events."""
