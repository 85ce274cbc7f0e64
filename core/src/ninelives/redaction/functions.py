"""Names of functions, ``module:qualname``: of ``tokens:charge`` the module's name is no name of a secret.

What is such a name is said by the field that holds it, never by how a text looks: ``password:hunter2`` looks the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from ninelives.redaction.text import one_line, redact_text

__all__ = ["functions_in", "redact_function", "text_with_functions"]

_FUNCTION = re.compile(r"[^\W\d][\w.]*:[\w.<>]+")
# What groups failures of one kind: pipeline, the error's type, fingerprint; or what became too many kinds.
_KIND = re.compile(r"[^\W\d][\w .-]*:(?:others|[\w.<>]+:[\w-]*)")
_LONGEST = 500  # characters
# Stands for the colon of a name while the text around it is masked: a character for private use, of which none is one.
_COLON = "\ue000"
# Where a command says which pipeline of the function's module it is about.
_APP = re.compile(r" --app ([^\W\d][\w.]{0,200}+:\w{1,200}+)(?= |\Z)")
_COMMANDS = ("show", "replay")


def redact_function(name: str) -> str:
    """The name of a function, masked where it is none: a program may call an operation what it likes.

    Example:
        >>> redact_function("tokens:charge"), redact_function("charge tom@example.com")
        ('tokens:charge', 'charge ***@example.com')
    """
    return _shown(name.replace(":", _COLON)) if _is_function(name) else redact_text(name)


def text_with_functions(names: Iterable[str], *, one_line_only: bool = False) -> Callable[[str], str]:
    """What masks a text as `redact_text` does, and leaves these names as they are, where each stands by itself.

    Args:
        names: Of functions; what does not look like one counts for nothing.
        one_line_only: Also escape control characters, as `one_line` does.
    """
    found = _that_find(frozenset(filter(_is_function, names)))
    if found is None and not one_line_only:
        return redact_text

    def mask(text: str) -> str:
        shown = redact_text(text) if found is None or _COLON in text else _shown(found.sub(_without_colon, text))
        return one_line(shown) if one_line_only else shown

    return mask


def functions_in(fields: Any) -> list[str]:
    """The names of functions that an event's or a record's own fields hold, or a notification's details.

    And the key of its kind, in which a pipeline may be called as a secret is.
    """
    if type(fields) is not dict:
        return []
    operation: Any = fields.get("operation")
    commands = (fields.get(name) for name in _COMMANDS)
    apps = [found[1] for command in commands if isinstance(command, str) and (found := _APP.search(command))]
    names: list[str] = [operation, *apps] if isinstance(operation, str) else apps
    key, pipeline = fields.get("key"), fields.get("pipeline")
    if isinstance(key, str) and isinstance(pipeline, str) and key.startswith(f"{pipeline}:"):
        names.append(key)
    return names


@lru_cache(maxsize=500)
def _that_find(names: frozenset[str]) -> re.Pattern[str] | None:
    longest_first = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<![\w.:/@=-])(?:{longest_first})(?![\w@]|[.:]\w)") if names else None


def _is_function(name: str) -> bool:
    return len(name) <= _LONGEST and (_FUNCTION.fullmatch(name) or _KIND.fullmatch(name)) is not None


def _without_colon(name: re.Match[str]) -> str:
    return name[0].replace(":", _COLON)


def _shown(text: str) -> str:
    return redact_text(text).replace(_COLON, ":")
