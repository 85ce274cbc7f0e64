"""The pipeline: a named, ordered chain of middleware that calls run through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, Self, TypeVar, overload

from ninelives import masked_keys
from ninelives.alerts import Alerts
from ninelives.call import Call
from ninelives.chain import DEFAULT_CHAIN, Builder
from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.decorating import decorate
from ninelives.emitter import Emitter
from ninelives.errors import ConfigurationError
from ninelives.folding import fold, fold_async
from ninelives.given import check_arguments
from ninelives.registry import Registry
from ninelives.rerunning import Reruns
from ninelives.running import Finish, calling, calling_async, innermost, innermost_async, refusing, runner, runner_async
from ninelives.runs import Bound, Runs

if TYPE_CHECKING:
    from ninelives.circuits import Circuits
    from ninelives.events import Listener
    from ninelives.middleware.link import Middleware
    from ninelives.plugins import Plugins
    from ninelives.settings import Settings

__all__ = ["Pipeline"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Pipeline(Runs, Reruns):
    """Runs calls that may fail through a chain of links, so that nothing is lost when they do.

    Safe to share between threads and tasks; make one for each service that is called, when the program starts.

    Args:
        name: What records, circuits and the configuration call it.
        chain: The links, outermost first: a link's name, ``alias:link``, or an object with ``wrap``. Default: the
            configuration's, else `DEFAULT_CHAIN`.
        listeners: Told this pipeline's events, besides those of the installed plugins.
        settings: The configuration. Default: what file and environment say.
        plugins: What is installed. Default: what the entry points say.
        circuits: Where circuits that have a name are held. Default: one for the process.
        clock: Every wait and every timestamp goes through it.
        random: Every chance goes through it.
        options: For each link of the chain a mapping of its options, a ready object, or False to leave it out. For
            ``fallback`` also the value itself, or a function of the error.

    Raises:
        ConfigurationError: All that is wrong with the chain, the options and the addresses.

    Example:
        >>> pipeline = Pipeline("greeter", dead_letter={"store": "memory:"}, notify=False)
        >>> pipeline.run("hello {}".format, "Tom")
        'hello Tom'
    """

    def __init__(
        self,
        name: str,
        *,
        chain: Sequence[str | Middleware] = DEFAULT_CHAIN,
        listeners: Sequence[Listener] = (),
        settings: Settings | None = None,
        plugins: Plugins | None = None,
        circuits: Circuits | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        **options: Any,
    ) -> None:
        from ninelives.circuits import default_circuits
        from ninelives.plugins import default_plugins
        from ninelives.settings import find_settings

        check_arguments(
            name,
            listeners=listeners,
            settings=settings,
            plugins=plugins,
            circuits=circuits,
            clock=clock,
            random=random,
        )
        self._clock = clock if clock is not None else SYSTEM_CLOCK
        self.name, self._registry = name, Registry()
        settings = settings if settings is not None else find_settings()
        masked_keys.learn()  # which that has done, unless other settings are given
        plugins = plugins if plugins is not None else default_plugins()
        self._emitter = Emitter(listeners, lambda: plugins.listeners)
        self._links = Builder(
            name=name,
            settings=settings,
            plugins=plugins,
            circuits=circuits if circuits is not None else default_circuits(),
            clock=self._clock,
            # Not seeded, so that the processes that a server forks do not wait in step.
            random=random if random is not None else SystemRandom(),
            emitter=self._emitter,
            alerts=Alerts(self._registry),
        ).links(chain, options)
        self._fold()

    def _fold(self) -> None:
        self._finish = Finish(self.name, self._clock, self._emitter, self._registry)
        self._monotonic = self._clock.monotonic
        self._parts = {link.alias: link.part for link in self._links}
        self._recovery = recovery = self._recovering(self._parts.values())
        chain = fold(self._links, innermost)
        self._enter = runner(chain if recovery is None else recovery.watching(chain), self._finish)
        try:
            loop_chain = fold_async(self._links, innermost_async)
            self._enter_async = runner_async(
                loop_chain if recovery is None else recovery.watching_async(loop_chain), self._finish
            )
        except ConfigurationError as error:  # for whoever makes such a call
            self._enter_async = refusing(error)
        if recovery is not None:
            recovery.follow(self._parts.values())

    def _call(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return Call(func, args, kwargs, self._monotonic(), self.name)

    def run(self, func: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:  # noqa: D102 - documented below
        # The same as above with one frame less: every call pays for each.
        return self._enter(Call(func, args, kwargs, self._monotonic(), self.name))  # type: ignore[no-any-return]  # P and R tell what comes back

    run.__doc__ = Runs.run.__doc__

    @overload
    def __call__(self, func: classmethod[T, P, R], /) -> classmethod[T, P, R]: ...
    @overload
    def __call__(self, func: staticmethod[P, R], /) -> staticmethod[P, R]: ...
    @overload
    def __call__(self, func: Callable[P, R], /) -> Callable[P, R]: ...
    def __call__(self, func: Any, /) -> Any:
        """Decorate a function: each of its calls runs through the chain. Registers it for replay.

        Keeps signature, type and kind; works on asynchronous functions, methods, partials and callable objects.

        Raises:
            TypeError: A generator function, a class, or something that can't be called.

        Example:
            ``@pipeline`` above ``def generate_reply(message): ...``
        """
        begin = (self._monotonic, self.name)
        made = decorate(func, partial(calling, self._enter, *begin), partial(calling_async, self._enter_async, *begin))
        self.register(func.__func__ if isinstance(func, (classmethod, staticmethod)) else func)
        return made

    def register(self, func: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
        """Make a function replayable without wrapping it.

        Args:
            func: What runs a letter whose operation is the name.
            name: Default: ``module:qualname``, as letters have it.

        Returns:
            The function.
        """
        self._registry.register(func, name)
        return func

    def using(
        self, *, key: str | None = None, tags: Mapping[str, str] | None = None, operation: str | None = None
    ) -> Bound:
        """A view of this pipeline whose calls carry what is given here.

        Args:
            key: Idempotency key: `current_call().idempotency_key`, the same on every replay.
            tags: What the letter can be found by.
            operation: The name that records and replay use for the function.

        Raises:
            ConfigurationError: One of them is no text.

        Example:
            ``pipeline.using(key=f"order-{order.id}", tags={"tenant": "acme"}).run(charge, order)``
        """
        return Bound(self, key, tags, operation)

    def __getitem__(self, link: str) -> Any:
        """A link of the chain by its alias: ``pipeline["breaker"].state``.

        Raises:
            KeyError: The chain as built has no such link; the error names those it has.
        """
        try:
            return self._parts[link]
        except KeyError:
            raise KeyError(f"pipeline {self.name!r} has no link {link!r}; it has: {', '.join(self._parts)}") from None

    def describe(self) -> dict[str, Any]:
        """The chain as built, outermost first, secrets masked: ``{"name", "chain": [{"link", "type", "options"}]}``."""
        return {"name": self.name, "chain": [link.describe() for link in self._links]}

    def close(self) -> None:
        """Flush notifications and close what the pipeline built, all of it whatever fails; twice does no harm."""
        with ExitStack() as stack:
            for link in reversed(self._links):
                stack.callback(link.end)
            if self._recovery is not None:
                stack.callback(self._recovery.close)

    async def aclose(self) -> None:
        """`close` for asynchronous code."""
        async with AsyncExitStack() as stack:
            for link in reversed(self._links):
                stack.push_async_callback(link.aend)
            if self._recovery is not None:
                stack.push_async_callback(self._recovery.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} can't be pickled or copied: share it, or build it again in each process")

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r}, chain={[link.alias for link in self._links]!r})"
