"""Which letters a command is about: the options of a filter, and ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct, structs

from ninelives.dead_letters.letter import LetterFilter, State
from ninelives_cli.dlq.completing import letter_ids
from ninelives_cli.dlq.moments import moment
from ninelives_cli.dlq.output import can_search
from ninelives_cli.dlq.where import Where, something

if TYPE_CHECKING:
    from ninelives.dead_letters.desk import Desk

__all__ = ["Chosen", "chosen_options", "filter_options"]

Command = Callable[..., Any]

FIELDS = ("operation", "fingerprint", "error_type", "state", "since", "until", "tags", "text")


class Chosen(Struct, frozen=True):
    """The letters that something is to be done to.

    Attributes:
        what: Their ids, or a filter that they match.
        all_letters: Whether the filter may be empty, because someone said that all are meant.
    """

    what: LetterFilter | tuple[str, ...]
    all_letters: bool = False

    def in_state(self, state: State, desk: Desk) -> Chosen:
        """The same ids, or those letters of the filter that are in this state, unless it says another.

        A store without search takes no filter: what is in another state is left alone there one by one.
        """
        if isinstance(self.what, tuple) or self.what.state is not None or not can_search(desk):
            return self
        return Chosen(structs.replace(self.what, state=state))


def filter_options(command: Command) -> Command:
    """The options of a filter; the command gets it as ``wanted``, a `LetterFilter`. Needs `where_options` around it."""

    @_text("--operation", metavar="NAME", said="Letters of this operation, as in shop.orders:place_order.")
    @_text("--fingerprint", metavar="TEXT", said="Letters of one kind; 'groups' shows which there are.")
    @_text("--error", "error_type", metavar="TYPE", said="Failed with this type of error: TimeoutError.")
    @click.option("--state", type=click.Choice(["waiting", "parked"]), help="Letters in this state.")
    @click.option(
        "--since",
        type=moment,
        metavar="WHEN",
        help="Failed last at or after this moment: ISO 8601, local time if it says no zone; or an age: 30m, 2h, 7d.",
    )
    @click.option("--until", type=moment, metavar="WHEN", help="Failed last before this moment.")
    @click.option(
        "--tag", "tags", metavar="NAME=VALUE", multiple=True, callback=_tags, help="Has this tag; may be repeated."
    )
    @_text("--grep", "text", metavar="TEXT", said="Has this text anywhere, payload included; in any case of letters.")
    @wraps(command)
    def run(*args: Any, where: Where, **options: Any) -> Any:
        given = {name: options.pop(name) for name in FIELDS}
        if given["since"] and given["until"] and given["since"] >= given["until"]:
            raise click.UsageError("--since is not before --until: no letter could match")
        return command(*args, where=where, wanted=LetterFilter(pipeline=where.pipeline, **given), **options)

    return run


def chosen_options(command: Command) -> Command:
    """Ids, or the options of a filter, or ``--all``; the command gets them as ``chosen``, a `Chosen`.

    Needs `where_options` around it. Nothing of it given, or several, is refused: what changes letters must be told
    which are meant.
    """

    @click.argument("ids", nargs=-1, type=something, metavar="[ID]...", shell_complete=letter_ids)
    @filter_options
    @click.option("--all", "all_letters", is_flag=True, help="All letters; with --pipeline, all of that one.")
    @wraps(command)
    def run(*args: Any, ids: Sequence[str], wanted: LetterFilter, all_letters: bool, **options: Any) -> Any:
        return command(*args, chosen=_chosen(tuple(ids), wanted, all_letters=all_letters), **options)

    return run


def _text(*names: str, metavar: str, said: str) -> Callable[[Command], Command]:
    return click.option(*names, type=something, metavar=metavar, help=said)


def _chosen(ids: tuple[str, ...], wanted: LetterFilter, *, all_letters: bool) -> Chosen:
    narrowed = not structs.replace(wanted, pipeline=None).empty
    if ids and (narrowed or all_letters):
        raise click.UsageError("ids and a filter can't be given together, nor ids and --all")
    if narrowed and all_letters:
        raise click.UsageError("--all and a filter can't be given together")
    if ids:
        return Chosen(ids)
    if wanted.empty and not all_letters:
        raise click.UsageError("name letters by their ids or by a filter, or say --all for all of them")
    return Chosen(wanted, all_letters)


def _tags(_ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str] | None:
    tags: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"{pair!r} is no tag: expected NAME=VALUE", param=param)
        if tags.setdefault(name, value) != value:
            raise click.BadParameter(f"{name!r} is given twice, and no letter has two values of one tag", param=param)
    return tags or None
