"""Replay: claim, run through the pipeline, confirm. A crash leaves the letter, or the work done once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import structs

from ninelives.call import Call
from ninelives.dead_letters.claims import Claimed, claim
from ninelives.dead_letters.failures import failure_of
from ninelives.dead_letters.in_hand import Hand
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.linking import is_refusal
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.store import Lease
from ninelives.dead_letters.views import payload_of
from ninelives.describing import safe_message, type_name
from ninelives.errors import LetterBusyError, LetterNotFoundError, StoreError
from ninelives.replay_choice import What, check, waiting_in
from ninelives.replay_report import ReplayReport

if TYPE_CHECKING:
    from ninelives.clock import Clock
    from ninelives.dead_letters.queue import DeadLetterQueue
    from ninelives.registry import Registry

__all__ = ["Replay", "What"]

MAX_REASONS = 100
"""How many letters the report gives a reason for; the rest are only counted."""


class Replay:
    """The policy of one replay; its methods may block, the pipeline calls them from loops of either kind.

    Args:
        pipeline: Whose letters.
        queue: Where they are.
        registry: Which function each means.
        clock: Tells the time.
        what: Ids, a filter, or None for all that wait.
        limit: At most so many letters.
    """

    def __init__(
        self,
        pipeline: str,
        queue: DeadLetterQueue,
        registry: Registry,
        clock: Clock,
        what: What = None,
        limit: int | None = None,
    ) -> None:
        check(what, limit)
        self.report = ReplayReport()
        self._pipeline = pipeline
        self._queue = queue
        self._registry = registry
        self._clock = clock
        self._stopped = False
        # A letter may be there twice: from a store that may deliver twice, or in a store and in its fallback.
        self._begun: set[str] = set()
        self._done: set[str] = set()
        self._left = limit
        self._source = self._leases(what)

    def take(self) -> Claimed | None:
        """The next letter, claimed; None when there is none left."""
        if self._stopped or self._left == 0:
            self._source.close()  # type: ignore[attr-defined]  # a generator, which gives back what it holds
            return None
        claimed = next(self._source, None)
        if claimed is not None and self._left is not None:
            self._left -= 1
        return claimed

    def call_for(self, claimed: Claimed) -> Call | None:
        """The call that runs the letter; None if it can't be run here, and then the letter is back."""
        letter = claimed.letter
        func = self._function(letter)
        if isinstance(func, str):
            self.skip(claimed, func)
            return None
        try:
            args, kwargs = payload_of(letter, self._queue.options.decode)
        except Exception as error:
            self.skip(claimed, f"its payload can't be decoded: {type_name(error)}: {safe_message(error)}")
            return None
        return Call(
            func,
            args,
            kwargs,
            self._clock.monotonic(),
            self._pipeline,
            letter=letter,
            letter_id=letter.id,
            letter_place=claimed.place.name,
            tags=letter.tags,
            given_operation=letter.operation,
        )

    def skip(self, claimed: Claimed, why: str) -> None:
        """Leave the letter as it is, and say why."""
        claimed.give_back()
        self.report.skipped += 1
        self._because(claimed.letter.id, why)

    def succeeded(self, claimed: Claimed, hand: Hand) -> None:
        """The call returned."""
        if (again := hand.again) is not None:
            self._record_failure(claimed, lambda: claimed.fail(again))
            return
        try:
            claimed.confirm()
        except StoreError as error:
            self.report.unconfirmed += 1
            self._because(claimed.letter.id, f"done, but not confirmed: {error}")
        else:
            self.report.replayed += 1
            self._done.add(claimed.letter.id)

    def failed(self, claimed: Claimed, call: Call, error: Exception) -> None:
        """The call raised."""
        self._because(claimed.letter.id, f"{type_name(error)}: {safe_message(error, 500)}")
        if is_refusal(call, error):
            claimed.give_back()
            self.report.refused += 1
            self.report.retry_after = getattr(error, "retry_after", None)
            self._stopped = True
            return
        self._record_failure(claimed, lambda: claimed.fail(failure_of(call, error, self._clock.now())))

    def _record_failure(self, claimed: Claimed, fail: Callable[[], DeadLetter]) -> None:
        self.report.failed += 1
        try:
            self.report.parked += fail().state == "parked"
        except StoreError as problem:
            self._because(claimed.letter.id, f"failed again, but its record could not be updated: {problem}")

    def _function(self, letter: DeadLetter) -> Callable[..., Any] | str:
        if not letter.replayable:
            return f"its payload is not whole: {', '.join(part['path'] for part in letter.unserialisable)}"
        if letter.operation is None:
            return self._queue.options.reprocessor or "it was sent by hand, and the queue has no reprocessor"
        found = self._registry.find(letter.operation, same_process=self._queue.maker.made_here(letter))
        if isinstance(found, str) and self._queue.options.reprocessor is not None:
            return self._queue.options.reprocessor
        return found

    def _because(self, letter_id: str, why: str) -> None:
        if len(self.report.reasons) < MAX_REASONS:
            self.report.reasons[letter_id] = why

    def _leases(self, what: What) -> Iterator[Claimed]:
        if what is not None and not isinstance(what, LetterFilter):
            return self._by_id([what] if isinstance(what, str) else dict.fromkeys(what), self._queue.places)
        chosen = structs.replace(what or LetterFilter(), pipeline=self._pipeline)
        # Only naming a parked letter replays it.
        return self._of_all_places(chosen if chosen.ids is not None else structs.replace(chosen, state="waiting"))

    def _of_all_places(self, chosen: LetterFilter) -> Iterator[Claimed]:
        # What was there when it began: what fails again, or arrives meanwhile, is not run twice.
        began = self._clock.now()
        # The fallback first: a letter that is on its way home is seen in the one or the other.
        waiting = [(place, waiting_in(place.store, chosen)) for place in reversed(self._queue.places)]
        problems: list[StoreError] = []
        for place, ids in reversed(waiting):
            others = tuple(other for other, theirs in waiting if theirs is not None and other is not place)
            try:
                yield from self._of_place(place, ids, others, chosen, began)
            except StoreError as error:  # the letters that can be reached are not to wait for the others
                problems.append(error)
                self.report.problems.append(said_of(place, error))
        if len(problems) == len(waiting):
            raise problems[0]

    def _of_place(
        self,
        place: Place,
        ids: list[str] | StoreError | None,
        others: tuple[Place, ...],
        chosen: LetterFilter,
        began: datetime,
    ) -> Iterator[Claimed]:
        if isinstance(ids, StoreError):
            raise ids
        if ids is None:
            return self._received(place, chosen, began)
        return self._by_id(ids, (place, *others))

    def _by_id(self, letter_ids: Iterable[str], places: tuple[Place, ...]) -> Iterator[Claimed]:
        for letter_id in letter_ids:
            if self._has_failed(letter_id):
                continue
            try:
                lease, place = claim(places, letter_id, self._queue.options.lease)
            except LetterBusyError as error:
                self.report.busy += 1
                self._because(letter_id, str(error))
            except LetterNotFoundError as error:
                if letter_id not in self._done:
                    self.report.skipped += 1
                    self._because(letter_id, str(error))
            else:
                yield from self._once(lease, place)

    def _has_failed(self, letter_id: str) -> bool:
        return letter_id in self._begun and letter_id not in self._done

    def _once(self, lease: Lease, place: Place) -> Iterator[Claimed]:
        """The letter, unless it is another copy of one that is done: that is dropped."""
        claimed = self._queue.claimed(lease, place)
        if lease.letter.id in self._done:
            claimed.drop()
        else:
            self._begun.add(lease.letter.id)
            yield claimed

    def _received(self, place: Place, chosen: LetterFilter, began: datetime) -> Iterator[Claimed]:
        others: list[Lease] = []
        aside: dict[str, datetime] = {}  # since the last one that was run, and until when
        try:
            while leases := place.store.receive(1, lease=self._queue.options.lease):
                (lease,) = leases
                letter = lease.letter
                if self._has_failed(letter.id) or letter.created > began or not chosen.matches(letter):
                    others.append(lease)  # held until the end, so that the store gives the next one
                    if aside.setdefault(letter.id, lease.until) <= self._clock.now():
                        break  # the leases end before all are seen: there is nothing but others
                else:
                    aside.clear()
                    yield from self._once(lease, place)
        finally:
            for lease in others:
                self._queue.claimed(lease, place).give_back()
