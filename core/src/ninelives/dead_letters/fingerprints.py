"""Which letters are of one kind: by the program's own function where there is one, else by our rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from ninelives.checks import Checks
from ninelives.dead_letters.reprs import as_text
from ninelives.decorating import Kind, kind_of
from ninelives.describing import bounded, clean_text, safe_message, type_name
from ninelives.fingerprint import FINGERPRINT_VERSION, fingerprint, fingerprint_said
from ninelives.imported import imported, names_something
from ninelives.registry import operation_of

__all__ = ["MAX_FINGERPRINT", "OWN_VERSION", "Fingerprints", "check_fingerprint", "kind_said"]

OWN_VERSION = 0
"""The `fingerprint_version` of what the program's own function said; no rule of ours has this number."""

MAX_FINGERPRINT = 200
"""Characters of it that count."""

_asking: ContextVar[bool] = ContextVar("ninelives_asking_for_a_fingerprint", default=False)

_EXPECTED = 'a plain function of the error that returns text, or "module:name" of one'


class Fingerprints:
    """Gives letters their fingerprints. Never raises an `Exception`: it is asked on the failure path.

    Args:
        own: The program's function, or ``"module:name"`` of it; None: our rule.
    """

    def __init__(self, own: Callable[[BaseException], object] | str | None = None) -> None:
        self._own: Callable[[BaseException], object] | None = imported(own) if isinstance(own, str) else own
        self._reported = False

    def of(self, error: BaseException, func: object = None) -> dict[str, Any]:
        """The fields of a letter that say of which kind it is.

        Args:
            error: What was raised.
            func: The function that was called: its package is the caller's own code.
        """
        # What fails inside of the program's function is named by our rule: it would be asked without end.
        if self._own is not None and not _asking.get() and (said := self._said(self._own, error)):
            return {"fingerprint": said, "fingerprint_version": OWN_VERSION}
        try:
            made = fingerprint(error, _package_of(func))
        except Exception:  # an error that raises when it is looked at
            made = None
        return {"fingerprint": made, "fingerprint_version": FINGERPRINT_VERSION}

    def _said(self, own: Callable[[BaseException], object], error: BaseException) -> str:
        """What the program's function says, as a line of text; empty if it says nothing of use."""
        token = _asking.set(True)
        try:
            said = own(error)
            if isinstance(said, str) and (text := _line(said)):
                return text
            self._report("returned %s", f"{type(said).__name__} instead of text, or text without a character")
        except Exception as problem:
            self._report("raised %s", f"{type_name(problem)}: {safe_message(problem, 200)}")
        finally:
            _asking.reset(token)
        return ""

    def _report(self, what: str, said: str) -> None:
        if self._reported:
            return
        self._reported = True
        from ninelives.dead_letters.telling import warn

        warn(
            f"the function %s {what}, so the built-in rule names the failure; further ones are not logged",
            "dead_letter.fingerprint",
            said,
        )


def kind_said(error_info: Any) -> dict[str, Any]:
    """The same fields of a message that was sent by hand: by the ``error_type`` and ``operation`` that are told.

    Without an ``error_type`` there is nothing to go by: it has no fingerprint. Its text is the program's to choose, so
    two that differ in it are two kinds.

    Raises:
        Exception: What a mapping raises that is none.
    """
    known = error_info if isinstance(error_info, Mapping) else {}
    kind, operation = (bounded(as_text(known.get(name) or "")) for name in ("error_type", "operation"))
    return {"fingerprint": fingerprint_said(kind, operation)} if kind else {}


def check_fingerprint(checks: Checks, given: Any) -> None:
    """Note a problem unless it is a function of the error, the name of one, or None."""
    found, expected = _found(given)
    checks.that(found is None or _is_plain(found), "fingerprint", given, expected)


def _found(given: Any) -> tuple[Any, str]:
    if not isinstance(given, str):
        return given, _EXPECTED
    if not names_something(given):
        return given, _EXPECTED
    try:
        return imported(given), f"{_EXPECTED}; what it names is none"
    except Exception as error:  # a module may raise anything when it is imported
        return given, f"{_EXPECTED}; importing it raised {type_name(error)}: {safe_message(error, 200)}"


def _is_plain(func: Any) -> bool:
    try:
        return callable(func) and not isinstance(func, type) and kind_of(func) is Kind.SYNC
    except TypeError:  # a generator function: nothing of it would run
        return False


def _line(text: str) -> str:
    """One line that can be shown anywhere: no control characters, no lone surrogates, no more than is allowed."""
    shown = "".join(one if one.isprintable() else " " for one in clean_text(text[: MAX_FINGERPRINT * 2]))
    return " ".join(shown.split())[:MAX_FINGERPRINT]


def _package_of(func: object) -> str:
    return operation_of(func).partition(":")[0].partition(".")[0] if callable(func) else ""
