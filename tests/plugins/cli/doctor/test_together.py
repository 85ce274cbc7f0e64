"""Doing things side by side."""

from __future__ import annotations

import threading

from ninelives_cli.doctor.together import GivenUpError, side_by_side


def test_each_ends_for_itself():
    """All are begun before any is waited for; each result and each error stands where its job stood."""
    barrier = threading.Barrier(3)

    def meet():
        barrier.wait(5)
        return "met"

    def fail():
        barrier.wait(5)
        raise SystemExit(3)

    first, second, third = side_by_side([meet, fail, meet], within=10)
    assert (first.result, first.error, third.result) == ("met", None, "met")
    assert isinstance(second.error, SystemExit)
    assert min(one.seconds for one in (first, second, third)) >= 0


def test_what_does_not_end_is_given_up():
    """What is not done in time is given up, what is done is there, and no thread holds up the program's end."""
    end = threading.Event()
    try:
        hung, done = side_by_side([end.wait, lambda: "done"], within=1)
        assert isinstance(hung.error, GivenUpError)
        assert (hung.seconds, str(hung.error)) == (1, "no answer within 1 s")
        assert done.result == "done"
        assert all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())
    finally:
        end.set()


def test_nothing_to_do():
    """No jobs, no results."""
    assert side_by_side([], within=1) == []
