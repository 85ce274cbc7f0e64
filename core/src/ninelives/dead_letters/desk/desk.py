"""The one place where something is done to letters by hand, from code and from the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Self

from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.dead_letters.audit import Audit
from ninelives.dead_letters.desk.writes import DeskWrites
from ninelives.dead_letters.places import Places
from ninelives.dead_letters.who import Who

if TYPE_CHECKING:
    from ninelives.address import Address
    from ninelives.dead_letters.desk.editing import Payload
    from ninelives.dead_letters.desk.importing import Imported
    from ninelives.dead_letters.letter import DeadLetter
    from ninelives.dead_letters.progress import Stop, Told
    from ninelives.dead_letters.store import DeadLetterStore
    from ninelives.events import Event, Listener
    from ninelives.plugins import Plugins

__all__ = ["Desk"]

LEASE = 60.0


class Desk(DeskWrites):
    """Letters in the hands of someone who looks after them: one store, or all of a queue's.

    What is done to a letter is noted in it, with who did it, and told as `LetterChanged`. `what` is a letter's id,
    several ids, or a `LetterFilter`; which letters a filter means is fixed when it begins. One letter that fails does
    not stop the others; a store that can't be reached does. A store without search (SQS) takes ids only, or every
    letter; for one id it looks through the first 100 letters that it is given.

    Make one with `DeadLetterQueue.desk`, or with `Desk.at`.

    Args:
        places: The store, its fallback, and where parked letters go.
        by: Who does it.
        emit: Told each change.
        clock: Tells the time.
        lease: Seconds that letters are claimed for while something is done to them, a hundred at once. Default 60.

    Attributes:
        places: Wherever letters may be.
        by: Who does it.

    Example:
        >>> from ninelives import LetterFilter
        >>> with Desk.at("memory:") as desk:
        ...     desk.park(LetterFilter(error_type="TimeoutError"), "until their servers are mended").done
        0
    """

    def __init__(
        self,
        places: Places,
        *,
        by: Who,
        emit: Callable[[Event], None],
        clock: Clock = SYSTEM_CLOCK,
        lease: float = LEASE,
    ) -> None:
        self.places = places.all
        self.by = by
        self._places = places
        self._clock = clock
        self._lease = lease
        self._audit = Audit(by, self._now, emit)

    @classmethod
    def at(
        cls,
        store: str | Address | DeadLetterStore,
        *,
        by: Who | None = None,
        listeners: Iterable[Listener] = (),
        clock: Clock | None = None,
        plugins: Plugins | None = None,
    ) -> Self:
        """A desk at one store.

        Args:
            store: Its address, or the store.
            by: Who does it. None: whoever runs this process.
            listeners: Told each change, besides the listeners of the installed plugins.
            clock: Tells the time.
            plugins: Where the address is looked up.

        Raises:
            ConfigurationError: The address is wrong, or what is to be told or asked for the time.
        """
        from ninelives import masked_keys
        from ninelives.checks import Checks
        from ninelives.clock import clock_of
        from ninelives.dead_letters.backends import place_of
        from ninelives.emitter import Emitter, listeners_of
        from ninelives.given import plugins_of

        masked_keys.learn()
        checks = Checks("Desk.at")
        told, timed_by, known = listeners_of(checks, listeners), clock_of(checks, clock), plugins_of(checks, plugins)
        checks.done()
        return cls(
            Places(place_of(store, known.open_store)),
            by=by or Who.here(),
            emit=Emitter(told, lambda: known.listeners).emit,
            clock=timed_by,
        )

    def edit(
        self,
        letter_id: str,
        change: Callable[[Payload], Payload],
        *,
        note: str | None = None,
        expected: DeadLetter | None = None,
    ) -> DeadLetter:
        """Change what the letter's call is given. What it was before the first edit is kept in `DeadLetter.original`.

        Args:
            letter_id: Which letter.
            change: Is given the payload, ``{"message"}`` or ``{"args", "kwargs"}``, as plain JSON: what JSON lacks
                stands in tagged objects, such as ``{"$type": "tuple", "value": [...]}``. Returns the new one; it may
                change the one that it is given. `ninelives.dead_letters.paths.set_path` changes one place.
            note: Why; it stands in the letter's notes, after the paths of what was changed.
            expected: The letter as it was when someone looked at it: one that was changed since is refused.

        Returns:
            The letter as it is now. Where nothing was changed it is as it was, and nothing is noted or told.

        Raises:
            ValueError: What `change` returns is no payload for this letter.
            LetterNotFoundError: There is no such letter.
            LetterBusyError: Someone else holds it; another edit, maybe.
            StoreError: It is not as `expected`, or of a newer schema; or the store can't be reached.
            Exception: What `change` raises. In each of these cases the letter is as it was.

        Example:
            >>> with Desk.at("memory:") as desk:
            ...     desk.edit("no letter", lambda payload: payload | {"message": "to Tom"})
            Traceback (most recent call last):
            ninelives.errors.LetterNotFoundError: ...
        """
        from ninelives.dead_letters.desk.editing import Editing

        return Editing(self.places, self._lease, self._audit).edit(letter_id, change, note, expected)

    def import_lines(
        self, lines: Iterable[bytes], *, stop: Stop | None = None, progress: Told | None = None
    ) -> Imported:
        """Put letters into the store, from JSON Lines, as `export` makes them.

        Ids are kept. A letter that is there already, or in the fallback, or parked, stays as it is: to import twice
        does no harm. Of SQS, which has no search, that is not known: there each import sends all of them. Lines that
        are no letter, or one of a newer schema, are told by their numbers, and the others imported.

        Args:
            lines: Of a file, `ninelives.dead_letters.desk.importing.read_lines` makes them.
            stop: Anything with ``is_set()``: no line is read once it says so.
            progress: Told after each line, with a `Progress`.

        Raises:
            ValueError: It is the file of a store itself, and not an export.
            StoreError: A store can't be reached; it says how many letters were imported by then.
        """
        from ninelives.dead_letters.desk.importing import Importing

        return Importing(self.places, self._audit, stop, progress).run(lines)

    def close(self) -> None:
        """Close the stores; a later use opens them again."""
        for place in self.places:
            place.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
