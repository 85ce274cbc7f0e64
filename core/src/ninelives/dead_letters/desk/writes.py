"""A desk as far as something is done to letters, as many as are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ninelives.dead_letters.audit import Audit
from ninelives.dead_letters.desk.reads import DeskReads
from ninelives.dead_letters.desk.selection import What, chosen_of
from ninelives.dead_letters.places import Place, Places

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ninelives.address import Address
    from ninelives.clock import Clock
    from ninelives.dead_letters.desk.report import Tended
    from ninelives.dead_letters.desk.rewriting import Rewrite
    from ninelives.dead_letters.desk.run import Run
    from ninelives.dead_letters.letter import State
    from ninelives.dead_letters.progress import Stop, Told
    from ninelives.dead_letters.store import DeadLetterStore

__all__ = ["DeskWrites"]


class DeskWrites(DeskReads):
    """What `Desk` does to letters."""

    _places: Places
    _lease: float
    _audit: Audit
    _clock: Clock

    def note(
        self,
        what: What,
        text: str,
        *,
        all_letters: bool = False,
        stop: Stop | None = None,
        progress: Told | None = None,
    ) -> Tended:
        """Add a note to letters.

        Args:
            what: Which letters.
            text: What is to be said of them; 1,000 characters with who said it and when.
            all_letters: Whether an empty filter may mean every letter.
            stop: Anything with ``is_set()``: no letter is begun once it says so; the hundred in hand are finished.
            progress: Told after each letter, with a `Progress`.

        Raises:
            ValueError: The text is empty; or the filter is, and that every letter is meant was not said.
            TypeError: `what` is neither ids nor a filter.
            UnsupportedError: A store has no search, and it takes one.
            StoreError: A store can't be reached; it says how many letters were done by then.
        """
        if not text.strip():
            raise ValueError("a note needs a text")
        chosen = chosen_of(what, all_letters=all_letters)
        rewrite = self._rewrite("noted", text, stop, progress)
        return rewrite.run.some(chosen, rewrite.some)

    def park(
        self,
        what: What,
        reason: str | None = None,
        *,
        all_letters: bool = False,
        stop: Stop | None = None,
        progress: Told | None = None,
    ) -> Tended:
        """Park letters: from now on only naming one replays it. From SQS, which can't keep them, they go elsewhere.

        Args:
            what: Which letters.
            reason: Why; it stands in their notes.
            all_letters: As `note` has it.
            stop: As `note` has it.
            progress: As `note` has it.

        Raises:
            UnsupportedError: The store can't keep parked letters and there is no other; or it has no search, and it
                takes one.
            ValueError, TypeError, StoreError: As `note` raises them.
        """
        from ninelives.dead_letters.desk.rewriting import Park, refuse_unparkable

        chosen = chosen_of(what, all_letters=all_letters)
        if len(self.places) == 1:
            refuse_unparkable(self.places[0])
        rewrite = self._rewrite("parked", reason, stop, progress, "parked")
        return rewrite.run.some(chosen, Park(rewrite, self._places).some)

    def unpark(
        self,
        what: What,
        reason: str | None = None,
        *,
        all_letters: bool = False,
        stop: Stop | None = None,
        progress: Told | None = None,
    ) -> Tended:
        """Let parked letters wait for a replay again. Their failed replays stay counted: the next failure parks them.

        Args:
            what: Which letters.
            reason: Why; it stands in their notes.
            all_letters: As `note` has it.
            stop: As `note` has it.
            progress: As `note` has it.

        Raises:
            ValueError, TypeError, UnsupportedError, StoreError: As `note` raises them.
        """
        chosen = chosen_of(what, all_letters=all_letters)
        rewrite = self._rewrite("unparked", reason, stop, progress, "waiting")
        return rewrite.run.some(chosen, rewrite.some)

    def purge(
        self,
        what: What,
        reason: str | None = None,
        *,
        all_letters: bool = False,
        stop: Stop | None = None,
        progress: Told | None = None,
    ) -> Tended:
        """Delete letters, wherever they are. Each is told as `LetterPurged` too; those that someone else holds stay.

        Args:
            what: Which letters.
            reason: Why; it stands in the event.
            all_letters: As `note` has it.
            stop: As `note` has it.
            progress: As `note` has it.

        Raises:
            ValueError, TypeError, UnsupportedError, StoreError: As `note` raises them.
        """
        from ninelives.dead_letters.desk.purging import Purge

        chosen = chosen_of(what, all_letters=all_letters)
        run = self._run("purged", stop, progress)
        return run.some(chosen, Purge(run, self._audit, self.places, self._lease, reason).some)

    def move(
        self,
        what: What,
        target: DeskReads | Place | str | Address | DeadLetterStore,
        reason: str | None = None,
        *,
        all_letters: bool = False,
        stop: Stop | None = None,
        progress: Told | None = None,
    ) -> Tended:
        """Move letters to another store: put there, then gone here. Ids are kept, and parked ones stay parked.

        A crash leaves those in hand, a hundred at most, in both stores, and never in none; to move again mends it. What
        the target refuses, because it is too large or parked, stays and is told.

        Args:
            what: Which letters; a filter without a state means parked ones too.
            target: A desk, whose first store is meant, an address, or a store.
            reason: Why; it stands in their notes.
            all_letters: As `note` has it.
            stop: As `note` has it.
            progress: As `note` has it.

        Raises:
            ConfigurationError: The address is wrong, or it is the very store that they are in.
            ValueError, TypeError, UnsupportedError, StoreError: As `note` raises them; the target may be the one that
                can't be reached.
        """
        from ninelives.dead_letters.desk.moving import LEASE, Move, other_places, target_of

        chosen = chosen_of(what, all_letters=all_letters)
        place, close = target_of(target)
        try:
            sources = other_places(self.places, place)
            run = self._run("moved", stop, progress, sources, LEASE)
            return run.some(chosen, Move(place, self._audit, run.tally, reason).some)
        finally:
            close()

    def _now(self) -> datetime:
        # Not the clock's own method: what stands in for it in a test comes later.
        return self._clock.now()

    def _run(
        self,
        doing: str,
        stop: Stop | None,
        progress: Told | None,
        places: Sequence[Place] | None = None,
        lease: float = 0.0,
    ) -> Run:
        # Late, like what is done by it: who only looks needs none of it.
        from ninelives.dead_letters.desk.run import Run
        from ninelives.dead_letters.desk.tally import Tally

        tally = Tally(doing, stop, progress)
        return Run(self.places if places is None else places, max(self._lease, lease), self._now, tally)

    def _rewrite(
        self, did: str, text: str | None, stop: Stop | None, progress: Told | None, state: State | None = None
    ) -> Rewrite:
        from ninelives.dead_letters.desk.rewriting import Rewrite

        return Rewrite(self._run(did, stop, progress), self._audit, did, text, state)
