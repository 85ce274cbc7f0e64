"""The contract of a link: ours keep it, and it catches those that do not."""

from __future__ import annotations

import re
import textwrap

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
    result = run(pytester, "class TestLink(MiddlewareContract):\n    pass\n")
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
ONLY_ASYNC = {
    "swallows cancellation from outside": (
        """
            try:
                return await call_next(call)
            except asyncio.CancelledError:
                if not asyncio.current_task().cancelling():
                    raise
        """,
        "test_a_cancelled_call_ends",
    ),
    "lets a cancelled call go on": (
        "return await asyncio.shield(call_next(call))",
        "test_a_cancelled_call_ends",
    ),
}
FAULTS = {
    **{f"{fault}, sync": ("def", *known) for fault, known in BROKEN.items()},
    **{
        f"{fault}, async": ("async def", code.replace("call_next(call)", "await call_next(call)"), promise)
        for fault, (code, promise) in BROKEN.items()
    },
    **{fault: ("async def", *known) for fault, known in ONLY_ASYNC.items()},
}
LINK = """
class Link:
    def wrap(self, call_next, context):
        return call_next

    def {wrap}(self, call_next, context):
        {kind} step(call):
{body}
        return step


class TestLink(MiddlewareContract):
    @pytest.fixture
    def link(self):
        return Link()
"""


@pytest.mark.parametrize("fault", FAULTS)
def test_the_contract_catches_broken_links(pytester, fault):
    """A link that breaks its promise, in synchronous or in asynchronous calls, fails the test of that promise."""
    kind, code, promise = FAULTS[fault]
    body = textwrap.indent(textwrap.dedent(code).strip(), " " * 12)
    wrap = "wrap" if kind == "def" else "wrap_async"
    result = run(pytester, LINK.format(wrap=wrap, kind=kind, body=body))
    assert promise in re.findall(r"^FAILED .*::(\w+)", result.stdout.str(), re.MULTILINE)


def run(pytester, text):
    pytester.makepyfile(
        f"import asyncio\nimport pytest\nfrom ninelives.testing.contracts import MiddlewareContract\n{text}"
    )
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio")
