"""The command ``ninelives dlq show``."""

from __future__ import annotations

import click

from ninelives_cli.dlq.completing import letter_ids
from ninelives_cli.dlq.output import examples, json_option, write_json
from ninelives_cli.dlq.where import Where, something, where_options

__all__ = ["show"]


@click.command("show", epilog=examples("ninelives dlq show 019dbe2f-92c0-7cc1-a5b4-0f5a3c9b2d11 --pipeline shop"))
@click.argument("letter_id", type=something, metavar="ID", shell_complete=letter_ids)
@where_options
@click.option("--reveal", is_flag=True, help="Do not mask anything, and cut nothing.")
@json_option
def show(*, letter_id: str, where: Where, reveal: bool, as_json: bool) -> None:
    """Show all of one letter: payload, error, attempts, notes.

    Its id must be whole: ids of letters that failed at one time begin alike. Secrets are masked, in the payload too,
    and what is very long is cut, unless --reveal is given. The payload is shown as it is kept: an object with a "$type"
    stands for a value that JSON lacks. With --json it is the letter's record, which 'ninelives schema letter'
    describes.
    """
    letter = where.desk().get(letter_id)
    if as_json:
        from ninelives_cli.dlq.masking import record_of

        write_json(record_of(letter, reveal=reveal))
        return
    from ninelives_cli.dlq.page import page_of

    click.echo("\n".join(page_of(letter, reveal=reveal)))
