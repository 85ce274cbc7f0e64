"""The project's own rules, each a test. What breaks one for a good reason stands here with that reason."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
DISTRIBUTIONS = [ROOT, ROOT / "core", *PLUGINS]
SOURCES = sorted([*ROOT.glob("core/src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")])

TOP_LEVEL = {"core", "docs", "plugins", "tests", "LICENSE", "Makefile", "README.md", "pyproject.toml"}
MAX_FUNCTION, MAX_FILE = 30, 250

# A file's path, or a file's path and a function's name: why it is longer than the others.
LONG_FILES = {
    "core/src/ninelives/middleware/backoff.py": "one class and its decorator, whose many options are described in both",
}
LONG_FUNCTIONS: dict[str, str] = {}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path != ROOT else "."


def project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def tracked() -> list[Path]:
    """What is in the repository, and what is about to be: everything that git does not ignore."""
    try:
        listed = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True,
            capture_output=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this is no git checkout: {error}")
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def python_files() -> list[Path]:
    return sorted({path for path in tracked() if path.suffix == ".py"})


def long(measured: dict[str, int], limit: int) -> dict[str, int]:
    return {name: size for name, size in measured.items() if size > limit}


# --- distributions --------------------------------------------------------------------------------------------------


def test_all_distributions_have_one_version():
    """All distributions carry the same version, and pin each other to it."""
    version = project(ROOT)["project"]["version"]
    ours = {project(folder)["project"]["name"] for folder in DISTRIBUTIONS}
    for folder in DISTRIBUTIONS:
        metadata = project(folder)["project"]
        assert metadata["version"] == version, name_of(folder)
        for requirement in chain(metadata["dependencies"], *metadata.get("optional-dependencies", {}).values()):
            name = re.split(r"[^\w.-]", requirement)[0]
            assert name not in ours or requirement == f"{name}=={version}", name_of(folder)


def test_every_distribution_says_the_same_of_itself():
    """Licence, Python versions, authors and build system are the same everywhere, and so is the licence's text."""
    for folder in DISTRIBUTIONS:
        for key in ("license", "license-files", "requires-python", "authors", "readme"):
            assert project(folder)["project"][key] == project(ROOT)["project"][key], (name_of(folder), key)
        assert project(folder)["build-system"] == project(ROOT)["build-system"], name_of(folder)
        assert (folder / "LICENSE").read_text() == (ROOT / "LICENSE").read_text(), name_of(folder)
        assert len((folder / "README.md").read_text().splitlines()) > 3, name_of(folder)


def test_the_root_brings_every_plugin():
    """The distribution `ninelives` needs the core and the embedded defaults, and has an extra for each other plugin."""
    metadata = project(ROOT)["project"]
    version, plugins = metadata["version"], {folder.name for folder in PLUGINS}
    embedded = {"file", "log", "cli"}
    shared = {"aws"}  # no plugin itself: what others need
    assert set(metadata["dependencies"]) == {f"ninelives-{name}=={version}" for name in {"core", *embedded}}
    assert metadata["optional-dependencies"] == {
        name: [f"ninelives-{name}=={version}"] for name in sorted(plugins - embedded - shared)
    }


def test_the_tools_know_every_distribution():
    """mypy, pyright, coverage and uv are told of every package in the workspace."""
    tool = project(ROOT)["tool"]
    sources = {name_of(folder / "src") for folder in DISTRIBUTIONS[1:]}
    packages = {path.name for folder in DISTRIBUTIONS[1:] for path in (folder / "src").iterdir() if path.is_dir()}
    packages = {name for name in packages if not name.endswith(".egg-info")}
    assert set(tool["mypy"]["mypy_path"]) == sources
    assert set(tool["pyright"]["extraPaths"]) == sources
    assert set(tool["coverage"]["run"]["source_pkgs"]) == packages
    assert set(tool["uv"]["sources"]) == {project(folder)["project"]["name"] for folder in DISTRIBUTIONS[1:]}


# --- plugins --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", PLUGINS, ids=name_of)
def test_a_plugin_is_whole(folder: Path):
    """A plugin has its README, its licence, one package with py.typed, and a wheel that holds that package."""
    (package,) = (path for path in (folder / "src").iterdir() if (path / "py.typed").exists())
    assert (folder / "README.md").exists()
    assert (folder / "LICENSE").exists()
    assert (package / "__init__.py").exists()
    assert project(folder)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [f"src/{package.name}"]
    assert project(folder)["project"]["name"] == f"ninelives-{folder.name}"


