"""What a plugin's hooks are given: one ``register`` for each kind, which refuses what can't be right."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from ninelives.catalogue import Catalogue, Entry, MiddlewareEntry

__all__ = ["registrar"]

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*\Z")


def registrar(catalogue: Catalogue[Any], distribution: str) -> Callable[..., None]:
    """The ``register`` that puts what the distribution's hook gives into the catalogue.

    It raises `TypeError` or `ValueError` for a name, a factory or options that can't be used.
    """
    return _KINDS[catalogue.kind](catalogue, distribution)


def _middleware(catalogue: Catalogue[Any], distribution: str) -> Callable[..., None]:
    def register(name: str, factory: Callable[..., Any], *, options: type[Struct] | None = None) -> None:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"register({name!r}): expected a link's name that is a Python identifier")
        if options is not None and not (isinstance(options, type) and issubclass(options, Struct)):
            raise TypeError(f"register({name!r}, options={options!r}): expected a msgspec struct type")
        catalogue.add(MiddlewareEntry(name, _callable(name, factory), distribution, options))

    return register


def _backend(catalogue: Catalogue[Any], distribution: str) -> Callable[..., None]:
    def register(scheme: str, factory: Callable[..., Any]) -> None:
        if not isinstance(scheme, str) or not _SCHEME.match(scheme):
            raise ValueError(f"register({scheme!r}): expected a scheme like 'sqs': small letters, digits, + - .")
        catalogue.add(Entry(scheme, _callable(scheme, factory), distribution))

    return register


def _listener(catalogue: Catalogue[Any], distribution: str) -> Callable[..., None]:
    def register(name: str, listener: Callable[..., Any]) -> None:
        catalogue.add(Entry(name, _callable(name, listener), distribution))

    return register


def _command(catalogue: Catalogue[Any], distribution: str) -> Callable[..., None]:
    def register(command: Any) -> None:
        if not isinstance(name := getattr(command, "name", None), str):
            raise TypeError(f"register({command!r}): expected a click command")
        catalogue.add(Entry(name, command, distribution))

    return register


_KINDS = {
    "middleware": _middleware,
    "store": _backend,
    "channel": _backend,
    "listener": _listener,
    "command": _command,
}


def _callable(name: object, what: Any) -> Any:
    if not callable(what):
        raise TypeError(f"register({name!r}, {what!r}): expected a callable")
    return what
