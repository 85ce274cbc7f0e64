"""Waiting for a mail server, and never for longer than is left."""

from __future__ import annotations

from io import BufferedReader, RawIOBase
from typing import Any

from ninelives.deadline import Deadline
from ninelives_email.errors import Answer, NoGreetingError, Step

__all__ = ["Limit", "TimedConnection"]

_LEAST = 0.001  # seconds: a time-out of nothing means something else to a socket
_LONGEST_ANSWER = 65_536  # bytes: a line has 512 (RFC 5321, section 4.5.3.1.5), and an answer some dozens of them
_CLOSING = 421  # RFC 5321, section 3.8: to whatever was asked, and nothing comes after it


class Limit:
    """How long a wait may be.

    Args:
        deadline: When all must be over.
        longest: Seconds that one wait may take.
    """

    def __init__(self, deadline: Deadline, longest: float) -> None:
        self.deadline = deadline
        self.longest = longest

    @property
    def seconds(self) -> float:
        """Seconds that a wait that begins now may take."""
        return self.share(1)

    def share(self, waits: int) -> float:
        """Seconds that each of so many waits, one after the other, may take."""
        return max(min(self.deadline.remaining / waits, self.longest), _LEAST)


class TimedConnection:
    """Mixed into the mail library's connection: every wait has its limit, however the server spreads its answer.

    The library's own time-out begins anew with each piece that comes, so a server that sends one byte at a time would
    never be given up.

    Attributes:
        limit: How long the waits may be; renewed for each mail.
        answer: The last answer that came.
        step: How far it is.
    """

    sock: Any
    file: Any
    answer: Answer | None = None
    step = Step.CONNECTION

    def __init__(self, limit: Limit, *args: Any, **kwargs: Any) -> None:
        self.limit = limit
        super().__init__(*args, **kwargs)

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as is known here."""
        # Where TLS fails to begin, what is left is the shell of a socket.
        return self.sock is not None and self.sock.fileno() >= 0

    def wait_within(self, limit: Limit) -> None:
        """From now on, this is the limit."""
        self.limit = limit
        self.sock.settimeout(limit.seconds)

    def login(self, *args: Any, **kwargs: Any) -> Any:
        """Log in, as the library does it."""
        self.step = Step.LOGIN
        return super().login(*args, **kwargs)  # type: ignore[misc]

    def auth(self, *args: Any, **kwargs: Any) -> Any:
        """Try one way to log in, as the library does it."""
        self.step = Step.PASSWORD
        return super().auth(*args, **kwargs)  # type: ignore[misc]

    def getreply(self) -> Answer:
        """The next answer; after one that says so, the connection is closed here too."""
        if self.file is None:
            self.file = _Lines(_Incoming(self))
        self.file.left = _LONGEST_ANSWER
        try:
            self.answer = Answer(*super().getreply())  # type: ignore[misc]
        except OSError as error:
            if self.answer is None and isinstance(error.__context__, TimeoutError):
                raise NoGreetingError from error
            raise
        self.wait_within(self.limit)  # what comes next may be TLS, which waits by itself
        if self.answer.code == _CLOSING:
            self.close()  # type: ignore[attr-defined]
        return self.answer


class _Lines(BufferedReader):
    """The lines that a server sends; one without an end is none: its connection was lost in the middle of it.

    Attributes:
        left: Bytes that the answer may still have.
    """

    left = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        self.left -= len(line)
        if self.left < 0:
            raise OSError("an answer without an end")
        return line if line.endswith(b"\n") or len(line) == size else b""


class _Incoming(RawIOBase):
    """The bytes that a server sends."""

    def __init__(self, connection: TimedConnection) -> None:
        self._socket, self._connection = connection.sock, connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        limit = self._connection.limit
        if not limit.deadline.remaining:
            raise TimeoutError("timed out")
        self._socket.settimeout(limit.seconds)
        read: int = self._socket.recv_into(buffer)
        return read
