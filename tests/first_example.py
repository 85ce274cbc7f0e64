"""Run the first Python example of a Markdown file as a program of its own, and let it reach no other machine.

Usage: first_example.py README.md
"""

import re
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def stay_here(event: str, args: tuple[Any, ...]) -> None:
    """Refuse connections to other machines, and asking for their addresses."""
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    if host not in LOOPBACK:
        raise PermissionError(f"the example asks for another machine: {event} {args}")


def main() -> None:
    """Extract and run it."""
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    found = re.search(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    if found is None:
        sys.exit(f"no Python example in {sys.argv[1]}")
    with tempfile.TemporaryDirectory() as folder:
        example = Path(folder, "example.py")
        example.write_text(found[1], encoding="utf-8")
        sys.addaudithook(stay_here)
        runpy.run_path(str(example), run_name="__main__")


if __name__ == "__main__":
    main()
