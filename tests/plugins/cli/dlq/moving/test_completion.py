"""Completion: the scripts are valid, and the shell gets answers and nothing else."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading

import pytest

from ninelives.testing.contracts.letters import letter
from ninelives_cli import completion

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


@pytest.fixture(autouse=True)
def patient(program, tmp_path):
    """The program takes its time for answers: this machine may be slow, and what is tested is what they are."""
    folder = tmp_path / "patient"
    folder.mkdir()
    folder.joinpath("sitecustomize.py").write_text("from ninelives_cli import completion\ncompletion.SECONDS = 60\n")
    program.environ["PYTHONPATH"] = str(folder)


def test_what_takes_too_long_is_no_answer(monkeypatch):
    """Who types is not kept waiting: what is not found in time, or fails, completes nothing."""
    monkeypatch.setattr(completion, "SECONDS", 0.01)
    over = threading.Event()
    assert completion.quickly(lambda: [over.wait()]) == []
    over.set()
    monkeypatch.setattr(completion, "SECONDS", 60)
    assert completion.quickly(lambda: [1 / 0]) == []
    assert completion.quickly(lambda: ["shop"]) == ["shop"]


@pytest.fixture
def ask(program):
    """What zsh is told of the last of these words: each completion with its help."""

    def ask(*words: str) -> dict[str, str]:
        program.environ |= {
            "_NINELIVES_COMPLETE": "zsh_complete",
            "COMP_WORDS": shlex.join(("ninelives", *words)),
            "COMP_CWORD": str(len(words)),
        }
        done = program()
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.split("\n")[:-1]
        return dict(zip(lines[1::3], lines[2::3], strict=True))

    return ask


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed(program, shell):
    """Each shell gets its own script, which asks the program by its variable."""
    done = program("completion", shell)
    assert done.returncode == 0
    assert f"_NINELIVES_COMPLETE={shell}_complete" in done.stdout


@needs_bash
def test_bash_completes(program, tmp_path):
    """bash takes the script, and completes a command, an option and a name with it."""
    program.environ["PATH"] = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    starter = tmp_path / "ninelives"
    starter.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ninelives_cli "$@"\n')
    starter.chmod(0o755)
    tmp_path.joinpath("ninelives.toml").write_text("[pipelines.shop]\n[pipelines.shoes]\n[pipelines.mail]\n")
    script = """
        set -eu
        eval "$(ninelives completion bash)"
        complete -p ninelives
        answer() {
            COMP_WORDS=(ninelives "$@") COMP_CWORD=$# COMPREPLY=()
            _ninelives_completion ninelives
            echo "${COMPREPLY[@]}"
        }
        answer dl
        answer dlq un
        answer dlq replay --can
        answer dlq replay --pipeline sho
        answer doctor sho
    """
    environ = {**os.environ, **program.environ}
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "complete -o nosort -F _ninelives_completion ninelives",
        "dlq",
        "unpark",
        "--canary",
        "shop shoes",
        "shop shoes",
    ]


def test_ids_of_letters_come_from_the_store_that_is_named(ask, keep):
    """Ids that begin so are offered, with what the letters are about, from the store that the line names."""
    letters = keep(2)
    keep([], "other.json")
    found = ask("dlq", "replay", "--store", "file:./dlq.json", letters[0].id[:4])
    assert found == {one.id: "shop:charge" for one in letters}
    assert ask("dlq", "replay", "--store", "file:./dlq.json", letters[1].id) == {letters[1].id: "shop:charge"}
    assert ask("dlq", "replay", "--store", "file:./other.json", "") == {}


def test_ids_come_from_the_default_store(ask, keep):
    """Where the line names no store, they come from the one that a command would look into."""
    (only,) = keep(1, "local_dlq.json")
    assert ask("dlq", "replay", "") == {only.id: "shop:charge"}


def test_what_a_shell_would_take_for_more_than_a_word_is_not_offered(ask, keep):
    """An id with a blank or a line break in it, as an import may bring, completes nothing."""
    keep([letter(number, id=name) for number, name in enumerate(("a b", "a\nplain", "$(reboot)", "a-1"))])
    assert list(ask("dlq", "replay", "--store", "file:./dlq.json", "")) == ["a-1"]


def test_only_so_many_ids_are_offered(ask, keep):
    """Of many letters the first fifty are offered; whoever types on gets the others."""
    letters = keep(120)
    store = ("--store", "file:./dlq.json")
    assert list(ask("dlq", "replay", *store, "")) == [one.id for one in letters[:50]]
    assert list(ask("dlq", "replay", *store, letters[110].id)) == [letters[110].id]


@pytest.mark.parametrize(
    "store", ["nowhere:", "sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/dlq", "file:/proc/nowhere/dlq.json"]
)
def test_nothing_is_said_where_there_is_no_answer(ask, store, install):
    """A store that is wrong, far away or can't be read, and a broken plugin, complete nothing and say nothing."""
    install({"broken": "raise RuntimeError('no engine')"})
    assert ask("dlq", "replay", "--store", store, "") == {}


def test_a_configuration_that_is_wrong_completes_nothing(ask, tmp_path):
    """Where the configuration can't be read, no pipeline is offered."""
    tmp_path.joinpath("ninelives.toml").write_text("[[[")
    assert ask("dlq", "list", "--pipeline", "") == {}


def test_the_shell_completes_files(program):
    """Where a file is written to is for the shell to complete."""
    program.environ |= {
        "_NINELIVES_COMPLETE": "zsh_complete",
        "COMP_WORDS": "ninelives dlq export -o lett",
        "COMP_CWORD": "4",
    }
    assert program().stdout == "file\nlett\n_\n"
