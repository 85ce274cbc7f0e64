"""The last resort for a letter that no store takes: whole on stderr, and masked in the log."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress

import msgspec

from ninelives.dead_letters.letter import DeadLetter, encode_letter
from ninelives.dead_letters.payload import encode
from ninelives.redaction import redact

__all__ = ["print_whole"]

_MAX_LOGGED = 20_000
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def print_whole(letter: DeadLetter, reason: str) -> str:
    """Print the letter on stderr as one line of JSON, unmasked, as that line is all that is left of it.

    The log, which others read, gets it masked, as CRITICAL. Never raises an `Exception`.

    Args:
        letter: Which no store took.
        reason: Why, masked.

    Returns:
        ``stderr``; or ``the log`` where there is no stderr that can be written.
    """
    line = _line(letter)
    place = "stderr" if _write(f"{line}\n") else "the log"
    how = "stderr is closed too"
    if place == "stderr":
        how = "it stands whole on stderr: append that line to a file of letters, such as local_dlq.json, and replay it"
    import logging

    with suppress(Exception):  # whatever a handler does
        logging.getLogger("ninelives").critical(
            "dead letter %s of pipeline %s could not be stored (%s); %s. Masked: %s",
            letter.id,
            letter.pipeline,
            reason,
            how,
            _masked(line),
        )
    return place


def _line(letter: DeadLetter) -> str:
    try:
        text = encode_letter(letter).decode()
    except Exception:  # something in it is no JSON; the rest of it is
        record = {name: getattr(letter, name) for name in letter.__struct_fields__}
        text = msgspec.json.encode(encode(record, "letter")[0]).decode()
    # In ASCII: stderr may have any encoding, and would replace what it lacks by what is no JSON.
    return _NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _masked(line: str) -> str:
    text = msgspec.json.encode(redact(msgspec.json.decode(line))).decode()
    return text if len(text) <= _MAX_LOGGED else f"{text[:_MAX_LOGGED]}... ({len(text)} characters)"


def _write(line: str) -> bool:
    # Never to descriptor 2 itself: where stderr is closed, that number may be a file of the program's by now.
    for stream in (sys.stderr, sys.__stderr__):
        try:
            stream.write(line)  # type: ignore[union-attr]  # it may be None, as under pythonw
            stream.flush()  # type: ignore[union-attr]  # likewise
        except Exception:  # noqa: S112 - there is one more; the caller is told if that fails too
            continue
        return True
    return False
