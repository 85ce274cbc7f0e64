"""The circuit breaker: stops calling what keeps failing, and finds out when it works again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import asdict

from ninelives.circuit import Circuit, CircuitState
from ninelives.circuits import Circuits, default_circuits
from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.decorating import Decorator
from ninelives.emitter import Emitter
from ninelives.middleware.alone import installed_listeners
from ninelives.middleware.breaker_options import BreakerOptions, settled
from ninelives.middleware.entrances import Entrances
from ninelives.middleware.gate import Gate, Permit
from ninelives.middleware.guards import step, step_async
from ninelives.middleware.judge import Judge

if TYPE_CHECKING:
    from ninelives.events import Event, Listener
    from ninelives.middleware.link import AsyncNext, Context, Next

__all__ = ["BreakerOptions", "CircuitBreaker", "Permit", "circuit_breaker"]

# What the signature has for a rule that was not given.
_NOT_GIVEN = {
    "failure_threshold": None,
    "recovery_timeout": None,
    "half_open_max_calls": 1,
    "success_threshold": 1,
    "probe_timeout": None,
}


class CircuitBreaker(Entrances):
    """Stops calling what keeps failing.

    While *closed* it lets every call run and counts failures in a row; a success sets the count back. At
    `failure_threshold` it *opens*: calls are refused with `CircuitBreakerOpenError` and the function does not run. When
    `recovery_timeout` has passed, the next calls are admitted as trials (*half-open*): a failure opens it again,
    `success_threshold` successes close it. Only a return is a success; an error that is not recorded is neither.

    Breakers of one name share one circuit within the process; a breaker without a name has its own. It works for
    functions (`execute`), coroutine functions (`aexecute`), blocks (``with breaker:``, ``async with breaker:``), as a
    decorator, step by step (`acquire`), and as a link of a pipeline. All are safe for threads and tasks.

    Args:
        failure_threshold: Failures in a row that open the circuit, at least 1. None: the environment's
            ``CIRCUIT_BREAKER_FAILURE_THRESHOLD``, then 5.
        recovery_timeout: Seconds from opening until trial calls are admitted. None: the environment's
            ``CIRCUIT_BREAKER_RECOVERY_TIMEOUT``, then 60.
        name: The circuit's name. Where breakers of one name give different rules, the first value given holds and a
            `ConfigurationWarning` names both.
        half_open_max_calls: Trial calls admitted at once, at least 1.
        success_threshold: Trial calls that must succeed to close the circuit, at least 1.
        probe_timeout: Seconds that a trial call keeps its slot; then another may have it, and the first one's late
            verdict counts only as long as none did. None: the recovery time.
        record: What is a failure: exception types, a tuple or list of them, a predicate, ``"module:name"`` of one of
            these, or ``"auto"``: all but those that trying again can't help. None: every `Exception` when used alone,
            ``"auto"`` in a pipeline. `CancelledError`, `KeyboardInterrupt` and the like never are, nor is an open inner
            circuit unless its type is named; a `RetryExhaustedError` is judged by its cause.
        ignore: What is no failure although `record` says so, in the same forms.
        listeners: Are told its events, besides those of installed plugins and of the pipeline.
        clock: Tells the time; None: the pipeline's in a pipeline, else the machine's.
        circuits: Where the circuit of that name is held; None: those of the process.

    Raises:
        ConfigurationError: A value is wrong; all that are, are named.

    Example:
        >>> breaker = CircuitBreaker(failure_threshold=3, recovery_timeout=30)
        >>> breaker.execute(max, 4, 2)
        4
    """

    def __init__(
        self,
        failure_threshold: int | None = None,
        recovery_timeout: float | None = None,
        name: str | None = None,
        *,
        half_open_max_calls: int = 1,
        success_threshold: int = 1,
        probe_timeout: float | None = None,
        record: Any = None,
        ignore: Any = (),
        listeners: Sequence[Listener] = (),
        clock: Clock | None = None,
        circuits: Circuits | None = None,
    ) -> None:
        values = (failure_threshold, recovery_timeout, half_open_max_calls, success_threshold, probe_timeout)
        given = {
            option: value
            for (option, none), value in zip(_NOT_GIVEN.items(), values, strict=True)
            if value != none or type(value) is not type(none)
        }
        recorded = Exception if record is None else record
        self._rules, judge = settled(
            given, name=name, record=recorded, ignore=ignore, listeners=listeners, clock=clock, circuits=circuits
        )
        self._name = name
        self._record = record
        self._ignore = ignore
        self._listeners = tuple(listeners)
        self._clock = clock
        self._joins_in_chain = False
        circuit = Circuit(None, self._rules)
        if name is not None:
            circuit = (circuits or default_circuits()).join(name, given, asdict(self._rules))
        self._use(Gate(circuit, judge, clock or SYSTEM_CLOCK, Emitter(self._listeners, installed_listeners).emit))
        self._voice = self._gate

    @classmethod
    def as_link(cls, **options: Any) -> Self:
        """The breaker of a pipeline, from its options: those of `BreakerOptions`, or a `clock`.

        The environment is not read, the pipeline has done so; what is missing is what is built in. The circuit is that
        of the given name, else of the pipeline's, among the pipeline's circuits: `wrap` joins it.

        Raises:
            ConfigurationError: A value is wrong.
            TypeError: There is no such option.
        """
        clock = options.pop("clock", None)
        chosen = BreakerOptions(**{option: value for option, value in options.items() if value is not None})
        breaker = cls(**asdict(chosen), clock=clock, circuits=Circuits())
        breaker._joins_in_chain = True
        return breaker

    def __repr__(self) -> str:
        return f"<CircuitBreaker {self.name!r} {self.state.name}>"

    @property
    def name(self) -> str | None:
        """The circuit's name; None for a private one."""
        return self._circuit.name

    @property
    def state(self) -> CircuitState:
        """What the circuit is now. Looking moves nothing: it is OPEN until a call is admitted, however late."""
        return self._circuit.state

    def reset(self) -> None:
        """Close the circuit, also an isolated one, and forget what was counted; calls under way count no longer."""
        self._voice.tell(self._circuit.reset(), None)

    def isolate(self) -> None:
        """Refuse every call until `reset`: for an operator who knows that the service is down."""
        self._voice.tell(self._circuit.isolate(), None)

    def wrap(self, call_next: Next, context: Context) -> Next:
        """The synchronous step of a chain."""
        return step(self._in_chain(context), call_next)

    def wrap_async(self, call_next: AsyncNext, context: Context) -> AsyncNext:
        """The asynchronous step of a chain."""
        return step_async(self._in_chain(context), call_next)

    def describe(self) -> dict[str, Any]:
        """The circuit's name and the rules that hold for it."""
        return {"name": self.name, **asdict(self._circuit.rules)}

    def _in_chain(self, context: Context) -> Gate:
        circuit = self._circuit
        own_name = context.pipeline if context.link == "breaker" else f"{context.pipeline}.{context.link}"
        if self._joins_in_chain:
            rules = asdict(self._rules)
            given = {option: rules[option] for option in _NOT_GIVEN.keys() & context.given}
            circuit = context.circuits.join(self._name or own_name, given, rules)
        context.alerts.follow(circuit, circuit.name or own_name)
        judge = Judge("auto" if self._record is None else self._record, self._ignore)
        clock = self._clock or context.clock
        gate = Gate(circuit, judge, clock, _both(context.emit, self._listeners), context.pipeline)
        if self._joins_in_chain:
            self._use(gate)
        # What an operator does by hand is told where the calls are told.
        self._voice = gate
        return gate


