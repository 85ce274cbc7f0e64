"""Which pipelines a command is about."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from ninelives.circuits import Circuits
from ninelives.environment import VARIABLES
from ninelives.errors import ConfigurationError
from ninelives.pipeline import Pipeline
from ninelives.settings import Settings
from ninelives_cli.dlq.aside import aside

__all__ = ["DEFAULT", "build_all", "choose", "importing_here"]

DEFAULT = "default"
"""What a pipeline is called that stands for all those that no configuration names."""


def choose(settings: Settings, names: Sequence[str]) -> tuple[str, ...]:
    """The pipelines of these names, or all that are configured; where none is, one that has the defaults.

    Raises:
        ConfigurationError: The configuration has no pipeline of that name.
    """
    if unknown := [name for name in names if name not in settings.pipelines]:
        known = ", ".join(settings.pipelines) or "none"
        missing = [f"there is no pipeline {name!r} in the configuration: it has {known}" for name in unknown]
        raise ConfigurationError(*missing, *settings.problems)
    if names or settings.pipelines:
        return tuple(dict.fromkeys(names)) or settings.pipelines
    # In a file that can't be read there may be others.
    is_read = all(problem.place in VARIABLES for problem in settings.problems)
    return (DEFAULT,) if is_read else ()


@contextmanager
def importing_here() -> Iterator[None]:
    """While pipelines are built: modules that options name are found here too, and may print what they like."""
    with suppress(OSError):  # it has been removed
        if (here := os.getcwd()) not in sys.path:
            sys.path.append(here)  # last, so that no file here is taken for what is installed
    with aside():
        yield


def build_all(settings: Settings, names: Iterable[str]) -> list[Pipeline]:
    """Build these pipelines.

    Raises:
        ConfigurationError: All that is wrong with any of them.
    """
    built: list[Pipeline] = []
    problems = list(settings.problems)
    circuits = Circuits()
    for name in names:
        try:
            with importing_here():
                built.append(Pipeline(name, settings=settings, circuits=circuits))
        except ConfigurationError as error:
            problems += error.args
    if problems:
        raise ConfigurationError(*dict.fromkeys(problems))
    return built
