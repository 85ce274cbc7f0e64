"""The dead letter queue: alone, with the methods that its users know, and as the link ``dead_letter``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.dead_letters.backends import Backends, backends_alone
from ninelives.dead_letters.claims import Claimed, claim
from ninelives.dead_letters.failures import failure_said
from ninelives.dead_letters.in_hand import hand_now
from ninelives.dead_letters.keeping import Keeper, Place
from ninelives.dead_letters.linking import LetterLink
from ninelives.dead_letters.making import LetterMaker
from ninelives.dead_letters.options import QueueOptions
from ninelives.dead_letters.reprocessing import Reprocessor
from ninelives.dead_letters.room import with_room
from ninelives.dead_letters.store import DeadLetterStore, Lease
from ninelives.dead_letters.views import kept_in, view_of
from ninelives.emitter import Emitter
from ninelives.errors import ConfigurationError
from ninelives.middleware.watching import Watcher, watch, watch_async

if TYPE_CHECKING:
    from ninelives.events import Event, Listener
    from ninelives.middleware.link import AsyncNext, Context, Next
    from ninelives.plugins import Plugins

__all__ = ["DeadLetterQueue"]


class DeadLetterQueue:
    """Keeps what failed, shows it, and runs it again.

    Without `store`, `queue_url` or `local_file_path` the environment says where: ``DLQ_QUEUE_URL``, with
    ``DLQ_LOCAL_FILE_PATH`` as its fallback; with nothing there, ``./local_dlq.json``.

    Args:
        queue_url: The URL of an SQS queue; with `local_file_path` too, that file is its fallback.
        region: The queue's AWS region.
        local_file_path: A file of letters.
        reprocessor: What `reprocess_message` runs: it is given the message, or a call's own arguments.
        store: The address of a store, or a store.
        fallback: The address of a store, or a store, for letters that `store` does not take.
        on_open: As a link: whether calls that an open circuit refused become letters.
        on_cancel: As a link: whether cancelled calls become letters; for workers that are cancelled at shutdown.
        max_replays: After this many failed replays a letter is parked: only naming it replays it.
        lease: Seconds that a letter is ours while it is run again; longer than a call takes.
        encode: Makes of an argument that JSON can't hold something that it can; raises if it can't.
        decode: Makes the argument of it again.
        listeners: Told this queue's events, besides those of the installed plugins.
        clock: Tells the time.
        plugins: Where addresses are looked up.

    Raises:
        ConfigurationError: An address is wrong, or a number out of its range.

    Example:
        >>> queue = DeadLetterQueue(store="memory:")
        >>> letter_id = queue.send_to_dlq({"to": "Tom"}, {"error_message": "no answer"})
        >>> [item["message"] for item in queue.receive_from_dlq()]
        [{'to': 'Tom'}]
    """

    once_per_call = True
    """A link that must stand outside of ``backoff``: inside it would act on every attempt."""

    def __init__(  # noqa: PLR0913 - four that may be positional, then options by name
        self,
        queue_url: str | None = None,
        region: str | None = None,
        local_file_path: str | None = None,
        reprocessor: Callable[..., Any] | None = None,
        *,
        store: str | DeadLetterStore | None = None,
        fallback: str | DeadLetterStore | None = None,
        on_open: bool = True,
        on_cancel: bool = False,
        max_replays: int = 5,
        lease: float = 300.0,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
        listeners: Iterable[Listener] = (),
        clock: Clock | None = None,
        plugins: Plugins | None = None,
    ) -> None:
        self.options = QueueOptions(
            reprocessor=reprocessor,
            on_open=on_open,
            on_cancel=on_cancel,
            max_replays=max_replays,
            lease=lease,
            encode=encode,
            decode=decode,
        )
        self.options.check()
        backends = backends_alone(queue_url, region, local_file_path, store, fallback)
        from ninelives.plugins import default_plugins

        known = plugins if plugins is not None else default_plugins()
        self._clock = clock if clock is not None else SYSTEM_CLOCK
        self._unopened: Backends | None = None
        self._bind(backends.open(known.open_store), None, Emitter(listeners, lambda: known.listeners).emit)

    @classmethod
    def as_link(cls, *, store: Any = None, fallback: Any = None, **options: Any) -> DeadLetterQueue:
        """The link ``dead_letter`` of a pipeline, from its options: the environment is among them already."""
        queue = cls.__new__(cls)
        queue.options = QueueOptions(**options)
        queue.options.check()
        queue._unopened = Backends.of_link(store, fallback)  # noqa: SLF001 - it is one of us
        return queue

    def _bind(self, places: tuple[Place, ...], pipeline: str | None, emit: Callable[[Event], None]) -> None:
        self.places = places
        self.pipeline = pipeline
        self._emit = emit
        self.maker = self.maker_for(pipeline)
        self._keeper = self.keeper_for(emit)

    def send_to_dlq(self, message: Any, error_info: Mapping[str, Any] | None = None) -> str:
        """Keep a message that failed.

        A reprocessor that sends the message in hand again makes no second letter: its replay has failed.

        Args:
            message: Anything; what JSON can't hold is marked.
            error_info: What is known of the failure.

        Returns:
            The letter's id.

        Raises:
            StoreError: Neither the store nor its fallback took it; it stands whole on stderr.
        """
        hand = hand_now()
        if hand is not None and hand.holds(message):
            hand.again = failure_said(error_info, self._clock.now())
            return hand.letter.id
        return with_room(self._keeper.must_keep, with_room(self.maker.of_message, message, error_info))

    def receive_from_dlq(self, max_messages: int = 10) -> list[dict[str, Any]]:
        """Look at what is kept, oldest first; nothing is consumed.

        Returns:
            For each letter a dictionary with ``message_id``, ``message``, ``error_info``, ``timestamp`` (ISO 8601,
            UTC), ``replay_count``; and ``pipeline``, ``operation``, ``args``, ``kwargs``, ``reason``, ``state``,
            ``error`` (its text) and ``replayable``. Parked letters are among them.

        Raises:
            StoreError: The store can't be read.
            UnsupportedError: The store can't be looked through.
        """
        return [view_of(letter, self.options.decode) for letter in kept_in(self.places, max_messages)]

    def reprocess_message(self, message_id: str) -> bool:
        """Run the reprocessor on one letter; parked ones too.

        Returns:
            True: it is done and the letter is gone. False: the reprocessor raised, or sent the message to the queue
            again: the letter stays, with the error and the count. False too where nothing was tried: a circuit was
            open, or the payload is not whole, as the log then says; the letter stays as it was.

        Raises:
            TypeError: The reprocessor is a coroutine function: use `areprocess_message`.
            ConfigurationError: There is no reprocessor.
            LetterNotFoundError: No letter has that id.
            LetterBusyError: Someone else holds it.
            StoreError: The store can't be reached.
        """
        return self._reprocessor().run(message_id)

    async def asend_to_dlq(self, message: Any, error_info: Mapping[str, Any] | None = None) -> str:
        """`send_to_dlq` for asynchronous code: the loop is not held up, and a cancellation waits for the letter."""
        from ninelives.workers import run_in_worker

        return await run_in_worker(self.send_to_dlq, message, error_info)

    async def areceive_from_dlq(self, max_messages: int = 10) -> list[dict[str, Any]]:
        """`receive_from_dlq` for asynchronous code."""
        from ninelives.workers import run_in_worker

        return await run_in_worker(self.receive_from_dlq, max_messages)

    async def areprocess_message(self, message_id: str) -> bool:
        """`reprocess_message` for asynchronous code and reprocessors; a synchronous one runs on a thread of ours."""
        return await self._reprocessor().arun(message_id)

    def close(self) -> None:
        """Close the stores; a later use opens them again."""
        for place in self.places:
            place.store.close()

    async def aclose(self) -> None:
        """`close` for asynchronous code."""
        from ninelives.workers import run_in_worker

        await run_in_worker(self.close)

    def wrap(self, call_next: Next, context: Context) -> Next:
        """As a link: the step that makes a letter of a call that failed."""
        return watch((self.watcher(context),), call_next)

    def wrap_async(self, call_next: AsyncNext, context: Context) -> AsyncNext:
        """The same for asynchronous calls: the letter is written on a thread of ours."""
        return watch_async((self.watcher(context),), call_next)

    def describe(self) -> dict[str, Any]:
        """Its options, secrets masked."""
        store, *fallback = (place.name for place in self.places)
        shown = {name: getattr(self.options, name) for name in ("on_open", "on_cancel", "max_replays", "lease")}
        return {"store": store, "fallback": fallback[0] if fallback else None, **shown}

    def maker_for(self, pipeline: str | None) -> LetterMaker:
        """What makes the letters of that pipeline."""
        return LetterMaker(self._now, pipeline, self.options.encode)

    def keeper_for(self, emit: Callable[[Event], None]) -> Keeper:
        """What puts letters into these stores, and tells `emit`."""
        return Keeper(self.places, emit, self._now)

    def claimed(self, lease: Lease, place: Place) -> Claimed:
        """A letter of ours in hand."""
        return Claimed(lease, place, self.maker, self._emit, self.options.max_replays)

    def watcher(self, context: Context) -> Watcher:
        """As a link, in a step that it shares with its neighbours: what it does when a call fails."""
        if self._unopened is not None:
            self._clock = context.clock
            self._bind(self._unopened.open(context.open_store), context.pipeline, context.emit)
            self._unopened = None
        return LetterLink(self, context).watcher()

    def _now(self) -> datetime:
        # Not the clock's own method: what stands in for it in a test comes later.
        return self._clock.now()

    def _claim(self, letter_id: str) -> Claimed:
        return self.claimed(*claim(self.places, letter_id, self.options.lease))

    def _reprocessor(self) -> Reprocessor:
        if self.options.reprocessor is None:
            raise ConfigurationError(
                "this queue has no reprocessor: make it with DeadLetterQueue(reprocessor=function)"
            )
        return Reprocessor(self.options.reprocessor, self._claim, self.options.decode)
