"""How a process ends, and how a child begins: programs of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time

import pytest

from ninelives.notifications.dispatch import ending
from ninelives.notifications.dispatch.center import Center

LIMIT = 60.0
"""Seconds after which a program that does not end is killed, and its test fails."""

PROGRAM = """
    import os, signal, sys, threading, time
    from datetime import UTC, datetime
    from ninelives.clock import SYSTEM_CLOCK
    from ninelives.notifications.dispatch import ending
    from ninelives.notifications.dispatch.center import default_center
    from ninelives.notifications.notification import Notification
    from ninelives.notifications.occurrence import Ready
    from ninelives.notifications.outlet import Outlet
    from ninelives.notifications.route import Destination, Route, Rules
    from ninelives.notifications.standard_log import StandardLog

    class FileChannel:
        def send(self, notification, *, timeout):
            text = notification.message.rpartition(": ")[2]  # of a summary, what was said last
            with open(sys.argv[1], "a") as file:
                file.write(f"{text} x{notification.count}\\n")
        def close(self): ...

    class Hanging:
        def send(self, notification, *, timeout):
            threading.Event().wait()
        def close(self): ...

    class FileLog(FileChannel):
        def send(self, notification, *, timeout):
            with open(sys.argv[1], "a") as file:
                file.write(f"log: {notification.message}: {notification.details['because'].rpartition(': ')[2]}\\n")

    def route(*channels, name="shop"):
        destinations = tuple(Destination((Outlet(channel, "test:"),)) for channel in channels)
        return Route(name=name, destinations=destinations, log=FileLog(), timeout=5.0,
                     clock=SYSTEM_CLOCK, emit=lambda event: None)

    to_file = route(FileChannel())

    def happen(message, route=to_file, key=None):
        given = Notification(message=str(message), key=key or str(message))
        default_center().happened(Ready(given, datetime.now(UTC)), route)
"""


def run(tmp_path, body, code=0, *, forks=False):
    """Run a program that appends to a file what is delivered; how long it took, and the file's lines.

    One that forks amidst its threads is not measured: a lock of coverage's own would be held for ever in the child.
    """
    environ = {name: value for name, value in os.environ.items() if not (forks and name.startswith("COVERAGE"))}
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM) + textwrap.dedent(body))
    out = tmp_path / "delivered"
    out.touch()
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "error", program, out],
        check=False,
        timeout=LIMIT,
        capture_output=True,
        text=True,
        env=environ,
    )
    assert done.returncode == code, done.stderr
    return time.monotonic() - begin, out.read_text().splitlines()


def test_importing_starts_no_thread():
    """Importing the package and the center starts no thread. (Law 33.)"""
    code = "import ninelives, ninelives.notifications.dispatch.center, threading; assert threading.active_count() == 1"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=LIMIT)


def test_exit_loses_nothing(tmp_path):
    """A program that ends without closing anything delivers all that was accepted, and what was counted. (Law 33.)"""
    body = """
        for number in range(100):
            happen(number)
        for _ in range(7):
            happen("last", key="0")
    """
    _, lines = run(tmp_path, body)
    assert lines == [*(f"{number} x1" for number in range(100)), "last x7"]


@pytest.mark.parametrize("end", ["sys.exit(0)", "threading.Thread(target=happen, args=('late',)).start()"])
def test_exit_loses_nothing_however_it_comes(tmp_path, end):
    """Nor is anything lost by `sys.exit`, or when a thread still runs as the main one ends."""
    _, lines = run(tmp_path, f"happen('early')\n{end}\n")
    assert lines == ["early x1", "late x1"] if "late" in end else ["early x1"]


@pytest.mark.parametrize("kind", ["new", "known"])
def test_what_happens_after_the_end_is_told_too(tmp_path, kind):
    """What fails in a handler that runs at the end, after ours, is delivered before the program is gone."""
    body = f"""
        import atexit
        from ninelives.notifications.dispatch import ending
        atexit.unregister(ending._leave)
        atexit.register(happen, "late", to_file, "{kind}")
        atexit.register(ending._leave)
        happen("early", key="known")
    """
    _, lines = run(tmp_path, body)
    assert lines == ["early x1", "late x1"]


def test_sigterm_of_the_programs_own_loses_nothing(tmp_path):
    """A program whose own SIGTERM handler raises SystemExit delivers what was accepted within the flush time."""
    body = """
        def leave(*_):
            raise SystemExit(7)
        signal.signal(signal.SIGTERM, leave)
        for number in range(20):
            happen(number)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
    """
    took, lines = run(tmp_path, body, code=7)
    assert lines == [f"{number} x1" for number in range(20)]
    assert took < 30


def test_exit_does_not_wait_for_ever(tmp_path):
    """A channel that hangs holds up the program's end no longer than the flush time; the log has what it did not take.

    What goes elsewhere is delivered.
    """
    body = """
        ending.FLUSH_SECONDS = 0.5
        both = route(Hanging(), FileChannel())
        happen("in hand", both)
        happen("behind", both)
    """
    took, lines = run(tmp_path, body)
    assert took < 20
    assert [line.partition("; the channel had not answered for 0.")[0] for line in sorted(lines)] == [
        "behind x1",
        "in hand x1",
        "log: behind: the program ended before it could be sent",
        "log: in hand: the program ended while it was being sent",
    ]


NO_THREADS = """
    import atexit
    def no_thread(_thread):
        raise RuntimeError("can't create new thread at interpreter shutdown")
    ending.FLUSH_SECONDS = 0.5
    atexit.unregister(ending._leave)
