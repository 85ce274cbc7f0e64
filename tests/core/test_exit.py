"""How a program begins and ends: with and without `close`, with channels that hang, under -OO, after a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import warnings

import pytest

import ninelives

LIMIT = 20.0
"""Seconds after which a program that does not end is killed, and its test fails."""

_BEGIN = """
import asyncio, sys, threading
import ninelives
from ninelives import Pipeline
from ninelives.testing import RecordingChannel

class Channel(RecordingChannel):
    def send(self, notification, *, timeout):
        super().send(notification, timeout=timeout)
        print("sent", notification.error_type, flush=True)

def fail():
    raise KeyError("no")

async def fail_later():
    raise KeyError("no")

def pipeline(channel=None, **options):
    notify = {"channels": [channel or Channel(inline=False)]}
    return Pipeline("shop", dead_letter={"store": "memory:"}, notify=notify, **options)
"""


def _run(code, tmp_path, *flags):
    """Run it as a program in which every warning is an error; what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *flags, "-c", _BEGIN + textwrap.dedent(code)],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("NINELIVES")},
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if "Task was destroyed" in line or "ignored in" in line]
    return done.stdout


@pytest.mark.parametrize("close", ["", "shop.close()"], ids=["left open", "closed"])
def test_a_program_that_ends_has_sent_what_it_accepted(tmp_path, close):
    """A program that ends, with or without `close`, has delivered what its calls handed over."""
    code = f"shop = pipeline()\nassert not shop.try_run(fail).ok\n{close}"
    assert _run(code, tmp_path) == "sent builtins.KeyError\n"


@pytest.mark.parametrize("close", ["", "await shop.aclose()"], ids=["left open", "closed"])
def test_an_asynchronous_program_that_ends_has_sent_what_it_accepted(tmp_path, close):
    """So has an asynchronous one; no warning, no task and no coroutine is left."""
    code = f"""
        shop = pipeline(backoff={{"max_elapsed": 5}})
        async def main():
            assert not (await shop.atry_run(fail_later)).ok
            {close}
        asyncio.run(main(), debug=True)
        """
    assert _run(code, tmp_path, "-X", "dev") == "sent builtins.KeyError\n"


def test_a_channel_that_hangs_does_not_hold_the_end_for_long(tmp_path):
    """A channel that never returns holds the end of the program no longer than the flush time."""
    code = """
        from ninelives.notifications.dispatch import ending
        ending.FLUSH_SECONDS = 0.1
        channel = Channel(inline=False, hang=threading.Event(), keeps_timeout=False)
        assert not pipeline(channel).try_run(fail).ok
        assert channel.wait_for_attempts(1)
        """
    assert _run(code, tmp_path) == ""


@pytest.mark.parametrize("waited", ["", "shop['notify'].flush(0.01)"], ids=["at the end", "before"])
def test_what_could_not_be_sent_in_time_is_in_the_log(tmp_path, waited):
    """What is still queued when the flush time is over goes to the log, each with its reason; it is waited for once."""
    code = f"""
        import logging
        from ninelives.notifications.dispatch import ending
        ending.FLUSH_SECONDS = 0.3
        logging.basicConfig(stream=sys.stdout, format="%(message)s")
        logging.getLogger("ninelives").addFilter(lambda record: "because" in record.getMessage())
        channel = Channel(inline=False, hang=threading.Event(), keeps_timeout=False)
        shop = pipeline(channel)
        for wrong in ("len(5)", "int('x')", "[][0]"):  # three kinds
            shop.try_run(eval, wrong)
        assert channel.wait_for_attempts(1)
        {waited}
        """
    lines = _run(code, tmp_path).splitlines()
    assert ["while it was being sent" in line for line in lines] == [True, False, False]
    assert ["before it could be sent" in line for line in lines] == [False, True, True]


@pytest.mark.parametrize("earlier", ["", "shop.try_run(fail)"], ids=["first", "later"])
def test_a_call_at_the_end_of_the_program_works(tmp_path, earlier):
    """A call made while the interpreter ends, where no thread may be started any more, fails and is told like any."""
    code = f"""
        import atexit
        ends = []
        atexit.register(lambda: print(*ends))
        shop = pipeline()
        atexit.register(lambda: ends.append(asyncio.run(shop.atry_run(fail_later)).error))
        atexit.register(lambda: ends.append(shop.try_run(fail).error))
        {earlier}
        """
    lines = _run(code, tmp_path).splitlines()
    assert lines[-1] == "'no' 'no'"
    assert lines.count("sent builtins.KeyError") == (3 if earlier else 2)


