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

@tasks
def charge(order):
    if __name__ == "__main__":
        raise TimeoutError("no answer")
    print("charged", order)

if __name__ == "__main__":
    with tasks:
        for order in (7, 8):
            with suppress(TimeoutError):
                charge(order)
        clock.advance(300)
        tasks["notify"].flush()
    print(json.dumps([one.details for one in channel.notifications]))
"""


@pytest.fixture
def told(program, tmp_path):
    """Runs the program, and returns the details of its alerts, the first of a kind and that of more."""

    def run(store, config=""):
        tmp_path.joinpath("shop.py").write_text(SHOP.format(store=store))
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


def arguments(command):
    name, *rest = shlex.split(command)
    assert name == "ninelives"
    return rest
