"""All benchmarks, each in a process of its own; non-zero if one misses its limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "overhead.py",
    "memory.py",
    "sqs.py",
    "file.py",
    "sqlite.py",
    "replay.py",
    "listing.py",
    "notify.py",
    "masking.py",
)

folder = Path(__file__).parent
sys.exit(max(subprocess.run([sys.executable, folder / script], check=False).returncode for script in SCRIPTS))