def test_nothing_depends_on_assertions_or_docstrings(tmp_path):
    """Under -OO, where assertions and docstrings are gone, calls run, fail and are replayed as ever."""
    code = """
        @(shop := pipeline(Channel(), backoff={"max_elapsed": 5}))
        def fetch(order):
            if broken:
                raise KeyError(order)
            return order
        broken = True
        assert False, "assertions are not gone"
        if shop.try_run(fetch, 5).ok or asyncio.run(shop.atry_run(fail_later)).ok or not shop["breaker"].describe():
            sys.exit("it did not fail")
        broken = False
        if shop.replay().replayed != 1:
            sys.exit("it was not replayed")
        """
    assert _run(code, tmp_path, "-OO") == "sent builtins.KeyError\n" * 2


def test_importing_and_building_touch_nothing(tmp_path):
    """Importing and building a pipeline write no file and no log, print nothing and start no thread."""
    code = """
        import logging
        records = []
        handler = logging.Handler(0)
        handler.emit = records.append
        logging.basicConfig(level=0, handlers=[handler])
        shop = Pipeline("shop", dead_letter={"store": "file:./dlq.json"}, notify={"channels": ["log:"]})
        assert shop.run(abs, -5) == 5
        assert threading.enumerate() == [threading.main_thread()] and records == []
        """
    assert _run(code, tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def test_no_thread_is_left_after_close(shop):
    """After `close` no thread of ours is left."""
    before = set(threading.enumerate())
    channel = ninelives.testing.RecordingChannel(inline=False)
    with shop.pipeline(backoff=False, notify={"channels": [channel]}) as pipeline:
        assert not pipeline.try_run(_fail).ok
    assert set(threading.enumerate()) <= before
    assert len(channel.notifications) == 1


def _fail():
    raise ConnectionError


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_finds_every_lock_free(shop):
    """A child that is forked while another thread holds a lock of ours can use the pipeline."""
    pipeline = shop.pipeline(backoff=False)
    locks = [pipeline._registry._lock, pipeline["breaker"]._circuit._lock, shop.circuits._lock]
    for lock in locks:
        lock.acquire()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads of other tests; what is tested is just that
            child = os.fork()
        if child == 0:
            threading.Timer(10, os._exit, (9,)).start()
            outcome = pipeline.try_run(_fail)
            shop.pipeline("another")
            os._exit(0 if isinstance(outcome.error, ConnectionError) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        for lock in locks:
            lock.release()


def test_at_the_end_of_the_program_the_next_takes_over_from_a_channel_that_hangs(tmp_path):
    """A first channel that hangs leaves the next of its failover group its share of the flush time."""
    code = """
        hanging = Channel(inline=False, hang=threading.Event(), keeps_timeout=False)
        options = {"failover": [[hanging, Channel(inline=False)]]}
        shop = Pipeline("shop", dead_letter={"store": "memory:"}, backoff={"max_retries": 0}, notify=options)
        assert not shop.try_run(fail).ok
        """
    assert _run(code, tmp_path) == "sent builtins.KeyError\n"


_LATE = """
import sys
from ninelives import Pipeline

class Late:
    def __del__(self):  # the interpreter ends, and can import nothing any more
        for _ in range(2):
            try:
                shop.run(fail)
            except Exception as error:
                print(repr(error))

def fail():
    raise OSError("mine")

shop = Pipeline("shop", dead_letter={"store": "file:./late.json"}, **OPTIONS)
sys.modules["late"] = Late()
"""


@pytest.mark.parametrize(
    ("options", "second"),
    [("dict()", "OSError('mine')"), ("dict(breaker={'failure_threshold': 1})", "CircuitBreakerOpenError")],
    ids=["retried", "refused"],
)
def test_a_call_that_fails_while_the_interpreter_ends_raises_its_own_error(tmp_path, options, second):
    """And has its letter, although nothing can be imported any more; what could not be told is on stderr."""
    program = _LATE.replace("OPTIONS", f"{{'backoff': {{'max_retries': 1, 'base_delay': 0}}, **{options}}}")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, cwd=tmp_path, text=True, timeout=LIMIT
    )
    assert done.returncode == 0
    first, again = done.stdout.splitlines()
    assert first == "OSError('mine')"
    assert again.startswith(second)
    assert "could not be told of" in done.stderr
    assert '"operation":"__main__:fail"' in (tmp_path / "late.json").read_text()
