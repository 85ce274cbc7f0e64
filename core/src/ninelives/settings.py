"""The configuration: arguments, over the pipeline's section, over the environment, over the file's defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ninelives import environment, masked_keys
from ninelives.checks import shown
from ninelives.environment import Setting
from ninelives.errors import ConfigurationError, Problem
from ninelives.settings_file import TABLE_EXPECTED, TABLES, File, is_chain, keys_to_mask, read_file, shape_problems

__all__ = ["Settings", "find_settings", "load_settings"]

Options = dict[str, Setting]
Layer = tuple[bool | None, Options]  # whether the link is on, None where nothing is said of that; and its options

# Who names a backend means that one: what the environment says of backends no longer counts.
_BACKENDS = {
    "dead_letter": {"store", "queue_url", "local_file_path"},
    "notify": {"channels", "channel", "sns_topic_arn", "email", "phone_number"},
}
# Of these a fallback takes one.
_ANSWERS = {"value", "call"}


class Settings:
    """What the file and the environment say.

    The keys that either wants masked hold for the whole process from here on, as `mask_keys` has it.

    Args:
        table: The file's content: ``pipelines`` and ``defaults``.
        environ: The environment; None is `os.environ`.
        place: What to call the file in errors.
        tolerant: Whether to leave out what is wrong, instead of raising it.

    Attributes:
        problems: What is wrong and was left out; a pipeline says so together with what else is wrong.

    Raises:
        ConfigurationError: All that is wrong with either.

    Example:
        >>> settings = Settings({"pipelines": {"api": {"breaker": {"failure_threshold": 3}}}}, environ={})
        >>> settings.link("api", "breaker", "breaker", {})["failure_threshold"].value
        3
    """

    def __init__(
        self,
        table: Mapping[str, Any] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        place: str = "settings: ",
        tolerant: bool = False,
    ) -> None:
        self._file = File(table or {}, place)
        environ = os.environ if environ is None else environ
        # First, so that what is wrong is said with these masked.
        masked_keys.add((*keys_to_mask(self._file), *masked_keys.from_environment(environ)))
        self._environment, problems = _environment(environ)
        self.problems: tuple[Problem, ...] = (*shape_problems(self._file), *problems, *masked_keys.wrong_in(environ))
        if self.problems and not tolerant:
            raise ConfigurationError(*self.problems)

    @property
    def pipelines(self) -> tuple[str, ...]:
        """The names of the pipelines that have a section, as they stand in the file."""
        return tuple(self._section("pipelines"))

    def chain(self, pipeline: str) -> tuple[str, ...] | None:
        """The chain of a pipeline: its section's, else that of ``[defaults]``, else None."""
        for keys in (("pipelines", pipeline), ("defaults",)):
            chain: Any = self._section(*keys).get("chain")
            if is_chain(chain):
                return tuple(chain)
        return None

    @property
    def aliases(self) -> frozenset[str]:
        """What the links of the file's pipelines go by."""
        chains = [self.chain(pipeline) or () for pipeline in self.pipelines]
        return frozenset(entry.partition(":")[0] for chain in chains for entry in chain)

    def links_of(self, pipeline: str | None) -> dict[str, str]:
        """What the pipeline's own section, or ``[defaults]``, has options for: each alias, and where it stands."""
        keys = ("defaults",) if pipeline is None else ("pipelines", pipeline)
        return {alias: self._file.at(*keys, alias) for alias in self._section(*keys) if alias != "chain"}

    def defaults(self, link: str) -> Options:
        """What goes for a link of that name in any pipeline: the environment, over ``[defaults]``."""
        return _merged(link, [self._said(("defaults",), link, link), self._environ(link)]) or {}

    def link(self, pipeline: str, alias: str, link: str, arguments: Mapping[str, Any]) -> Options | None:
        """The options of a link in a pipeline.

        Args:
            pipeline: The pipeline's name.
            alias: What the link goes by in its chain.
            link: The link's own name; ``[defaults]`` may use either, and the alias counts more.
            arguments: The options that the program gave; with any, a link is on whatever the file says.

        Returns:
            Each option with where it stands; explicit are those of the program and of the pipeline's own section. None
            if the link is switched off.

        Raises:
            ConfigurationError: The file gives a bare value to a link that takes options only.
        """
        layers = [self._said(("defaults",), name, link) for name in dict.fromkeys((link, alias))]
        layers += [
            self._environ(link),
            self._said(("pipelines", pipeline), alias, link),
            _program(pipeline, alias, link, arguments),
        ]
        return _merged(link, layers)

    def _environ(self, link: str) -> Layer:
        return None, self._environment.get(link, {})

    def _section(self, *keys: str) -> Mapping[str, Any]:
        section: Any = self._file.table
        for name in keys:
            section = section.get(name) if isinstance(section, Mapping) else None
        return section if isinstance(section, Mapping) else {}

    def _said(self, keys: tuple[str, ...], name: str, link: str) -> Layer:
        """What a section of the file says of a link."""
        said = self._section(*keys).get(name)
        place, explicit = self._file.at(*keys, name), keys[0] == "pipelines"
        if said is None or said is False:
            return said, {}
        if isinstance(said, Mapping):
            return True, {option: Setting(value, f"{place}.{option}", explicit) for option, value in said.items()}
        if link == "fallback":
            return True, {"value": Setting(said, place, explicit)}
        if said is True or name in TABLES:  # of these the wrong values are among the problems already
            return True, {}
        raise ConfigurationError(Problem(place, shown(said, name), TABLE_EXPECTED, name))


