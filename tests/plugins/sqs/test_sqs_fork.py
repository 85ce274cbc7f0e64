"""Forking while another thread has the store in hand."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

FORKS = """
import os, threading
from ninelives_sqs import SqsStore

store = SqsStore("https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters")
locks = [store._leases._lock, store._seen._lock, store._queue._clients._lock]
held, done = threading.Event(), threading.Event()

def hold():
    for lock in locks:
        lock.acquire()
    held.set()
    done.wait()

threading.Thread(target=hold, daemon=True).start()
held.wait()
child = os.fork()
if child == 0:
    os._exit(sum(not lock.acquire(timeout=1) for lock in locks))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "locks are held in the child")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_finds_no_lock_held():
    """What another thread was doing in the moment of a fork does not hold up the child for ever."""
    found = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout == "0 locks are held in the child\n"
