"""Which stores a queue uses: what was given, else what the environment says, else a file in the working directory."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from ninelives.address import Address
from ninelives.dead_letters.keeping import Place
from ninelives.dead_letters.store import DeadLetterStore
from ninelives.errors import ConfigurationError, ConfigurationWarning, Problem

__all__ = ["Backends", "backends_alone", "default_file"]

Backend = str | Address | DeadLetterStore
DEFAULT_FILE = "local_dlq.json"

_warned: set[str] = set()


class Backends(Struct, frozen=True):
    """Where letters go: first to `store`, else to `fallback`.

    Attributes:
        store, fallback: An address, or a store that someone made.
    """

    store: Backend
    fallback: Backend | None = None

    @classmethod
    def of_link(cls, store: Backend | None, fallback: Backend | None) -> Backends:
        """Those of a pipeline's link; the environment is among its options already."""
        return cls(store if store is not None else default_file(), fallback)

    def open(self, open_store: Callable[[str | Address], DeadLetterStore]) -> tuple[Place, ...]:
        """The stores, made and not yet used."""
        given = (self.store,) if self.fallback is None else (self.store, self.fallback)
        return tuple(_place(backend, open_store) for backend in given)


def backends_alone(
    queue_url: str | None, region: str | None, path: str | None, store: Backend | None, fallback: Backend | None
) -> Backends:
    """Those of a queue used alone.

    Raises:
        ConfigurationError: Two arguments name the same place.
    """
    queue = _sqs(queue_url, region) if queue_url else None
    file = Address("file", os.path.abspath(path)) if path else None
    if store is not None and queue is not None:
        raise ConfigurationError(
            Problem("DeadLetterQueue(store=, queue_url=)", "", "one of the two; fallback= takes a second store")
        )
    chosen = [backend for backend in (store, queue, file) if backend is not None]
    if not chosen:
        return _from_environment(fallback)
    return Backends(chosen[0], fallback if fallback is not None else (chosen[1] if len(chosen) > 1 else None))


def default_file() -> Address:
    """``./local_dlq.json``, made absolute; in the temporary directory where the working directory can't be written."""
    folder = os.getcwd()
    if not os.access(folder, os.W_OK):
        import tempfile

        unwritable, folder = folder, tempfile.gettempdir()
        _warn_once(
            f"{unwritable} can't be written: dead letters go to {folder}, which does not outlast the machine's next "
            "start; name a place with DLQ_LOCAL_FILE_PATH or store="
        )
    return Address("file", os.path.join(folder, DEFAULT_FILE))


def _from_environment(fallback: Backend | None) -> Backends:
    from ninelives.environment import defaults

    found: dict[str, Any] = {name: setting.value for name, setting in defaults("dead_letter").items()}
    if "store" not in found:
        file = default_file()
        _warn_once(
            f"no dead letter store was named: letters go to {file.target}; name one with DLQ_QUEUE_URL, "
            "DLQ_LOCAL_FILE_PATH or store="
        )
        return Backends(file, fallback)
    return Backends(found["store"], fallback if fallback is not None else found.get("fallback"))


def _sqs(queue_url: str, region: str | None) -> Backend:
    if queue_url.startswith("sqs:"):
        return queue_url
    return Address("sqs", queue_url, {"region": region} if region else {})


def _place(backend: Backend, open_store: Callable[[str | Address], DeadLetterStore]) -> Place:
    if isinstance(backend, (str, Address)):
        store = open_store(backend)
        address = backend if isinstance(backend, Address) else Address.parse(backend)
        return Place(store, getattr(store, "name", None) or str(address))
    return Place(backend, getattr(backend, "name", None) or type(backend).__name__)


def _warn_once(text: str) -> None:
    if text not in _warned:
        _warned.add(text)
        warnings.warn(text, ConfigurationWarning, stacklevel=5)
