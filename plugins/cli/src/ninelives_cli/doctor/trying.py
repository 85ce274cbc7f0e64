"""Trying a store or a channel without harm."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from ninelives.checkable import Checkable
from ninelives.inspecting import Backend
from ninelives_cli.doctor.together import GRACE, Ended, side_by_side
from ninelives_cli.doctor.words import clean, why

__all__ = ["Verdict", "try_all"]

Verdict = tuple[bool | None, str]
"""Whether it works, None where that can't be tried; and what was tried, or why it does not work."""

_UNTRIED = {
    "store": "opened; it can't be tried without keeping a letter",
    "channel": "opened; it can't be tried without sending: ninelives notify test does that",
}


def try_all(backends: Sequence[Backend], timeout: float) -> list[Verdict]:
    """Try them side by side.

    Args:
        backends: What to try; each is closed when it has been.
        timeout: Seconds that one answer may take. One that takes much longer is given up.
    """
    jobs = [partial(_try, backend, timeout) for backend in backends]
    return list(map(_verdict, backends, side_by_side(jobs, timeout + GRACE)))


def _try(backend: Backend, timeout: float) -> str | None:
    try:
        said = _ask(backend.own, timeout)
    except BaseException:
        with suppress(Exception):  # that it does not work is said already
            backend.own.close()
        raise
    backend.own.close()
    return said


def _ask(own: object, timeout: float) -> str | None:
    return str(own.check(timeout=timeout)) if isinstance(own, Checkable) else None


def _verdict(backend: Backend, ended: Ended[str | None]) -> Verdict:
    if ended.error is not None:
        return False, why(backend, ended.error)
    if ended.result is None:
        return None, _UNTRIED[backend.kind]
    return True, clean(ended.result)
