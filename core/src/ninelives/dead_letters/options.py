"""The options of a dead letter queue, alone and as a link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from ninelives.checks import Checks
from ninelives.decorating import Kind, kind_of

__all__ = ["DeadLetterOptions", "QueueOptions"]


class QueueOptions(Struct, frozen=True, kw_only=True):
    """What a queue does, wherever its letters are; `DeadLetterQueue` describes each."""

    reprocessor: Callable[..., Any] | None = None
    on_open: bool = True
    on_cancel: bool = False
    max_replays: int = 5
    lease: float = 300.0
    encode: Callable[[Any], Any] | None = None
    decode: Callable[[Any], Any] | None = None

    def check(self) -> None:
        """Look at every value.

        Raises:
            ConfigurationError: Some are wrong; it names them all.
        """
        checks = Checks("DeadLetterQueue")
        checks.number("max_replays", self.max_replays, at_least=1, whole=True)
        checks.number("lease", self.lease, above=0)
        for option in ("on_open", "on_cancel"):
            checks.that(isinstance(getattr(self, option), bool), option, getattr(self, option), "True or False")
        for option in ("reprocessor", "encode", "decode"):
            func = getattr(self, option)
            checks.that(func is None or callable(func), option, func, "a function")
        checks.that(_runs(self.reprocessor), "reprocessor", self.reprocessor, "no generator function: it would not run")
        checks.done()


def _runs(func: Callable[..., Any] | None) -> bool:
    try:
        return not callable(func) or kind_of(func) in Kind
    except TypeError:
        return False


class DeadLetterOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of the link ``dead_letter``: which there are, and of what type; `DeadLetterQueue` describes each."""

    # Any: a store or a function that the program gives; their own checks come when the link is made.
    store: Any = None
    fallback: Any = None
    park: Any = None
    reprocessor: Any = None
    on_open: bool = True
    on_cancel: bool = False
    max_replays: int = 5
    lease: float = 300.0
    encode: Any = None
    decode: Any = None
