"""The group ``ninelives dlq``: each command is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module

import click

__all__ = ["dlq"]

# The command's name, the module that has it, and its name there; in the order in which the help shows them.
COMMANDS: dict[str, tuple[str, str]] = {
    "list": ("listing", "list_letters"),
    "groups": ("groups", "groups"),
    "show": ("show", "show"),
    "stats": ("stats", "stats"),
    "note": ("note", "note"),
    "park": ("park", "park"),
    "unpark": ("park", "unpark"),
    "edit": ("edit", "edit"),
    "purge": ("purge", "purge"),
    "expire": ("expire", "expire"),
    "replay": ("replay", "replay"),
    "move": ("move", "move"),
    "drain": ("drain", "drain"),
    "export": ("export", "export"),
    "import": ("import_", "import_letters"),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"ninelives_cli.dlq.{module}"), name)
        return command


@click.group(
    "dlq",
    cls=_Commands,
    epilog="""\b
What to do after an outage:
  ninelives dlq groups --since 2h     what went wrong: the kinds of errors
  ninelives dlq show ID               one letter; 'groups' has the ids
  ninelives dlq replay --app MODULE:PIPELINE --fingerprint TEXT --canary 3
                                      is it mended? three, then the rest
  ninelives dlq park --fingerprint TEXT --reason "waits for the fix"
                                      if not: replays leave these out
  ninelives dlq stats                 what is left?
""",
)
@click.pass_context
def dlq(ctx: click.Context) -> None:
    """Look at dead letters, and do something about them.

    Every command takes --store ADDRESS, as in --store sqlite:./dlq.db, or --pipeline NAME for the store that the
    configuration gives a pipeline. With neither: the store of the configured pipelines if they share one, else what
    DLQ_QUEUE_URL and DLQ_LOCAL_FILE_PATH say, else ./local_dlq.json.

    Secrets in what is shown are masked. With --json the output is JSON Lines. The exit status is 0 when all was done,
    1 when something could not be done, 2 when the command was used wrongly.
    """
    from ninelives.settings import find_settings
    from ninelives_cli.logs import warnings_on_stderr

    ctx.with_resource(warnings_on_stderr())
    find_settings()  # what the configuration wants masked is masked, whatever store is named
