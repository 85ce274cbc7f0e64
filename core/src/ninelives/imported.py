"""Finding what a ``module:name`` of the configuration means."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["imported", "names_something"]


def names_something(given: object) -> bool:
    """Whether it is text of the form ``module:name``."""
    module, _, path = given.partition(":") if isinstance(given, str) else ("", "", "")
    return bool(module and path)


def imported(name: str) -> Any:
    """What a ``module:name`` or ``module:outer.name`` means; the module is imported.

    Only for what the program or its configuration says: a name in a letter never comes here.

    Raises:
        Exception: Whatever importing the module raises; `AttributeError`: it has no such name.

    Example:
        >>> imported("builtins:TimeoutError")
        <class 'TimeoutError'>
    """
    module, _, path = name.partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found
