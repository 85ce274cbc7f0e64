"""What `ninelives plugins new` writes works as a stranger's distribution: built, installed with ours, and used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path
from threading import Thread

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
KINDS = ["store", "channel", "middleware", "listener"]

PROGRAM = """
import sys
from pathlib import Path

import acme_store
from acme_listener.listener import COUNTS
from ninelives import Address, Pipeline, default_plugins

assert Path(acme_store.__file__).is_relative_to(sys.prefix)
pipeline = Pipeline(
    "shop",
    chain=["acme_middleware", "notify", "dead_letter"],
    acme_middleware={"level": "error"},
    notify={"channels": [f"acme-channel:http://127.0.0.1:{sys.argv[1]}/"]},
    dead_letter={"store": "acme-store:./letters.db"},
)
with pipeline:
    outcome = pipeline.try_run(int, "meow")
(lease,) = default_plugins().open_store("acme-store:./letters.db").receive(10, lease=60)
assert lease.letter.id == outcome.letter_id
assert COUNTS.snapshot()["shop", "letter_stored"] == 1
"""


class Environment:
    """A fresh one, with wheels and what they need, and nothing of this checkout."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True, symlinks=True)
        self.folder = folder
        self.python = folder / "bin" / "python"

    def run(self, *args: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        ours = ("PYTHON", "PYTEST", "NINELIVES")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        done = subprocess.run(
            [self.python, *args], cwd=cwd, env=environ, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def install(self, *projects: Path) -> None:
        """Build the wheels of these, and install them; what they need is linked to below, so no network is needed."""
        wheels = self.folder / "wheels" / projects[0].name
        for project in projects:
            command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", wheels, project]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        pip = ["-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-index", "--no-deps"]
        self.run(*pip, *sorted(wheels.glob("*.whl")), cwd=wheels)

    def link(self, distribution: metadata.Distribution) -> None:
        """Let it be found in its place here."""
        site = next(self.folder.glob("lib/python*/site-packages"))
        for top in {path.parts[0] for path in distribution.files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(distribution.locate_file(top)))


def needed(*names: str) -> Iterator[metadata.Distribution]:
    """What the distributions of these names need, and what that needs; but none of ours."""
    seen, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        distribution = metadata.distribution(name)
        if not name.startswith("ninelives"):
            yield distribution
        wanted = map(Requirement, distribution.requires or ())
        waiting += [one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Environment:
    """One with our wheels."""
    for tool in ("build", "hatchling"):
        pytest.importorskip(tool, reason="wheels can't be built without it")
    environment = Environment(tmp_path_factory.mktemp("environment") / "venv")
    environment.install(ROOT / "core", ROOT / "plugins/cli")
    for distribution in needed("ninelives-core", "ninelives-cli", "pytest"):
        environment.link(distribution)
    return environment


@pytest.fixture(scope="module")
def projects(environment, tmp_path_factory) -> Path:
    """One of each kind, as the installed command writes it, built and installed."""
    folder = tmp_path_factory.mktemp("projects")
    for kind in KINDS:
        environment.run("-m", "ninelives_cli", "plugins", "new", f"acme-{kind}", "--kind", kind, cwd=folder)
    environment.install(*(folder / f"acme-{kind}" for kind in KINDS))
    return folder


def test_each_is_found(environment, projects, tmp_path):
    """Installed, each is found by its entry point, with the distribution and version that it was built as."""
    done = environment.run("-m", "ninelives_cli", "plugins", "--json", cwd=tmp_path)
    found = {(item["kind"], item["name"]): item for item in map(json.loads, done.stdout.splitlines())}
    for kind in KINDS:
        name = "acme_middleware" if kind == "middleware" else f"acme-{kind}"
        for expected in (kind, "plugin"):
            item = found[expected, name]
            assert (item["distribution"], item["version"], item["works"]) == (f"acme-{kind}", "0.1.0", True)


@pytest.mark.parametrize("kind", KINDS)
def test_its_own_test_passes(environment, projects, kind):
    """The test that comes with each passes at once, against the installed wheel."""
    done = environment.run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=projects / f"acme-{kind}")
    assert " passed" in done.stdout
    assert "ailed" not in done.stdout


def test_a_pipeline_uses_them(environment, projects, tmp_path):
    """A pipeline uses the store and the channel by their addresses and the link by its name, and tells the listener."""
    bodies = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            done = environment.run("-W", "error", "-c", PROGRAM, str(server.server_port), cwd=tmp_path)
        finally:
            server.shutdown()
            thread.join()
    assert [body["pipeline"] for body in bodies] == ["shop"]
    assert "shop: builtins:int failed with ValueError" in done.stderr
