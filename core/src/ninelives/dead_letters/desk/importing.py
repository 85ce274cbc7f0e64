"""Letters out of JSON Lines, into a store: ids kept, none twice, what is there already stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from typing import BinaryIO

import msgspec
from msgspec import Struct, field

from ninelives.dead_letters.audit import Audit
from ninelives.dead_letters.carrying import Putting
from ninelives.dead_letters.desk.report import MAX_REASONS
from ninelives.dead_letters.letter import SCHEMA, DeadLetter, decode_letter
from ninelives.dead_letters.looking import there
from ninelives.dead_letters.places import Place, said_of
from ninelives.dead_letters.progress import Progress, Stop, Told
from ninelives.errors import StoreError

__all__ = ["MAX_LINE", "Imported", "Importing", "read_lines"]

MAX_LINE = 64_000_000
"""The most bytes of a line; a longer one is told as broken, and never in memory as a whole."""

_BATCH = 100
_BATCH_BYTES = 16_000_000
_OPERATION = b'{"op"'
_FROM_STORE = (
    "this is the file of a store itself, with what became of its letters: move them (from file:PATH), or export them "
    "from file:PATH and import that"
)


class _Head(Struct):
    schema: int | None = None


_heads = msgspec.json.Decoder(_Head)
_ERRORS = (msgspec.DecodeError, UnicodeError, RecursionError)


class Imported(Struct, kw_only=True):
    """What came of an import.

    Attributes:
        imported: Letters that are in the store now.
        there: Letters that were there already: they are as they were.
        broken: Lines that are no letter.
        newer: Letters of a newer schema, which takes a newer ninelives.
        failed: Letters that the store refused.
        reasons: By line, counted from 1, why it was not imported; at most 100.
        stopped: Whether it was stopped before all were read.
    """

    imported: int = 0
    there: int = 0
    broken: int = 0
    newer: int = 0
    failed: int = 0
    reasons: dict[int, str] = field(default_factory=dict)
    stopped: bool = False

    @property
    def ok(self) -> bool:
        """Whether every letter is in the store."""
        return not (self.broken or self.newer or self.failed or self.stopped)

    def because(self, line: int, why: str) -> None:
        """Note why a line was not imported."""
        if len(self.reasons) < MAX_REASONS:
            self.reasons[line] = why


def read_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file for `Desk.import_lines`: of one that is too long, no more than shows that it is.

    Raises:
        ValueError: It is the file of a store itself. Where the file can be read twice, that is seen before anything is
            imported.

    Example:
        >>> from io import BytesIO
        >>> list(read_lines(BytesIO(b"{}")))
        [b'{}']
    """
    if file.seekable():
        begin = file.tell()
        for line in _bounded(file):
            if _is_operation(line):
                raise ValueError(_FROM_STORE)
        file.seek(begin)
    yield from _bounded(file)


def _bounded(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE + 1):
        yield line
        rest = line
        while not rest.endswith(b"\n") and (rest := file.readline(_BATCH_BYTES)):
            pass


def _is_operation(line: bytes) -> bool:
    """Whether it says what became of letters; a letter may begin like that, and says its schema."""
    if not line.startswith(_OPERATION):
        return False
    try:
        return _heads.decode(line).schema is None
    except _ERRORS:
        return False


def _dated(letter: DeadLetter) -> DeadLetter:
    """The letter, if UTC has a date for each of its moments: else it could not be shown or grouped with others.

    Raises:
        msgspec.ValidationError: UTC has none for one of them.
    """
    moments = (letter.created, letter.first_failed, letter.last_failed, letter.expires)
    try:
        for moment in (*moments, *(attempt.at for attempt in letter.attempts)):
            if moment is not None:
                moment.astimezone(UTC)
    except OverflowError:
        raise msgspec.ValidationError("one of its moments is before the year 1 or after 9999 in UTC") from None
    return letter


class Importing:
    """One import.

    Args:
        places: Where letters may be already; they go to the first.
        audit: Who does it.
        stop: Says when no more is to be read.
        progress: Told after each line.
    """

    def __init__(
        self,
        places: Sequence[Place],
        audit: Audit,
        stop: Stop | None = None,
        progress: Told | None = None,
    ) -> None:
        self.report = Imported()
        self._places = places
        self._audit = audit
        self._stop = stop
        self._progress = progress
        self._batch: dict[str, tuple[int, DeadLetter]] = {}
        self._bytes = 0

    def run(self, lines: Iterable[bytes]) -> Imported:
        """Import the letters of these lines.

        Raises:
            ValueError: It is the file of a store itself.
            StoreError: A store can't be reached; it says how many had been imported by then.
        """
        number = 0
        for number, line in enumerate(lines, 1):
            if self._stop is not None and self._stop.is_set():
                self.report.stopped = True
                break
            self._take(number, line)
            self._tell(number)
        self._put()
        self._tell(number)
        return self.report

    def _take(self, number: int, line: bytes) -> None:
        letter = self._letter(number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
        if letter is None:
            return
        if letter.id in self._batch:
            self.report.there += 1
            return
        self._batch[letter.id] = number, letter
        self._bytes += len(line)
        if len(self._batch) >= _BATCH or self._bytes >= _BATCH_BYTES:
            self._put()

    def _letter(self, number: int, line: bytes) -> DeadLetter | None:
        if len(line) > MAX_LINE:
            self._broken(number, f"it is longer than {MAX_LINE:,} bytes")
        elif _is_operation(line):
            raise ValueError(f"line {number} is no letter: {_FROM_STORE}; {self.report.imported} were imported by then")
        elif line.strip():
            try:
                schema = _heads.decode(line).schema
                if schema is None or schema <= SCHEMA:
                    return _dated(decode_letter(line))
            except _ERRORS as error:
                self._broken(number, f"it is no letter: {error}")
            else:
                self.report.newer += 1
                self.report.because(
                    number, f"it is of schema {schema}, and this version knows {SCHEMA}: upgrade ninelives"
                )
        return None

    def _put(self) -> None:
        batch, self._batch, self._bytes = self._batch, {}, 0
        for place in self._places:
            try:
                known = there(place, batch)
            except StoreError as error:
                raise self._ended(place, error) from error
            self.report.there += len(known)
            for letter_id in known:
                del batch[letter_id]
        if batch:
            self._put_new(batch)

    def _put_new(self, batch: dict[str, tuple[int, DeadLetter]]) -> None:
        target = self._places[0]

        def refused(letter: DeadLetter, problem: StoreError) -> None:
            self.report.failed += 1
            self.report.because(batch[letter.id][0], said_of(target, problem))

        putting = Putting(target.store, refused, refused, set())
        problem = putting.put([self._audit.noted(letter, "imported") for _, letter in batch.values()])
        for letter_id in putting.stored:
            self.report.imported += 1
            self._audit.changed(batch[letter_id][1], "imported")
        if problem is not None:
            raise self._ended(target, problem) from problem

    def _ended(self, place: Place, problem: StoreError) -> StoreError:
        said = f"{self.report.imported} letters were imported, then {said_of(place, problem)}"
        return StoreError(said, transient=problem.transient)

    def _broken(self, number: int, why: str) -> None:
        self.report.broken += 1
        self.report.because(number, why)

    def _tell(self, number: int) -> None:
        if self._progress is not None:
            self._progress(Progress(number, None, self.report.broken + self.report.newer + self.report.failed))
