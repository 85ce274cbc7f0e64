"""Building a chain: which links, in which order, with which options."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from ninelives.alerts import Alerts
from ninelives.cautions import caution
from ninelives.checks import guess, shown
from ninelives.clock import Clock
from ninelives.describing import safe_repr
from ninelives.errors import ConfigurationError, Problem
from ninelives.link_options import placed
from ninelives.middleware.link import Context, Middleware
from ninelives.middleware.watching import Watches

if TYPE_CHECKING:
    from ninelives.circuits import Circuits
    from ninelives.emitter import Emitter
    from ninelives.environment import Setting
    from ninelives.plugins import Plugins
    from ninelives.settings import Settings

__all__ = ["DEFAULT_CHAIN", "Builder", "Link", "replays_by_itself"]

DEFAULT_CHAIN: tuple[str, ...] = ("fallback", "notify", "dead_letter", "breaker", "backoff")
"""The chain of a pipeline that names none, outermost first."""


_TYPING_ERROR = 0.85  # of 1: "notfy" is that much like "notify"


class Link(Struct, frozen=True, eq=False):
    """A link as it stands in a chain.

    Attributes:
        alias: What options and ``pipeline[...]`` call it.
        part: The link itself.
        context: What it was given.
        built: Whether the pipeline made it, and closes it.
        options: The options that it was made of, with where each was given.
    """

    alias: str
    part: Middleware
    context: Context
    built: bool
    options: Mapping[str, Setting] = {}

    def end(self) -> None:
        """Close the part; one that was given, which others may use, only sends what it still holds for this chain."""
        close, leave = getattr(self.part, "close", None), getattr(self.part, "leave", None)
        if self.built and callable(close):
            close()
        elif not self.built and callable(leave):
            leave(self.context)

    async def aend(self) -> None:
        """`end` for asynchronous code."""
        from ninelives.workers import run_in_worker

        aclose: Callable[[], Awaitable[None]] | None = getattr(self.part, "aclose", None)
        if self.built and aclose is not None:
            await aclose()
        else:
            await run_in_worker(self.end)

    def describe(self) -> dict[str, Any]:
        """Alias, class and options, secrets masked."""
        from ninelives.redaction import redact  # late: its patterns take a while to compile

        describe = getattr(self.part, "describe", None)
        options = redact(describe()) if callable(describe) else {}
        return {"link": self.alias, "type": type(self.part).__qualname__, "options": options}


class Builder(Struct, frozen=True):
    """Makes the links of one pipeline.

    Attributes:
        name: The pipeline's name.
        settings, plugins, circuits, clock, random, emitter, alerts: What the links' contexts are made of.
    """

    name: str
    settings: Settings
    plugins: Plugins
    circuits: Circuits
    clock: Clock
    random: Random
    emitter: Emitter
    alerts: Alerts = field(default_factory=Alerts)

    def links(self, chain: Sequence[str | Middleware], options: Mapping[str, Any]) -> list[Link]:
        """The links, outermost first; those that are switched off or have nothing to do are left out.

        Where the program names no chain, the configuration's counts.

        Raises:
            ConfigurationError: All that is wrong with the chain and with the options of its links.
        """
        if chain is DEFAULT_CHAIN:
            chain = self.settings.chain(self.name) or chain
        entries = _entries(chain)
        self._doubt_defaults(entries)
        problems: list[str | Problem] = [*self.settings.problems, *self._unknown(entries, options)]
        links: list[Link] = []
        for alias, entry in entries.items():
            try:
                link = self._link(alias, entry, options)
            except ConfigurationError as error:
                problems += error.args
            else:
                links += [link] if link is not None else []
        problems += [*_misplaced(links), *_unopened(links), *_without_circuit(links)]
        if problems:
            raise ConfigurationError(*problems)
        return links

    def _unknown(self, entries: Mapping[str, Any], options: Mapping[str, Any]) -> list[Problem]:
        known = f"one of its links: {', '.join(entries)}"
        given = [(f"Pipeline({self.name!r}, {option}=)", option) for option in options]
        given += [(source, option) for option, source in self.settings.links_of(self.name).items()]
        unknown = [(place, option) for place, option in given if option not in entries]
        return [Problem(place, "", known + guess(option, entries), option) for place, option in unknown]

    def _doubt_defaults(self, entries: Mapping[str, Any]) -> None:
        """Warn of what ``[defaults]`` has for an unknown link whose name is like a known one; it may be someone's."""
        known = {*entries, *self.plugins.links, *self.settings.aliases}
        for name, place in self.settings.links_of(None).items():
            if name not in known and (hint := guess(name, sorted(known), _TYPING_ERROR)):
                caution(f"{place} is for a link that no pipeline of this configuration has{hint}")

    def _link(self, alias: str, entry: str | Middleware, options: Mapping[str, Any]) -> Link | None:
        option = options.get(alias, {})
        if option is False:
            return None
        if not isinstance(entry, str):
            return Link(alias, entry, self._context(alias, frozenset()), built=False)
        if _is_part(option):
            return Link(alias, option, self._context(alias, frozenset()), built=False)
        given = self.settings.link(self.name, alias, entry, self._arguments(alias, entry, option))
        if given is None:
            return None
        part = self.plugins.build_link(entry, given, f"pipeline {self.name!r}: {alias}")
        if getattr(part, "idle", False):
            return None
        return Link(alias, part, self._context(alias, _explicit(given)), built=True, options=given)

    def _arguments(self, alias: str, link: str, option: Any) -> Mapping[str, Any]:
        if isinstance(option, Mapping):
            return option
        if link == "fallback":
            return {"call": option} if callable(option) else {"value": option}
        expected = "a mapping of its options, a ready object, or False to leave it out"
        raise ConfigurationError(Problem(f"Pipeline({self.name!r}, {alias}=)", shown(option, alias), expected, alias))

    def _context(self, alias: str, given: frozenset[str]) -> Context:
        return Context(
            pipeline=self.name,
            link=alias,
            given=given,
            clock=self.clock,
            random=self.random,
            settings=self.settings,
            plugins=self.plugins,
            circuits=self.circuits,
            emit=self.emitter.emit,
            open_store=self.plugins.open_store,
            open_channel=self.plugins.open_channel,
            alerts=self.alerts,
        )


