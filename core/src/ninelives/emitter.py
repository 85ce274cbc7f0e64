"""Telling listeners what happened, so that what observes can't hurt what it observes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ninelives.checks import Checks, shown
from ninelives.decorating import Kind, kind_of
from ninelives.faults import log_fault

if TYPE_CHECKING:
    from ninelives.events import Event, Listener

__all__ = ["Emitter", "check_listeners", "listeners_of"]


def check_listeners(checks: Checks, listeners: Any) -> None:
    """Note a problem unless they are a list of functions that can be told an event: nothing would await a coroutine."""
    listed = isinstance(listeners, (list, tuple)) and all(_can_be_told(listener) for listener in listeners)
    checks.that(
        listed, "listeners", listeners, "a list of functions that take an event, none of them a coroutine function"
    )


def listeners_of(checks: Checks, listeners: Any) -> tuple[Listener, ...]:
    """The listeners of a part, from any iterable; a problem is noted unless they can be told an event."""
    listed = tuple(listeners) if isinstance(listeners, Iterable) else ()
    check_listeners(checks, listed if isinstance(listeners, Iterable) else listeners)
    return listed


def _can_be_told(listener: Any) -> bool:
    try:
        return kind_of(listener) is Kind.SYNC
    except TypeError:  # it can't be called, or is a generator function, of which nothing would run
        return False


class Emitter:
    """Tells listeners events: in their order, each isolated from the others and from the call.

    A listener that raises is logged once and dropped from that event only. One with an attribute ``events`` (a tuple of
    types) is told those; any other all but `CallSucceeded`.

    Args:
        listeners: Those of this pipeline or part.
        installed: Gives those of the installed plugins; asked once, at the first event.
    """

    def __init__(
        self,
        listeners: Iterable[Listener] = (),
        installed: Callable[[], Sequence[Listener]] = lambda: (),
    ) -> None:
        self._own = tuple(listeners)
        self._installed = installed
        self._all: tuple[Listener, ...] | None = None
        self._reported: set[int] = set()

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """All of them, the plugins' first."""
        if self._all is None:
            self._all = (*self._from_plugins(), *self._own)
        return self._all

    def wants(self, kind: type[Event]) -> bool:
        """Whether any listener asks for this kind of event."""
        return any(self._is_told(listener, kind) for listener in self.listeners)

    def emit(self, event: Event) -> None:
        """Tell it to all who want it; never raises an `Exception`."""
        for listener in self.listeners:
            if self._is_told(listener, type(event)):
                try:
                    listener(event)
                except Exception as error:  # whatever it is, the call must not see it
                    self._report(listener, f"raised on {event.name}", error)

    def _from_plugins(self) -> Sequence[Listener]:
        try:
            return self._installed()
        except Exception as error:  # looked for at the first event, which may be the failure of a call
            self._report(self, "has no listeners of plugins", error)
            return ()

    def _is_told(self, listener: Any, kind: type[Event]) -> bool:
        try:
            wanted = getattr(listener, "events", None)
            return kind.name != "call_succeeded" if wanted is None else issubclass(kind, tuple(wanted))
        except Exception as error:  # likewise
            self._report(listener, "is told nothing: its attribute events is no tuple of event types", error)
            return False

    def _report(self, listener: Any, what: str, error: Exception) -> None:
        if id(listener) in self._reported:
            return
        self._reported.add(id(listener))
        text = "listener %s %s; further errors of it are not logged"
        log_fault("warning", text, shown(listener), what, fault=error)
