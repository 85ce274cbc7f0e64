"""The contract of a link: ours keep it, and it catches those that do not."""

from __future__ import annotations

import pytest

from ninelives import AdminNotifier, BackoffStrategy, CircuitBreaker, DeadLetterQueue
from ninelives.middleware import Around
from ninelives.middleware.fallback import Fallback
from ninelives.testing import RecordingChannel
from ninelives.testing.contracts import MiddlewareContract

pytest_plugins = ["pytester"]


class TestAround(MiddlewareContract):
    @pytest.fixture
    def link(self):
        return Around()


class TestFallback(MiddlewareContract):
    handles_errors = True

    @pytest.fixture
    def link(self):
        return Fallback(value=5)


class TestBreaker(MiddlewareContract):
    @pytest.fixture
    def link(self):
        return CircuitBreaker()


class TestBackoff(MiddlewareContract):
    repeats = True

    @pytest.fixture
    def link(self):
        return BackoffStrategy()


class TestDeadLetter(MiddlewareContract):
    @pytest.fixture
    def link(self):
        return DeadLetterQueue(store="memory:")


class TestNotify(MiddlewareContract):
    @pytest.fixture
    def link(self):
        return AdminNotifier(channels=[RecordingChannel()])


class SyncOnly:
    def wrap(self, call_next, context):
        return call_next


class TestSyncOnly(MiddlewareContract):
    @pytest.fixture
    def link(self):
        return SyncOnly()


def test_the_fixture_must_be_overridden(pytester):
    """A test class that forgets its link is told what to do."""
    result = _run_contract(pytester, "")
    result.stdout.fnmatch_lines(["*override the fixture 'link'*"])


BROKEN = {
    "changes the result": ("return [call_next(call)]", "test_success_is_the_same_object"),
    "calls next twice": ("call_next(call); return call_next(call)", "test_next_is_called_once_on_success"),
    "swallows errors": (
        """
            try:
                return call_next(call)
            except Exception:
                return None
        """,
        "test_an_error_comes_out_unchanged",
    ),
    "replaces errors": (
        """
            try:
                return call_next(call)
            except Exception as error:
                raise RuntimeError from error
        """,
        "test_an_error_comes_out_unchanged",
    ),
    "swallows cancellation": (
        """
            try:
                return call_next(call)
            except BaseException as error:
                if isinstance(error, Exception):
                    raise
        """,
        "test_what_is_no_exception_passes",
    ),
    "repeats": (
        """
            try:
                return call_next(call)
            except Exception:
                return call_next(call)
        """,
        "test_an_error_is_met_once",
    ),
    "changes the call": ("call.args = (); return call_next(call)", "test_the_call_goes_on"),
}


def _run_contract(pytester, link):
    import textwrap

    body = textwrap.indent(textwrap.dedent(link).strip(), " " * 12)
    fixture = f"""
    @pytest.fixture
    def link(self):
        class Link:
            def wrap(self, call_next, context):
                def step(call):
{textwrap.indent(body, " " * 8)}
                return step
        return Link()
"""
    pytester.makepyfile(
        "import pytest\nfrom ninelives.testing.contracts import MiddlewareContract\n\n"
        "class TestLink(MiddlewareContract):\n    pass\n" + (fixture if link else "")
    )
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio")


@pytest.mark.parametrize("fault", BROKEN)
def test_the_contract_catches_broken_links(pytester, fault):
    """A link that breaks its promise fails the test of that promise."""
    code, expected = BROKEN[fault]
    result = _run_contract(pytester, code)
    assert expected in result.stdout.str()
    assert result.parseoutcomes().get("failed", 0) > 0
