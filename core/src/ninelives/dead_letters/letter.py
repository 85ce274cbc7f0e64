"""The record of a call that failed for good, complete enough to be replayed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from ninelives.describing import clean_text

__all__ = ["Attempt", "DeadLetter", "ErrorRecord", "LetterFilter", "Reason", "State", "decode_letter", "encode_letter"]

SCHEMA = 1

Reason = Literal["exhausted", "permanent", "circuit_open", "cancelled", "manual"]
State = Literal["waiting", "parked"]

# A record without a time zone is refused when it is read: it could not be compared with the others.
_Moment = Annotated[datetime, Meta(tz=True)]


class ErrorRecord(Struct, frozen=True, kw_only=True):
    """An error as a letter keeps it.

    Attributes:
        type: ``module.qualname`` of its class.
        message: Its text, bounded.
        traceback: Its formatted traceback, bounded: the middle of a long one is left out.
        causes: ``type: message`` of each error that it came from, nearest first, bounded.
    """

    type: str
    message: str = ""
    traceback: str = ""
    causes: tuple[str, ...] = ()


class Attempt(Struct, frozen=True, kw_only=True):
    """One failed attempt of a call.

    Attributes:
        at: When it failed.
        type: ``module.qualname`` of the error's class.
        message: The error's text, bounded.
    """

    at: _Moment
    type: str
    message: str = ""


class DeadLetter(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A call that failed for good.

    Attributes:
        schema: Version of this record's schema.
        id: The call's id, a UUIDv7: sorts by time.
        key: Idempotency key: the same at the first attempt and on every replay.
        caused_by: The letter of a nested pipeline whose error this is.
        pipeline: The pipeline's name; None for a letter sent by hand.
        operation: ``module:qualname`` of the function; None for a letter sent by hand.
        reason: Why it is a letter: ``exhausted``, ``permanent``, ``circuit_open``, ``cancelled``, ``manual``.
        host, pid: The machine and process that it came from.
        message: What was sent by hand, encoded as `ninelives.dead_letters.payload` says; None for a call.
        args, kwargs: The call's arguments, encoded alike; None for a letter sent by hand.
        replayable: Whether the payload is whole.
        unserialisable: ``{"path", "repr"}`` of each part of the payload that JSON could not hold.
        redacted: Paths of the payload that were masked when it was written: it can't be replayed before an edit has put
            back all of them.
        original: The payload as it was before it was first edited: ``{"message"}``, or ``{"args", "kwargs"}``; None: it
            never was.
        error: The error that it failed with; after a failed replay, the newest.
        attempts: The last ten failed attempts.
        error_info: What `send_to_dlq` was given, encoded as the message is.
        fingerprint: Groups letters of one kind; `fingerprint_version` says by which rule.
        created: When the letter was made.
        first_failed, last_failed: When the call failed first and last.
        expires: When the letter may be purged; None: never.
        replay_count: How many replays have failed.
        state: ``waiting``, or ``parked`` after the last allowed replay.
        notes: What was said of the letter, oldest first.
        tags: From `Pipeline.using`.
        trace: W3C traceparent, when there is one.
        extra: Fields of a newer schema, kept as they are.
    """

    id: str
    key: str
    created: _Moment
    first_failed: _Moment
    last_failed: _Moment
    schema: int = SCHEMA
    caused_by: str | None = None
    pipeline: str | None = None
    operation: str | None = None
    reason: Reason = "manual"
    host: str = ""
    pid: int = 0
    message: Any = None
    args: list[Any] | None = None
    kwargs: dict[str, Any] | None = None
    replayable: bool = True
    unserialisable: tuple[dict[str, str], ...] = ()
    redacted: tuple[str, ...] = ()
    original: dict[str, Any] | None = None
    error: ErrorRecord | None = None
    attempts: tuple[Attempt, ...] = ()
    error_info: Any = None
    fingerprint: str | None = None
    fingerprint_version: int = 1
    expires: _Moment | None = None
    replay_count: int = 0
    state: State = "waiting"
    notes: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    trace: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class LetterFilter(Struct, frozen=True, kw_only=True):
    """Which letters: those that match every field that is given. `LetterFilter()` matches all.

    Attributes:
        ids: One of these ids.
        pipeline, operation, fingerprint: Exactly this.
        error_type: The error's class, with or without its module.
        state: ``waiting`` or ``parked``.
        since, until: Last failed at or after `since`, and before `until`.
        tags: Has all of these.
        text: Stands, in any case of letters, somewhere in the record's JSON.
    """

    ids: frozenset[str] | None = None
    pipeline: str | None = None
    operation: str | None = None
    fingerprint: str | None = None
    error_type: str | None = None
    state: State | None = None
    since: datetime | None = None
    until: datetime | None = None
    tags: dict[str, str] | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        """Refuse moments that say no time zone: no letter's could be compared with them."""
        for name in ("since", "until"):
            moment = getattr(self, name)
            if moment is not None and moment.utcoffset() is None:
                raise ValueError(f"LetterFilter({name}={moment!r}): expected a time zone, as in datetime.now(UTC)")

    @property
    def empty(self) -> bool:
        """Whether it matches every letter; no tags and an empty text say nothing either."""
        given = (getattr(self, name) for name in self.__struct_fields__ if name not in {"tags", "text"})
        return not self.tags and not self.text and all(value is None for value in given)

    def refuse_empty(self, instead: str) -> None:
        """For what deletes or replays: the letters must be named, or all of them said.

        Args:
            instead: How to say all of them.

        Raises:
            ValueError: The filter is empty.
        """
        if self.empty:
            raise ValueError(f"an empty filter means every letter: {instead}")

    def matches(self, letter: DeadLetter) -> bool:
        """Whether the letter is one of those meant."""
        return (
            all(
                wanted is None or wanted == getattr(letter, name)
                for name in ("pipeline", "operation", "fingerprint", "state")
                if (wanted := getattr(self, name)) is not None
            )
            and (self.ids is None or letter.id in self.ids)
            and self._matches_error(letter)
            and (self.since is None or letter.last_failed >= self.since)
            and (self.until is None or letter.last_failed < self.until)
            and (self.tags is None or self.tags.items() <= letter.tags.items())
            and self._matches_text(letter)
        )

    def _matches_text(self, letter: DeadLetter) -> bool:
        if self.text is None:
            return True
        record = encode_letter(letter).decode().casefold()
        # As JSON writes it: a quotation mark of the text is escaped there.
        written = _encoder.encode(clean_text(self.text)).decode()[1:-1]
        return written.casefold() in record or self.text.casefold() in record

    def _matches_error(self, letter: DeadLetter) -> bool:
        if self.error_type is None:
            return True
        kind = letter.error.type if letter.error is not None else ""
        return self.error_type in (kind, kind.rpartition(".")[2])


_FIELDS = frozenset(DeadLetter.__struct_fields__)
_decoder = msgspec.json.Decoder(dict[str, Any])
_encoder = msgspec.json.Encoder()


def encode_letter(letter: DeadLetter) -> bytes:
    """The record as one line of JSON; what `extra` holds of a newer schema stands at the top level again."""
    if not letter.extra:
        return _encoder.encode(letter)
    record: dict[str, Any] = msgspec.structs.asdict(letter)
    extra = record.pop("extra")
    return _encoder.encode({**extra, **record, "extra": {}})


def decode_letter(data: bytes | str) -> DeadLetter:
    """Read a record; fields that this version does not know go to `extra`.

    Raises:
        msgspec.DecodeError: It is no JSON; its subclass `ValidationError`: it is no letter.
    """
    try:
        record = _decoder.decode(data)
        unknown = {name: record.pop(name) for name in record.keys() - _FIELDS}
        extra = record.get("extra") or {}
        if unknown and isinstance(extra, dict):
            record["extra"] = {**extra, **unknown}
        return msgspec.convert(record, DeadLetter)
    except (UnicodeError, RecursionError) as error:
        raise msgspec.DecodeError(f"no JSON that can be read: {error}") from error
