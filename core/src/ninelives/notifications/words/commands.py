"""Which commands show a dead letter, complete it and run it again, from anywhere on the machine that kept it."""

from __future__ import annotations

import shlex
import sys
from contextlib import suppress

from ninelives.address import MASK, Address
from ninelives.errors import ConfigurationError

__all__ = ["LOST_FILE", "commands_for", "import_of_lost", "list_of_kind", "list_of_pipeline"]

LOST_FILE = "lost.jsonl"
"""What the file is called into which a letter is saved that stands on stderr."""

_ANY_APP = "MODULE:PIPELINE"
"""Where the program's own pipeline is, when that can't be seen from here: as the command's help calls it."""


def commands_for(
    letter_id: str, place: str | None, pipeline: str, operation: str, *, whole: bool = True, moves: bool = False
) -> dict[str, str]:
    """What to run in a shell, under ``show`` and ``replay``; nothing for a letter that ends with the process.

    The store is named by its address, so it does not matter how the pipeline was configured; where a part of that
    is masked, the program's own pipeline leads there, else the configured one of its name. The same for a letter that
    will move: the program knows its fallback and its store.

    Args:
        letter_id: The letter.
        place: The address of its store, secrets masked; None: not known.
        pipeline: The pipeline's name.
        operation: The function's name, ``module:qualname``: beside it the pipeline is looked for.
        whole: Whether it can be replayed as it is; if not, ``edit`` stands before ``replay``.
        moves: Whether it is in the fallback, from where it goes home.

    Example:
        >>> commands_for("019dbe2f", "file:/srv/dlq.json", "shop", "shop.jobs:charge")["show"]
        'ninelives dlq show 019dbe2f --store file:/srv/dlq.json'
    """
    ways = _ways(place, pipeline, operation, moves=moves)
    if ways is None:
        return {}
    store, program = ways
    # No path in the command: this is masked before it is shown, and `--set kwargs.phone=***` asks to be pasted.
    edit = {} if whole else {"edit": f"ninelives dlq edit {letter_id} --set PATH=VALUE {store}"}
    return {
        "show": f"ninelives dlq show {letter_id} {store}",
        **edit,
        "replay": f"ninelives dlq replay {letter_id} {program}",
    }


def list_of_kind(
    fingerprint: str, place: str | None, pipeline: str, operation: str, *, moves: bool = False
) -> dict[str, str]:
    """What shows all letters of one kind, under ``list``; else as `commands_for`.

    Example:
        >>> list_of_kind("d8bcd1c4", "file:/srv/dlq.json", "shop", "shop.jobs:charge")["list"]
        'ninelives dlq list --fingerprint d8bcd1c4 --store file:/srv/dlq.json'
    """
    ways = _ways(place, pipeline, operation, moves=moves)
    return {} if ways is None else {"list": f"ninelives dlq list --fingerprint {shlex.quote(fingerprint)} {ways[0]}"}


def list_of_pipeline(place: str | None, pipeline: str, operation: str, *, moves: bool = False) -> dict[str, str]:
    """What shows all letters of a pipeline, under ``list``; else as `commands_for`.

    Example:
        >>> list_of_pipeline("file:/srv/dlq.json", "shop", "shop.jobs:charge")["list"]
        'ninelives dlq list --pipeline shop --store file:/srv/dlq.json'
    """
    ways = _ways(place, pipeline, operation, moves=moves)
    if ways is None:
        return {}
    of_pipeline = f"--pipeline {shlex.quote(pipeline)}"
    return {"list": f"ninelives dlq list {of_pipeline}{'' if ways[0] == of_pipeline else f' {ways[0]}'}"}


def import_of_lost(store: str | None, pipeline: str, operation: str) -> dict[str, str]:
    """What puts a letter that no store took into its store, from the file that it was saved in, under ``import``.

    Args:
        store: The address of that store; else as `commands_for`.
        pipeline: The pipeline's name.
        operation: The function's name.

    Example:
        >>> import_of_lost("file:/srv/dlq.json", "shop", "shop.jobs:charge")["import"]
        'ninelives dlq import lost.jsonl --store file:/srv/dlq.json'
    """
    ways = _ways(store, pipeline, operation)
    return {} if ways is None else {"import": f"ninelives dlq import {LOST_FILE} {ways[0]}"}


def _ways(place: str | None, pipeline: str, operation: str, *, moves: bool = False) -> tuple[str, str] | None:
    """The options that lead to the store, and those that lead to the program with it; None: both end together."""
    scheme = _scheme(place)
    if scheme == "memory":
        return None
    app = _app(pipeline, operation)
    program = f"--app {app or _ANY_APP}"
    if scheme is not None and not (moves and app):
        store = f"--store {shlex.quote(str(place))}"
        return store, f"{program} {store}"
    return f"--pipeline {shlex.quote(pipeline)}" if app is None else program, program


def _scheme(place: str | None) -> str | None:
    """The scheme, of an address that can be used as it stands."""
    if place is None or MASK in place or not place.isprintable():
        return None
    with suppress(ConfigurationError):
        return Address.parse(place).scheme
    return None  # what a program's own store is called


def _app(pipeline: str, operation: str) -> str | None:
    """Where the program has this pipeline: in the module of the function that failed, else it is not known."""
    from ninelives.pipeline import Pipeline
    from ninelives.registry import main_module

    name, colon, _qualname = operation.partition(":")
    module = sys.modules.get("__main__" if name == main_module() else name)
    if not colon or module is None or not name.replace(".", "_").isidentifier():
        return None
    # By its type alone: what else stands in a module may be an object that does not like to be asked.
    for variable, value in list(vars(module).items()):
        if issubclass(type(value), Pipeline) and value.name == pipeline and variable.isidentifier():
            return f"{name}:{variable}"
    return None
