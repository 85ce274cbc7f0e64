"""`ninelives.testing.instant`, for users' own tests."""

from __future__ import annotations

import os
import time

import pytest

import ninelives
from ninelives import CircuitBreaker, CircuitState
from ninelives.testing import instant as world_of

pytest_plugins = ["pytester"]


def _fail(value):
    raise ConnectionError(value)


def test_a_test_waits_for_nothing_and_leaves_no_file(tmp_path, monkeypatch):
    """A pipeline with all its defaults waits for nothing under `instant`, and leaves no file."""
    monkeypatch.chdir(tmp_path)
    with world_of() as world:
        pipeline = ninelives.Pipeline("instant-shop")
        before = time.perf_counter()
        with pytest.raises(ConnectionError):
            pipeline.run(_fail, 5)
        assert time.perf_counter() - before < 5
        assert len(world.clock.sleeps) == 5
        assert [letter.args for letter in world.letters] == [[5]]
        assert [note.error_type for note in world.notifications] == ["builtins.ConnectionError"]
    assert os.listdir(tmp_path) == []


def test_pipelines_built_before_take_part(tmp_path, monkeypatch):
    """A pipeline that a program built at its start waits for nothing either, and its letters stay in memory."""
    monkeypatch.chdir(tmp_path)
    pipeline = ninelives.Pipeline("instant-early")
    with world_of() as world:
        outcome = pipeline.try_run(_fail, 5)
        assert 0 <= outcome.elapsed < 5
        assert len(world.letters) == 1
        assert len(world.notifications) == 1
    assert os.listdir(tmp_path) == []


def test_named_circuits_are_reset_at_both_ends():
    """What a circuit was before does not reach the test, nor the other way round."""
    breaker = CircuitBreaker(1, name="instant-circuit")
    breaker.isolate()
    with world_of():
        assert breaker.state is CircuitState.CLOSED
        breaker.isolate()
    assert breaker.state is CircuitState.CLOSED


def test_the_world_is_as_before(tmp_path, monkeypatch):
    """Afterwards clocks tick and letters go to their own stores again."""
    from ninelives.clock import SYSTEM_CLOCK

    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError), world_of():
        raise RuntimeError
    assert abs(SYSTEM_CLOCK.monotonic() - time.monotonic()) < 60
    pipeline = ninelives.Pipeline("instant-after", backoff=False, notify=False)
    pipeline.try_run(_fail, 5)
    assert os.listdir(tmp_path) != []


def test_the_fixtures_come_with_the_package(pytester):
    """`instant` and `fake_clock` are there for any pytest, and named circuits are reset between tests."""
    pytester.makepyfile(
        """
        import ninelives

        def test_one(instant):
            ninelives.Pipeline("p").try_run(int, "x")
            assert len(instant.letters) == 1

        def test_clock(fake_clock):
            fake_clock.sleep(3)
            assert fake_clock.monotonic() == 3

        def test_opens():
            ninelives.CircuitBreaker(1, name="shared").isolate()

        def test_is_closed():
            assert ninelives.CircuitBreaker(1, name="shared").state is ninelives.CircuitState.CLOSED
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:asyncio").assert_outcomes(passed=4)
