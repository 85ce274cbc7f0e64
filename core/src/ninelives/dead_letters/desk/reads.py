"""A desk as far as one only looks: nothing is claimed, nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ninelives.dead_letters import looking
from ninelives.dead_letters.desk.selection import What, chosen_of
from ninelives.dead_letters.letter import LetterFilter

if TYPE_CHECKING:
    from ninelives.dead_letters.desk.stats import Stats
    from ninelives.dead_letters.letter import DeadLetter
    from ninelives.dead_letters.places import Place
    from ninelives.dead_letters.store import LetterGroup, Page

__all__ = ["DeskReads"]

EVERY = LetterFilter()


class DeskReads:
    """What `Desk` shows.

    Attributes:
        places: Wherever letters may be: the store, its fallback, and where parked ones go.
    """

    places: tuple[Place, ...]

    def letters(self, filter: LetterFilter = EVERY, *, limit: int, cursor: str | None = None) -> Page:
        """The letters that match, store by store and oldest first in each; claimed and parked ones too.

        Of SQS, which can't be searched, they are some: those that match among the first 100 that it gives.

        Args:
            filter: Which letters.
            limit: How many at most.
            cursor: The page before's; None for the first.

        Raises:
            UnsupportedError: A store can't be looked through at all.
            StoreError: None can be read; where another can, the log says which can't. Or the cursor is none of ours.
        """
        return looking.letters_in(self.places, filter, limit=limit, cursor=cursor)

    def get(self, letter_id: str) -> DeadLetter:
        """The letter with that id, wherever it is.

        Raises:
            LetterNotFoundError: There is none; or there is one that can't be read, as it then says.
            StoreError: A store can't be read, and no other has it.
        """
        return looking.find_in(self.places, letter_id)

    def count(self, filter: LetterFilter = EVERY) -> int:
        """How many letters match; SQS counts all of its letters only, and about.

        Raises:
            UnsupportedError: A store can't count only some of its letters.
            StoreError: A store can't be read.
        """
        return looking.count_in(self.places, filter)

    def groups(self, filter: LetterFilter = EVERY, *, limit: int) -> list[LetterGroup]:
        """The letters that match by kind, the largest group first, of equal ones the one that failed last.

        Args:
            filter: Which letters.
            limit: How many groups at most.

        Raises:
            UnsupportedError: A store has no search.
            StoreError: A store can't be read.
        """
        return looking.groups_in(self.places, filter, limit=limit)

    def stats(self, filter: LetterFilter = EVERY) -> Stats:
        """How many letters match, by state, pipeline, error and store, and how old they are.

        A store that can't be read, or has no search, says so in its place; the others are counted.

        Raises:
            StoreError: None of the stores can be counted.
        """
        from ninelives.dead_letters.desk.stats import stats_of

        return stats_of(self.places, filter)

    def select(self, what: What, *, all_letters: bool = False) -> list[str]:
        """The ids of the letters that something would be done to.

        Args:
            what: An id, ids, or a filter. Ids are given back as they are, whether the letters are there or not.
            all_letters: Whether an empty filter may mean every letter.

        Raises:
            TypeError: It is neither ids nor a filter.
            ValueError: It is an empty filter, and that every letter is meant was not said.
            UnsupportedError: A store has no search, and it takes one.
            StoreError: A store can't be read.
        """
        chosen = chosen_of(what, all_letters=all_letters)
        if not isinstance(chosen, LetterFilter):
            return chosen
        for place in self.places:
            looking.refuse_unsearchable(place)
        return [letter_id for _, ids in looking.ids_in(self.places, chosen) for letter_id in ids]

    def export(self, what: What = EVERY) -> Iterator[bytes]:
        """The letters as JSON Lines, each with its end; `Desk.import_lines` reads them.

        Nothing is claimed, and only some letters are in memory at once. What comes or goes meanwhile may be among them
        or not.

        Args:
            what: An id, ids, or a filter; an empty one means every letter.

        Raises:
            TypeError: It is neither ids nor a filter.
            UnsupportedError: A store has no search, and it takes one.
            LetterNotFoundError: One of the ids is not there; the letters before it have been given out.
            StoreError: A store can't be read.
        """
        from ninelives.dead_letters.desk.exporting import lines_of

        return lines_of(self.places, chosen_of(what, all_letters=True))
