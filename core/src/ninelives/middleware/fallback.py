"""The link ``fallback``: an answer for a call that failed."""

from __future__ import annotations

from collections.abc import Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct, UnsetType

from ninelives.call import is_misuse
from ninelives.checks import Checks

if TYPE_CHECKING:
    from ninelives.call import Call
    from ninelives.middleware.link import AsyncNext, Context, Next

__all__ = ["Fallback", "FallbackOptions"]


class FallbackOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of the link ``fallback``: one of the two, or neither.

    Attributes:
        value: What the call returns when it has failed.
        call: A function that is given the error, and returns what the call returns.
    """

    value: Any = UNSET
    call: Any = UNSET


class Fallback:
    """Answers in place of a call that failed; the failure itself is recorded all the same.

    On a replay errors pass through: a fallback never turns a failed replay into a success. What `call` itself raises
    comes out, with the call's error as its context. An asynchronous `call` works in asynchronous calls only.

    Args:
        value: What the call returns when it has failed.
        call: A function that is given the error, and returns what the call returns.

    Raises:
        ConfigurationError: Both are given, or `call` is no function.
    """

    def __init__(self, value: Any = UNSET, call: Callable[[Exception], Any] | UnsetType = UNSET) -> None:
        checks = Checks("fallback")
        checks.that(call is UNSET or callable(call), "call", call, "a function that is given the error")
        checks.that(value is UNSET or call is UNSET, "value", value, "either value or call, not both")
        checks.done()
        self.value = value
        self.call = call

    @property
    def idle(self) -> bool:
        """Whether nothing is set: the pipeline leaves such a link out of the chain."""
        return self.value is UNSET and self.call is UNSET

    def wrap(self, call_next: Next, context: Context) -> Next:
        """The synchronous step."""

        def fallback(call: Call) -> Any:
            try:
                return call_next(call)
            except Exception as error:
                if not self._answers(call, error):
                    raise
                answer = self._answer(call, error)
                if type(answer) is CoroutineType:
                    answer.close()
                    self._taken_back(call)
                    raise
                return answer

        return fallback

    def wrap_async(self, call_next: AsyncNext, context: Context) -> AsyncNext:
        """The asynchronous step."""

        async def fallback(call: Call) -> Any:
            try:
                return await call_next(call)
            except Exception as error:
                if not self._answers(call, error):
                    raise
                answer = self._answer(call, error)
                return await answer if type(answer) is CoroutineType else answer

        return fallback

    def describe(self) -> dict[str, Any]:
        """Which of the two is set; not the value, which may be anything."""
        return {"set": "value" if self.call is UNSET else "call"}

    @staticmethod
    def _answers(call: Call, error: Exception) -> bool:
        return call.letter is None and not is_misuse(call, error)

    def _answer(self, call: Call, error: Exception) -> Any:
        answer = self.value if isinstance(self.call, UnsetType) else self.call(error)
        call.error, call.fell_back = error, True
        return answer

    @staticmethod
    def _taken_back(call: Call) -> None:
        from ninelives.cautions import caution

        call.error, call.fell_back = None, False
        caution(f"the fallback of pipeline {call.pipeline!r} is a coroutine function: it answers arun, and not run")
