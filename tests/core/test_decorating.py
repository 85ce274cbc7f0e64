"""Wrapping a callable so that it stays what it is."""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
from abc import ABC, abstractmethod
from typing import Any

import pytest

from ninelives import Pipeline
from ninelives.decorating import Kind, KindError, decorate, kind_of, refuse_coroutine, require_awaitable


def plain(number: int, *, factor: int = 2) -> int:
    """Multiplies."""
    return number * factor


async def awaited(number: int, *, factor: int = 2) -> int:
    """Multiplies, later."""
    return number * factor


def generator():
    yield 1


async def async_generator():
    yield 1


class Plain:
    """An object to call."""

    def __init__(self) -> None:
        self.state = "its own"

    def __call__(self, number: int) -> int:
        return number

    def method(self, number: int) -> int:
        return number


class Awaited:
    async def __call__(self, number: int) -> int:
        return number

    async def method(self, number: int) -> int:
        return number


class Yielding:
    def __call__(self):
        yield 1


def wrap_plain(func):
    def wrapper(*args, **kwargs):
        return "wrapped", func(*args, **kwargs)

    return wrapper


def wrap_awaited(func):
    async def wrapper(*args, **kwargs):
        return "wrapped", await func(*args, **kwargs)

    return wrapper


def as_any(func) -> Any:
    """What a type checker would refuse, because it takes no class."""
    return func


def decorated(func) -> Any:
    return decorate(func, wrap_plain, wrap_awaited)


SYNC = [
    plain,
    len,
    Plain,
    Plain(),
    Plain().method,
    functools.partial(plain, 1),
    functools.partial(functools.partial(plain), 1),
    functools.partial(Plain(), 1),
    functools.lru_cache(plain),
    staticmethod(plain),
    classmethod(as_any(plain)),
]
ASYNC = [
    awaited,
    Awaited(),
    Awaited().method,
    functools.partial(awaited, 1),
    functools.partial(Awaited(), 1),
    functools.partial(Awaited().method, 1),
    staticmethod(awaited),
    classmethod(as_any(awaited)),
]
GENERATORS = [
    generator,
    async_generator,
    Yielding(),
    functools.partial(generator),
    functools.partial(Yielding()),
    staticmethod(generator),
    classmethod(as_any(async_generator)),
]


@pytest.mark.parametrize("func", SYNC, ids=repr)
def test_sync_kinds(func):
    """What gives its result at once is SYNC, however it is wrapped."""
    assert kind_of(func) is Kind.SYNC


@pytest.mark.parametrize("func", ASYNC, ids=repr)
def test_async_kinds(func):
    """What gives something to await is ASYNC, however it is wrapped."""
    assert kind_of(func) is Kind.ASYNC


@pytest.mark.parametrize("func", GENERATORS, ids=repr)
@pytest.mark.parametrize("ask", [kind_of, decorated])
def test_generators_are_refused(func, ask):
    """A generator function is refused with its name and what to do instead."""
    with pytest.raises(TypeError, match=r"\w+ is a generator function: .* protect a function that returns"):
        ask(func)


def test_the_refusal_names_the_function():
    """The generator that is meant can be told from the error."""
    with pytest.raises(TypeError, match=r"^generator is a generator function"):
        kind_of(staticmethod(generator))
    with pytest.raises(TypeError, match=r"^Yielding is a generator function"):
        kind_of(functools.partial(Yielding()))


@pytest.mark.parametrize("what", [3, property(plain)])
@pytest.mark.parametrize("ask", [kind_of, decorated])
def test_what_can_not_be_called_is_refused(what, ask):
    """What can't be called is refused when decorating, with where the decorator belongs."""
    with pytest.raises(TypeError, match="can't be called: decorate the function itself, below @property"):
        ask(what)


def test_a_class_is_refused():
    """A class would no longer be one once decorated."""
    with pytest.raises(TypeError, match=r"Plain is a class, .* decorate its methods"):
        decorated(Plain)


