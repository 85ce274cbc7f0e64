"""What a program does with AWS for the first time while it ends."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from ninelives import Pipeline

pipeline = Pipeline("cron", dead_letter={"store": "memory:"}, notify={"channels": [sys.argv[1]], "timeout": 30})


@pipeline
def fail():
    raise KeyError("no")


pipeline.try_run(fail.__wrapped__)
"""


def test_a_program_that_ends_at_once_has_told(stub, tmp_path):
    """A program that fails and ends without `close` has sent its alert: the SDK may be imported that late."""
    address = f"sns:arn:aws:sns:us-east-1:123456789012:admins?endpoint={stub.endpoint}"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, address], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert [asked["Action"] for asked in stub.asked] == ["Publish"], done.stderr
