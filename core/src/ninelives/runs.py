"""The ways to run a call: raising or as an outcome, synchronous or not, plain or with a key, tags and a name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ninelives.call import Call, Outcome
from ninelives.checks import Checks
from ninelives.decorating import KindError

if TYPE_CHECKING:
    from ninelives.pipeline import Pipeline
    from ninelives.running import Finish

__all__ = ["Bound", "Runs"]

P = ParamSpec("P")
R = TypeVar("R")


class Runs(ABC):
    """The ways to run a call, over the one way to make it that each of our two classes has."""

    _enter: Callable[[Call], Any]
    _enter_async: Callable[[Call], Awaitable[Any]]
    _finish: Finish

    @abstractmethod
    def _call(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call: ...

    def run(self, func: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run ``func(*args, **kwargs)`` through the chain.

        Returns:
            The function's own value; or the fallback's, where one is set and the call failed.

        Raises:
            CircuitBreakerOpenError: The circuit is open and the function did not run.
            TypeError: The function returned a coroutine: use `arun`. Nothing is counted or stored.
            Exception: Whatever the function raised last, the same object, with a note of ours.

        Example:
            ``reply = pipeline.run(requests.get, url, timeout=5)``
        """
        value: R = self._enter(self._call(func, args, kwargs))
        return value

    async def arun(self, func: Callable[P, Awaitable[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run ``await func(*args, **kwargs)`` through the chain; see `run`.

        Raises:
            TypeError: The function returned nothing that can be awaited: use `run`.
            ConfigurationError: A link of the chain takes synchronous calls only.
        """
        value: R = await self._enter_async(self._call(func, args, kwargs))
        return value

    def try_run(self, func: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Outcome[R]:
        """Run it like `run`, and raise nothing that the call raised: what came of it is in the outcome."""
        call = self._call(func, args, kwargs)
        call.for_outcome = True
        try:
            return self._outcome(call, self._enter(call))
        except KindError:
            raise
        except Exception as error:
            return self._failure(call, error)

    async def atry_run(self, func: Callable[P, Awaitable[R]], /, *args: P.args, **kwargs: P.kwargs) -> Outcome[R]:
        """Run it like `arun`, and raise nothing that the call raised: what came of it is in the outcome."""
        call = self._call(func, args, kwargs)
        call.for_outcome = True
        try:
            return self._outcome(call, await self._enter_async(call))
        except KindError:
            raise
        except Exception as error:
            return self._failure(call, error)

    def _outcome(self, call: Call, value: Any) -> Outcome[Any]:
        error, call.error = call.error, None
        return Outcome(
            ok=True,
            value=value,
            error=error,
            attempts=call.attempt,
            elapsed=self._finish.elapsed(call),
            letter_id=call.letter_id,
            fell_back=call.fell_back,
        )

    def _failure(self, call: Call, error: Exception) -> Outcome[Any]:
        return Outcome(
            ok=False,
            error=error,
            attempts=call.attempt,
            elapsed=self._finish.elapsed(call),
            letter_id=call.letter_id,
        )


class Bound(Runs):
    """A view of a pipeline whose calls carry a key, tags and a name; made by `Pipeline.using`."""

    def __init__(
        self, pipeline: Pipeline, key: str | None, tags: Mapping[str, str] | None, operation: str | None
    ) -> None:
        checks = Checks("Pipeline.using")
        checks.that(key is None or (isinstance(key, str) and bool(key)), "key", key, "text that is not empty")
        checks.that(_is_tags(tags), "tags", tags, "a mapping of text to text, like {'tenant': 'acme'}")
        named = operation is None or (isinstance(operation, str) and bool(operation))
        checks.that(named, "operation", operation, "text that is not empty")
        checks.done()
        self.pipeline = pipeline
        self._key = key
        self._tags = dict(tags or {})
        self._operation = operation
        self._enter = pipeline._enter  # noqa: SLF001 - a view of the same object
        self._enter_async = pipeline._enter_async  # noqa: SLF001 - a view of the same object
        self._finish = pipeline._finish  # noqa: SLF001 - a view of the same object

    def _call(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        call = self.pipeline._call(func, args, kwargs)  # noqa: SLF001 - a view of the same object
        call.given_key, call.tags, call.given_operation = self._key, self._tags, self._operation
        return call


def _is_tags(tags: Any) -> bool:
    if tags is None:
        return True
    return isinstance(tags, Mapping) and all(isinstance(text, str) for item in tags.items() for text in item)