"""
"""As Python 3.12 is: in handlers that run at the end no thread starts."""


@pytest.mark.parametrize("is_after", [True, False])
def test_a_hanging_channel_does_not_hold_up_a_handler_that_fails(tmp_path, is_after):
    """What fails as the program ends, where no thread can be had, is in the log: nothing calls what may never return.

    A channel that never waits gets it.
    """
    handlers = ["atexit.register(ending._leave)", "atexit.register(happen, 'late', route(Hanging(), Inline()))"]
    start = "atexit.register(setattr, threading.Thread, 'start', no_thread)"
    inline = "class Inline(FileChannel):\n    inline = True"
    body = [textwrap.dedent(NO_THREADS), inline, *(handlers if is_after else reversed(handlers)), start]
    took, lines = run(tmp_path, "\n".join(body))
    assert sorted(lines) == ["late x1", "log: late: the program ended before it could be sent"]
    assert took < 20


def test_what_fails_after_the_end_is_sent_by_the_thread_there_is(tmp_path):
    """The thread that sent what there was at the end stays for what comes after it: then no other may be had."""
    body = """
        atexit.register(happen, "after the end")
        atexit.register(ending._leave)
        atexit.register(setattr, threading.Thread, "start", no_thread)
        happen("before")
    """
    _, lines = run(tmp_path, textwrap.dedent(NO_THREADS) + textwrap.dedent(body))
    assert lines == ["before x1", "after the end x1"]


def test_threads_that_outlive_the_main_one_do_not_wait(tmp_path):
    """A program may go on after its main thread: a call that fails there waits for no channel. (Law 54.)"""
    body = """
        class Slow:
            def send(self, notification, *, timeout):
                done.wait()
            def close(self): ...
        done, slow = threading.Event(), route(Slow())
        def work():
            threading.main_thread().join()
            for number in range(3):
                happen(number, slow)
            with open(sys.argv[1], "a") as file:
                file.write("nothing was waited for\\n" if not done.is_set() else "")
            done.set()
        happen("first", slow)
        limit = threading.Timer(4, done.set)
        limit.daemon = True
        limit.start()
        threading.Thread(target=work).start()
    """
    _, lines = run(tmp_path, body)
    assert lines == ["nothing was waited for"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_tells_what_is_its_own(tmp_path):
    """After a fork the child begins empty: it sends nothing of its parent's, and what it counts begins anew."""
    body = """
        gate = threading.Event()
        class Gated(FileChannel):
            def send(self, notification, *, timeout):
                gate.wait()
                super().send(notification, timeout=timeout)
        gated = route(Gated(), name="gated")
        happen("parent in hand", gated)
        happen("parent waiting", gated)
        happen("both", key="both")
        happen("parent counted", key="both")
        child = os.fork()
        gate.set()
        if child:
            assert os.waitpid(child, 0)[1] == 0
        else:
            happen("child", key="both")
            happen("child counted", key="both")
    """
    _, lines = run(tmp_path, body, forks=True)
    assert sorted(lines) == [
        "both x1",
        "child counted x1",
        "child x1",
        "parent counted x1",
        "parent in hand x1",
        "parent waiting x1",
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_while_others_fail_hangs_nobody(tmp_path):
    """A child made while another thread hands over finds every lock free."""
    body = """
        happen("first")  # what is imported on the first failure is there then: a fork amidst an import is Python's own
        default_center().flush()
        stop = threading.Event()
        def fail():
            while not stop.is_set():
                happen("again")
        thread = threading.Thread(target=fail)
        thread.start()
        for number in range(20):
            child = os.fork()
            if child == 0:
                happen(f"child {number}")
                default_center().flush()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        thread.join()
    """
    _, lines = run(tmp_path, body, forks=True)
    assert {line for line in lines if line.startswith("child")} == {f"child {number} x1" for number in range(20)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_of_multiprocessing_loses_nothing(tmp_path):
    """Such a child ends without `atexit`, and yet delivers what it accepted and counted."""
    body = """
        import multiprocessing
        def work():
            for number in range(100):
                happen(number)
            default_center().flush()
            happen("last")
            happen("counted", key="last")
        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
        process.join()
        assert process.exitcode == 0
    """
    _, lines = run(tmp_path, body, forks=True)
    assert lines == [*(f"{number} x1" for number in range(100)), "last x1", "counted x1"]


@pytest.mark.parametrize("end", ["KeyboardInterrupt", "SystemExit"])
def test_whoever_presses_ctrl_c_again_is_out(tmp_path, end):
    """A second Ctrl-C, while the end waits for a channel that hangs, ends it: no traceback, and the log has the alert.

    So does a second SIGTERM, where the program's handler raises SystemExit.
    """
    body = f"""
        def stop(*_):
            raise {end}
        signal.signal(signal.SIGINT, stop)
        center = default_center()
        begun, wait_for = threading.Event(), center._lanes.changed.wait_for
        class Told(Hanging):
            def send(self, notification, *, timeout):
                begun.set()
                super().send(notification, timeout=timeout)
        def pressed(*args):
            center._lanes.changed.wait_for = wait_for
            signal.raise_signal(signal.SIGINT)
            return wait_for(*args)
        center._lanes.changed.wait_for = pressed
        ending.FLUSH_SECONDS = {LIMIT}
        for message in ("in hand", "behind"):
            happen(message, route(Told()))
        begun.wait()
        signal.raise_signal(signal.SIGINT)
    """
    program, out = tmp_path / "program.py", tmp_path / "delivered"
    program.write_text(textwrap.dedent(PROGRAM) + textwrap.dedent(body))
    done = subprocess.run([sys.executable, program, out], check=False, capture_output=True, text=True, timeout=LIMIT)
    assert "atexit" not in done.stderr, done.stderr
    assert "ninelives" not in done.stderr
    lines = sorted(out.read_text().splitlines())
    assert [line.split(": ")[:2] for line in lines] == [["log", "behind"], ["log", "in hand"]]
    assert all("the program ended" in line for line in lines), lines


def test_all_leave_within_one_flush_time(monkeypatch):
    """At the end every center there is leaves, all together within the flush time; a child resets every one."""
    done = []

    class Recorded:
        def leave(self, timeout):
            done.append(timeout)

        def reset(self):
            done.append("reset")

    one = Recorded()
    monkeypatch.setattr(ending, "_all", {one})
    ending._leave()
    ending._after_fork()
    assert 0.0 < done[0] <= ending.FLUSH_SECONDS
    assert done[1] == "reset"


def test_signals_stop_the_waiting_and_nothing_else(monkeypatch):
    """Broken off, the end goes on without waiting: the same center once more, and those that follow."""
    done = []

    class Broken:
        def leave(self, timeout):
            done.append(timeout)
            raise KeyboardInterrupt

    monkeypatch.setattr(ending, "_all", [Broken(), Broken()])
    ending._leave()
    assert done[0] > 0.0
    assert done[1:] == [0.0] * 3


def test_every_center_is_among_them():
    """A center that was made takes part in the ends of the process, as long as it lives."""
    center = Center()
    assert center in ending._all
