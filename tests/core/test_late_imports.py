"""A fork while another thread imports."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from ninelives import late_imports
from ninelives.late_imports import importing
from ninelives.missing import install_advice
from ninelives.notifications.dispatch.delivery import prepare

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
with importing():  # registers its hook
    pass
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


def run(folder, program):
    """Run it as a program, in this folder."""
    (folder / "program.py").write_text(program)
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "program.py"],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        cwd=folder,
    )


@pytest.mark.parametrize("body", [WAITS, GIVES_UP, FORKS_ITSELF])
def test_a_fork_waits_for_an_import(tmp_path, body):
    """A fork waits for what another thread is importing, for a while; its child can import, whoever was at it."""
    (tmp_path / "slow.py").write_text(SLOW)
    done = run(tmp_path, PROGRAM + body)
    assert (done.returncode, done.stderr) == (0, "")


SPIED = """
import sys, threading
from ninelives import AdminNotifier, Pipeline, late_imports
from ninelives.notifications.dispatch import attempts
import asyncio

class Spy:
    def find_spec(self, name, path=None, target=None):
        frame = sys._getframe(1)
        while "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        if "ninelives" in frame.f_code.co_filename:  # what others import when is their own affair
            assert threading.get_ident() in late_imports._importing, name

def fail(error):
    raise error

async def afail(error):
    raise error

shop = Pipeline("shop", backoff={"max_retries": 1, "base_delay": 0}, breaker={"failure_threshold": 4},
                dead_letter={"store": "file:./late.json"}, NOTIFY)
notifier = AdminNotifier(channels=["log:"])
attempts._waits = lambda: iter(())  # nobody is there
sys.meta_path.insert(0, Spy())
FIRST
for error in (OSError("no"), ValueError("no")):
    shop.try_run(fail, error)
    asyncio.run(shop.atry_run(afail, error))
shop.close()
"""


@pytest.mark.parametrize(
    ("notify", "first"),
    [
        ("notify=False", ""),
        ("notify={'channels': ['log:']}", ""),
        (
            "notify={'channels': ['smtp://localhost:1?to=b@example.com&sender=a@example.com'], 'flush': True}",
            "",
        ),
        ("notify={'channels': ['sns:arn:aws:sns:us-east-1:123456789012:a?endpoint=http://127.0.0.1:1']}", ""),
        ("notify=False", "notifier.send_notification('no', {})"),
        ("notify=False", "notifier.send_health_check_notification(False)"),
    ],
    ids=["nobody", "log", "mail", "sns", "notification", "health"],
)
def test_what_a_first_failure_imports_is_what_a_fork_waits_for(tmp_path, notify, first):
    """Nothing that a failing call, its letter, its alert or its log need is imported where a fork would not wait."""
    done = run(tmp_path, SPIED.replace("NOTIFY", notify).replace("FIRST", first))
    assert done.returncode == 0, done.stderr
    assert "AssertionError" not in done.stderr


FORKS_AT_ONCE = """
import os, sys, threading
from ninelives import Pipeline, late_imports
IMPORTS
begun = threading.Event()

def fail(number):
    raise OSError("no")

class Spy:
    def find_spec(self, name, path=None, target=None):
        begun.set()

shop = Pipeline("shop", backoff={"max_retries": 0}, breaker=False, dead_letter={"store": "memory:"},
                notify={"channels": ["log:"]})
sys.meta_path.insert(0, Spy())
threading.Thread(target=shop.try_run, args=(fail, 1)).start()
begun.wait()
pid = os.fork()
if not pid:
    import faulthandler
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    shop.try_run(fail, 2)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""


@pytest.mark.parametrize("imports", ["", "import logging"])
def test_a_fork_in_the_middle_of_the_first_failure_leaves_a_child_that_can_fail(tmp_path, imports):
    """A child that is forked while another thread fails for the first time in the process runs calls that fail."""
    done = run(tmp_path, FORKS_AT_ONCE.replace("IMPORTS", imports).replace("LIMIT", str(LIMIT / 2)))
    assert done.returncode == 0, done.stderr


@pytest.fixture
def hanging():
    """Another thread is in the middle of an import, until the test is over."""
    begun, end = threading.Event(), threading.Event()

    def load():
        with importing():
            begun.set()
            end.wait()

    thread = threading.Thread(target=load)
    thread.start()
    assert begun.wait(LIMIT)
    yield thread
    end.set()
    thread.join()


@pytest.mark.usefixtures("hanging")
def test_an_import_that_hangs_holds_up_no_other():
    """While one thread's import hangs others import, and a call that fails hands over."""
    done = []

    def load():
        with importing(), importing():
            prepare()
        done.append(True)

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(LIMIT)
    assert done == [True]


def test_a_fork_is_patient_and_no_more(hanging, monkeypatch):
    """What the hooks do, in one process: they wait for others' imports only, and leave the lock free on both sides."""
    monkeypatch.setattr(late_imports, "PATIENCE", 0)
    for after in (late_imports._after_in_parent, late_imports._after_in_child):
        late_imports._before()
        assert late_imports._importing == [hanging.ident]
        after()
        assert free_elsewhere(late_imports._lock)
    assert late_imports._importing == []
    with importing():
        assert late_imports._is_nobody_else()
        late_imports._before()
        late_imports._after_in_child()


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
