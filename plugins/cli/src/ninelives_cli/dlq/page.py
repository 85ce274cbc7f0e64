"""All of one letter, as lines to read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.put_back import masked_again
from ninelives.dead_letters.views import put_back_advice
from ninelives.redaction import redact
from ninelives_cli.dlq.masking import clean, clean_function, clean_lines, pretty
from ninelives_cli.dlq.moments import ago, iso
from ninelives_cli.dlq.output import counted

__all__ = ["page_of"]

_WIDTH = 13  # of the column of names


def page_of(letter: DeadLetter, *, reveal: bool = False) -> list[str]:
    """What there is to say of the letter, in parts with a line between them; masked, unless all is revealed."""
    page = _Page(letter, reveal=reveal)
    parts = (page.facts(), page.payload(), page.error(), page.attempts(), page.notes())
    lines: list[str] = []
    for part in map(list, parts):
        lines += ["", *part] if lines and part else part
    return lines


class _Page:
    def __init__(self, letter: DeadLetter, *, reveal: bool) -> None:
        self.letter = letter if reveal else masked_again(letter)
        self.reveal = reveal
        self.now = datetime.now(UTC)

    def facts(self) -> Iterator[str]:
        letter = self.letter
        replays = f", {counted(letter.replay_count, 'failed replay')}" if letter.replay_count else ""
        facts = {
            "id": letter.id,
            "state": f"{letter.state}{replays}",
            "reason": letter.reason,
            "pipeline": letter.pipeline,
            "operation": letter.operation,
            "failed last": ago(letter.last_failed, self.now),
            "failed first": ago(letter.first_failed, self.now),
            "created": ago(letter.created, self.now),
            "expires": iso(letter.expires),
            "from": f"{letter.host}, process {letter.pid}",
            "key": None if letter.key == letter.id else letter.key,
            "caused by": letter.caused_by,
            "fingerprint": letter.fingerprint,
            "trace": letter.trace,
            "tags": ", ".join(f"{name}={value}" for name, value in letter.tags.items()),
        }
        for name, value in facts.items():
            if value:
                shown = clean_function if name == "operation" else clean
                yield f"{name:{_WIDTH}}{shown(value, reveal=self.reveal)}"

    def payload(self) -> Iterator[str]:
        letter = self.letter
        call = {"args": letter.args, "kwargs": letter.kwargs}
        parts: dict[str, Any] = {"message": letter.message} if letter.args is None else call
        if letter.error_info is not None:
            parts["error_info"] = letter.error_info
        if letter.original is not None:
            parts["before it was edited"] = letter.original
        for name, value in parts.items():
            yield from self._value(name, value)
        if not letter.replayable:
            yield "The payload is not whole: it can't be replayed as it is."
        for part in letter.unserialisable:
            yield f"not kept whole: {self._clean(part.get('path', ''))}: {self._clean(part.get('repr', ''))}"
        if letter.redacted:
            yield f"masked when it was written: {self._clean(', '.join(letter.redacted))}"
            yield f"Its replay would lack that: {clean(put_back_advice(letter), reveal=True)}"
        if letter.extra:
            yield from self._value("of a newer version", letter.extra)

    def error(self) -> Iterator[str]:
        error = self.letter.error
        if error is None:
            return
        yield f"{self._clean(error.type)}: {self._clean(error.message)}"
        for cause in error.causes:
            yield f"  from {self._clean(cause)}"
        yield from clean_lines(error.traceback, reveal=self.reveal)

    def attempts(self) -> Iterator[str]:
        for attempt in self.letter.attempts:
            yield f"attempt at {iso(attempt.at)}: {self._clean(attempt.type)}: {self._clean(attempt.message)}"

    def notes(self) -> Iterator[str]:
        for note in self.letter.notes:
            yield f"note: {self._clean(note)}"

    def _value(self, name: str, value: Any) -> Iterator[str]:
        first, *others = pretty(value if self.reveal else redact({name: value})[name])
        yield f"{name}: {first}"
        yield from others

    def _clean(self, text: str) -> str:
        return clean(text, reveal=self.reveal)
