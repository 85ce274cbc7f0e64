"""Telling someone of what is no call's failure: through the notifiers of the same chain, else in the log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from ninelives.faults import log_fault

if TYPE_CHECKING:
    from collections.abc import Container

    from ninelives.circuit import Circuit
    from ninelives.notifications.notification import Notification

__all__ = ["Alerts", "FollowedCircuit", "Teller"]


class Teller(Protocol):
    """A link that notifies, as the other links of its chain see it."""

    def hand_over(self, notification: Notification, /) -> object:
        """Take a notification, masked; wait for nothing."""

    def circuit_opened(self, circuit: FollowedCircuit, /) -> object:
        """A circuit refuses calls from now on."""

    def circuit_closed(self, circuit: FollowedCircuit, /) -> object:
        """It admits calls again."""


class Alerts:
    """Who is told, in one pipeline, which circuits are told of, and what an alert is to know of the letters.

    Links know each other by nothing else: one that notifies says so here, and so does one that has a circuit or keeps
    letters; any may send what it has to say.

    Args:
        registered: The names of the functions that the program has registered; None: it is not known.

    Attributes:
        store: Where the chain's letters go: the store's address, secrets masked; None: it keeps none.
        reprocesses: Whether letters are run by one function, so that none need be registered.
    """

    def __init__(self, registered: Container[str] | None = None) -> None:
        self.store: str | None = None
        self.reprocesses = False
        self._registered = registered
        self._tellers: dict[str, Teller] = {}
        self._circuits: dict[int, FollowedCircuit] = {}

    def through(self, link: str, teller: Teller) -> None:
        """Send everything to this link from now on.

        Args:
            link: Its alias: it is told once, however often it says so.
            teller: The link.
        """
        self._tellers[link] = teller

    def send(self, notification: Notification) -> None:
        """Tell whoever is there to be told; with nobody there, the log, at ERROR. Never raises an `Exception`.

        From within a delivery only the log is told: what a channel does must not become another notification.

        Args:
            notification: What to tell, masked already.
        """
        from ninelives.notifications.behalf import is_delivering

        if is_delivering() or not self.tell(lambda teller: teller.hand_over(notification)):
            _log(notification)

    def tell(self, what: Callable[[Teller], object]) -> bool:
        """Do this with each link that notifies; whether any took it. Never raises an `Exception`."""
        told = False
        for teller in tuple(self._tellers.values()):
            try:
                what(teller)
                told = True
            except Exception as problem:
                log_fault("error", "somebody could not be told", fault=problem)
        return told

    def can_run(self, operation: str) -> bool:
        """Whether a function is known that runs letters of this operation again, or nothing is known of them."""
        return self.reprocesses or self._registered is None or operation in self._registered

    def follow(self, circuit: Circuit, name: str) -> FollowedCircuit:
        """Tell of this circuit from now on, whichever breaker's call it is that opens or closes it.

        Args:
            circuit: The circuit; following it twice is following it once.
            name: What it is called: a private one has no name of its own.
        """
        followed = self._circuits.get(id(circuit))
        if followed is None:
            followed = self._circuits[id(circuit)] = FollowedCircuit(self, circuit, name)
            circuit.follow(followed)
        return followed

    def followed(self, name: str | None) -> FollowedCircuit | None:
        """The circuit that an error calls so, None being a private one's name; None: there is none of the kind here."""
        known = tuple(self._circuits.values())
        return next((followed for followed in known if followed.circuit.name == name), None)

    @property
    def circuit_state(self) -> str | None:
        """How the chain's circuit stands, of several its innermost one, for people; None: it has none."""
        known = tuple(self._circuits.values())
        return str(known[0]) if known else None


class FollowedCircuit:
    """A circuit of which the links that notify are told.

    Threads open and close a circuit in one order and may say so in another. So what has been told is looked at once
    more: what has changed meanwhile may have been told before it.

    Attributes:
        circuit: The circuit.
        name: What it is called.
    """

    def __init__(self, alerts: Alerts, circuit: Circuit, name: str) -> None:
        self._alerts = alerts
        self.circuit = circuit
        self.name = name

    def __str__(self) -> str:
        circuit = self.circuit
        state = circuit.state.value.replace("_", "-")
        failures = f"{circuit.failures} failure{'' if circuit.failures == 1 else 's'} in a row"
        return f"{state}, {failures} ({self.name})"  # the name last: "token-service: closed" would look like a token

    def circuit_opened(self) -> None:
        """It refuses calls from now on."""
        self._alerts.tell(lambda teller: teller.circuit_opened(self))
        self.refused()

    def refused(self) -> None:
        """A refusal has been told: if the circuit has closed since, that is told after it."""
        if self.is_closed:
            self._alerts.tell(lambda teller: teller.circuit_closed(self))

    def circuit_closed(self) -> None:
        """It admits calls again; if it has opened once more since, that is told after it."""
        self._alerts.tell(lambda teller: teller.circuit_closed(self))
        if not self.is_closed:
            self._alerts.tell(lambda teller: teller.circuit_opened(self))

    @property
    def is_closed(self) -> bool:
        """Whether it admits calls as if nothing had been."""
        return bool(self.circuit.closed_generation)


def _log(notification: Notification) -> None:
    import logging

    with suppress(Exception):  # whatever a handler does
        logging.getLogger("ninelives").error("%s", notification.message)
