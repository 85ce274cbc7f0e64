"""The program: what it says of itself, whose commands it runs, and how it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

COMMANDS = """
import click
from ninelives import ConfigurationError, StoreError, hookimpl

@click.command()
def greet():
    click.echo("hello from a stranger")

@click.command()
def misconfigured():
    raise ConfigurationError("the greeting is missing: set GREETING")

@click.command()
def storeless():
    raise StoreError("the store can't be read: mount it")

@click.command()
def interrupted():
    raise KeyboardInterrupt

@click.command()
def wrong():
    import warnings
    warnings.warn("an old function was called", DeprecationWarning, stacklevel=1)
    raise RuntimeError("a stranger's mistake")

class Odd:
    name = "odd"

@hookimpl
def register_commands(register):
    for command in (greet, misconfigured, storeless, interrupted, wrong, Odd()):
        register(command)
"""


def test_it_says_its_version(program):
    """`ninelives --version` names the program and the version."""
    done = program("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ninelives 0.1.0\n", "")


def test_a_version_needs_no_plugin(program, install):
    """`--version` looks for no plugin: a broken one neither slows it down nor shows."""
    install({"broken": "raise RuntimeError('imported')"})
    done = program("--version")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_the_commands(program, option):
    """Help says what each command is for."""
    done = program(option)
    assert done.returncode == 0
    for line in ("demo        Watch a service fail and heal", "plugins     Show what is installed"):
        assert line in done.stdout


def test_importing_the_program_imports_nothing_heavy():
    """What `--version` and the discovery of plugins need imports neither rich nor the demo."""
    code = (
        "import sys, ninelives_cli.main, ninelives_cli.plugin; from ninelives.plugins import default_plugins; "
        "names = [command.name for command in default_plugins().commands]; "
        "print(names, [name for name in ('rich', 'http.server', 'urllib.request') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['plugins', 'doctor', 'notify', 'dlq', 'schema', 'completion', 'demo'] []"


def test_a_strangers_command_runs(program, install):
    """A command that another distribution registers is a command of the program."""
    install({"greetings": COMMANDS})
    done = program("greet")
    assert (done.returncode, done.stdout) == (0, "hello from a stranger\n")


def test_a_broken_plugin_stops_no_other_command(program, install):
    """One plugin that does not load and one odd command are told in a line each; the others' commands run."""
    install({"broken": "raise RuntimeError('no engine')", "greetings": COMMANDS})
    done = program("greet")
    assert (done.returncode, done.stdout) == (0, "hello from a stranger\n")
    broken, odd = done.stderr.splitlines()
    assert broken.startswith("Warning: plugin 'broken' of stranger does not load: RuntimeError: no engine")
    assert "NINELIVES_DISABLE_PLUGINS=broken" in broken
    assert odd == "Warning: the command 'odd' is left out: it is no click.Command"


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("misconfigured", 2, "Error: the greeting is missing: set GREETING\n"),
        ("storeless", 1, "Error: the store can't be read: mount it\n"),
        ("interrupted", 130, "Interrupted.\n"),
    ],
)
def test_an_end_that_is_no_success_is_told_in_its_own_words(program, install, command, status, said):
    """A wrong configuration ends with 2, another error of ours with 1, Ctrl-C with 130; none with a traceback."""
    install({"greetings": COMMANDS})
    done = program(command)
    assert done.returncode == status
    assert done.stderr.endswith(said)
    assert "Traceback" not in done.stderr


def test_a_mistake_of_a_command_keeps_its_traceback(program, install):
    """What is no error of ours is shown as Python shows it, and so are warnings that are not about configuration."""
    install({"greetings": COMMANDS})
    program.environ["PYTHONWARNINGS"] = "default"
    done = program("wrong")
    assert done.returncode == 1
    assert "RuntimeError: a stranger's mistake" in done.stderr
    assert re.search(r"greetings\.py:\d+: DeprecationWarning: an old function was called", done.stderr)


@pytest.mark.parametrize("args", [["no-such-command"], ["demo", "--requests", "0"], ["demo", "--no-such-option"]])
def test_wrong_use_ends_with_2(program, args):
    """An unknown command, an unknown option and a number out of its range end with 2 and one line that says what."""
    done = program(*args)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("Error: ")


@pytest.fixture
def interruptible():
    """Programs heed Ctrl-C, as on a terminal; what runs in the background is often started with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_is_told_without_a_traceback(program):
    """A run that Ctrl-C ends finishes what is under way, says what is kept and where, and ends with 130."""
    with program.start("demo", "--requests", "40", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for line in process.stdout:
            if line.endswith("circuit open\n"):
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    interrupted, *_, letters, lost = out[out.index("Interrupted") :].splitlines()
    assert interrupted.endswith(" of 40 requests.")
    assert "local_dlq.json holds " in letters
    assert " letters of this run, tagged run=" in letters
    assert lost.startswith("lost: 0 of ")


@pytest.mark.parametrize("args", [["--version"], ["--help"], ["plugins"], ["schema", "letter"]])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_closed_stream_is_no_error(program, stream, args):
    """Where stdout or stderr is closed, what would be written there is not, and nothing else changes."""
    done = program.closed(stream, *args)
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) is (stream == "stderr")


def test_what_an_encoding_lacks_is_written_as_its_number(program, install):
    """What the encoding of the output can not hold is shown escaped, without a traceback."""
    install({"broken": "raise RuntimeError('no \\u732b')"})
    program.environ["PYTHONIOENCODING"] = "latin-1"
    done = program("plugins")
    assert done.returncode == 1
    assert "no \\u732b" in done.stdout
    assert "Traceback" not in done.stderr
