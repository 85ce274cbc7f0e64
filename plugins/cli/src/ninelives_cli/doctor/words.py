"""What is said of things, masked and on one line."""

from __future__ import annotations

from ninelives.describing import safe_message, type_name
from ninelives.errors import NinelivesError, Problem
from ninelives.inspecting import Backend
from ninelives.missing import install_advice
from ninelives.notifications.wording import one_line
from ninelives.plugins import default_plugins
from ninelives.redaction import redact_text
from ninelives_cli.doctor.together import GivenUpError

__all__ = ["clean", "expectation", "why"]


def clean(text: str) -> str:
    """The text on one line, its secrets masked."""
    return one_line(redact_text(text))


def expectation(problem: Problem) -> str:
    """What is wrong with a setting, without its place."""
    given = " ".join(part for part in (problem.part, f"is {problem.value}" if problem.value else "") if part)
    return clean(f"{given}: expected {problem.expected}" if given else f"expected {problem.expected}")


def why(backend: Backend, error: BaseException) -> str:
    """Why a backend does not work, and what to do."""
    if isinstance(error, GivenUpError):
        return f"{error}: see that it can be reached, and give it longer if it is only slow"
    said = safe_message(error)
    if isinstance(error, NinelivesError):
        return clean(said)
    if advice := install_advice(error, _owner(backend)):
        return f"{clean(said)}{advice}"
    return f"{clean(f'{type_name(error)}: {said}')}; {_owner(backend)} should say what to do: tell its makers"


def _owner(backend: Backend) -> str:
    wanted = backend.kind, backend.address.scheme if backend.address is not None else ""
    owners = (info.distribution for info in default_plugins().installed() if (info.kind, info.name) == wanted)
    return next(owners, backend.name)
