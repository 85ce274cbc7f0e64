"""The command ``ninelives dlq note``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ninelives.errors import LetterNotFoundError
from ninelives_cli.dlq.completing import letter_ids
from ninelives_cli.dlq.output import examples, json_option
from ninelives_cli.dlq.where import Where, something, where_options

if TYPE_CHECKING:
    from ninelives.dead_letters.desk import Desk

__all__ = ["note"]


@click.command(
    "note",
    epilog=examples(
        'ninelives dlq note 019dbe2f-92c0-7cc1-a5b4-0f5a3c9b2d11 "their API is down until 6:00" --pipeline shop'
    ),
)
@click.argument("words", nargs=-1, type=something, metavar="ID... TEXT", shell_complete=letter_ids)
@where_options
@json_option
def note(*, words: tuple[str, ...], where: Where, as_json: bool) -> None:
    """Write a note into letters: for whoever looks at them next.

    The note says by itself who wrote it, where and when. A letter keeps its first note and the 99 newest.
    """
    from ninelives_cli.dlq.tending import finish

    *ids, text = words or ("",)
    if not ids:
        raise click.UsageError("say which letters by their ids, and then the note, in quotation marks")
    desk = where.desk()
    for word in ids[1:]:
        _refuse_part_of_a_note(desk, word)
    finish("noted", desk.note(ids, text), as_json=as_json)


def _refuse_part_of_a_note(desk: Desk, word: str) -> None:
    """Refuse a word that is no letter's id, and looks like none: a note without quotation marks ends as many words."""
    if any(map(str.isdigit, word)):
        return
    try:
        desk.get(word)
    except LetterNotFoundError as error:
        said = f"there is no letter {word!r}; if it belongs to the note, put all of the note in quotation marks"
        raise click.UsageError(said) from error
