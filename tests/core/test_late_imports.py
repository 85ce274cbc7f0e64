"""A fork while another thread imports."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from ninelives import late_imports
from ninelives.missing import install_advice

LIMIT = 60
"""Seconds after which a program that does not end is killed, and its test fails."""

PROGRAM = """
import os, threading
from ninelives import late_imports
from ninelives.late_imports import importing

half, go_on = threading.Event(), threading.Event()

def load():
    with importing():
        import slow
        assert slow.whole

def child(status):
    assert os.waitpid(status, 0)[1] == 0

loading = threading.Thread(target=load)
"""

SLOW = """
from __main__ import go_on, half

half.set()
go_on.wait()
whole = True
"""

WAITS = """
late_imports.PATIENCE = 60
os.register_at_fork(before=go_on.set)  # the last one that is registered is called first
loading.start()
half.wait()
pid = os.fork()
if not pid:
    load()
    os._exit(0)
child(pid)
loading.join()
load()
"""

GIVES_UP = """
late_imports.PATIENCE = 0
loading.start()
half.wait()
pid = os.fork()
if not pid:
    with importing():
        os._exit(0)
child(pid)
go_on.set()
loading.join()
"""

FORKS_ITSELF = """
with importing():
    pid = os.fork()
if not pid:
    with importing():
        os._exit(0)
child(pid)
"""


@pytest.mark.parametrize("body", [WAITS, GIVES_UP, FORKS_ITSELF])
def test_a_fork_waits_for_an_import(tmp_path, body):
    """A fork waits for what another thread is importing, for a while; its child can import, whoever was at it."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM + body)
    (tmp_path / "slow.py").write_text(SLOW)
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_child_has_a_free_lock_whoever_held_it(monkeypatch):
    """What the hooks do, in one process: a lock that another thread held is new in the child, one of ours is free."""
    lock = threading.RLock()
    monkeypatch.setattr(late_imports, "_lock", lock)
    monkeypatch.setattr(late_imports, "PATIENCE", 0)
    for holder in (lock.acquire, int):  # another thread is importing, or none is
        thread = threading.Thread(target=holder)
        thread.start()
        thread.join()
        late_imports._before()
        late_imports._after_in_child()
        assert free_elsewhere(lock)


def free_elsewhere(lock):
    """Whether another thread could take it."""
    said = []

    def look():
        said.append(lock.acquire(blocking=False))
        lock.release()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return said == [True]


def test_what_was_imported_by_half_needs_no_installing():
    """Of what is there, and was imported by half, it is not said to be installed."""
    assert install_advice(ImportError("cannot import name 'x' from partially initialized module 'y'"), "z") == ""
