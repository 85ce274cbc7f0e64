"""Writing a new plugin's files: from templates, all or none."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template

from ninelives.errors import ConfigurationError, Problem

__all__ = ["files_of", "write_files"]

_ENDING = ".tmpl"


def files_of(kind: str, values: Mapping[str, str]) -> dict[str, str]:
    """The files of a plugin of this kind, by their paths.

    Args:
        kind: ``store``, ``channel``, ``middleware`` or ``listener``.
        values: What stands for the ``$names`` in the templates.
    """
    found: dict[str, str] = {}
    for part in ("common", kind):
        for path, template in _templates(resources.files("ninelives_cli.kit") / "templates" / part, PurePosixPath()):
            found[_named(path, values["package"])] = Template(template).substitute(values)
    return dict(sorted(found.items()))


def write_files(files: Mapping[str, str], target: Path) -> None:
    """Write them into a directory that is empty, or is made; if one of them can't be written, none is left.

    Raises:
        ConfigurationError: There is something else in its place, or it can't be written.
    """
    there = target.exists()
    try:
        if there and any(target.iterdir()):
            raise ConfigurationError(
                Problem("DIR", repr(str(target)), "a directory that is empty, or is not there yet")
            )
        _write(files, target, keep=there)
    except OSError as error:
        expected = f"a directory that can be written: {error.strerror}"
        raise ConfigurationError(Problem("DIR", repr(str(target)), expected)) from error


def _write(files: Mapping[str, str], target: Path, *, keep: bool) -> None:
    target.mkdir(parents=True, exist_ok=True)
    try:
        for name, text in files.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except BaseException:
        _clear(target, keep=keep)
        raise


def _clear(target: Path, *, keep: bool) -> None:
    for path in target.iterdir():  # it was empty: all of it is ours
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if not keep:
        target.rmdir()


def _templates(folder: Traversable, path: PurePosixPath) -> list[tuple[PurePosixPath, str]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _templates(entry, path / entry.name)
        else:
            found.append((path / entry.name, entry.read_text(encoding="utf-8")))
    return found


def _named(path: PurePosixPath, package: str) -> str:
    """What a template's file is called in the end."""
    parts = [package if part == "package" else part for part in path.parts]
    name = "/".join(parts).removesuffix(_ENDING)
    return ".gitignore" if name == "gitignore" else name
