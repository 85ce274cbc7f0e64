"""The groups of an index, counted as letters come and go."""

from __future__ import annotations

from collections.abc import Mapping

from ninelives.dead_letters.letter import LetterFilter
from ninelives_file.entries import Entry

__all__ = ["Group", "Groups", "asks_for_kinds"]

Kind = tuple[str | None, str | None, int]


class Group:
    """Letters of one kind.

    Attributes:
        count: How many there are.
        parked: How many of them are parked.
        first: When the first of them failed first.
        example: Of those that failed last the youngest.
        is_exact: Whether `first` and `example` are those of the letters that are there.
    """

    def __init__(self, entry: Entry) -> None:
        self.count = self.parked = 0
        self.first, self.example, self.is_exact = entry.first_failed, entry, True

    def add(self, entry: Entry) -> None:
        """One more."""
        self.count += 1
        self.parked += entry.state == "parked"
        self.reach(entry)

    def reach(self, entry: Entry) -> None:
        """Let it begin and end no later and no sooner than with this one."""
        self.first = min(self.first, entry.first_failed)
        if _age(entry) > _age(self.example):
            self.example = entry

    def remove(self, entry: Entry) -> None:
        """One less: where it was the first or the last, the others have to be looked at again."""
        self.count -= 1
        self.parked -= entry.state == "parked"
        if entry is self.example or entry.first_failed == self.first:
            self.is_exact = False

    def begin_with(self, entry: Entry) -> None:
        """Forget the first and the last, not how many there are."""
        self.first, self.example, self.is_exact = entry.first_failed, entry, True


class Groups:
    """How many letters there are of each kind, from when to when: counted when first asked for, and then kept.

    Args:
        letters: Those that are there, by id.
    """

    def __init__(self, letters: Mapping[str, Entry]) -> None:
        self._letters = letters
        self._groups: dict[Kind, Group] | None = None

    def added(self, entry: Entry) -> None:
        """A letter is there; what it was before was removed."""
        if self._groups is not None:
            _add(self._groups, entry)

    def removed(self, entry: Entry) -> None:
        """A letter is gone."""
        if self._groups is None:
            return
        kind = _kind(entry)
        group = self._groups[kind]
        group.remove(entry)
        if group.count == 0:
            del self._groups[kind]

    def largest(self, limit: int, wanted: LetterFilter) -> list[Group]:
        """The largest of them, of equal ones the one that failed last.

        Args:
            limit: How many at most.
            wanted: Its pipeline and its fingerprint say which.
        """
        if self._groups is None:
            self._groups = {}
            for entry in self._letters.values():
                _add(self._groups, entry)
        self._look_again(self._groups)
        found = [item for item in self._groups.items() if _fits(item[0], wanted)]
        return [group for _, group in sorted(found, key=_rank)[:limit]]

    def _look_again(self, groups: Mapping[Kind, Group]) -> None:
        inexact = {kind: group for kind, group in groups.items() if not group.is_exact}
        for entry in self._letters.values() if inexact else ():
            group = inexact.get(_kind(entry))
            if group is not None and group.is_exact:
                group.reach(entry)
            elif group is not None:
                group.begin_with(entry)


def asks_for_kinds(wanted: LetterFilter) -> bool:
    """Whether a filter means all letters of some kinds: then they need not be counted."""
    return wanted == LetterFilter(pipeline=wanted.pipeline, fingerprint=wanted.fingerprint)


def _add(groups: dict[Kind, Group], entry: Entry) -> None:
    kind = _kind(entry)
    if kind not in groups:
        groups[kind] = Group(entry)
    groups[kind].add(entry)


def _kind(entry: Entry) -> Kind:
    return entry.pipeline, entry.fingerprint, entry.fingerprint_version


def _fits(kind: Kind, wanted: LetterFilter) -> bool:
    return wanted.pipeline in (None, kind[0]) and wanted.fingerprint in (None, kind[1])


def _age(entry: Entry) -> tuple[float, float, str]:
    return entry.last_failed, entry.created, entry.id


def _rank(item: tuple[Kind, Group]) -> tuple[int, float, str, str, int]:
    (pipeline, fingerprint, version), group = item
    return -group.count, -group.example.last_failed, pipeline or "", fingerprint or "", version
