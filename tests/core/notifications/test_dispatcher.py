"""The dispatcher: one thread that no call waits for, bounded, flushed, and safe across a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from contextvars import ContextVar
from threading import Event, Thread

import pytest

from ninelives.errors import ChannelError
from ninelives.notifications import dispatcher as module
from ninelives.notifications.dispatcher import Dispatcher, default_dispatcher
from ninelives.testing.recorders import RecordingChannel


def waiting(**how):
    """A channel that is no inline one."""
    return RecordingChannel(inline=False, **how)


@pytest.fixture
def dispatcher():
    made = Dispatcher(limit=3)
    yield made
    assert made.close()


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "ninelives-notifications"]


def test_no_thread_before_the_first(world):
    """Making a dispatcher starts no thread; the first notification does, and closing leaves none. (Law 33.)"""
    before = len(threads())
    dispatcher = Dispatcher()
    assert dispatcher.close()
    assert len(threads()) == before
    channel = waiting()
    dispatcher.submit(world.delivery(channel))
    assert channel.wait_for(1)
    assert len(threads()) == before + 1
    assert threads()[-1].daemon
    assert dispatcher.close()
    assert len(threads()) == before


def test_a_later_notification_starts_another_thread(world, dispatcher):
    """A pipeline that closes does not silence the others."""
    channel = waiting()
    for number in range(3):
        dispatcher.submit(world.delivery(channel, message=str(number)))
        assert dispatcher.close()
    assert [each.message for each in channel.notifications] == ["0", "1", "2"]


def test_close_waits_for_all_that_was_accepted(world):
    """Nothing accepted is lost, and it comes in its order."""
    dispatcher, channel = Dispatcher(), waiting()
    for number in range(500):
        dispatcher.submit(world.delivery(channel, message=str(number)))
    assert dispatcher.close()
    assert [each.message for each in channel.notifications] == [str(number) for number in range(500)]


def test_a_hanging_channel_delays_no_call(world, dispatcher):
    """Handing over never waits; closing waits no longer than it is told. (Law 54.)"""
    hang = Event()
    channel = waiting(hang=hang, keeps_timeout=False)
    dispatcher.submit(world.delivery(channel))
    assert channel.wait_for_attempts(1)
    dispatcher.submit(world.delivery(channel))
    assert not dispatcher.close(timeout=0.01)
    assert channel.notifications == []
    hang.set()
    assert dispatcher.close()
    assert len(channel.notifications) == 2


def test_close_waits_for_what_came_before_only(world, dispatcher):
    """What is accepted while a pipeline closes is not its concern."""
    hang = Event()
    slow, late = waiting(), waiting(hang=hang, keeps_timeout=False)

    class First:
        def send(self, notification, *, timeout):
            slow.send(notification, timeout=timeout)
            dispatcher.submit(world.delivery(late))

        def close(self): ...

    dispatcher.submit(world.delivery(First()))
    assert slow.wait_for(1)
    assert late.wait_for_attempts(1)
    assert dispatcher._is_done(1)
    assert not dispatcher._is_done(2)
    hang.set()


def test_a_full_queue_drops_the_oldest(world, dispatcher):
    """The queue is bounded: the oldest is dropped, counted, and listeners are told. (Law 51's bound.)"""
    hang = Event()
    channel = waiting(hang=hang, keeps_timeout=False)
    dispatcher.submit(world.delivery(channel, message="in hand"))
    assert channel.wait_for_attempts(1)
    for number in range(5):
        dispatcher.submit(world.delivery(channel, message=str(number)))
    assert dispatcher.suppressed == 2
    assert world.listener.names == ["notification_suppressed"] * 2
    hang.set()
    assert dispatcher.close()
    assert [each.message for each in channel.notifications] == ["in hand", "2", "3", "4"]


def test_failures_end_in_the_log(world, dispatcher):
    """A channel that fails is retried, then the log has it; nothing is sent about it. (Law 55.)"""
    channel = waiting()
    channel.fail(ChannelError("down"), times=99)
    dispatcher.submit(world.delivery(channel))
    assert dispatcher.close()
    assert channel.attempts == 4
    assert world.listener.names == ["notification_failed"]
    assert len(world.log.notifications) == 1


def test_context_variables_reach_the_thread(world, dispatcher):
    """Listeners and channels see the context of the call that failed."""
    request, seen = ContextVar[str]("request"), list[str]()
    world.listener = lambda _event: seen.append(request.get())
    request.set("r-1")
    dispatcher.submit(world.delivery(waiting()))
    assert dispatcher.close()
    assert seen == ["r-1"]


def test_closing_from_within_a_delivery_does_not_wait_for_itself(world, dispatcher):
    """A channel or listener that closes its own pipeline hangs nothing."""
    results = []
    world.listener = lambda _event: results.append(dispatcher.close())
    dispatcher.submit(world.delivery(waiting()))
    assert dispatcher.close()
    assert results == [False]


def test_a_thread_that_died_is_replaced(world, dispatcher, monkeypatch):
    """A listener that exits the thread ends it; the next notification starts another."""
    monkeypatch.setattr(threading, "excepthook", lambda _args: None)

    def leave(_event):
        raise SystemExit

    world.listener, listener = leave, world.listener
    dispatcher.submit(world.delivery(waiting()))
    thread = dispatcher._thread
    thread.join()
    world.listener = listener
    channel = waiting()
    dispatcher.submit(world.delivery(channel))
    assert channel.wait_for(1)
    assert dispatcher._thread is not thread


def test_without_threads_closing_delivers(world, monkeypatch):
    """Where no thread can be started, nothing is lost: closing delivers, within its time."""
    dispatcher, channel = Dispatcher(), waiting()
    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", _no_thread)
        dispatcher.submit(world.delivery(channel))
        assert not dispatcher.close(timeout=-1)
        assert channel.attempts == 0
        assert dispatcher.close()
    assert len(channel.notifications) == 1


def test_what_is_left_at_the_end_goes_to_the_log(world, monkeypatch):
    """What the end of the program leaves unsent is logged with its reason, and told as failed; nothing waits then."""
    dispatcher, channel = Dispatcher(), waiting()
    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", _no_thread)
        for number in range(2):
            dispatcher.submit(world.delivery(channel, message=str(number)))
        dispatcher.leave(-1)
    assert [(each.message, each.details["not_delivered_to"]) for each in world.log.notifications] == [
        ("0", "pager:"),
        ("1", "pager:"),
    ]
    assert "the program ended before it could be sent" in world.log.notifications[0].details["because"]
    assert world.listener.names == ["notification_failed"] * 2
    dispatcher.leave(5)
    assert channel.attempts == 0


def _no_thread(_thread):
    raise RuntimeError("can't start new thread")


def test_one_a_process():
    """All pipelines share one dispatcher."""
    assert default_dispatcher() is default_dispatcher()


def test_importing_starts_no_thread():
    """Importing the package and the dispatcher starts no thread. (Law 33.)"""
    code = "import ninelives, ninelives.notifications.dispatcher, threading; assert threading.active_count() == 1"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def run(tmp_path, body, **how):
    """Run a program that appends to a file what is delivered; how long it took, and the file's lines."""
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM) + textwrap.dedent(body))
    out = tmp_path / "delivered"
    out.touch()
    begin = time.monotonic()
    subprocess.run([sys.executable, program, out], check=True, timeout=60, **how)
    return time.monotonic() - begin, out.read_text().splitlines()


