"""What a new plugin is called: everything follows from the name of its distribution."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Iterable, Iterator
from importlib import metadata, util

from msgspec import Struct

from ninelives.errors import ConfigurationError, Problem
from ninelives.plugins import PluginInfo

__all__ = ["Names", "names_of"]

# https://packaging.python.org/en/latest/specifications/name-normalization/, and short enough for lines of code.
_DISTRIBUTION = re.compile(r"[A-Z0-9]([A-Z0-9._-]*[A-Z0-9])?", re.IGNORECASE | re.ASCII)
_LONGEST = 40
_EXAMPLE = "a distribution's name, like 'ninelives-redis': letters, digits and - . _ between them"


class Names(Struct, frozen=True):
    """What a plugin is called.

    Attributes:
        distribution: As pip knows it: ``ninelives-redis``.
        package: As programs import it: ``ninelives_redis``.
        name: The scheme of an address, or the name of a link or a listener: ``redis``.
        title: What its classes begin with: ``Redis``.
    """

    distribution: str
    package: str
    name: str
    title: str


def names_of(distribution: str, kind: str, installed: Iterable[PluginInfo]) -> Names:
    """All names of a plugin of this kind; ``ninelives`` before or behind the distribution's is no part of the others.

    Args:
        distribution: Its name, by the rules for packages.
        kind: ``store``, ``channel``, ``middleware`` or ``listener``.
        installed: What is there already.

    Raises:
        ConfigurationError: It is no such name, or one of the names is taken; it says all that is wrong.
    """
    if not _DISTRIBUTION.fullmatch(distribution) or len(distribution) > _LONGEST:
        raise ConfigurationError(_wrong(distribution, f"{_EXAMPLE}, at most {_LONGEST}"))
    words = re.split(r"[-_.]+", distribution.lower())
    own = _without_ours(words)
    separator = "_" if kind == "middleware" else "-"
    names = Names(distribution, "_".join(words), separator.join(own), "".join(map(str.capitalize, own)))
    problems = [*_unusable(names, kind), *_taken(names, kind, installed)]
    if problems:
        raise ConfigurationError(*problems)
    return names


def _without_ours(words: list[str]) -> list[str]:
    if words[0] == "ninelives":
        return words[1:]
    return words[:-1] if words[-1] == "ninelives" else words


def _unusable(names: Names, kind: str) -> Iterator[Problem]:
    for name in (names.package, names.name):
        if not name[:1].isalpha() or keyword.iskeyword(name):
            expected = f"one from which Python can make a name: {name!r} is none"
            yield _wrong(names.distribution, expected)
    if kind == "middleware":
        from ninelives.pipeline import Pipeline

        if names.name in inspect.signature(Pipeline).parameters:
            expected = f"another: Pipeline({names.name}=) is not a link's options"
            yield _wrong(names.distribution, expected)


def _taken(names: Names, kind: str, installed: Iterable[PluginInfo]) -> Iterator[Problem]:
    for info in installed:
        if info.kind in (kind, "plugin") and info.name == names.name:
            yield _wrong(names.distribution, f"another: there is a {info.kind} {info.name!r} of {info.distribution}")
    try:
        version = metadata.version(names.distribution)
        yield _wrong(names.distribution, f"another: version {version} of a distribution of that name is installed")
    except metadata.PackageNotFoundError:
        found = util.find_spec(names.package)
        if found is not None and found.origin is not None:  # else it is any directory
            yield _wrong(names.distribution, f"another: there is a module {names.package!r}, which it would hide")


def _wrong(distribution: str, expected: str) -> Problem:
    return Problem("NAME", repr(distribution), expected)
