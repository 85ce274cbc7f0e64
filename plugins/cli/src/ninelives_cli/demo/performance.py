"""One performance of the demo: the service, the view, the run, the report."""

from __future__ import annotations

from contextlib import ExitStack, closing

import click

from ninelives_cli.demo.report import report
from ninelives_cli.demo.run import Demo, Plan
from ninelives_cli.demo.service import Service
from ninelives_cli.demo.verdict import verdict_on
from ninelives_cli.demo.view import open_view
from ninelives_cli.logs import logs_on_stderr
from ninelives_cli.main import INTERRUPTED

__all__ = ["perform"]


def perform(plan: Plan, service: Service | None = None) -> int:
    """Run the demo on stdout and stderr.

    Args:
        plan: What to do.
        service: What takes the requests; None: a new one. It is closed in the end.

    Returns:
        The exit status: 0 if every request has its answer, 1 if one has not, 130 if Ctrl-C ended it.

    Raises:
        NinelivesError: The store's address is wrong, or it can't be read.
    """
    with ExitStack() as stack:
        serving = stack.enter_context(closing(service or Service(plan.seed)))
        stack.enter_context(logs_on_stderr())
        with open_view(plan.requests) as view:
            demo = stack.enter_context(Demo(plan, serving, view))
            interrupted = _run(demo)
        verdict = verdict_on(demo)
    # After the pipeline is closed: what it tells at its end is not to come behind the result.
    if interrupted:
        click.echo(f"Interrupted after {verdict.requests} of {plan.requests} requests.")
    report(verdict, demo.store, demo.run_id)
    if interrupted:
        return INTERRUPTED
    return 0 if verdict.kept else 1


def _run(demo: Demo) -> bool:
    """Whether it was interrupted."""
    try:
        demo.run()
    except KeyboardInterrupt:
        return True
    return False