def replays_by_itself(part: object) -> bool:
    """Whether this link was asked to replay what an outage left behind: its option `replay`."""
    return getattr(getattr(part, "options", None), "replay", None) is not None


def _entries(chain: Sequence[str | Middleware]) -> dict[str, str | Middleware]:
    """By alias; of an entry that is an object, its class's name in lower case."""
    entries: dict[str, str | Middleware] = {}
    if not isinstance(chain, Iterable):
        raise ConfigurationError(
            Problem("chain", safe_repr(chain, 200), "a list of links, like ['breaker', 'backoff']")
        )
    for entry in [chain] if isinstance(chain, str) else chain:
        if not isinstance(entry, str) and not _is_part(entry):
            raise ConfigurationError(
                Problem("chain", safe_repr(entry, 200), "the name of a link, alias:link, or an object with wrap")
            )
        alias, _, link = entry.partition(":") if isinstance(entry, str) else (type(entry).__name__.lower(), "", entry)
        if alias in entries:
            raise ConfigurationError(
                Problem("chain", repr(alias), f"each alias once; write 'other:{alias}' for a second")
            )
        entries[alias] = link or alias
    return entries


def _is_part(value: Any) -> bool:
    return not isinstance(value, type) and callable(getattr(value, "wrap", None))


def _explicit(given: Mapping[str, Setting]) -> frozenset[str]:
    return frozenset(option for option, setting in given.items() if setting.explicit)


def _unopened(links: Sequence[Link]) -> list[str | Problem]:
    """What is wrong with the addresses that links open, so that it is said together with the rest."""
    problems: list[str | Problem] = []
    for link in links:
        try:
            if isinstance(link.part, Watches):
                link.part.watcher(link.context)
        except ConfigurationError as error:
            problems += placed(error, link.options).args
    return problems


def _without_circuit(links: Sequence[Link]) -> list[str | Problem]:
    """What is to be replayed when a circuit closes needs a circuit."""
    asking = [link for link in links if replays_by_itself(link.part)]
    if not asking:
        return []
    from ninelives.middleware.breaker import CircuitBreaker

    if any(isinstance(link.part, CircuitBreaker) for link in links):
        return []
    problem = Problem("", "'on_recovery'", "a breaker in the same chain: when its circuit closes, it begins", "replay")
    return [what for link in asking for what in placed(ConfigurationError(problem), link.options).args]


def _misplaced(links: Sequence[Link]) -> list[Problem]:
    problems: list[Problem] = []
    repeating = ""
    for link in links:
        if repeating and getattr(link.part, "once_per_call", False):
            expected = (
                f"{link.alias!r} outside of {repeating!r}: inside, it would act on every attempt, not once per call"
            )
            problems.append(Problem("chain", "", expected, link.alias))
        repeating = repeating or (link.alias if getattr(link.part, "repeats", False) else "")
    return problems
