"""What a link is: it wraps the next step of the chain, and is given what it needs as a `Context`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from msgspec import Struct, field

from ninelives.alerts import Alerts

if TYPE_CHECKING:
    from ninelives.address import Address
    from ninelives.call import Call
    from ninelives.circuits import Circuits
    from ninelives.clock import Clock
    from ninelives.dead_letters.store import DeadLetterStore
    from ninelives.events import Event
    from ninelives.notifications.channel import Channel
    from ninelives.plugins import Plugins
    from ninelives.settings import Settings

__all__ = ["Around", "AsyncMiddleware", "AsyncNext", "Context", "Middleware", "Next"]

Next = Callable[["Call"], Any]
AsyncNext = Callable[["Call"], Awaitable[Any]]


class Context(Struct, frozen=True, eq=False):
    """What a link is given when the chain is built.

    Attributes:
        pipeline: The pipeline's name.
        link: The alias that the link goes by in this chain.
        given: The names of the options that the program or the pipeline's own section of the file gave this link; the
            environment's and the defaults' are not among them.
        clock: Every wait and every timestamp goes through it.
        random: Every chance goes through it.
        settings: The configuration.
        plugins: What is installed.
        circuits: Where circuits that have a name are held.
        emit: Tells the listeners an event; never raises.
        open_store: Makes the store of an address; raises `ConfigurationError` if it is wrong, and does no I/O.
        open_channel: Makes the channel of an address, likewise.
        alerts: Tells someone what is no call's failure: through the notifiers of this chain, else in the log.
    """

    pipeline: str
    link: str
    given: frozenset[str]
    clock: Clock
    random: Random
    settings: Settings
    plugins: Plugins
    circuits: Circuits
    emit: Callable[[Event], None]
    open_store: Callable[[str | Address], DeadLetterStore]
    open_channel: Callable[[str | Address], Channel]
    alerts: Alerts = field(default_factory=Alerts)


@runtime_checkable
class Middleware(Protocol):
    """A link of the chain. It may have ``close()`` and ``aclose()``, which the pipeline that built it calls."""

    def wrap(self, call_next: Next, context: Context) -> Next:
        """The step that does this link's part and calls the next.

        Called once, when the pipeline is built. The step is called by many threads at once: what belongs to a call
        stays in local variables. It lets `BaseException` that is no `Exception` pass untouched.
        """
        ...


@runtime_checkable
class AsyncMiddleware(Middleware, Protocol):
    """A link that asynchronous calls can go through too."""

    def wrap_async(self, call_next: AsyncNext, context: Context) -> AsyncNext:
        """The same step for asynchronous calls."""
        ...


class Around:
    """A link that needs only what comes before a call and after it: override what is of use, both wraps come with it.

    Example:
        >>> class Timing(Around):
        ...     def succeeded(self, call, value):
        ...         print(call.operation, "succeeded")
    """

    def before(self, call: Call) -> None:
        """Called on the way in; what it raises is what the call raises."""

    def succeeded(self, call: Call, value: Any) -> None:
        """Called when the call returned `value`."""

    def failed(self, call: Call, error: Exception) -> None:
        """Called when the call raised `error`, which then goes on its way."""

    def wrap(self, call_next: Next, context: Context) -> Next:
        """The synchronous step."""

        def around(call: Call) -> Any:
            self.before(call)
            try:
                value = call_next(call)
            except Exception as error:
                self.failed(call, error)
                raise
            self.succeeded(call, value)
            return value

        return around

    def wrap_async(self, call_next: AsyncNext, context: Context) -> AsyncNext:
        """The asynchronous step."""

        async def around(call: Call) -> Any:
            self.before(call)
            try:
                value = await call_next(call)
            except Exception as error:
                self.failed(call, error)
                raise
            self.succeeded(call, value)
            return value

        return around