PROGRAM = """
    import os, sys, threading, time
    from ninelives.clock import SYSTEM_CLOCK
    from ninelives.notifications.delivery import Delivery, Outlet
    from ninelives.notifications.dispatcher import default_dispatcher
    from ninelives.notifications.notification import Notification
    from ninelives.notifications.standard_log import StandardLog

    class FileChannel:
        def send(self, notification, *, timeout):
            with open(sys.argv[1], "a") as file:
                file.write(f"{notification.message}\\n")
        def close(self): ...

    class Hanging:
        def send(self, notification, *, timeout):
            threading.Event().wait()
        def close(self): ...

    def submit(channel, message):
        outlet = Outlet(channel, "test:")
        delivery = Delivery(Notification(message=message), outlet, 5.0, StandardLog(), SYSTEM_CLOCK, lambda event: None)
        default_dispatcher().submit(delivery)
"""


def test_exit_loses_nothing(tmp_path):
    """A program that ends without closing anything delivers all that was accepted. (Law 33.)"""
    _, lines = run(tmp_path, "for number in range(300): submit(FileChannel(), number)")
    assert lines == [str(number) for number in range(300)]


@pytest.mark.parametrize(
    "end", ["sys.exit(0)", "threading.Thread(target=submit, args=(FileChannel(), 'late')).start()"]
)
def test_exit_loses_nothing_however_it_comes(tmp_path, end):
    """Nor is anything lost by `sys.exit`, or when a thread still runs as the main one ends."""
    _, lines = run(tmp_path, f"submit(FileChannel(), 'early')\n{end}\n")
    assert lines[0] == "early"
    assert lines[1:] in ([], ["late"])
    assert ("late" in end) == (len(lines) == 2)


