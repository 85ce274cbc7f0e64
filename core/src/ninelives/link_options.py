"""Checking the options of a link against what it takes, so that everything wrong is said at once, with its place."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ninelives.catalogue import MiddlewareEntry
from ninelives.checks import guess, shown
from ninelives.environment import Setting
from ninelives.errors import ConfigurationError, PluginError, Problem

__all__ = ["checked", "placed", "refused"]

# What msgspec says of a value of another type, where None may or may not be one; and what its types are called here.
_WRONG_TYPE = re.compile(r"Expected `(int|float|bool|str|array|object)(?: \| null)?`, got `\w+`\Z")
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "True or False",
    "str": "text",
    "array": "a list",
    "object": "a table",
}

Known = Mapping[str, tuple[Any, bool]]  # by option: its type, and whether it must be given


def checked(entry: MiddlewareEntry, options: Mapping[str, Setting], place: str) -> tuple[dict[str, Any], list[Problem]]:
    """The values of the options, converted to their types; and the problems with those that can't be, or are missing.

    Args:
        entry: The link that they are for.
        options: What was given.
        place: Where the link stands, for what is missing.

    Raises:
        PluginError: The link's own description of its options is of no use.
    """
    known = _of_struct(entry) if entry.options is not None else _of_signature(entry)
    if known is None:
        return {option: setting.value for option, setting in options.items()}, []
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for option, setting in options.items():
        try:
            values[option] = _converted(entry, option, setting, known)
        except ConfigurationError as error:
            if isinstance(error, PluginError):
                raise
            problems += error.problems
    problems += [
        Problem(place, "", f"the option {option!r} of {entry.name}", option)
        for option, (_, required) in known.items()
        if required and option not in options
    ]
    return values, problems


def refused(entry: MiddlewareEntry, values: Mapping[str, Any], options: Mapping[str, Setting]) -> list[Problem]:
    """What the link has against the values that are of the right type, so that this too is said at once.

    What it says of other options may be so only because they are left out.
    """
    try:
        # One that opens addresses says the rest when it does.
        error = ConfigurationError(*getattr(entry.factory(**values), "problems", ()))
    except ConfigurationError as raised:
        error = raised
    except Exception:  # it can't be asked without the others
        return []
    return [problem for problem in placed(error, options).problems if problem.option in values]


def placed(error: ConfigurationError, options: Mapping[str, Setting]) -> ConfigurationError:
    """The same error, each problem with the place where its option was given instead of the part's own name for it."""
    kind = PluginError if isinstance(error, PluginError) else ConfigurationError
    return kind(*(_placed(what, options) for what in error.args))


def _placed(what: Any, options: Mapping[str, Setting]) -> Any:
    if isinstance(what, Problem) and what.option in options:
        return what._replace(place=options[what.option].source, part=_part(what))
    return what


def _part(what: Problem) -> str:
    """What of the option the problem is about, where its own place says more than the option."""
    if what.part:
        return what.part
    return "" if what.place == what.option or what.place.endswith(f"({what.option}=)") else what.place


def _converted(entry: MiddlewareEntry, option: str, setting: Setting, known: Known) -> Any:
    if option not in known:
        expected = f"an option of {entry.name} (there are: {', '.join(known) or 'none'}){guess(option, known)}"
        raise ConfigurationError(Problem(setting.source, "", expected, option))
    try:
        return msgspec.convert(setting.value, known[option][0])
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            Problem(setting.source, shown(setting.value, option), _expected(error), option)
        ) from error
    except TypeError as error:
        raise PluginError(f"{entry.distribution}: the type of {entry.name}'s option {option!r}: {error}") from error


def _expected(error: msgspec.ValidationError) -> str:
    """What was expected, in the words that the parts themselves use where there are such."""
    found = _WRONG_TYPE.match(str(error))
    return _WORDS[found[1]] if found else str(error).removeprefix("Expected ")


def _of_struct(entry: MiddlewareEntry) -> Known:
    try:
        fields = msgspec.structs.fields(entry.options)  # type: ignore[arg-type]  # asked only if there is one
    except Exception as error:
        raise PluginError(f"{entry.distribution}: the options of {entry.name} can't be read: {error}") from error
    return {field.name: (field.type, field.required) for field in fields}


def _of_signature(entry: MiddlewareEntry) -> Known | None:
    """The keywords that the factory takes; None if it takes any, or does not tell."""
    try:
        parameters = inspect.signature(entry.factory).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return {
        parameter.name: (Any, parameter.default is parameter.empty)
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
