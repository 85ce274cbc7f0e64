"""What a dead letter queue is made of: its stores, what makes its letters, and what it does as a link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from msgspec import structs

from ninelives.clock import Clock
from ninelives.dead_letters.backends import Backends
from ninelives.dead_letters.claims import Claimed
from ninelives.dead_letters.fingerprints import Fingerprints
from ninelives.dead_letters.keeping import Keeper
from ninelives.dead_letters.linking import LetterLink
from ninelives.dead_letters.making import LetterMaker
from ninelives.dead_letters.options import QueueOptions
from ninelives.dead_letters.places import Place, Places
from ninelives.dead_letters.redacting import Redactor
from ninelives.dead_letters.retention import Audience, retention_of
from ninelives.dead_letters.sharing import spill_of
from ninelives.dead_letters.store import Expiring, Lease
from ninelives.middleware.watching import Watcher, watch, watch_async
from ninelives.registry import operation_of

if TYPE_CHECKING:
    from ninelives.alerts import Alerts
    from ninelives.events import Event
    from ninelives.middleware.link import AsyncNext, Context, Next

__all__ = ["QueueParts"]


class QueueParts:
    """The parts of `DeadLetterQueue`, which has the methods for its users.

    Attributes:
        options: What it does, wherever its letters are.
        stores: Where they are; `places` are the same in a row.
        maker: Makes the letters of `pipeline`.
    """

    options: QueueOptions
    _clock: Clock
    _unopened: Backends | None

    once_per_call = True
    """A link that must stand outside of ``backoff``: inside it would act on every attempt."""

    @classmethod
    def as_link(cls, *, store: Any = None, fallback: Any = None, park: Any = None, **options: Any) -> Self:
        """The link ``dead_letter`` of a pipeline, from its options: the environment is among them already."""
        queue = cls.__new__(cls)
        queue.options = QueueOptions(**options)
        queue.options.check()
        queue._unopened = Backends.of_link(store, fallback, park)  # noqa: SLF001 - it is one of us
        return queue

    def _bind(self, stores: Places, pipeline: str | None, emit: Callable[[Event], None], alerts: Alerts) -> None:
        self.stores = stores
        self.places = stores.all
        self.pipeline = pipeline
        self._spill = spill_of(stores, self._clock)
        self._linked_to(pipeline, emit)
        self._emit = emit
        self._fingerprints = Fingerprints(self.options.fingerprint)
        self._redactor = Redactor.of(self.options.redact)
        self._retention = retention_of(stores, self.options, self._clock)
        self.maker = self.maker_for(pipeline)
        self._keeper = self.keeper_for(Audience(pipeline, emit, alerts))

    def wrap(self, call_next: Next, context: Context) -> Next:
        """As a link: the step that makes a letter of a call that failed."""
        return watch((self.watcher(context),), call_next)

    def wrap_async(self, call_next: AsyncNext, context: Context) -> AsyncNext:
        """The same for asynchronous calls: the letter is written on a thread of ours."""
        return watch_async((self.watcher(context),), call_next)

    def describe(self) -> dict[str, Any]:
        """Its options, secrets masked."""
        names = {part: place and place.name for part, place in structs.asdict(self.stores).items()}
        shown: tuple[str, ...] = ("on_open", "on_cancel", "max_replays", "lease", "max_letters")
        shown += ("replay", "rate") if self.options.replay is not None else ()
        shown += ("redact",) if self.options.redact else ()
        return names | {name: getattr(self.options, name) for name in shown} | self._kept()

    def maker_for(self, pipeline: str | None) -> LetterMaker:
        """What makes the letters of that pipeline."""
        options = self.options
        return LetterMaker(self._now, pipeline, options.encode, options.kept_for, self._fingerprints, self._redactor)

    def keeper_for(self, audience: Audience) -> Keeper:
        """What puts letters into these stores, and tells who is there to be told."""
        after = None if self._retention is None else partial(self._retention.look, audience)
        return Keeper(self.stores.keeping, audience.emit, self._now, self._spill, after)

    def claimed(self, lease: Lease, place: Place) -> Claimed:
        """A letter of ours in hand."""
        parking = self.stores.parking(place)
        spare = self.stores.fallback if place is self.stores.store else None
        return Claimed(lease, place, self.maker, self._emit, self.options.max_replays, parking, spare)

    def watcher(self, context: Context) -> Watcher:
        """As a link, in a step that it shares with its neighbours: what it does when a call fails."""
        if self._unopened is not None:
            self._clock = context.clock
            self._bind(self._unopened.open(context.open_store), context.pipeline, context.emit, context.alerts)
            self._unopened = None
        self._linked_to(context.pipeline, context.emit)
        return LetterLink(self, context).watcher()

    def _kept(self) -> dict[str, Any]:
        """How long letters are kept and by whom; a store that is not named keeps them as long as it likes."""
        keep, own = self.options.keep, self.options.fingerprint
        able = [place.name for place in self.places if isinstance(place.own, Expiring)]
        return {
            "keep": keep.total_seconds() if isinstance(keep, timedelta) else keep,
            "purged_by": [] if keep is None else able,
            "fingerprint": operation_of(own) if callable(own) else own,
        }

    def _linked_to(self, pipeline: str | None, emit: Callable[[Event], None]) -> None:
        if self._spill is not None:
            self._spill.queues.add(self)
            self._spill.users[pipeline] = emit

    def _now(self) -> datetime:
        # Not the clock's own method: what stands in for it in a test comes later.
        return self._clock.now()
