"""Print, as constraints for pip, the oldest version of each dependency that a distribution of ours allows.

`make test-lowest` installs these, so that a lower bound is a promise that something holds.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,-]+\])?>=(?P<version>[\w.]+)")


def lowest() -> dict[str, str]:
    """The version of each third party's distribution; where two of ours differ, the higher, which both allow."""
    found: dict[str, str] = {}
    for path in (ROOT / "core/pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))):
        for requirement in tomllib.loads(path.read_text())["project"]["dependencies"]:
            if match := REQUIREMENT.match(requirement):
                name, version = match["name"], match["version"]
                found[name] = max(found.get(name, version), version, key=_parts)
    return found


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


if __name__ == "__main__":
    print("\n".join(f"{name}=={version}" for name, version in lowest().items()))  # noqa: T201 - its output is what it is for
