"""Ids of letters, for a shell that completes a command: where they can be had quickly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from ninelives_cli.completion import quickly

if TYPE_CHECKING:
    from ninelives.dead_letters.places import Place

__all__ = ["letter_ids"]

MOST = 50
"""So many ids are offered at most, those of the oldest letters."""

_QUICK = ("file", "sqlite")  # stores on this machine
_PLAIN = re.compile(r"[\w.:-]+\Z")  # an id that a shell takes as one word


def letter_ids(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of letters in the store that the options before them name; of one on this machine only."""
    store, pipeline = ctx.params.get("store"), ctx.params.get("pipeline")
    found = quickly(partial(_letters, store, pipeline, incomplete))
    return [CompletionItem(letter_id, help=said) for letter_id, said in found]


def _letters(store: str | None, pipeline: str | None, incomplete: str) -> list[tuple[str, str]]:
    from ninelives.dead_letters.queue import DeadLetterQueue
    from ninelives_cli.dlq.finding import find_queue

    # Never that of an app: no code of a program is run by pressing a key.
    queue = find_queue(pipeline, None).queue if store is None else DeadLetterQueue(store=store)
    places = [place for place in queue.places if place.address is not None and place.address.scheme in _QUICK]
    found = (each for each in _all_in(places, pipeline) if each[0].startswith(incomplete) and _PLAIN.match(each[0]))
    return list(islice(found, MOST))


def _all_in(places: Sequence[Place], pipeline: str | None) -> Iterator[tuple[str, str]]:
    """The id of each letter, and what it is about."""
    from ninelives.dead_letters.letter import LetterFilter
    from ninelives.dead_letters.looking import letters_in
    from ninelives_cli.dlq.masking import clean_function

    cursor: str | None = None
    while True:
        page = letters_in(places, LetterFilter(pipeline=pipeline), limit=MOST, cursor=cursor)
        for letter in page.letters:
            error = "" if letter.error is None else letter.error.type.rpartition(".")[2]
            yield letter.id, f"{clean_function(letter.operation)} {error}".strip()
        if (cursor := page.cursor) is None:
            return
