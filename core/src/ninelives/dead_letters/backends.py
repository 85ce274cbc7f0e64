"""Which stores a queue uses: what was given, else what the environment says, else a file in the working directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from ninelives.address import Address
from ninelives.cautions import caution
from ninelives.dead_letters.places import Place, Places
from ninelives.dead_letters.store import DeadLetterStore
from ninelives.describing import safe_repr
from ninelives.errors import ConfigurationError, Problem, together

__all__ = ["Backend", "Backends", "backends_alone", "default_file", "place_of"]

Backend = str | Address | DeadLetterStore
DEFAULT_FILE = "local_dlq.json"
MAX_PLACES = 2

_warned: set[str] = set()


class Backends(Struct, frozen=True):
    """Where letters go: first to `store`, else to `fallback`; when they are parked, to `park`.

    Attributes:
        store, fallback, park: An address, or a store that someone made.
        sources: Where each of these was given, for errors; a pipeline knows it by itself.
    """

    store: Backend
    fallback: Backend | None = None
    park: Backend | None = None
    sources: Mapping[str, str] = {}

    @classmethod
    def of_link(cls, store: Backend | None, fallback: Backend | None, park: Backend | None = None) -> Backends:
        """Those of a pipeline's link; the environment is among its options already."""
        return cls(store if store is not None else default_file(), fallback, park)

    def open(self, open_store: Callable[[str | Address], DeadLetterStore]) -> Places:
        """The stores, made and not yet used.

        Raises:
            ConfigurationError: An address is wrong, or the fallback is the store itself.
        """
        errors: list[ConfigurationError] = []
        places: dict[str, Place] = {}
        for option in ("store", "fallback", "park"):
            backend = getattr(self, option)
            try:
                if backend is not None:
                    places[option] = place_of(backend, open_store)
            except ConfigurationError as error:
                errors.append(_given_at(self.sources.get(option), error.about(option)))
        if errors:
            raise together(errors)
        return _places(**places)


def backends_alone(
    queue_url: str | None,
    region: str | None,
    path: str | None,
    store: Backend | None,
    fallback: Backend | None,
    park: Backend | None = None,
) -> Backends:
    """Those of a queue used alone.

    Raises:
        ConfigurationError: Two arguments name the same place.
    """
    queue = _sqs(queue_url, region) if queue_url else None
    file = Address("file", os.path.abspath(path)) if path else None
    named = {"store": store, "queue_url": queue, "local_file_path": file, "fallback": fallback}
    given = {name: backend for name, backend in named.items() if backend is not None}
    if ("store" in given and "queue_url" in given) or len(given) > MAX_PLACES:
        names = ", ".join(f"{name}=" for name in given)
        raise ConfigurationError(
            Problem(f"DeadLetterQueue({names})", "", "a store and a fallback: at most one of each")
        )
    if given.keys() <= {"fallback"}:
        return _from_environment(region, fallback, park)
    arguments = list(given)
    sources = dict(zip(("store", "fallback"), map(_argument, arguments), strict=False))
    places = list(given.values())
    return Backends(places[0], places[1] if places[1:] else None, park, {**sources, "park": _argument("park")})


def default_file() -> Address:
    """``./local_dlq.json``, made absolute; in the temporary directory where the working directory can't be written."""
    folder = _working_directory()
    if folder is None:
        import tempfile

        folder = tempfile.gettempdir()
        _warn_once(
            f"the working directory can't be written: dead letters go to {folder}, which may not outlast the machine's "
            "next start; name a place with DLQ_LOCAL_FILE_PATH or store="
        )
    return Address("file", os.path.join(folder, DEFAULT_FILE))


def _working_directory() -> str | None:
    """The working directory; None if it can't be written, or is there no more."""
    try:
        folder = os.getcwd()
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _from_environment(region: str | None, fallback: Backend | None, park: Backend | None) -> Backends:
    from ninelives.environment import defaults

    said = defaults("dead_letter")
    found: dict[str, Any] = {name: setting.value for name, setting in said.items()}
    sources = {name: setting.source for name, setting in said.items()} | {"park": _argument("park")}
    if fallback is not None:
        sources["fallback"] = _argument("fallback")
    if "store" not in found:
        file = default_file()
        if _working_directory() is not None:  # else there was a warning already
            _warn_once(
                f"no dead letter store was named: letters go to {file.target}; name one with DLQ_QUEUE_URL, "
                "DLQ_LOCAL_FILE_PATH or store="
            )
        return Backends(file, fallback, park, sources)
    store = found["store"]
    if region and store.startswith("sqs:"):
        store = _sqs(Address.parse(store).target, region)
    return Backends(store, fallback if fallback is not None else found.get("fallback"), park, sources)


def _argument(name: str) -> str:
    return f"DeadLetterQueue({name}=)"


def _given_at(source: str | None, error: ConfigurationError) -> ConfigurationError:
    """The same error, and where what is wrong was given."""
    if source is None:
        return error
    return type(error)(
        *(
            what._replace(place=f"{source}: {what.place}") if isinstance(what, Problem) else f"{source}: {what}"
            for what in error.args
        )
    )


def _sqs(queue_url: str, region: str | None) -> Backend:
    if queue_url.startswith("sqs:"):
        return queue_url
    return Address("sqs", queue_url, {"region": region} if region else {})


def place_of(backend: Backend, open_store: Callable[[str | Address], DeadLetterStore]) -> Place:
    """The store, made and not yet used, with a name that can be shown.

    Raises:
        ConfigurationError: The address is wrong, or it is neither an address nor a store.
    """
    if isinstance(backend, (str, Address)):
        address = backend if isinstance(backend, Address) else Address.parse(backend)
        store = open_store(address)
        return Place(store, _name(store, str(address)), address)
    if isinstance(backend, type) or not isinstance(backend, DeadLetterStore):
        raise ConfigurationError(Problem("a dead letter store", safe_repr(backend, 80), "an address, or a store"))
    return Place(backend, _name(backend, type(backend).__name__))


def _places(store: Place, fallback: Place | None = None, park: Place | None = None) -> Places:
    if fallback is not None and fallback.is_same_as(store):
        expected = "another place than the store's own: it has to work when that one does not"
        raise ConfigurationError(Problem("fallback", fallback.name, expected, "fallback"))
    for place in (store, fallback):
        if park is not None and place is not None and park.is_same_as(place):
            park = place  # so that no letter is moved from a store to itself
    return Places(store, fallback, park)


def _name(store: DeadLetterStore, otherwise: str) -> str:
    name = getattr(store, "name", None)
    return name if isinstance(name, str) and name else otherwise


def _warn_once(text: str) -> None:
    if text in _warned:
        return
    _warned.add(text)
    caution(text)
