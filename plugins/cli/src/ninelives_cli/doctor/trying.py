"""Trying a store or a channel without harm."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from ninelives.checkable import Checkable
from ninelives.dead_letters.letter import LetterFilter
from ninelives.dead_letters.store import is_searchable
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
        said = _ask(backend, timeout)
    except BaseException:
        with suppress(Exception):  # that it does not work is said already
            backend.own.close()
        raise
    backend.own.close()
    return said


def _ask(backend: Backend, timeout: float) -> str | None:
    if not isinstance(backend.own, Checkable):
        return None
    said = str(backend.own.check(timeout=timeout))
    waiting = _waiting(backend)
    return f"{said}; {waiting}" if waiting else said


def _waiting(backend: Backend) -> str:
    """How many letters a fallback has for the store, where it can count them; nothing if there are none."""
    if backend.part != "fallback" or not is_searchable(backend.own):
        return ""
    number = backend.own.count(LetterFilter(state="waiting"))
    letters = "1 letter waits" if number == 1 else f"{number} letters wait"
    how = "'ninelives dlq drain' moves them now, the pipeline when the store works"
    return f"{letters} there to come home: {how}" if number else ""


def _verdict(backend: Backend, ended: Ended[str | None]) -> Verdict:
    if ended.error is not None:
        return False, why(backend, ended.error)
    if ended.result is None:
        return None, _UNTRIED[backend.kind]
    return True, clean(ended.result)
