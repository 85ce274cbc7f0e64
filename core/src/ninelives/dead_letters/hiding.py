"""Keeping the values that a letter masks out of all that it says of the failure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from msgspec import Struct, structs

from ninelives.address import MASK
from ninelives.dead_letters.leaves import LEAF_DECODERS, TAG
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.nodes import kind_of_node
from ninelives.describing import clean_text

__all__ = ["MAX_CHARACTERS", "MAX_HIDDEN", "MIN_HIDDEN", "Hiding"]

MIN_HIDDEN = 4
"""Characters that a value's text has at least to be looked for: shorter ones stand in any text by chance."""

MAX_HIDDEN = 500
"""Texts that are looked for one by one; of more, no text about the failure is kept at all."""

MAX_CHARACTERS = 1_000_000
"""Characters that all of them may have; likewise."""

# Where a text was cut short, a part of a value may stand beside the cut.
_CUT = re.compile(r"(… \(\d+ characters\)|\n\.\.\. \d+ characters left out \.\.\.\n)")

# What a `repr` shows of an object's own parts: ``User(phone='+15551230000')``.
_QUOTED = re.compile(r"""'[^'\\\n]+'|"[^"\\\n]+\"""")


class Hiding(Struct, frozen=True):
    """Masks some texts wherever they stand.

    Attributes:
        texts: What is masked, the longest first.
        everything: Mask all texts instead, whole.
    """

    texts: tuple[str, ...] = ()
    everything: bool = False

    @classmethod
    def of(cls, nodes: Iterable[Any]) -> Hiding:
        """What hides these values.

        Args:
            nodes: Values as `ninelives.dead_letters.payload` encodes them; of a list or an object each part.
        """
        found: set[str] = set()
        size = 0
        for node in nodes:
            for text in _texts_in(node):
                found.update(_worth_hiding(text))
                size += len(text)
                if len(found) > MAX_HIDDEN or size > MAX_CHARACTERS:
                    return cls(everything=True)
        written = {way for text in found for way in _ways_to_write(text)}
        return cls(tuple(sorted(written, key=lambda text: (-len(text), text))))

    def text(self, text: str) -> str:
        """The text without them."""
        if self.everything:
            return MASK if text else ""
        for hidden in self.texts:
            text = text.replace(hidden, MASK)
        return self._beside_cuts(text) if self.texts and _CUT.search(text) else text

    def letter(self, letter: DeadLetter) -> DeadLetter:
        """The letter without them in its errors, its attempts, its `error_info` and what could not be held."""
        if not (self.texts or self.everything):
            return letter
        error = letter.error
        return structs.replace(
            letter,
            unserialisable=tuple({**mark, "repr": self.text(mark.get("repr", ""))} for mark in letter.unserialisable),
            error=error
            and structs.replace(
                error,
                message=self.text(error.message),
                traceback=self.text(error.traceback),
                causes=tuple(map(self.text, error.causes)),
            ),
            attempts=tuple(structs.replace(one, message=self.text(one.message)) for one in letter.attempts),
            error_info=self._node(letter.error_info),
        )

    def _node(self, node: Any) -> Any:
        if isinstance(node, dict):
            return {key: part if key == TAG else self._node(part) for key, part in node.items()}
        if isinstance(node, list):
            return [self._node(part) for part in node]
        if node is None or isinstance(node, bool):
            return node
        hidden = self.text(str(node))
        return node if hidden == str(node) else hidden

    def _beside_cuts(self, text: str) -> str:
        """The text without what is left of a value that the text was cut in."""
        pieces = _CUT.split(text)  # text, cut, text, cut, ..., text
        for index in range(0, len(pieces), 2):
            piece = pieces[index]
            if index + 1 < len(pieces) and (left := max(_overlap(piece, hidden) for hidden in self.texts)):
                piece = piece[:-left] + MASK
            if index > 0 and (left := max(_overlap(piece[::-1], hidden[::-1]) for hidden in self.texts)):
                piece = MASK + piece[left:]
            pieces[index] = piece
        return "".join(pieces)


def _overlap(text: str, hidden: str) -> int:
    """How many characters at the text's end are the first of a value; 0 where that are too few to say anything."""
    begin, end = hidden[: len(text)], text[-len(hidden) :]
    if hidden[:MIN_HIDDEN] not in end:
        return 0
    # Knuth, Morris and Pratt: linear, whatever the texts are. By length of what has matched: what may match instead.
    instead = [0, 0]
    for character in begin[1:]:
        instead.append(_further(begin, instead, instead[-1], character))
    matched = 0
    for character in end:
        matched = _further(begin, instead, matched, character)
    return matched if matched >= MIN_HIDDEN else 0


def _further(begin: str, instead: list[int], matched: int, character: str) -> int:
    """How many of its characters have matched after one more."""
    while matched and (matched == len(begin) or begin[matched] != character):
        matched = instead[matched]
    return matched + (begin[matched] == character)


def _texts_in(node: Any) -> Iterator[str]:
    """What the values in it look like as text; names are no values."""
    if node is None or isinstance(node, bool):
        return
    kind = kind_of_node(node)
    if kind in LEAF_DECODERS:
        yield from _of_leaf(node, str(kind))
    elif kind == "dict":
        for _, part in node["value"]:
            yield from _texts_in(part)
    elif kind == "plain":
        for part in node.values():
            yield from _texts_in(part)
    elif kind == "list":
        for part in node:
            yield from _texts_in(part)
    elif kind is not None:
        yield from _texts_in(node["value"])
    else:
        yield str(node)


def _of_leaf(node: dict[str, Any], kind: str) -> Iterator[str]:
    yield str(node["value"])
    with suppress(Exception):  # a number that is too long for Python to write, a time zone that is not here
        value = LEAF_DECODERS[kind](node)
        yield from (str(value), repr(value))
        if isinstance(value, (bytes, bytearray)):
            yield from (value.decode(errors="replace"), repr(bytes(value))[2:-1])
        elif kind == "unserialisable":
            yield from (quoted[1:-1] for quoted in _QUOTED.findall(value))


def _worth_hiding(text: str) -> Iterator[str]:
    """The text and, as others indent them or take their ends off, its lines."""
    for line in (text, *text.splitlines()):
        for one in (line, line.strip()):
            if len(one) >= MIN_HIDDEN:
                yield one


def _ways_to_write(text: str) -> Iterator[str]:
    """The text as it is, and as Python, JSON and URLs write it."""
    import json
    from urllib.parse import quote, quote_plus

    plain = clean_text(text)
    yield from (text, plain, json.dumps(text)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1])
    # In longer text Python may escape an apostrophe that it leaves alone in this one.
    yield from (repr(text)[1:-1], repr(f"{text}'\"")[1:-4])
    yield from (quote(plain, safe=""), quote(plain), quote_plus(plain))
