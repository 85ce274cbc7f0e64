"""The command ``ninelives dlq import``."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import click
from msgspec import structs

from ninelives_cli.dlq.masking import clean
from ninelives_cli.dlq.output import counted, examples, json_option, write_json
from ninelives_cli.dlq.progress import quiet_option
from ninelives_cli.dlq.where import Where, refuse_memory, where_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ninelives.dead_letters.desk.importing import Imported

__all__ = ["import_letters"]

# What a file begins with that is packed, by which program, and what unpacks it.
_PACKED = {
    b"\x1f\x8b": ("gzip", "gunzip -c"),
    b"BZh": ("bzip2", "bunzip2 -c"),
    b"\xfd7zXZ": ("xz", "unxz -c"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd -c"),
    b"PK\x03\x04": ("zip", "unzip -p"),
}
_SQLITE = b"SQLite format 3\0"


@click.command(
    "import",
    short_help="Read letters from JSON Lines.",
    epilog=examples("ninelives dlq import letters.jsonl --store sqlite:./dlq.db"),
)
@click.argument("file", type=click.File("rb"), default="-")
@where_options
@json_option
@quiet_option
@click.pass_context
def import_letters(ctx: click.Context, *, file: BinaryIO, where: Where, as_json: bool, quiet: bool) -> None:
    """Read letters from FILE, or from stdin, as 'export' writes them, and keep them.

    They keep their ids: one that is there already is left as it is, so that doing it again is no harm. Lines that are
    no letters are told by their numbers, and the others are kept; the exit status is 1 then.
    """
    from ninelives_cli.dlq.progress import showing
    from ninelives_cli.dlq.signals import stopping

    if where.store is not None and where.pipeline is not None:
        raise click.UsageError("all letters of the file are imported: --store or --pipeline says where to, not both")
    if file.isatty():
        click.echo("Reading letters from this terminal; Ctrl-D ends that.", err=True)
    desk = where.desk()
    refuse_memory(desk.places[0].name)
    with stopping() as stop, showing("importing", hidden=as_json or quiet) as show:
        try:
            imported = desk.import_lines(_lines_of(file), stop=stop, progress=show)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    if as_json:
        reasons = {number: clean(why) for number, why in imported.reasons.items()}
        write_json(structs.asdict(imported) | {"reasons": reasons})
    else:
        _show(imported)
    ctx.exit(stop.exit_status(ok=imported.ok, stopped=imported.stopped))


def _lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of the file.

    Raises:
        ValueError: It is no text, but packed or a database.
    """
    from ninelives.dead_letters.desk.importing import read_lines

    for number, line in enumerate(read_lines(file)):
        if number == 0:
            _check(line)
        yield line


def _check(begin: bytes) -> None:
    if begin.startswith(_SQLITE):
        raise ValueError("it is an SQLite database: 'ninelives dlq move --store sqlite:PATH' moves its letters")
    for first, (packer, unpack) in _PACKED.items():
        if begin.startswith(first):
            raise ValueError(f"it is packed by {packer}: unpack it first, as in {unpack} FILE | ninelives dlq import")


def _show(imported: Imported) -> None:
    for number, why in imported.reasons.items():
        click.echo(f"line {number}: {clean(why)}", err=True)
    untold = imported.broken + imported.newer + imported.failed - len(imported.reasons)
    if untold:
        click.echo(f"and {counted(untold, 'more line')}", err=True)
    there = f", {imported.there} there already" if imported.there else ""
    click.echo(f"imported {counted(imported.imported)}{there}")
