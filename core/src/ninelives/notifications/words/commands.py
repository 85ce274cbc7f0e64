"""Which commands show a dead letter and run it again, from anywhere on the machine that kept it."""

from __future__ import annotations

import shlex
import sys
from contextlib import suppress

from ninelives.address import MASK, Address
from ninelives.errors import ConfigurationError

__all__ = ["commands_for"]

_ANY_APP = "MODULE:PIPELINE"
"""Where the program's own pipeline is, when that can't be seen from here: as the command's help calls it."""


def commands_for(letter_id: str, place: str | None, pipeline: str, operation: str) -> dict[str, str]:
    """What to run in a shell, under ``show`` and ``replay``; nothing for a letter that ends with the process.

    The store is named by its address, so it does not matter how the pipeline was configured; where a part of that
    is masked, the program's own pipeline leads there, else the configured one of its name.

    Args:
        letter_id: The letter.
        place: The address of its store, secrets masked; None: not known.
        pipeline: The pipeline's name.
        operation: The function's name, ``module:qualname``: beside it the pipeline is looked for.

    Example:
        >>> commands_for("019dbe2f", "file:/srv/dlq.json", "shop", "shop.jobs:charge")["show"]
        'ninelives dlq show 019dbe2f --store file:/srv/dlq.json'
    """
    scheme = _scheme(place)
    if scheme == "memory":
        return {}
    app = _app(pipeline, operation)
    if scheme is not None:
        where = f" --store {shlex.quote(str(place))}"
        return {
            "show": f"ninelives dlq show {letter_id}{where}",
            "replay": f"ninelives dlq replay {letter_id} --app {app or _ANY_APP}{where}",
        }
    where = f"--pipeline {shlex.quote(pipeline)}" if app is None else f"--app {app}"
    return {
        "show": f"ninelives dlq show {letter_id} {where}",
        "replay": f"ninelives dlq replay {letter_id} --app {app or _ANY_APP}",
    }


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
