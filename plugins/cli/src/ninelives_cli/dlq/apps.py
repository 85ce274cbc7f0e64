"""The user's own program, by the name of its module: replaying runs its functions."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Iterable
from contextlib import suppress
from types import ModuleType
from typing import Any

from ninelives.errors import ConfigurationError, Problem
from ninelives.pipeline import Pipeline
from ninelives.redaction import redact_text
from ninelives_cli.dlq.aside import aside

__all__ = ["import_modules", "load"]

FRAMES = 5
"""How many frames of the traceback are shown of a module that can't be imported: the first one and the last ones."""


def load(text: str) -> Pipeline:
    """Import a module and find the pipeline in it.

    The working directory is searched for modules first, as by ``celery -A`` and ``uvicorn``.

    Args:
        text: ``module:pipeline``, where dots lead further in, or ``module`` alone if it has exactly one pipeline.

    Raises:
        ConfigurationError: There is no such module, or it raises; it has no such name, or that is no pipeline.
    """
    name, _, path = text.partition(":")
    if not name or name.startswith(".") or name.endswith(".py") or "/" in name or (":" in text and not path):
        raise _wrong(text, _meant(name, path) or "module:pipeline, as in shop.jobs:pipeline; the module without .py")
    module = _import(name, "--app", text)
    return _named(module, path, text) if path else _only_one(module, text)


def import_modules(names: Iterable[str]) -> None:
    """Import modules that register functions.

    Raises:
        ConfigurationError: There is no such module, or it raises.
    """
    for name in names:
        _import(name, "--import", name)


def _import(name: str, option: str, text: str) -> ModuleType:
    _search_here_first()
    try:
        with aside():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            expected = f"a module that is in {_here()} or is installed ({error}){_colon(name)}"
            raise ConfigurationError(Problem(option, repr(text), expected)) from error
        raise _broken(f"importing {name}", option, text, error) from error
    except (Exception, SystemExit) as error:  # whatever the user's module does
        raise _broken(f"importing {name}", option, text, error) from error


def _search_here_first() -> None:
    here = _here()
    if here not in sys.path[:1]:
        sys.path.insert(0, here)


def _here() -> str:
    with suppress(OSError):
        return os.getcwd()
    return "."  # it has been removed


def _meant(name: str, path: str) -> str | None:
    """How the module of a file is called; None if it is none that can be imported from here."""
    if "/" not in name and not name.endswith(".py"):
        return None
    file = os.path.relpath(name, _here())
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if not all(part.isidentifier() for part in module.split(".")):
        return None
    return f"a module and no file: {module}{path and ':'}{path}"


def _colon(name: str) -> str:
    """Where the colon belongs, if only that was forgotten."""
    module, dot, last = name.rpartition(".")
    return f"; if {last} is a name in it, {module}:{last}" if dot and module in sys.modules else ""


def _broken(doing: str, option: str, text: str, error: BaseException) -> ConfigurationError:
    """What the module raised, with the end of its traceback: that is where to look."""
    ours = (__file__, importlib.__file__)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in ours and not frame.filename.startswith("<frozen importlib")
    ]
    lines = traceback.format_list(frames)
    if len(lines) > FRAMES:  # where it begins is the user's own code, and may be all of it that there is
        lines[1 : 1 - FRAMES] = ["  ...\n"]
    lines += traceback.format_exception_only(error)
    said = redact_text("".join(lines).rstrip())
    return ConfigurationError(f"{option} is {text!r}: {doing} failed:\n{said}")


def _named(module: ModuleType, path: str, text: str) -> Pipeline:
    found: Any = module
    for name in path.split("."):
        try:
            with aside():
                found = getattr(found, name)
        except AttributeError:
            raise _wrong(text, f"a name that is there, and {name!r} is not; {_there_are(module)}") from None
        except (Exception, SystemExit) as error:  # a property, or a module's own __getattr__
            raise _broken(f"looking for {name}", "--app", text, error) from error
    if not isinstance(found, Pipeline):
        called = "; a function is not called" if callable(found) else ""
        kind = type(found).__name__
        raise _wrong(text, f"a Pipeline, and that is of type {kind}{called}; {_there_are(module)}")
    return found


def _only_one(module: ModuleType, text: str) -> Pipeline:
    found = _pipelines(module)
    if len(found) != 1:
        raise _wrong(text, f"module:pipeline, or a module with exactly one pipeline; {_there_are(module)}")
    return next(iter(found.values()))


def _pipelines(module: ModuleType) -> dict[str, Pipeline]:
    """By name; one that has several names goes by the first."""
    first: dict[int, str] = {}
    for name, value in vars(module).items():
        if isinstance(value, Pipeline):
            first.setdefault(id(value), name)
    return {name: vars(module)[name] for name in first.values()}


def _there_are(module: ModuleType) -> str:
    return f"the pipelines of {module.__name__}: {', '.join(_pipelines(module)) or 'none'}"


def _wrong(text: str, expected: str) -> ConfigurationError:
    return ConfigurationError(Problem("--app", repr(text), expected))
