"""The dead letter queue: alone, with the methods that its users know, and as the link ``dead_letter``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ninelives import masked_keys
from ninelives.alerts import Alerts
from ninelives.checks import Checks
from ninelives.clock import Clock, clock_of
from ninelives.dead_letters.backends import backends_alone
from ninelives.dead_letters.claims import Claimed, claim
from ninelives.dead_letters.failures import failure_said
from ninelives.dead_letters.in_hand import hand_now
from ninelives.dead_letters.options import QueueOptions
from ninelives.dead_letters.reprocessing import Reprocessor
from ninelives.dead_letters.room import with_room
from ninelives.dead_letters.store import DeadLetterStore
from ninelives.dead_letters.upkeep import Upkeep
from ninelives.dead_letters.views import kept_in, view_of
from ninelives.emitter import Emitter, listeners_of
from ninelives.errors import ConfigurationError
from ninelives.given import plugins_of

if TYPE_CHECKING:
    from ninelives.dead_letters.progress import Stop, Told
    from ninelives.events import Listener
    from ninelives.plugins import Plugins

__all__ = ["DeadLetterQueue"]


class DeadLetterQueue(Upkeep):
    """Keeps what failed, shows it, and runs it again.

    Without `store`, `queue_url` or `local_file_path` the environment says where: ``DLQ_QUEUE_URL``, with
    ``DLQ_LOCAL_FILE_PATH`` as its fallback; with nothing there, ``./local_dlq.json``.

    Args:
        queue_url: The URL of an SQS queue; with `local_file_path` too, that file is its fallback.
        region: The queue's AWS region.
        local_file_path: A file of letters.
        reprocessor: What `reprocess_message` runs: it is given the message, or a call's own arguments.
        store: The address of a store, or a store.
        fallback: The address of a store, or a store, for letters that `store` does not take; `drain` moves them home.
        park: The address of a store, or a store, for letters that are parked. None: they stay where they are; from SQS,
            which can't keep them, they go to the fallback.
        on_open: As a link: whether calls that an open circuit refused become letters.
        on_cancel: As a link: whether cancelled calls become letters; for workers that are cancelled at shutdown.
        max_replays: After this many failed replays a letter is parked: only naming it replays it.
        lease: Seconds that a letter is ours while it is run again; longer than a call takes.
        encode: Makes of an argument that JSON can't hold something that it can; raises if it can't.
        decode: Makes the argument of it again.
        keep: How long a letter is kept: text with a unit (``"30d"``; s, m, h, d, w), seconds, or a timedelta; at most
            100 years. Then it expires, and is purged with an event, by stores that can. None: kept for ever.
        max_letters: How many letters a store is meant to hold; past it none is refused or dropped, but an event and an
            alert say so. None: any number.
        fingerprint: Says which letters are of one kind: a function that makes text of the error, or ``"module:name"``
            of one. None, and where it fails: `ninelives.fingerprint.fingerprint`.
        redact: Paths of the payload whose values are masked when a letter is made: ``["kwargs.user.phone"]``; such a
            letter can't be replayed until an edit puts them back. Empty: the payload is kept whole.
        listeners: Told this queue's events, besides those of the installed plugins.
        clock: Tells the time.
        plugins: Where addresses are looked up.

    Raises:
        ConfigurationError: An option is wrong, or an address.

    Example:
        >>> queue = DeadLetterQueue(store="memory:")
        >>> letter_id = queue.send_to_dlq({"to": "Tom"}, {"error_message": "no answer"})
        >>> [item["message"] for item in queue.receive_from_dlq()]
        [{'to': 'Tom'}]
    """

    def __init__(  # noqa: PLR0913 - four that may be positional, then options by name
        self,
        queue_url: str | None = None,
        region: str | None = None,
        local_file_path: str | None = None,
        reprocessor: Callable[..., Any] | None = None,
        *,
        store: str | DeadLetterStore | None = None,
        fallback: str | DeadLetterStore | None = None,
        park: str | DeadLetterStore | None = None,
        on_open: bool = True,
        on_cancel: bool = False,
        max_replays: int = 5,
        lease: float = 300.0,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
        keep: str | float | timedelta | None = None,
        max_letters: int | None = None,
        fingerprint: Callable[[BaseException], object] | str | None = None,
        redact: Sequence[str] = (),
        listeners: Iterable[Listener] = (),
        clock: Clock | None = None,
        plugins: Plugins | None = None,
    ) -> None:
        masked_keys.learn()
        self.options = QueueOptions(
            reprocessor=reprocessor,
            on_open=on_open,
            on_cancel=on_cancel,
            max_replays=max_replays,
            lease=lease,
            encode=encode,
            decode=decode,
            keep=keep,
            max_letters=max_letters,
            fingerprint=fingerprint,
            redact=redact,
        )
        checks = Checks("DeadLetterQueue")
        told, self._clock = listeners_of(checks, listeners), clock_of(checks, clock)
        known = plugins_of(checks, plugins)
        self.options.check(checks)
        backends = backends_alone(queue_url, region, local_file_path, store, fallback, park)
        self._unopened = None
        emitter = Emitter(told, lambda: known.listeners)
        self._bind(backends.open(known.open_store), None, emitter.emit, Alerts())

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
            ``error`` (its text), ``replayable`` and ``redacted``. Parked letters are among them.

        Raises:
            StoreError: The store can't be read, nor its fallback. Where one can, the log says that the other can't.
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

    def drain(self, *, stop: Stop | None = None, progress: Told | None = None) -> int:
        """Move the letters that the fallback took back to the store, now; the background does it too, in time.

        A letter that has come home may stand there twice if the program is killed meanwhile and the store can't replace
        one by another of its id. Parked letters stay, and so does what is too large for the store. As a link, it moves
        its pipeline's letters only; else all.

        Args:
            stop: When it is set, the letters in hand are moved and no others.
            progress: Told how far it is, after each letter; `total` is None.

        Returns:
            How many came home; 0 without a fallback.

        Raises:
            StoreError: A store can't be reached; it says how many had come home by then.
        """
        return 0 if self._spill is None else self._spill.drain(stop, progress)

    async def adrain(self, *, stop: Stop | None = None, progress: Told | None = None) -> int:
        """`drain` for asynchronous code; `progress` is told by a thread of ours."""
        from ninelives.workers import run_in_worker

        return await run_in_worker(partial(self.drain, stop=stop, progress=progress))

    def close(self) -> None:
        """Close the stores; a later use opens them again."""
        if self._spill is not None:
            self._spill.close(self)
        for place in self.places:
            place.store.close()

    async def aclose(self) -> None:
        """`close` for asynchronous code."""
        from ninelives.workers import run_in_worker

        await run_in_worker(self.close)

    def _claim(self, letter_id: str) -> Claimed:
        return self.claimed(*claim(self.places, letter_id, self.options.lease))

    def _reprocessor(self) -> Reprocessor:
        if self.options.reprocessor is None:
            raise ConfigurationError(
                "this queue has no reprocessor: make it with DeadLetterQueue(reprocessor=function)"
            )
        return Reprocessor(self.options.reprocessor, self._claim, self.options.decode)
