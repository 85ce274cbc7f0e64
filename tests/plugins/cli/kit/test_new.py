"""`ninelives plugins new`: what it writes, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from ninelives.errors import ConfigurationError
from ninelives_cli.kit.writing import files_of, write_files

KINDS = ["store", "channel", "middleware", "listener"]
MODULES = {"store": "store.py", "channel": "channel.py", "middleware": "link.py", "listener": "listener.py"}


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", KINDS)
def test_it_writes_a_distribution(program, tmp_path, kind):
    """It writes every file that a distribution needs, says which, and what to run next."""
    done = program("plugins", "new", "ninelives-red.Box", "--kind", kind)
    assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / "ninelives-red.Box"
    written = files_in(folder)
    assert written == sorted(
        [
            ".gitignore",
            "README.md",
            "pyproject.toml",
            "src/ninelives_red_box/__init__.py",
            "src/ninelives_red_box/plugin.py",
            "src/ninelives_red_box/py.typed",
            f"src/ninelives_red_box/{MODULES[kind]}",
            "tests/test_contract.py",
        ]
    )
    listed, following = done.stdout.split("\n\nNext:\n")
    assert listed.splitlines() == [f"ninelives-red.Box/{path}" for path in written]
    assert following.splitlines() == [
        "  python -m pip install -e ./ninelives-red.Box pytest",
        "  python -m pytest ninelives-red.Box",
        "  ninelives plugins",
    ]
    name = "red_box" if kind == "middleware" else "red-box"
    texts = {path: (folder / path).read_text() for path in written}
    assert f'[project.entry-points.ninelives]\n{name} = "ninelives_red_box.plugin"' in texts["pyproject.toml"]
    assert f'register("{name}", ' in texts["src/ninelives_red_box/plugin.py"]
    assert "RedBox" in texts[f"src/ninelives_red_box/{MODULES[kind]}"]


def test_the_directory_can_be_chosen(program, tmp_path):
    """With DIR it is written there: into a directory that is made, or that is empty, also the one that one is in."""
    assert program("plugins", "new", "nine-one", "--kind", "store", "a b/one").returncode == 0
    assert "pyproject.toml" in files_in(tmp_path / "a b/one")
    (tmp_path / "nine").mkdir()
    assert program("plugins", "new", "nine", "--kind", "store").returncode == 0
    program.folder = tmp_path / "here"
    program.folder.mkdir()
    done = program("plugins", "new", "nine-two", "--kind", "listener", ".")
    assert (done.returncode, "pip install -e ./. pytest" in done.stdout) == (0, True)
    assert "src/nine_two/plugin.py" in files_in(program.folder)
    done = program("plugins", "new", "nine-three", "--kind", "listener", str(tmp_path / "c d"))
    assert f"  python -m pytest '{tmp_path}/c d'" in done.stdout


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["plugins", "new"], "Missing argument 'NAME'"),
        (["plugins", "new", "nine-one"], "Missing option '--kind'"),
        (["plugins", "new", "nine-one", "--kind", "queue"], "'queue' is not one of"),
        (["plugins", "old"], "No such command 'old'"),
        (["plugins", "--json", "new", "nine-one", "--kind", "store"], "--json is for the list alone"),
        (["plugins", "new", "-x"], "No such option"),
        (["plugins", "new", "nine one", "--kind", "store"], "NAME is 'nine one': expected a distribution's name"),
        (["plugins", "new", "ninelives-file", "--kind", "store"], "of a distribution of that name is installed"),
        (
            ["plugins", "new", "nine-one", "--kind", "store", "full"],
            "DIR is 'full': expected a directory that is empty",
        ),
        (["plugins", "new", "nine-one", "--kind", "store", "full/file"], "Not a directory"),
        (["plugins", "new", "nine-one", "--kind", "store", "full/file/more"], "Not a directory"),
    ],
)
def test_wrong_use_is_refused(program, tmp_path, args, told):
    """What can't be done is refused with one clear error and the exit status of wrong use; nothing is written."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("mine")
    done = program(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert files_in(tmp_path) == ["full/file"]


@pytest.mark.parametrize("there", [True, False])
def test_nothing_is_half_written(tmp_path, there):
    """Where one file can't be written none is left, nor a directory that was not there before."""
    target = tmp_path / "made/new"
    if there:
        target.mkdir(parents=True)
    files = {"src/a.py": "", "b": "", "src/a.py/c": "", "d": ""}
    with pytest.raises(ConfigurationError, match=r"DIR is '.*new': expected a directory that can be written"):
        write_files(files, target)
    assert target.exists() is there
    assert files_in(tmp_path) == []


@pytest.fixture
def written(tmp_path):
    """One of each kind, in one folder."""
    for kind in KINDS:
        names = {"distribution": f"nine-{kind}", "package": f"nine_{kind}", "title": f"Nine{kind.capitalize()}"}
        values = {**names, "name": f"nine_{kind}" if kind == "middleware" else f"nine-{kind}"}
        write_files(files_of(kind, {**values, "summary": "What it is.", "version": "0.1.0"}), tmp_path / f"nine-{kind}")
    return tmp_path


def run(*args, cwd):
    done = subprocess.run([sys.executable, "-m", *args], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_written_is_clean(written):
    """Every rule of ruff that its own configuration asks for is kept, and the format is ruff's."""
    if find_spec("ruff") is None:
        pytest.skip("ruff is not installed here")
    run("ruff", "check", "--no-cache", ".", cwd=written)
    run("ruff", "format", "--no-cache", "--check", ".", cwd=written)


def test_what_is_written_is_typed(written, tmp_path, monkeypatch):
    """mypy's strict mode and pyright find nothing, in the tests neither."""
    if find_spec("mypy") is None or find_spec("pyright") is None:
        pytest.skip("mypy and pyright are not installed here")
    monkeypatch.setenv("MYPYPATH", "src")
    monkeypatch.setenv("PYRIGHT_PYTHON_IGNORE_WARNINGS", "1")
    for kind in KINDS:
        run("mypy", "--cache-dir", tmp_path / "cache", "src", "tests", cwd=written / f"nine-{kind}")
    sources = [f"nine-{kind}/src" for kind in KINDS]
    (written / "pyrightconfig.json").write_text(json.dumps({"extraPaths": sources}))
    run("pyright", "--pythonpath", sys.executable, cwd=written)