def load_settings(path: str | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the configuration.

    Args:
        path: The file; None: the one that ``NINELIVES_CONFIG`` names, else ``ninelives.toml`` in the working directory,
            else the table ``tool.ninelives`` of ``pyproject.toml`` there. A file that is named must exist.
        environ: The environment; None is `os.environ`.

    Raises:
        ConfigurationError: All that is wrong with the file and with the environment.
    """
    settings = find_settings(path, environ)
    if settings.problems:
        raise ConfigurationError(*settings.problems)
    return settings


def find_settings(path: str | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """`load_settings`, but what is wrong is in `Settings.problems`: for whoever has more to say."""
    if path is not None or environ is not None:
        return _found(path, os.environ if environ is None else environ)
    with masked_keys.reading():  # it is what they would be read of
        return _found(path, os.environ)


def _found(path: str | None, environ: Mapping[str, str]) -> Settings:
    try:
        file = read_file(path, environ)
    except ConfigurationError as error:
        settings = Settings(environ=environ, tolerant=True)
        settings.problems = (*error.problems, *settings.problems)
        return settings
    return Settings(file.table, environ=environ, place=file.place, tolerant=True)


def _environment(environ: Mapping[str, str]) -> tuple[dict[str, Options], list[Problem]]:
    read = {link: environment.read(link, environ) for link in environment.LINKS}
    problems = [problem for _, wrong in read.values() for problem in wrong]
    return {link: options for link, (options, _) in read.items()}, problems


def _program(pipeline: str, alias: str, link: str, arguments: Mapping[str, Any]) -> Layer:
    """What the program gave. To the parts that the environment knows None is "not given", to others it is a value."""
    return bool(arguments) or None, {
        option: Setting(value, f"Pipeline({pipeline!r}, {alias}={{{option!r}: ...}})", explicit=True)
        for option, value in arguments.items()
        if value is not None or link not in environment.LINKS
    }


def _merged(link: str, layers: list[Layer]) -> Options | None:
    """One set of options out of layers, the lowest first; None if the highest that says on or off says off."""
    on, options = True, Options()
    for said, higher in layers:
        on = on if said is None else said
        options = {option: kept for option, kept in options.items() if not _left_out(link, option, kept, higher)}
        options |= higher
    return options if on else None


def _left_out(link: str, option: str, setting: Setting, higher: Options) -> bool:
    """Whether what a higher layer gives makes this one meaningless, though it is of another name."""
    if link == "fallback":
        return option in _ANSWERS and not _ANSWERS.isdisjoint(higher)
    return setting.source in environment.VARIABLES and not _BACKENDS.get(link, set()).isdisjoint(higher)
