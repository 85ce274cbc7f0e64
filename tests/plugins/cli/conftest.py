"""Running the command line as a user does: a program in a directory of its own, piped or on a terminal."""

from __future__ import annotations

import errno
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

Done = subprocess.CompletedProcess[str]


@dataclass
class Program:
    """The program ``ninelives`` as it is started here.

    Attributes:
        folder: Its working directory.
        environ: Variables that it gets besides ours.
    """

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def start(self, *args: str, **how) -> subprocess.Popen[str]:
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("NINELIVES", "PYTHONWARN"))
        }
        return subprocess.Popen(
            [sys.executable, "-m", "ninelives_cli", *args],
            cwd=self.folder,
            env={**environ, **self.environ},
            text=True,
            **how,
        )

    def __call__(self, *args: str) -> Done:
        with self.start(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            out, err = process.communicate(timeout=60)
            return subprocess.CompletedProcess(args, process.returncode, out, err)

    def closed(self, stream: str, *args: str) -> Done:
        """With stdout or stderr closed, as ``>&-`` and ``2>&-`` do; what the other one was sent."""
        number = {"stdout": 1, "stderr": 2}[stream]
        code = f"import os, sys; os.close({number}); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
        program = [sys.executable, "-c", code, "-m", "ninelives_cli", *args]
        environ = {**os.environ, **self.environ}
        return subprocess.run(program, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)

    def on_terminal(self, *args: str, keys: str = "") -> tuple[int, str]:
        """The exit status, and all that a terminal was sent; stdout and stderr are the same one.

        What is typed is there before anything asks for it.
        """
        ours, theirs = pty.openpty()
        os.write(ours, keys.encode())
        try:
            with self.start(*args, stdin=theirs, stdout=theirs, stderr=theirs) as process:
                os.close(theirs)
                shown = b"".join(iter(lambda: _read(ours), b""))
            return process.returncode, shown.decode()
        finally:
            os.close(ours)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError as error:  # how Linux says that nobody holds the other end any more
        if error.errno != errno.EIO:
            raise
        return b""


ENVIRON = {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path, dict(ENVIRON))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """One run of the demo with its output piped, and the directory that it ran in."""
    folder = tmp_path_factory.mktemp("demo")
    return Program(folder, dict(ENVIRON))("demo", "--requests", "40"), folder


@pytest.fixture
def install(tmp_path: Path, program: Program) -> Callable[[Mapping[str, str]], None]:
    """Install the distribution ``stranger``, version 1.2, with an entry point for each module that is given."""

    def install(modules: Mapping[str, str]) -> None:
        site = tmp_path / "site"
        info = site / "stranger-1.2.dist-info"
        info.mkdir(parents=True)
        info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.2\n")
        points = "\n".join(f"{name} = {name}" for name in modules)
        info.joinpath("entry_points.txt").write_text(f"[ninelives]\n{points}\n")
        for name, text in modules.items():
            site.joinpath(f"{name}.py").write_text(text)
        program.environ["PYTHONPATH"] = str(site)

    return install
