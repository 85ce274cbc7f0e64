"""Keeping the values that a letter masks out of all that it says of the failure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from msgspec import Struct, structs

from ninelives.address import MASK
from ninelives.dead_letters.fingerprints import OWN_VERSION
from ninelives.dead_letters.leaves import LEAF_DECODERS, TAG
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.nodes import kind_of_node
from ninelives.describing import clean_text
from ninelives.fingerprint import fingerprint_said

__all__ = ["EVERYTHING", "MAX_CHARACTERS", "MAX_HIDDEN", "MIN_HIDDEN", "MIN_NUMBER", "MIN_PART", "Hiding"]

MIN_HIDDEN = 3
"""Characters that a value's text has at least to be looked for: shorter ones stand in any text by chance."""

MIN_PART = 4
"""Characters that it has at least to be found within a word, and that are taken for a part of it beside a cut."""

MIN_NUMBER = 7
"""Digits that a value has at least to be looked for as its digits alone: those of telephone numbers and cards."""

MAX_HIDDEN = 500
"""Texts that are looked for one by one; of more, no text about the failure is kept at all."""

MAX_CHARACTERS = 1_000_000
"""Characters that all of them may have; likewise."""

# Where a text was cut short, a part of a value may stand beside the cut.
_CUT = re.compile(r"(… \(\d+ characters\)|\n\.\.\. \d+ characters left out \.\.\.\n)")

# What a `repr` shows of an object's own parts: ``User(phone='+15551230000')``.
_QUOTED = re.compile(r"""'[^'\\\n]+'|"[^"\\\n]+\"""")

# A telephone number or a card as people write it; programs take everything but the digits out.
_NUMBER = re.compile(r"[\d\s()+./-]+")

# A name that is a word: what an object calls its parts. One that is none is what a program looks something up by.
_WORD = re.compile(r"[^\W\d][\w\s.-]*")


class Hiding(Struct, frozen=True):
    """Masks some texts wherever they stand.

    Attributes:
        texts: What is masked, the longest first.
        words: What is masked where it is no part of a longer word; None: nothing.
        everything: Mask all texts instead, whole.
    """

    texts: tuple[str, ...] = ()
    words: re.Pattern[str] | None = None
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
        written = sorted({way for text in found for way in _ways_to_write(text)}, key=lambda text: (-len(text), text))
        words = [re.escape(text) for text in written if len(text) < MIN_PART]
        whole = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)") if words else None
        return cls(tuple(text for text in written if len(text) >= MIN_PART), whole)

    def text(self, text: str) -> str:
        """The text without them."""
        if self.everything:
            return MASK if text else ""
        for hidden in self.texts:
            text = text.replace(hidden, MASK)
        if self.words is not None:
            text = self.words.sub(MASK, text)
        return self._beside_cuts(text) if self.texts and _CUT.search(text) else text

    def letter(self, letter: DeadLetter) -> DeadLetter:
        """The letter without them in all that it says beside its payload, but for its idempotency key.

        A replay needs that as it is. Of the fingerprint, ours says nothing of any value.
        """
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
            fingerprint=self.fingerprint(letter.fingerprint, letter.fingerprint_version),
            tags={name: self.text(value) for name, value in letter.tags.items()},
        )

    def fingerprint(self, said: str | None, version: int) -> str | None:
        """The fingerprint without them: the program's own may be made of any text."""
        if said is None or version != OWN_VERSION:
            return said
        return fingerprint_said(said) if self.everything else self.text(said)  # kinds stay apart in any case

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


EVERYTHING = Hiding(everything=True)
"""Hides all texts, whole."""


def _overlap(text: str, hidden: str) -> int:
    """How many characters at the text's end are the first of a value; 0 where that are too few to say anything."""
    end, head = text[-len(hidden) :], hidden[:MIN_PART]
    begin = end.find(head)
    while begin >= 0 and not hidden.startswith(end[begin:]):
        begin = end.find(head, begin + 1)
    return len(end) - begin if begin >= 0 else 0


def _texts_in(node: Any) -> Iterator[str]:
    """What the values in it look like as text, and the names in it that are no words."""
    if node is None or isinstance(node, bool):
        return
    kind = kind_of_node(node)
    if kind in LEAF_DECODERS:
        yield from _of_leaf(node, str(kind))
    elif kind in {"dict", "plain"}:
        for name, part in node.items() if kind == "plain" else node["value"]:
            if not (isinstance(name, str) and _WORD.fullmatch(name)):
                yield from _texts_in(name)
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
    """The text; as others indent them or take their ends off, its lines; and of a number its digits."""
    for line in (text, *text.splitlines()):
        for one in (line, line.strip()):
            if len(one) >= MIN_HIDDEN:
                yield one
    if _NUMBER.fullmatch(text) and len(digits := "".join(re.findall(r"\d", text))) >= MIN_NUMBER:
        yield digits


def _ways_to_write(text: str) -> Iterator[str]:
    """The text as it is, and as Python, JSON and URLs write it."""
    import json
    from urllib.parse import quote, quote_plus

    plain = clean_text(text)
    yield from (text, plain, json.dumps(text)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1])
    # In longer text Python may escape an apostrophe that it leaves alone in this one.
    yield from (repr(text)[1:-1], repr(f"{text}'\"")[1:-4])
    yield from (repr(plain.encode())[2:-1], quote(plain, safe=""), quote(plain), quote_plus(plain))
