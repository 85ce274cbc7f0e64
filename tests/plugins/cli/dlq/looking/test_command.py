"""The group `ninelives dlq`: its help, and what it says on stderr."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from ninelives_cli.dlq.command import COMMANDS
from ninelives_cli.logs import warnings_on_stderr


def test_help(dlq):
    """The help lists every command with what it does, and says how to name a store."""
    shown = dlq.alone("--help").out
    lines = [line.split(maxsplit=1) for line in shown.partition("Commands:")[2].splitlines()]
    said = {line[0]: line[1] for line in lines if len(line) == 2}
    assert said.keys() >= COMMANDS.keys()
    assert "--store sqlite:./dlq.db" in shown
    assert "DLQ_LOCAL_FILE_PATH" in shown
    *_, last = [line for line in shown.splitlines() if line]
    assert last.split() == ["ninelives", "dlq", "stats", "what", "is", "left?"]  # not wrapped
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(dlq, command):
    """Each command says what it does, with an example that is a command of that name."""
    shown = dlq.alone(command, "--help").out
    assert shown.startswith(f"Usage: ninelives dlq {command} ")
    assert f"  ninelives dlq {command}" in shown.partition("Example")[2]


def test_no_such_command(dlq):
    """A command that there is not is wrong use."""
    assert dlq.alone("lits").status == 2


def test_it_starts_quickly():
    """Neither the group nor a list that is piped imports rich, pipelines, or a module of another command."""
    code = (
        "import sys; from ninelives_cli.main import command_line\n"
        "try: command_line(['dlq', 'list', '--store', 'file:./none.json'])\n"
        "except SystemExit: print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    assert "ninelives_cli.dlq.listing" in found
    others = {f"ninelives_cli.dlq.{module}" for module, _ in COMMANDS.values() if module != "listing"}
    assert not found & {"rich", "boto3", "ninelives_cli.dlq.finding", *others}


def test_events_and_warnings(capsys):
    """Warnings go to stderr, events do not; afterwards neither does."""
    logger = logging.getLogger("ninelives")
    with warnings_on_stderr():
        logger.warning("%s is slow\x1b[2J", "file:x")
        logger.error("letter_parked letter_id=1")
        logger.info("nothing")
    assert capsys.readouterr().err == "Warning: file:x is slow\\x1b[2J\n"
