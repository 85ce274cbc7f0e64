"""The commands that an alert names, run as they stand, by whoever reads it."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import pytest

SHOP = """
import json
from contextlib import suppress
from ninelives import Pipeline
from ninelives.testing import FakeClock, RecordingChannel

channel, clock = RecordingChannel(), FakeClock()
tasks = Pipeline("shop", clock=clock, {store} notify={{"channels": [channel]}}, backoff={{"max_retries": 0}})

{decorated}
def charge(order):
    if __name__ == "__main__":
        raise TimeoutError("no answer")
    print("charged", order)

if __name__ == "__main__":
    with tasks:
        for order in (7, 8):
            with suppress(Exception):
                {call}
        clock.advance(300)
        tasks["notify"].flush()
    print(json.dumps([one.details for one in channel.notifications]))
"""


@pytest.fixture
def told(program, tmp_path):
    """Runs the program, and returns the details of its alerts, the first of a kind and that of more."""

    def run(store, config="", decorated="@tasks", call="charge(order)"):
        tmp_path.joinpath("shop.py").write_text(SHOP.format(store=store, decorated=decorated, call=call))
        tmp_path.joinpath("ninelives.toml").write_text(config)
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "shop.py"],
            cwd=tmp_path,
            env={**program.environ, "PATH": "/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stderr
        run.stderr = ran.stderr
        return json.loads(ran.stdout)

    return run


@pytest.mark.parametrize(
    ("store", "config"),
    [
        ('dead_letter={"store": "file:./my letters.json"},', ""),
        ("", '[pipelines.shop]\ndead_letter = { store = "sqlite:./letters.db" }\n'),
        ("", ""),
    ],
)
def test_what_an_alert_says_to_run_works(program, told, tmp_path, store, config):
    """The letter is shown, from another directory too, and is run again, wherever its store was configured."""
    first, more = told(store, config)
    show, replay, listed = (arguments(one) for one in (first["show"], first["replay"], more["list"]))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    far = type(program)(elsewhere, program.environ)
    shown = far(*show)
    assert (shown.returncode, "no answer" in shown.stdout) == (0, True), shown.stderr
    assert far(*listed, "--json").stdout.count('"operation"') == 2
    again = program(*replay)
    assert (again.returncode, "charged 7" in again.stderr) == (0, True), again.stderr
    assert program(*show).returncode == 1


def test_what_was_masked_is_put_back_first(program, told):
    """Of a letter that was masked when it was written the alert says what it lacks: an edit comes before its replay."""
    first, _ = told('dead_letter={"store": "sqlite:./letters.db", "redact": ["kwargs.order"]},')
    lacks = first["letter"]["lacks"]
    assert lacks == "args[0], masked when it was written: put it back by an edit before the replay"
    assert [name for name in first if name in ("show", "edit", "replay")] == ["show", "edit", "replay"]
    assert "charged" not in program(*arguments(first["replay"])).stderr
    edit = ["args[0]=9" if part == "PATH=VALUE" else part for part in arguments(first["edit"])]
    assert program(*edit).returncode == 0
    again = program(*arguments(first["replay"]))
    assert (again.returncode, "charged 9" in again.stderr) == (0, True), again.stderr


ELSEWHERE = 'dead_letter={"store": "file:./blocked/a.json", "fallback": "sqlite:./spilled.db"},'
NOWHERE = 'dead_letter={"store": "file:./blocked/a.json", "fallback": "file:./blocked/b.json"},'


@pytest.fixture
def blocked(tmp_path):
    """Stands where the directory of the stores is to be, so that these can be neither read nor written."""
    path = tmp_path / "blocked"
    path.write_text("")
    return path


def test_a_letter_in_the_fallback_is_found(program, told, blocked):
    """It is shown, listed and run again while the store is down, and when it has gone home."""
    first, more = told(ELSEWHERE)
    show, replay, listed = (arguments(one) for one in (first["show"], first["replay"], more["list"]))
    assert "blocked/a.json" in first["letter"]["spilled"]
    assert first["letter"]["place"].endswith("spilled.db")
    assert "no answer" in program(*show).stdout
    assert program(*listed, "--json").stdout.count('"operation"') == 2
    again = program(*arguments(more["replay"]))
    assert (again.returncode, "charged 8" in again.stderr) == (0, True), again.stderr
    blocked.unlink()
    blocked.mkdir()
    drained = program("dlq", "drain", "--app", "shop:tasks")
    assert drained.returncode == 0, drained.stderr
    assert "no answer" in program(*show).stdout
    again = program(*replay)
    assert (again.returncode, "charged 7" in again.stderr) == (0, True), again.stderr


def test_a_letter_that_no_store_took_is_brought_back(program, told, tmp_path, blocked):
    """The line on stderr is saved as the alert says and imported by its command; then the letter is there."""
    first, more = told(NOWHERE)
    assert "save all such lines as lost.jsonl" in first["letter"]["lost"]
    assert not {"show", "edit", "replay", "list"} & {*first, *more}
    blocked.unlink()
    blocked.mkdir()
    (line,) = [one for one in told.stderr.splitlines() if one.startswith("{") and first["letter"]["id"] in one]
    tmp_path.joinpath("lost.jsonl").write_text(f"{line}\n")
    brought = program(*arguments(first["import"]))
    assert (brought.returncode, brought.stdout) == (0, "imported 1 letter\n"), brought.stderr
    again = program("dlq", "replay", first["letter"]["id"], "--app", "shop:tasks")
    assert (again.returncode, "charged 7" in again.stderr) == (0, True), again.stderr


@pytest.mark.parametrize(
    ("call", "advice", "follow"),
    [
        ("tasks.run(charge, order)", "pipeline.register(charge)", "tasks.register(charge)"),
        (
            "tasks.run(lambda order: charge(order), order)",
            "pipeline.register(FUNCTION, 'shop:<lambda>')",
            "tasks.register(charge, 'shop:<lambda>')",
        ),
    ],
)
def test_a_function_that_is_not_registered_is_first(program, told, tmp_path, call, advice, follow):
    """The replay answers that it is not registered, until the program does what the alert says; then it runs."""
    first, _ = told('dead_letter={"store": "sqlite:./letters.db"},', decorated="", call=call)
    assert advice in first["register"]
    refused = program(*arguments(first["replay"]))
    assert (refused.returncode, "is not registered here" in refused.stdout) == (1, True), refused.stderr
    path = tmp_path / "shop.py"
    path.write_text(f"{path.read_text()}\n{follow}\n")
    again = program(*arguments(first["replay"]))
    assert (again.returncode, "charged 7" in again.stderr) == (0, True), again.stderr


def test_a_reprocessor_needs_no_registered_function(told):
    """Where one function runs all letters, nothing is to be registered."""
    store = 'dead_letter={"store": "sqlite:./letters.db", "reprocessor": print},'
    first, _ = told(store, decorated="", call="tasks.run(charge, order)")
    assert "register" not in first


@pytest.mark.parametrize(
    "store",
    [
        'dead_letter={"store": "sqlite:./letters.db"},',
        'dead_letter={"store": "file:./my letters.json"},',
        "",
        ELSEWHERE,
    ],
)
def test_the_letters_of_an_outage_are_listed(program, told, blocked, store):
    """The alert of a circuit names the command that lists the pipeline's letters, wherever they went."""
    *_, opened = told(f'{store} breaker={{"failure_threshold": 1}},')
    assert opened["state"] == "open"
    assert program(*arguments(opened["list"]), "--json").stdout.count('"operation"') == 2


def arguments(command):
    name, *rest = shlex.split(command)
    assert name == "ninelives"
    return rest
