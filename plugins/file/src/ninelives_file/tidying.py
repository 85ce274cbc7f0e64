"""Rewriting a file of which most is of no use any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ninelives.dead_letters.moments import moment_of
from ninelives_file.entries import Bad, Entry, Hold
from ninelives_file.index import Index
from ninelives_file.lines import Claim, header, write
from ninelives_file.opened import Opened

__all__ = ["tidy"]

_BLOCK = 1 << 20

Stretch = list[Entry | Bad]
"""Lines that follow each other."""


def tidy(index: Index, file: Opened) -> None:
    """Rewrite the file without what is dead, where that is most of it. The index is of the new one then.

    Args:
        index: What stands in it.
        file: Locked for writing.
    """
    if not index.wasteful:
        return
    head, stretches = header(), list(_stretches(index.alive))
    try:
        about = file.replace(_parts(head, stretches, index.holds, file))
    except OSError:
        # What was asked for is done; on a full disk it would be in vain to try this each time.
        index.put_off()
        return
    _move(stretches, len(head))
    index.moved(about.st_ino, about.st_size, head)


def _stretches(lines: Sequence[Entry | Bad]) -> Iterator[Stretch]:
    stretch: Stretch = []
    for line in lines:
        if stretch and line.offset != _end(stretch) + 1:
            yield stretch
            stretch = []
        stretch.append(line)
    if stretch:
        yield stretch


def _end(stretch: Stretch) -> int:
    """Where its last line ends."""
    return stretch[-1].offset + stretch[-1].length


def _parts(head: bytes, stretches: Sequence[Stretch], holds: Mapping[str, Hold], file: Opened) -> Iterator[bytes]:
    yield head
    for stretch in stretches:
        end = _end(stretch)
        for at in range(stretch[0].offset, end, _BLOCK):
            yield file.read(min(_BLOCK, end - at), at)
        yield b"\n"  # the last line of the file may lack its own
    held: dict[Hold, list[str]] = {}
    for letter_id, hold in holds.items():
        held.setdefault(hold, []).append(letter_id)
    for hold, ids in held.items():
        yield write(Claim(hold.token, tuple(ids), moment_of(hold.taken), moment_of(hold.until)))


def _move(stretches: Sequence[Stretch], start: int) -> None:
    """Say of each line where it stands in the new file, in which they follow each other from there."""
    for stretch in stretches:
        by, length = start - stretch[0].offset, _end(stretch) - stretch[0].offset
        for line in stretch:
            line.offset += by
        start += length + 1