@pytest.mark.parametrize("folder", PLUGINS, ids=name_of)
def test_plugin_modules_hold_hook_implementations_only(folder: Path):
    """The module of an entry point has hook implementations and imports; without an entry point there is none."""
    entries = project(folder)["project"].get("entry-points", {}).get("ninelives", {})
    found = {f"{path.parent.name}.{path.stem}": path for path in folder.glob("src/*/plugin.py")}
    assert set(entries.values()) == set(found)
    for path in found.values():
        _docstring, *body = ast.parse(path.read_text(encoding="utf-8")).body
        functions = [node for node in body if isinstance(node, ast.FunctionDef)]
        assert functions
        assert all("hookimpl" in map(ast.unparse, node.decorator_list) for node in functions)
        others = [node for node in body if node not in functions and not ast.unparse(node).startswith("__all__ = ")]
        assert all(isinstance(node, ast.Import | ast.ImportFrom | ast.If) for node in others), name_of(path)


# --- what is in the repository --------------------------------------------------------------------------------------


def test_the_top_level_holds_what_it_should():
    """At the top stand the workspace's folders and files, and what begins with a dot; nothing else."""
    found = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in found if not name.startswith(".")} == TOP_LEVEL


def test_there_is_no_lock_file():
    """No lock file is in the repository: it would record where packages came from."""
    lock = re.compile(r"(.*\.lock|pylock.*\.toml|Pipfile\.lock|requirements.*\.txt|pip\.conf|uv\.toml|\.pypirc)\Z")
    assert [name_of(path) for path in tracked() if lock.match(path.name)] == []


def test_no_file_names_a_package_registry():
    """No file says which registry packages come from: that is for whoever installs to say."""
    # In two halves, so that this file is none of those that it looks for.
    words = ["index-" + "url", "index_" + "url", "tool.uv." + "index", "INDEX_" + "URL", "find-" + "links"]
    hosts = ["pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs"]
    found = [
        f"{name_of(path)}: {word}"
        for path in tracked()
        for word in (*words, *hosts)
        if word.encode() in path.read_bytes()
    ]
    assert found == []


# --- the code -------------------------------------------------------------------------------------------------------


def test_nothing_imports_smtplib():
    """No code of ours speaks SMTP by itself: connection, TLS and login are the mail library's."""
    found = {
        name_of(path)
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if "smtplib" in imported(node)
    }
    assert found == set()


def imported(node: ast.AST) -> set[str]:
    """The packages that an import statement names, or a call that does the same."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return {(node.module or "").partition(".")[0]}
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
        return {ast.unparse(given).strip("'\"").partition(".")[0] for given in node.args}
    return set()


def test_every_exception_to_a_tool_says_which_and_why():
    """`noqa`, `type: ignore`, `pyright: ignore` name their rule; `pragma: no cover` and `noqa` say why."""
    allowed = {
        "noqa": r"# noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* - \S",
        "type: ignore": r"# type: ignore\[[\w-]+(, ?[\w-]+)*\]",
        "pyright: ignore": r"# pyright: ignore\[\w+(, ?\w+)*\]",
        "pragma: no cover": r"# pragma: no cover - \S",
        "pragma: no branch": r"# pragma: no branch - \S",
    }
    found = [
        f"{name_of(path)}:{line}: {comment}"
        for path in python_files()
        for line, comment in comments(path)
        for word, form in allowed.items()
        if re.search(rf"#\s*{word}", comment, re.IGNORECASE) and not re.search(form, comment)
    ]
    assert found == []


def comments(path: Path) -> list[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def test_files_are_short():
    """No file of the code is longer than 250 lines, except those that say why."""
    measured = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    too_long = long(measured, MAX_FILE)
    assert too_long.keys() == LONG_FILES.keys(), too_long


def test_functions_are_short():
    """No function has more than 30 lines of code, those of inner functions included, except those that say why."""
    measured = {
        f"{name_of(path)}:{node.name}": code_lines(node, path)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    too_long = long(measured, MAX_FUNCTION)
    assert too_long.keys() == LONG_FUNCTIONS.keys(), too_long


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef, path: Path) -> int:
    """The lines of a function's body without docstrings, comments and empty ones."""
    lines = path.read_text(encoding="utf-8").splitlines()
    body = set(range(function.body[0].lineno, (function.end_lineno or 0) + 1))
    for node in ast.walk(function):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            body -= set(range(node.lineno, (node.end_lineno or 0) + 1))
    return sum(1 for number in body if (line := lines[number - 1].strip()) and not line.startswith("#"))
