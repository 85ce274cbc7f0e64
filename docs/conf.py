"""How the documentation is built: `make docs`."""

import tomllib
from pathlib import Path

_project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = _project["name"]
author = "The ninelives developers"
project_copyright = author
version = release = _project["version"]

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3  # so that a link to a heading is checked
nitpicky = True  # a reference that leads nowhere is an error, as every warning is

html_theme = "furo"
html_title = f"{project} {version}"
