"""The options of a dead letter queue, alone and as a link."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from ninelives.checks import Checks
from ninelives.dead_letters.fingerprints import check_fingerprint
from ninelives.dead_letters.redacting import check_redact
from ninelives.decorating import Kind, kind_of
from ninelives.durations import EXPECTED, duration_of

__all__ = ["ON_RECOVERY", "DeadLetterOptions", "QueueOptions"]

ON_RECOVERY = "on_recovery"
"""As a link's option `replay`: what an outage left behind is replayed once its circuit has closed again."""


class QueueOptions(Struct, frozen=True, kw_only=True):
    """What a queue does, wherever its letters are; `DeadLetterQueue` describes each."""

    reprocessor: Callable[..., Any] | None = None
    on_open: bool = True
    on_cancel: bool = False
    max_replays: int = 5
    lease: float = 300.0
    encode: Callable[[Any], Any] | None = None
    decode: Callable[[Any], Any] | None = None
    keep: str | float | timedelta | None = None
    max_letters: int | None = None
    fingerprint: Callable[[BaseException], object] | str | None = None
    redact: Sequence[str] = ()
    replay: str | None = None
    rate: float | None = None

    @property
    def kept_for(self) -> timedelta | None:
        """How long letters are kept; None: for ever."""
        return None if self.keep is None else duration_of(self.keep)

    def check(self, checks: Checks | None = None) -> None:
        """Look at every value.

        Args:
            checks: What is wrong besides, which is raised with it.

        Raises:
            ConfigurationError: Some are wrong; it names them all.
        """
        checks = checks or Checks("DeadLetterQueue")
        checks.number("max_replays", self.max_replays, at_least=1, whole=True)
        checks.number("lease", self.lease, above=0)
        for option in ("on_open", "on_cancel"):
            checks.that(isinstance(getattr(self, option), bool), option, getattr(self, option), "True or False")
        for option in ("reprocessor", "encode", "decode"):
            func = getattr(self, option)
            checks.that(func is None or callable(func), option, func, "a function")
        checks.that(_runs(self.reprocessor), "reprocessor", self.reprocessor, "no generator function: it would not run")
        checks.that(_is_duration(self.keep), "keep", self.keep, EXPECTED)
        if self.max_letters is not None:
            checks.number("max_letters", self.max_letters, at_least=1, whole=True)
        check_fingerprint(checks, self.fingerprint)
        check_redact(checks, self.redact)
        self._check_replay(checks)
        checks.done()

    def _check_replay(self, checks: Checks) -> None:
        known = self.replay in (None, ON_RECOVERY)
        checks.that(known, "replay", self.replay, f"{ON_RECOVERY!r}, or None: nothing is replayed by itself")
        if self.rate is not None:
            checks.number("rate", self.rate, above=0)
            checks.that(self.replay is not None, "rate", self.rate, f"replay = {ON_RECOVERY!r} beside it")


def _is_duration(given: Any) -> bool:
    try:
        return given is None or bool(duration_of(given))
    except ValueError:
        return False


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
    keep: Any = None
    max_letters: int | None = None
    fingerprint: Any = None
    redact: Any = ()
    replay: str | None = None
    rate: float | None = None
