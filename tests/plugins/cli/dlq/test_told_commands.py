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
from ninelives.testing import RecordingChannel

channel = RecordingChannel()
tasks = Pipeline("shop", {store} notify={{"channels": [channel]}}, backoff={{"max_retries": 0}})

@tasks
def charge(order):
    if __name__ == "__main__":
        raise TimeoutError("no answer")
    print("charged", order)

if __name__ == "__main__":
    with suppress(TimeoutError), tasks:
        charge(7)
    print(json.dumps(channel.notifications[0].details))
"""


@pytest.mark.parametrize(
    ("store", "config"),
    [
        ('dead_letter={"store": "file:./my letters.json"},', ""),
        ("", '[pipelines.shop]\ndead_letter = { store = "sqlite:./letters.db" }\n'),
        ("", ""),
    ],
)
def test_what_an_alert_says_to_run_works(program, tmp_path, store, config):
    """The letter is shown, from another directory too, and is run again, wherever its store was configured."""
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
    told = json.loads(ran.stdout)
    show, replay = (shlex.split(told[name]) for name in ("show", "replay"))
    assert show[:3] == ["ninelives", "dlq", "show"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shown = type(program)(elsewhere, program.environ)(*show[1:])
    assert (shown.returncode, "no answer" in shown.stdout) == (0, True), shown.stderr
    again = program(*replay[1:])
    assert (again.returncode, "charged 7" in again.stderr) == (0, True), again.stderr
    assert program(*show[1:]).returncode == 1
