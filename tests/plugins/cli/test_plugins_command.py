"""`ninelives plugins`: what is installed, and what is wrong with it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

BROKEN = "raise RuntimeError('no [engine]\\n at all')"
LINK = """
from ninelives import hookimpl

@hookimpl
def register_listeners(register):
    register("ear", print)
"""


def test_it_lists_what_is_installed(program):
    """Piped, it is one aligned line for each; with nothing broken the exit status is 0."""
    done = program("plugins")
    assert (done.returncode, done.stderr) == (0, "")
    heading, *lines = done.stdout.splitlines()
    column = heading.index("works")
    assert {line[column:] for line in lines} == {"yes"}
    rows = {tuple(line.split()) for line in lines}
    assert ("command", "demo", "ninelives-cli", "0.1.0", "yes") in rows
    assert ("store", "memory", "ninelives-core", "0.1.0", "yes") in rows
    assert ("middleware", "breaker", "ninelives-core", "0.1.0", "yes") in rows


def test_a_broken_plugin_is_shown_with_its_reason(program, install):
    """A broken plugin stands in the list with what is wrong, the others work, and the exit status is 1."""
    install({"broken": BROKEN, "listening": LINK})
    done = program("plugins")
    assert done.returncode == 1
    (broken,) = (line for line in done.stdout.splitlines() if "broken" in line)
    assert broken.split()[:4] == ["plugin", "broken", "stranger", "1.2"]
    assert broken.endswith("no: does not load: RuntimeError: no [engine]  at all")
    assert ["listener", "ear", "stranger", "1.2", "yes"] in [line.split() for line in done.stdout.splitlines()]


def test_what_was_switched_off_is_not_broken(program, install):
    """A plugin that was switched off is shown as that, and the exit status stays 0."""
    install({"broken": BROKEN})
    program.environ["NINELIVES_DISABLE_PLUGINS"] = "broken"
    done = program("plugins")
    assert done.returncode == 0
    assert "no: switched off by NINELIVES_DISABLE_PLUGINS" in done.stdout
    objects = [json.loads(line) for line in program("plugins", "--json").stdout.splitlines()]
    assert [item["name"] for item in objects if item["switched_off"]] == ["broken"]


@pytest.mark.parametrize("args", [["plugins"], ["plugins", "--json"]])
def test_a_name_that_switches_nothing_off_is_told(program, install, args):
    """A name in the variable that is no plugin's and no distribution's is told on stderr; the exit status stays 0."""
    install({"broken": BROKEN})
    program.environ["NINELIVES_DISABLE_PLUGINS"] = "Stranger, broken,,brokenn"
    done = program(*args)
    assert done.returncode == 0
    (told,) = done.stderr.splitlines()
    assert told.startswith("Warning: NINELIVES_DISABLE_PLUGINS names 'brokenn', which is not installed (there are: ")
    assert " broken," in told


def test_json_has_an_object_a_line(program, install):
    """With `--json` each line is an object, and the same exit status says whether something is broken."""
    install({"broken": BROKEN})
    done = program("plugins", "--json")
    assert done.returncode == 1
    found = {(item["kind"], item["name"]): item for item in map(json.loads, done.stdout.splitlines())}
    assert found["plugin", "broken"] == {
        "kind": "plugin",
        "name": "broken",
        "distribution": "stranger",
        "version": "1.2",
        "works": False,
        "error": "does not load: RuntimeError: no [engine]\n at all",
        "switched_off": False,
    }
    assert found["command", "plugins"]["works"] is True
    assert found["command", "plugins"]["error"] is None


def test_on_a_terminal_it_is_drawn(program, install):
    """On a terminal the table is drawn, and brackets in an error are no markup."""
    install({"broken": BROKEN})
    status, shown = program.on_terminal("plugins")
    assert status == 1
    assert "─────" in shown
    assert "no [engine]" in shown


@pytest.mark.parametrize(("variable", "value"), [("TERM", "dumb"), ("PYTHONIOENCODING", "ascii")])
def test_a_terminal_that_can_not_draw_gets_plain_lines(program, variable, value):
    """On a dumb terminal, and on one that knows ASCII only, it is as when piped."""
    program.environ[variable] = value
    status, shown = program.on_terminal("plugins")
    assert status == 0
    assert "\x1b" not in shown
    assert "─" not in shown


FULL = """
import errno, click
from ninelives import hookimpl

@click.command()
@click.argument("where", required=False)
def full(where):
    raise OSError(errno.ENOSPC, "No space left on device", *filter(None, [where]))

@hookimpl
def register_commands(register):
    register(full)
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("args", [["plugins"], ["plugins", "--json"], ["--help"], ["schema", "letter"]])
def test_output_that_can_not_be_written(program, args):
    """Where the output can't be written that is one line on stderr, and the exit status is 1."""
    with open("/dev/full", "w") as full, program.start(*args, stdout=full, stderr=subprocess.PIPE) as process:
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (1, "Error: the output can't be written: No space left on device\n")


def test_another_full_disk_is_not_the_outputs(program, install):
    """An error that names a file of its own is not taken for one of the output."""
    install({"full": FULL})
    done = program("full")
    assert (done.returncode, done.stderr) == (1, "Error: the output can't be written: No space left on device\n")
    done = program("full", "elsewhere")
    assert (done.returncode, "Traceback" in done.stderr) == (1, True)
    assert "'elsewhere'" in done.stderr
