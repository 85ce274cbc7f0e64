"""Telling listeners what happened, so that what observes can't hurt what it observes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ninelives.events import CallSucceeded, Event, Listener

__all__ = ["Emitter"]


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
            self._all = (*self._installed(), *self._own)
        return self._all

    def wants(self, kind: type[Event]) -> bool:
        """Whether any listener asks for this kind of event."""
        return any(_is_told(listener, kind) for listener in self.listeners)

    def emit(self, event: Event) -> None:
        """Tell it to all who want it; never raises an `Exception`."""
        for listener in self.listeners:
            if _is_told(listener, type(event)):
                try:
                    listener(event)
                except Exception:  # noqa: BLE001 - whatever it is, the call must not see it
                    self._report(listener, event)

    def _report(self, listener: Any, event: Event) -> None:
        if id(listener) in self._reported:
            return
        self._reported.add(id(listener))
        import logging  # noqa: PLC0415 - needed by broken listeners only

        logging.getLogger("ninelives").warning(
            "listener %r raised on %s; further errors of it are not logged", listener, event.name, exc_info=True
        )


def _is_told(listener: Any, kind: type[Event]) -> bool:
    wanted = getattr(listener, "events", None)
    return kind is not CallSucceeded if wanted is None else issubclass(kind, tuple(wanted))
