"""Who does something to letters by hand: for their notes, and for the event."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from msgspec import Struct

from ninelives.describing import bounded
from ninelives.machine import hostname
from ninelives.redaction import one_line, redact_text

__all__ = ["Who"]

_LONGEST = 100  # characters of each part


class Who(Struct, frozen=True):
    """A person or a program at a machine.

    Attributes:
        user: The name that the operating system has for them.
        host: The machine's name.
        command: What they use, without its arguments: ``ninelives dlq park``.

    Example:
        >>> str(Who("alice", "web-1", "ninelives dlq park"))
        'alice@web-1 (ninelives dlq park)'
    """

    user: str
    host: str
    command: str

    @classmethod
    def here(cls, command: str | None = None) -> Who:
        """Whoever runs this process. Never raises an `Exception`.

        Args:
            command: What they use, without its arguments; secrets in it are masked. None: the program's name.
        """
        return cls(_user(), hostname(), redact_text(command if command is not None else _program()))

    def __str__(self) -> str:
        user, host, command = (bounded(one_line(part), _LONGEST) for part in (self.user, self.host, self.command))
        return f"{user}@{host} ({command})"


def _user() -> str:
    """By the number that the system knows them by: what the environment says anyone may have set."""
    number = os.getuid() if hasattr(os, "getuid") else None
    with suppress(Exception):  # no entry, as in many a container, or no such module
        import pwd

        return pwd.getpwuid(number).pw_name  # type: ignore[arg-type]  # None is one more of these cases
    named = os.environ.get("LOGNAME") or os.environ.get("USER") or os.environ.get("USERNAME")
    return named or ("unknown" if number is None else f"uid {number}")


def _program() -> str:
    """The program's name without its path; of ``python -m package``, the package's."""
    path = str(sys.argv[0]) if getattr(sys, "argv", None) else ""
    name = os.path.basename(path)
    if name == "__main__.py":
        name = os.path.basename(os.path.dirname(path))
    return name if name not in {"", "-c", "-"} else "python"
