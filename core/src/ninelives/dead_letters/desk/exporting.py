"""Letters as JSON Lines, out of any store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ninelives.dead_letters.letter import LetterFilter, encode_letter
from ninelives.dead_letters.looking import find_in, not_before, pages_of, refuse_unsearchable
from ninelives.dead_letters.places import Place

__all__ = ["lines_of"]


def lines_of(places: Sequence[Place], chosen: LetterFilter | list[str]) -> Iterator[bytes]:
    """The letters, each as a line with its end; each once, wherever it is.

    Raises:
        UnsupportedError: One of the stores has no search, and it takes one.
    """
    if not isinstance(chosen, LetterFilter):
        return (encode_letter(find_in(places, letter_id)) + b"\n" for letter_id in chosen)
    for place in places:
        refuse_unsearchable(place)
    return (
        encode_letter(letter) + b"\n"
        for number, place in enumerate(places)
        for letters in pages_of(place, chosen)
        for letter in not_before(places[:number], letters)
    )
