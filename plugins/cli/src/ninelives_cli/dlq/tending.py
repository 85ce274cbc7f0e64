"""Doing something to letters, saying what came of it, and the exit status that says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn

import click
from msgspec import Struct

from ninelives_cli.dlq.masking import clean
from ninelives_cli.dlq.output import counted, json_option, say_none_found, write_json
from ninelives_cli.dlq.progress import quiet_option, showing
from ninelives_cli.dlq.signals import Stop, stopping

if TYPE_CHECKING:
    from ninelives.dead_letters.desk import Desk
    from ninelives.dead_letters.desk.report import Tended
    from ninelives_cli.dlq.filters import Chosen

__all__ = ["Told", "finish", "tend", "told_options"]

Command = Callable[..., Any]

_OTHERS = {
    "skipped": "needed nothing",
    "busy": "held by someone else",
    "missing": "not there",
    "failed": "failed",
}


class Told(Struct, frozen=True):
    """What the commands that change letters are told besides which letters.

    Attributes:
        reason: Why it is done.
        as_json: Whether what came of it is told as one object.
        quiet: Whether nobody is to see how far it is.
    """

    reason: str | None
    as_json: bool
    quiet: bool


def told_options(command: Command) -> Command:
    """The options of commands that change letters; the command gets them as ``told``, a `Told`."""

    @click.option("--reason", metavar="TEXT", help="Why; stands in the event, and in the notes of letters that stay.")
    @json_option
    @quiet_option
    @wraps(command)
    def run(*args: Any, reason: str | None, as_json: bool, quiet: bool, **options: Any) -> Any:
        return command(*args, told=Told(reason, as_json, quiet), **options)

    return run


def tend(act: Callable[..., Tended], desk: Desk, chosen: Chosen, told: Told, words: tuple[str, str]) -> NoReturn:
    """Do it to the letters, and end the command. Ctrl-C and SIGTERM leave the letters whose turn has not come.

    Args:
        act: A method of the desk.
        desk: Where it is done.
        chosen: To which letters.
        told: Why, and how it is told.
        words: What it is called meanwhile, and afterwards: ``("parking", "parked")``.
    """
    doing, did = words
    with stopping() as stop, showing(doing, hidden=told.as_json or told.quiet) as show:
        tended = act(chosen.what, reason=told.reason, all_letters=chosen.all_letters, stop=stop, progress=show)
    if not (isinstance(chosen.what, tuple) or tended.stopped or any(_counts(tended).values())):
        say_none_found(desk, chosen.what)
    finish(did, tended, as_json=told.as_json, stop=stop)


def finish(did: str, tended: Tended, *, as_json: bool, stop: Stop | None = None) -> NoReturn:
    """Say what came of it, and end the command: with 0 if all was done, else with 1.

    Args:
        did: What was done: ``parked``.
        tended: What came of it.
        as_json: Whether it is told as one object.
        stop: What may have stopped it: the exit status is that of the signal then.
    """
    counts = _counts(tended)
    reasons = {letter_id: clean(why) for letter_id, why in tended.reasons.items()}
    if as_json:
        write_json({"did": did, **counts, "stopped": tended.stopped, "reasons": reasons})
    else:
        others = "".join(f", {counts[name]} {said}" for name, said in _OTHERS.items() if counts[name])
        click.echo(f"{did} {counted(tended.done)}{others}")
        for letter_id, why in reasons.items():
            click.echo(f"{clean(letter_id)}: {why}", err=True)
    status = int(not tended.ok) if stop is None else stop.exit_status(ok=tended.ok, stopped=tended.stopped)
    click.get_current_context().exit(status)


def _counts(tended: Tended) -> dict[str, int]:
    return {name: getattr(tended, name) for name in ("done", *_OTHERS)}
