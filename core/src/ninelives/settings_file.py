"""Finding and reading the configuration file, and saying what is wrong with its shape."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from ninelives import masked_keys
from ninelives.checks import guess, shown
from ninelives.errors import ConfigurationError, Problem

__all__ = [
    "CONFIG",
    "TABLES",
    "TABLE_EXPECTED",
    "File",
    "is_chain",
    "keys_to_mask",
    "read_file",
    "redaction_problems",
    "shape_problems",
]

CONFIG = "NINELIVES_CONFIG"
NATIVE = "ninelives.toml"
PYPROJECT = "pyproject.toml"
REDACTION = "redaction"
TABLE_EXPECTED = "a table of its options, or false to leave it out"

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")

# What `fallback` may be given in place of its options is a value; these take a table, or true or false.
TABLES = ("notify", "dead_letter", "breaker", "backoff")


class File(Struct, frozen=True):
    """What a configuration file says.

    Attributes:
        table: Its content, as TOML gives it.
        place: What stands before a key in errors: ``ninelives.toml: ``, ``pyproject.toml: tool.ninelives.``.
    """

    table: Mapping[str, Any] = {}
    place: str = f"{NATIVE}: "

    def at(self, *keys: str) -> str:
        """The place of a key, as text.

        Example:
            >>> File().at("pipelines", "a.b", "breaker")
            'ninelives.toml: pipelines."a.b".breaker'
        """
        return self.place + ".".join(name if _BARE_KEY.match(name) else f'"{name}"' for name in keys)


def read_file(path: str | None, environ: Mapping[str, str]) -> File:
    """The file of this path, or of ``NINELIVES_CONFIG``, or the one in the working directory; empty if there is none.

    Raises:
        ConfigurationError: It can't be read, or is no TOML; or the one that was asked for does not exist.
    """
    asked = path or environ.get(CONFIG, "").strip()
    if asked:
        source = "load_settings(path=)" if path else CONFIG
        return _file(asked, _text(asked, source))
    for name in (NATIVE, PYPROJECT):
        text = _text(name)
        # Another project's pyproject.toml need not even be parsed.
        if text is not None and (name == NATIVE or "ninelives" in text):
            return _file(name, text)
    return File()


def _text(path: str, source: str | None = None) -> str | None:
    """What stands in the file; None if nothing asked for it, and it is not there."""
    try:
        with open(path, encoding="utf-8-sig") as file:  # pathlib is a heavy import
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        if source is None and (isinstance(error, FileNotFoundError) or not os.access(".", os.X_OK)):
            return None
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        place, value = (source, repr(path)) if source else (path, "")
        raise ConfigurationError(Problem(place, value, f"a TOML file that can be read: {reason}")) from error


def _file(path: str, text: str | None) -> File:
    import tomllib  # only who has a file pays for it

    try:
        table = tomllib.loads(text or "")
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(Problem(path, "", f"TOML; {error}")) from error
    if os.path.basename(path) != PYPROJECT:  # pathlib is a heavy import
        return File(table, f"{path}: ")
    tool = table.get("tool", {})
    return File(tool.get("ninelives", {}) if isinstance(tool, Mapping) else {}, f"{path}: tool.ninelives.")


def shape_problems(file: File) -> Iterator[Problem]:
    """What is wrong with the file whatever the pipelines are: unknown keys, and values that are no table or chain."""
    if not isinstance(file.table, Mapping):
        yield Problem(file.place.rstrip(": ."), shown(file.table), "a table")
        return
    for name, value in file.table.items():
        if name == "defaults":
            yield from _section_problems(file, value, name)
        elif name == REDACTION:
            yield from redaction_problems(file)
        elif name != "pipelines":
            hint = guess(name, ("pipelines", "defaults", REDACTION))
            yield Problem(file.at(name), shown(value, name), f"one of: pipelines, defaults, {REDACTION}{hint}")
        elif not isinstance(value, Mapping):
            yield Problem(file.at(name), shown(value), "a table of pipelines")
        else:
            for pipeline, section in value.items():
                yield from _section_problems(file, section, name, pipeline)


def keys_to_mask(file: File) -> list[str]:
    """The names in ``[redaction] keys``, as far as they are text."""
    section = file.table.get(REDACTION) if isinstance(file.table, Mapping) else None
    keys = section.get("keys") if isinstance(section, Mapping) else None
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []


def redaction_problems(file: File) -> Iterator[Problem]:
    """What is wrong with ``[redaction]``."""
    section = file.table.get(REDACTION, {}) if isinstance(file.table, Mapping) else {}
    if not isinstance(section, Mapping):
        yield Problem(file.at(REDACTION), shown(section), "a table: keys")
        return
    for name, value in section.items():
        if name == "keys":
            yield from masked_keys.wrong_names(value, file.at(REDACTION, name))
        else:
            hint = guess(name, ("keys",))
            yield Problem(file.at(REDACTION, name), shown(value, name), f"one of: keys{hint}")


def _section_problems(file: File, section: Any, *keys: str) -> Iterator[Problem]:
    if not isinstance(section, Mapping):
        yield Problem(file.at(*keys), shown(section), "a table: chain, and the options of each link")
        return
    for name, value in section.items():
        if name == "chain":
            if not is_chain(value):
                yield Problem(file.at(*keys, name), shown(value), "a list of links, like ['breaker', 'backoff']")
        elif name in TABLES and not isinstance(value, (Mapping, bool)):
            yield Problem(file.at(*keys, name), shown(value), TABLE_EXPECTED)


def is_chain(value: Any) -> bool:
    """Whether it can be a chain: names of links, at least one."""
    return isinstance(value, list) and len(value) > 0 and all(isinstance(entry, str) and entry for entry in value)
