"""What came of the letters, on its way into their stores: several at once, and soon."""

from __future__ import annotations

import time
from threading import Condition
from typing import TYPE_CHECKING

from msgspec import Struct

from ninelives.dead_letters.audit import Audit
from ninelives.dead_letters.batches import confirm_many
from ninelives.dead_letters.failures import Failure
from ninelives.dead_letters.letter import DeadLetter
from ninelives.describing import safe_message
from ninelives.errors import StoreError
from ninelives.locks import new_lock
from ninelives.replaying.held import Held

if TYPE_CHECKING:
    from ninelives.replaying.seen import Seen
    from ninelives.replaying.tally import Tally

__all__ = ["MOST", "SOON", "Ending"]

MOST = 100
"""How many letters that are done wait at most to be confirmed together."""

SOON = 0.025
"""Seconds after which what is done is to be confirmed; a thread looks as often."""

_LOST = "its lease was lost while it ran: someone else may have run it too"


class _Ended(Struct, frozen=True):
    """What came of one letter: it is done, it failed again, or it goes back as it was.

    Attributes:
        held: The letter.
        failure: How it failed again.
        what: What it is counted as.
        why: What the report is to say of it.
    """

    held: Held
    failure: Failure | None = None
    what: str = "replayed"
    why: str | None = None


class Ending:
    """Takes what came of the letters, and writes it into their stores when it is time.

    Nothing here waits for a store but `flush`, which several threads may call at once.

    Args:
        tally: Told what came of each.
        seen: Likewise.
        audit: Records who asked for it; None: nobody did by hand.

    Attributes:
        together: Whether what is done may wait for more, as someone else will see to it in time.
    """

    def __init__(self, tally: Tally, seen: Seen, audit: Audit | None) -> None:
        self.together = False
        self._tally = tally
        self._seen = seen
        self._audit = audit
        self._calm = Condition(new_lock())
        self._writing = 0
        self._ended: list[_Ended] = []
        self._urgent = False
        self._since = 0.0

    def done(self, held: Held, began: float) -> None:
        """It was done, by a call that began then."""
        self._add(_Ended(held), urgent=not self.together or time.monotonic() - began > SOON / 2)

    def failed(self, held: Held, failure: Failure, why: str) -> None:
        """It failed again."""
        self._add(_Ended(held, failure, "failed", why), urgent=True)

    def back(self, held: Held, what: str = "", why: str | None = None, *, urgent: bool = False) -> None:
        """It was not run, and goes back as it was; `what` it is counted as."""
        self._add(_Ended(held, None, what, why), urgent=urgent)

    @property
    def is_due(self) -> bool:
        """Whether it is time to write it down."""
        ended = self._ended
        return bool(ended) and (self._urgent or len(ended) >= MOST or time.monotonic() - self._since >= SOON)

    @property
    def is_pending(self) -> bool:
        """Whether there is anything to write down."""
        return bool(self._ended)

    def flush(self) -> None:
        """Write down all that has come so far; never raises an `Exception` of a store."""
        with self._calm:
            ended, self._ended, self._urgent = self._ended, [], False
            self._writing += 1
        try:
            self._write(ended)
        finally:
            with self._calm:
                self._ended = [*ended, *self._ended]  # what is left if the program is being interrupted
                self._writing -= 1
                self._calm.notify_all()

    def settle(self) -> None:
        """The same, and wait for what others are writing down."""
        self.flush()
        with self._calm:
            self._calm.wait_for(lambda: not self._writing)

    def _write(self, ended: list[_Ended]) -> None:
        """Write these down, and take each out when it is."""
        self._confirm([one for one in ended if one.what == "replayed"])
        ended[:] = [one for one in ended if one.what != "replayed"]
        while ended:
            self._one(ended[0])
            del ended[0]

    def _one(self, ended: _Ended) -> None:
        if ended.failure is not None:
            self._record(ended, ended.failure)
            return
        ended.held.claimed.give_back()
        if ended.what:
            self._tally.count(ended.what, ended.held.id, ended.why)

    def _add(self, ended: _Ended, *, urgent: bool) -> None:
        ended.held.is_ours = False
        with self._calm:
            if not self._ended:
                self._since = time.monotonic()
            self._ended.append(ended)
            self._urgent = self._urgent or urgent

    def _confirm(self, done: list[_Ended]) -> None:
        errors = confirm_many([one.held.claimed for one in done])
        for one, error in zip(done, errors, strict=True):
            letter = one.held.claimed.letter
            if error is None:
                self._seen.done(letter.id)
                self._count(one, "replayed")
            else:
                self._count(one, "unconfirmed", f"done, but not confirmed: {safe_message(error)}")
            self._changed(letter, None)

    def _record(self, ended: _Ended, failure: Failure) -> None:
        note = f"replayed: failed again, {failure.record.type}"
        claimed, why = ended.held.claimed, ended.why
        try:
            letter = claimed.fail(failure, lambda one: one if self._audit is None else self._audit.noted(one, note))
        except StoreError as problem:
            why = f"failed again, but its record could not be updated: {safe_message(problem)}"
        else:
            if letter.state == "parked":
                self._tally.more("parked")
        self._count(ended, "failed", why)
        self._changed(claimed.letter, note)

    def _count(self, ended: _Ended, what: str, why: str | None = None) -> None:
        if ended.held.lost:
            self._tally.more("lost", ended.held.id, _LOST)
        self._tally.count(what, ended.held.id, why)

    def _changed(self, letter: DeadLetter, note: str | None) -> None:
        if self._audit is not None:
            self._audit.changed(letter, "replayed", note)
