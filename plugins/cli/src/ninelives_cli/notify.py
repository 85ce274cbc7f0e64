"""The command ``ninelives notify test``."""

from __future__ import annotations

import click

from ninelives_cli.completion import pipelines

__all__ = ["notify"]


@click.group("notify")
def notify() -> None:
    """Try out notifications."""


@notify.command("test")
@click.option("--pipeline", metavar="NAME", shell_complete=pipelines, help="Send to the channels of this pipeline.")
@click.option("--channel", "channels", metavar="ADDRESS", multiple=True, help="Send to this one; may be repeated.")
@click.option("--message", metavar="TEXT", default="nothing is wrong", show_default=True, help="What it is to say.")
@click.option(
    "--severity",
    type=click.Choice(["INFO", "WARNING", "ERROR", "CRITICAL"], case_sensitive=False),
    default="INFO",
    show_default=True,
    help="How bad it is to look.",
)
@click.pass_context
def send_test(
    ctx: click.Context, *, pipeline: str | None, channels: tuple[str, ...], message: str, severity: str
) -> None:
    """Send one notification for real, which says that it is a test.

    To the given channels, else to those of all configured pipelines; where there are none, to what Pipeline("...")
    would use. Each address gets it once. Shows which have accepted it, and why the others have not; the exit status is
    1 if any has not.
    """
    if pipeline is not None and channels:
        raise click.UsageError("--pipeline and --channel can't be given together")
    from ninelives_cli.doctor.sending import channels_at, channels_in, make_notification, send_all, show_sent
    from ninelives_cli.logs import logs_on_stderr

    found = channels_at(channels) if channels else channels_in([pipeline] if pipeline is not None else [])
    if not found:
        raise click.UsageError("there is no channel to send to: name one with --channel")
    with logs_on_stderr():
        sent = send_all(found, make_notification(message, severity))
    show_sent(found, sent)
    ctx.exit(1 if any(one.error is not None for one in sent) else 0)