def circuit_breaker(
    failure_threshold: int | None = None,
    recovery_timeout: float | None = None,
    name: str | None = None,
    *,
    half_open_max_calls: int = 1,
    success_threshold: int = 1,
    probe_timeout: float | None = None,
    record: Any = None,
    ignore: Any = (),
    listeners: Sequence[Listener] = (),
    clock: Clock | None = None,
    circuits: Circuits | None = None,
) -> Decorator:
    """Decorate a function, coroutine function or method with a `CircuitBreaker`, which describes the arguments.

    What one call of this decorates shares a circuit, as do breakers of the same name.

    Raises:
        ConfigurationError: A value is wrong.
        TypeError: When decorating: a generator function, a class, or something that can't be called.

    Example:
        >>> @circuit_breaker(failure_threshold=3, recovery_timeout=30, name="openai-api")
        ... def generate(prompt):
        ...     return prompt.upper()
        >>> generate("meow")
        'MEOW'
    """
    return CircuitBreaker(
        failure_threshold,
        recovery_timeout,
        name,
        half_open_max_calls=half_open_max_calls,
        success_threshold=success_threshold,
        probe_timeout=probe_timeout,
        record=record,
        ignore=ignore,
        listeners=listeners,
        clock=clock,
        circuits=circuits,
    )


def _both(emit: Callable[[Event], None], listeners: Sequence[Listener]) -> Callable[[Event], None]:
    """Tell the pipeline's listeners, and the breaker's own if it has any."""
    if not listeners:
        return emit
    own = Emitter(listeners)

    def tell(event: Event) -> None:
        emit(event)
        own.emit(event)

    return tell