@pytest.mark.parametrize("func", [plain, awaited])
def test_a_function_keeps_what_it_is(func):
    """Name, module, docs, signature, attributes and kind are the function's own."""
    func.mark = "kept"
    wrapper = decorated(func)
    assert (wrapper.__name__, wrapper.__qualname__, wrapper.__module__) == (func.__name__, func.__qualname__, __name__)
    assert (wrapper.__doc__, wrapper.mark, wrapper.__wrapped__) == (func.__doc__, "kept", func)
    assert inspect.signature(wrapper) == inspect.signature(func)
    assert inspect.iscoroutinefunction(wrapper) is inspect.iscoroutinefunction(func)


def test_the_wrapper_of_the_right_kind_runs():
    """A plain function gets the plain wrapper."""
    assert decorated(plain)(3, factor=3) == ("wrapped", 9)


async def test_the_async_wrapper_of_the_right_kind_runs():
    """A coroutine function gets the asynchronous wrapper."""
    assert await decorated(awaited)(3, factor=3) == ("wrapped", 9)


def test_a_partial_takes_its_name_and_signature():
    """A decorated partial goes by its function's name, with the signature that is left."""
    wrapper = decorated(functools.partial(plain, 4))
    assert (wrapper.__name__, str(inspect.signature(wrapper))) == ("plain", "(*, factor: 'int' = 2) -> 'int'")
    assert wrapper() == ("wrapped", 8)


def test_an_object_takes_its_class_name():
    """A decorated callable object goes by its class's name, without a stale copy of its state."""
    wrapper = decorated(Plain())
    assert (wrapper.__name__, wrapper.__doc__) == ("Plain", "An object to call.")
    assert not hasattr(wrapper, "state")
    assert wrapper(5) == ("wrapped", 5)


async def test_methods_of_all_kinds():
    """Methods, class methods and static methods work above and below the decorator, and stay what they are."""

    class Service:
        @decorated
        def method(self, number):
            return self, number

        @decorated
        async def later(self, number):
            return self, number

        @classmethod
        @decorated
        def below(cls, number):
            return cls, number

        @decorated
        @classmethod
        def above(cls, number):
            return cls, number

        @decorated
        @staticmethod
        def static(number):
            return number

    service = Service()
    assert service.method(1) == ("wrapped", (service, 1))
    assert await service.later(1) == ("wrapped", (service, 1))
    assert Service.below(1) == service.below(1) == ("wrapped", (Service, 1))
    assert Service.above(1) == service.above(1) == ("wrapped", (Service, 1))
    assert Service.static(1) == service.static(1) == ("wrapped", 1)
    assert isinstance(inspect.getattr_static(Service, "above"), classmethod)
    assert isinstance(inspect.getattr_static(Service, "static"), staticmethod)


def test_an_abstract_method_stays_abstract():
    """A class with a decorated abstract method still can't be made."""

    class Base(ABC):
        @decorated
        @abstractmethod
        def method(self): ...

    with pytest.raises(TypeError, match="abstract"):
        Base()  # type: ignore[abstract]


def test_a_bound_method_can_be_decorated():
    """A bound method is wrapped as the function that it is."""
    assert decorated(Plain().method)(5) == ("wrapped", 5)


def test_a_coroutine_where_a_value_is_due():
    """A coroutine where a value is due is closed, and the error says what to use."""
    coroutine = awaited(1)
    with pytest.raises(KindError, match="awaited is a coroutine function, and nothing awaits it here: use aexecute"):
        refuse_coroutine(coroutine, instead="aexecute")
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
    refuse_coroutine("a value", instead="aexecute")


async def test_a_value_where_an_awaitable_is_due():
    """A value where an awaitable is due is refused with what to use; an awaitable is given back."""
    with pytest.raises(KindError, match="plain returned no awaitable, but int: use execute"):
        require_awaitable(3, plain, instead="execute")
    assert await require_awaitable(awaited(2), awaited, instead="execute") == 4


def _pickled(error):
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - our own


@pytest.mark.parametrize("again", [_pickled, copy.copy, copy.deepcopy])
def test_the_error_of_a_wrong_kind_can_leave_the_process(again):
    """A `KindError` is pickled and copied without the call that it stands for, whose function may be a local one."""
    with pytest.raises(KindError) as caught:
        Pipeline("shop", dead_letter=False, notify=False).run(_local())
    assert caught.value.call is not None
    assert (str(again(caught.value)), again(caught.value).call) == (str(caught.value), None)


def _local():
    async def fetch():
        raise AssertionError("never runs")

    return fetch