def test_exit_does_not_wait_for_ever(tmp_path):
    """A channel that hangs holds up the program's end no longer than the flush time. (Law 33.)"""
    body = """
        import ninelives.notifications.dispatcher as module
        module.FLUSH_SECONDS = 0.2
        submit(FileChannel(), "before")
        submit(Hanging(), "hangs")
        submit(FileChannel(), "behind")
    """
    took, lines = run(tmp_path, body)
    assert took < 20
    assert lines == ["before"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_sends_what_is_its_own(tmp_path):
    """After a fork the child has a thread of its own, and sends nothing of its parent's."""
    body = """
        gate = threading.Event()
        class Gated(FileChannel):
            def send(self, notification, *, timeout):
                gate.wait()
                super().send(notification, timeout=timeout)
        submit(Gated(), "parent in hand")
        submit(Gated(), "parent waiting")
        child = os.fork()
        gate.set()
        if child:
            assert os.waitpid(child, 0)[1] == 0
        else:
            submit(FileChannel(), "child")
    """
    _, lines = run(tmp_path, body)
    assert sorted(lines) == ["child", "parent in hand", "parent waiting"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_of_multiprocessing_loses_nothing(tmp_path):
    """Such a child ends without `atexit`, and yet delivers what it accepted."""
    body = """
        import multiprocessing
        def work():
            for number in range(100):
                submit(FileChannel(), number)
            default_dispatcher().close()
            submit(FileChannel(), "last")
        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
        process.join()
        assert process.exitcode == 0
    """
    _, lines = run(tmp_path, body)
    assert lines == [*(str(number) for number in range(100)), "last"]


def test_all_are_closed_at_the_end(world):
    """What is registered to run at the end of the program closes every dispatcher there is."""
    dispatcher, channel = Dispatcher(), waiting()
    dispatcher.submit(world.delivery(channel))
    module._close_all()
    assert len(channel.notifications) == 1
    assert dispatcher._thread is None


def test_a_child_is_closed_once(monkeypatch):
    """However often its thread starts, a child of multiprocessing has one end."""
    import multiprocessing.process
    import multiprocessing.util

    ends = []
    monkeypatch.setattr(multiprocessing.process, "parent_process", lambda: "a parent")
    monkeypatch.setattr(multiprocessing.util, "Finalize", lambda *args, **how: ends.append(args))
    monkeypatch.setattr(module, "_children", set())
    for _ in range(2):
        module._close_at_end_of_child()
    assert ends == [(None, module._close_all)]
