"""One run through a pipeline, and what came of it."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from ninelives.decorating import KindError
from ninelives.describing import safe_message
from ninelives.ids import new_id
from ninelives.registry import operation_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ninelives.circuit import Circuit
    from ninelives.dead_letters.hiding import Hiding
    from ninelives.dead_letters.letter import DeadLetter
    from ninelives.dead_letters.missed import Missed

__all__ = ["Call", "Outcome", "current_call"]

R = TypeVar("R")

_NO_TAGS: Mapping[str, str] = {}


# A msgspec struct because its constructor is C: making one costs a quarter of what a slotted class costs, and every
# call makes one.
class Call(Struct, eq=False, weakref=True):
    """One run through a pipeline. Links read it; only the core's own links write to it.

    Attributes:
        func: The function that the innermost step calls.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        started: When the call began, on the pipeline's monotonic clock, in seconds.
        pipeline: The pipeline's name.
        attempt: The number of the attempt under way, from 1; 0 before the first.
        attempts: What failed so far: ``(when, type, message)``, the last ten.
        letter: On a replay, the letter that is replayed; otherwise None.
        letter_id: The letter that this call became or came from; None if there is none.
        letter_place: Where that letter is: the store's address, secrets masked.
        letter_missed: Why it is not in its store; None: it is there, or there is none.
        trial: The circuit that let it in as a trial, half-open, if it failed.
        opened: The circuit that opened because it failed.
        counted: Whether the alert of a circuit counts it: once, however many links notify.
        fingerprint: Which kind of failure it is, once its letter was made: what groups letters groups alerts.
        letter_lacks: What its letter can't be replayed without, and why; None: nothing.
        hiding: What hides the values that its letter masks, in what else is told of the failure; None: it masks none.
        error: The error that the call failed with, also when a fallback answered.
        fell_back: Whether a fallback answered.
        nested: The letter of a nested pipeline's failure: ``(error, letter id)``.
        tags: From `Pipeline.using`.
        given_key, given_operation: Likewise; what they are by default is said by `idempotency_key` and `operation`.
        made_id: The id, once someone has asked for it.
        ended: When it failed, on the same clock; None before that.
        for_outcome: Whether an outcome will be made of it, which needs the error.
        doubled: The attempt in which the function turned out to be decorated by the very pipeline that it runs in.
    """

    func: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    started: float
    pipeline: str
    attempt: int = 0
    attempts: list[Any] | None = None
    letter: DeadLetter | None = None
    letter_id: str | None = None
    letter_place: str | None = None
    error: BaseException | None = None
    fell_back: bool = False
    nested: tuple[BaseException, str] | None = None
    tags: Mapping[str, str] = _NO_TAGS
    given_key: str | None = None
    given_operation: str | None = None
    made_id: str | None = None
    for_outcome: bool = False
    ended: float | None = None
    doubled: int = 0
    trial: Circuit | None = None
    counted: bool = False
    fingerprint: str | None = None
    letter_lacks: str | None = None
    hiding: Hiding | None = None
    letter_missed: Missed | None = None
    opened: Circuit | None = None

    @property
    def id(self) -> str:
        """The call's id, a UUIDv7; on a replay the letter's. Made when first asked for."""
        if self.made_id is None:
            self.made_id = self.letter.id if self.letter is not None else new_id()
        return self.made_id

    @property
    def idempotency_key(self) -> str:
        """The same at the first attempt, every retry and every replay; the call's id unless `using(key=)` gave one."""
        if self.letter is not None:
            return self.letter.key
        return self.given_key if self.given_key is not None else self.id

    @property
    def operation(self) -> str:
        """The function's name as records carry it: ``module:qualname``, unless `using(operation=)` gave one."""
        if self.given_operation is None:
            self.given_operation = operation_of(self.func)
        return self.given_operation

    def said_by(self, error: BaseException) -> str:
        """The error's text, bounded, without what the call's letter masks."""
        return self.without_masked(safe_message(error))

    def without_masked(self, text: str) -> str:
        """A text without what the call's letter masks."""
        return text if self.hiding is None else self.hiding.text(text)


class Outcome(Struct, Generic[R], frozen=True, kw_only=True):
    """What came of a call made with `Pipeline.try_run`.

    Attributes:
        ok: Whether there is a value: the function's own, or the fallback's.
        value: The function's return value; None when not `ok`.
        error: What the call raised; set also when a fallback answered.
        attempts: How often the function was called.
        elapsed: Seconds from begin to end.
        letter_id: The dead letter that holds the call; None without one.
        fell_back: Whether the value is the fallback's.
    """

    ok: bool
    value: R | None = None
    error: BaseException | None = None
    attempts: int = 0
    elapsed: float = 0.0
    letter_id: str | None = None
    fell_back: bool = False

    def unwrap(self) -> R:
        """The value, or the call's error raised."""
        if not self.ok and self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # ok: the value is an R, and None only where R says so


def is_misuse(call: Call, error: BaseException) -> bool:
    """Whether this very call was made with a function of the wrong kind: nothing counts, stores or reports that."""
    return isinstance(error, KindError) and error.call is call


def is_doubled(outer: Call, pipeline: str, func: Any) -> bool:
    """Whether a call of the decorated `func` is the one that it is made in: it runs in the very pipeline already.

    True once in each attempt: what the function itself calls are calls of their own, recursion too.
    """
    if outer.pipeline != pipeline or outer.doubled == outer.attempt:
        return False
    ran: Any = outer.func
    while isinstance(ran, (partial, MethodType)):
        ran = ran.func if isinstance(ran, partial) else ran.__func__
    if not isinstance(ran, FunctionType) or getattr(ran, "__wrapped__", None) is not func:
        return False
    outer.doubled = outer.attempt
    return True


_current: ContextVar[Call | None] = ContextVar("ninelives_call", default=None)


def current_call() -> Call | None:
    """The call that this code runs in; None outside of a pipeline.

    Example:
        ``requests.post(url, headers={"Idempotency-Key": ninelives.current_call().idempotency_key})``
    """
    return _current.get()
