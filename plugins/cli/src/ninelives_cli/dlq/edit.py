"""The command ``ninelives dlq edit``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

import click

from ninelives_cli.dlq.completing import letter_ids
from ninelives_cli.dlq.output import examples, json_option, write_json
from ninelives_cli.dlq.where import Where, something, where_options

if TYPE_CHECKING:
    from ninelives_cli.dlq.changes import Change

__all__ = ["edit"]

_EXAMPLES = (
    "ninelives dlq edit 019dbe2f-92c0-7cc1-a5b4-0f5a3c9b2d11 --set kwargs.amount=12 --note 'it was 1.2'",
    "ninelives dlq edit 019dbe2f-92c0-7cc1-a5b4-0f5a3c9b2d11 --add kwargs.iban='\"CH93 0076\"'",
    "ninelives dlq edit 019dbe2f-92c0-7cc1-a5b4-0f5a3c9b2d11 --store sqlite:./dlq.db",
)


@click.command("edit", epilog=examples(*_EXAMPLES))
@click.argument("letter_id", type=something, metavar="ID", shell_complete=letter_ids)
@where_options
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="Replace a part; may be repeated.")
@click.option(
    "--add", "additions", metavar="PATH=VALUE", multiple=True, help="Add a name to an object; may be repeated."
)
@click.option("--file", type=click.File(encoding="utf-8-sig"), help="The new payload, as JSON; - is stdin.")
@click.option("--note", metavar="TEXT", help="Why; it stands in the letter's notes.")
@json_option
def edit(
    *,
    letter_id: str,
    where: Where,
    settings: Sequence[str],
    additions: Sequence[str],
    file: TextIO | None,
    note: str | None,
    as_json: bool,
) -> None:
    """Change the payload of a letter; replaying runs the changed one.

    The payload is {"args": [...], "kwargs": {...}}, of a message sent by hand {"message": ...}. PATH leads to a part of
    it: kwargs.user.name, args[0], message["a.b"]; args[+] appends. VALUE is JSON; what does not look like JSON is text:
    x=Tom and x='"Tom"' both set text, x=12 sets a number, x='"12"' text. --set replaces what is there, --add adds what
    is not: kwargs.iban=CH93 is a forgotten argument. Without --set, --add and --file, on a terminal, $EDITOR opens the
    whole payload, unmasked; what you write there is kept in a file if it can't be taken. To remove a name, edit the
    whole payload.

    What the option redact of dead_letter has masked when the letter was written is put back by --set; when nothing is
    masked any more, the letter can be replayed.

    The payload as it was before the first edit stays in the letter, and a note says who changed it. Of two edits at
    once one wins, the other is told. What was changed is shown, with secrets masked.
    """
    from ninelives_cli.dlq.editing import Parts, edit_letter

    changes = edit_letter(where.desk(), letter_id, Parts(additions, settings), file, note)
    if as_json:
        write_json({"id": letter_id, "changes": [change.record() for change in changes]})
    else:
        _show(changes)


def _show(changes: Sequence[Change]) -> None:
    for change in changes:
        click.echo(str(change))
    if not changes:
        click.echo("Nothing changed.", err=True)
