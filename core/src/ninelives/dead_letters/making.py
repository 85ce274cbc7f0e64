"""Making the letter of a failed call: bounded, and never failing itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from msgspec import Struct, structs

from ninelives.call import Call
from ninelives.dead_letters.failures import (
    Failure,
    attempts_of,
    cause_letter,
    error_record,
    failure_of,
    reason_of,
    record_said,
)
from ninelives.dead_letters.fingerprints import Fingerprints, kind_said
from ninelives.dead_letters.letter import Attempt, DeadLetter, ErrorRecord, Reason
from ninelives.dead_letters.payload import encode
from ninelives.dead_letters.put_back import hiding_again
from ninelives.dead_letters.redacting import Redactor, blank
from ninelives.dead_letters.reprs import as_text, short_repr
from ninelives.describing import clean_text, safe_message, type_name
from ninelives.ids import new_id
from ninelives.machine import hostname
from ninelives.tracing import traceparent

__all__ = ["LetterMaker"]

T = TypeVar("T")

# Ids sort by time: what sorts before this one was made by another process, though it may have had the same number and
# the same machine's name, as the first process of every container has.
_BEGAN = new_id()


class LetterMaker(Struct, frozen=True):
    """Makes letters.

    Attributes:
        now: The wall clock.
        pipeline: The pipeline's name; None for a queue used alone.
        encode: Encodes what JSON can't hold; see `ninelives.dead_letters.payload`.
        keep: How long letters are kept; None: for ever.
        fingerprints: Says which letters are of one kind.
        redactor: Masks values of the payload; None: none.
    """

    now: Callable[[], datetime]
    pipeline: str | None = None
    encode: Callable[[Any], Any] | None = None
    keep: timedelta | None = None
    fingerprints: Fingerprints = Fingerprints()
    redactor: Redactor | None = None

    def of_call(self, call: Call, error: BaseException) -> DeadLetter:
        """The letter of a call that failed with `error`. Never raises an `Exception`."""
        try:
            letter = self._whole(call, error)
        except Exception as problem:
            wreck = self._wreck(call, error, problem)
            if self.redactor is None:
                return wreck
            masked, call.hiding = blank(wreck)
            return masked
        return letter if self.redactor is None else self.redactor.of_call(letter, call)

    def of_message(self, message: Any, error_info: Any) -> DeadLetter:
        """The letter of a message that was sent by hand."""
        body, marked = encode(message, "message", self.encode)
        info, more = self._info(error_info)
        letter_id = new_id()
        nothing: dict[str, Any] = {}
        letter = self._letter(
            self.now(),
            id=letter_id,
            key=letter_id,
            message=body,
            replayable=not marked,
            unserialisable=(*marked, *more),
            error_info=info,
            error=_tried(lambda: _error_said(error_info), None),
            **_tried(lambda: kind_said(error_info), nothing),
        )
        return letter if self.redactor is None else self.redactor.of_message(letter)

    @staticmethod
    def made_here(letter: DeadLetter) -> bool:
        """Whether this very process made the letter."""
        return letter.pid == os.getpid() and letter.host == hostname() and letter.id >= _BEGAN

    def failure(self, call: Call, error: BaseException) -> Failure:
        """How a replay failed, as `after_replay` takes it: with the kind that it now is of."""
        return structs.replace(failure_of(call, error, self.now()), **self.fingerprints.of(error, call.func))

    def after_replay(self, letter: DeadLetter, failure: Failure, max_replays: int) -> DeadLetter:
        """The same letter after a replay that failed: one more counted, the new error last.

        It is of the new error's kind then, and what was to expire is kept as long as a letter that was made now. What
        was masked and has been put back is masked in what is said of the new error.
        """
        count, now = letter.replay_count + 1, self.now()
        kind = letter if failure.fingerprint is None else failure
        failed = structs.replace(
            letter,
            fingerprint=kind.fingerprint,
            fingerprint_version=kind.fingerprint_version,
            expires=letter.expires and max(letter.expires, self._expires(now) or letter.expires),
            reason=failure.reason,
            error=failure.record,
            attempts=(*letter.attempts, *failure.attempts)[-10:],
            error_info=letter.error_info if failure.error_info is None else self._info(failure.error_info)[0],
            last_failed=now,
            replay_count=count,
            state="parked" if count >= max_replays else letter.state,
        )
        hiding = hiding_again(letter)
        return failed if hiding is None else hiding.letter(failed)

    def _whole(self, call: Call, error: BaseException) -> DeadLetter:
        now = self.now()
        args, marked = encode(list(call.args), "args", self.encode)
        kwargs, more = encode(call.kwargs, "kwargs", self.encode)
        none: tuple[Attempt, ...] = ()
        attempts = _tried(lambda: attempts_of(call, error, now), none)
        return self._letter(
            now,
            id=call.id,
            key=as_text(call.idempotency_key),
            caused_by=_tried(lambda: cause_letter(call, error), None),
            operation=as_text(call.operation),
            reason=_tried(lambda: reason_of(error), _NOT_KNOWN),
            # A list as it is; where it could not even be begun, a mark in one.
            args=args if isinstance(args, list) else [args],
            # With keys of an odd kind it comes back tagged: still a JSON object.
            kwargs=kwargs,
            replayable=not (marked or more),
            unserialisable=(*marked, *more),
            error=_tried(lambda: error_record(error), ErrorRecord(type=type_name(error))),
            attempts=attempts,
            **self.fingerprints.of(error, call.func),
            first_failed=attempts[0].at if attempts else now,
            tags={as_text(name): as_text(value) for name, value in call.tags.items()},
        )

    def _wreck(self, call: Call, error: BaseException, problem: Exception) -> DeadLetter:
        why = f"the letter could not be made: {type_name(problem)}: {safe_message(problem)}"
        return self._letter(
            datetime.now(UTC),
            id=call.id,
            key=call.id,
            args=[],
            kwargs={},
            replayable=False,
            unserialisable=(
                {"path": "", "repr": why},
                {"path": "args", "repr": short_repr(call.args)},
                {"path": "kwargs", "repr": short_repr(call.kwargs)},
            ),
            error=ErrorRecord(type=type_name(error), message=safe_message(error)),
            **self.fingerprints.of(error, call.func),
        )

    def _letter(self, now: datetime, **fields: Any) -> DeadLetter:
        pipeline = None if self.pipeline is None else clean_text(self.pipeline)
        made: dict[str, Any] = {"first_failed": now, "expires": self._expires(now), **fields}
        made["trace"] = traceparent()
        return DeadLetter(created=now, last_failed=now, pipeline=pipeline, host=hostname(), pid=os.getpid(), **made)

    def _expires(self, now: datetime) -> datetime | None:
        try:
            return None if self.keep is None else now + self.keep
        except OverflowError:  # the clock is at the end of the calendar
            return None

    def _info(self, error_info: Any) -> tuple[Any, list[dict[str, str]]]:
        # Any mapping as the dictionary that it says it is.
        plain = _tried(lambda: dict(error_info), error_info) if isinstance(error_info, Mapping) else error_info
        return encode(plain, "error_info", self.encode)


_NOT_KNOWN: Reason = "exhausted"


def _error_said(error_info: Any) -> ErrorRecord | None:
    """The error that a message was sent with, where its type is told: what it is found and grouped by."""
    known = isinstance(error_info, Mapping) and error_info.get("error_type")
    return record_said(error_info) if known else None


def _tried(make: Callable[[], T], otherwise: T) -> T:
    # The arguments are what must be kept; what else can't be told of the failure must not cost them.
    try:
        return make()
    except Exception:
        return otherwise
