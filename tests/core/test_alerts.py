"""Who is told of what is no call's failure."""

from __future__ import annotations

import gc
import logging

import pytest

from ninelives import CircuitBreaker
from ninelives.alerts import Alerts
from ninelives.circuit import Circuit, CircuitRules
from ninelives.notifications.behalf import on_behalf
from ninelives.notifications.notification import Notification
from ninelives.testing.recorders import RecordingChannel

FULL = Notification(message="the store is full")


class Teller:
    """Writes down what it is told; can be made to do something meanwhile."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.meanwhile = {}

    def hand_over(self, notification):
        self._note(notification.message)

    def circuit_opened(self, circuit):
        self._note(f"{circuit.name} opened")

    def circuit_closed(self, circuit):
        self._note(f"{circuit.name} closed")

    def _note(self, what):
        self.told.append(what)
        self.meanwhile.pop(what, lambda: None)()


class Broken:
    """Raises whatever it is told."""

    def __getattr__(self, name):
        raise RuntimeError("no")


def test_all_who_notify_are_told():
    """Each link is told once, however often it said that it is there, and the log is not."""
    alerts, one, other = Alerts(), Teller(), Teller()
    for teller in (one, other):
        for _ in range(3):
            alerts.through(f"link {id(teller)}", teller)
    alerts.send(FULL)
    assert one.told == other.told == ["the store is full"]


def test_with_nobody_there_the_log_is_told(caplog):
    """Where no link notifies, the message is in the log, at ERROR."""
    Alerts().send(FULL)
    assert caplog.record_tuples == [("ninelives", logging.ERROR, "the store is full")]


def test_one_that_fails_does_not_keep_the_others(caplog):
    """A link that raises is said in the log, and hides nothing: the others are told, or the log if there is none."""
    alerts, teller = Alerts(), Teller()
    alerts.through("broken", Broken())
    alerts.send(FULL)
    assert [message.partition("\n")[0] for message in caplog.messages] == [
        "somebody could not be told",
        "the store is full",
    ]
    alerts.through("works", teller)
    alerts.send(FULL)
    assert (teller.told, len(caplog.messages)) == (["the store is full"], 3)


def test_from_within_a_delivery_only_the_log_is_told(caplog):
    """What a channel does while it delivers never becomes another notification."""
    alerts, teller = Alerts(), Teller()
    alerts.through("notify", teller)
    on_behalf(alerts.send)(FULL)
    assert teller.told == []
    assert caplog.messages == ["the store is full"]


def test_a_log_that_fails_is_survived():
    """Whatever the program's log raises, sending an alert raises nothing."""

    class Broken(logging.Handler):
        def handle(self, record):
            raise RuntimeError("no log")

    broken = Broken()
    logging.getLogger("ninelives").addHandler(broken)
    try:
        Alerts().send(FULL)
    finally:
        logging.getLogger("ninelives").removeHandler(broken)


@pytest.mark.parametrize("alone", [True, False])
def test_each_pipeline_has_its_own(shop, alone):
    """The alerts of one pipeline are not sent through the notifiers of another."""
    channel = RecordingChannel()
    noisy = shop.pipeline("noisy", notify={"channels": [channel]}, dead_letter={"store": "memory:", "max_letters": 1})
    quiet = shop.pipeline("quiet", dead_letter={"store": "memory:", "max_letters": 1})
    for number in range(2):
        (quiet if alone else noisy)["dead_letter"].send_to_dlq(number)
    assert len(channel.notifications) == (0 if alone else 1)


@pytest.fixture
def teller():
    return Teller()


@pytest.fixture
def alerts(teller):
    alerts = Alerts()
    alerts.through("notify", teller)
    return alerts


def test_a_circuit_is_followed_whoever_opens_it(shop, alerts, teller):
    """Those who notify are told that a circuit opened, was isolated and closed, by any breaker of its name; once."""
    breaker = CircuitBreaker(1, 0, name="api", circuits=shop.circuits)
    circuit = shop.circuits.find("api")
    followed = alerts.follow(circuit, "api")
    assert alerts.follow(circuit, "api") is followed
    with pytest.raises(OSError, match="x"), CircuitBreaker(name="api", circuits=shop.circuits):
        raise OSError("x")
    with breaker:  # admitted as a trial: half-open is nobody's news
        pass
    breaker.isolate()
    breaker.reset()
    assert teller.told == ["api opened", "api closed"] * 2


def test_a_trial_that_fails_is_told_too(shop, alerts, teller):
    """A circuit that opens again after a trial is told of again: the trial is counted."""
    breaker = CircuitBreaker(1, 0, name="api", circuits=shop.circuits)
    followed = alerts.follow(shop.circuits.find("api"), "api")
    for _ in range(2):
        with pytest.raises(OSError, match="x"), breaker:
            raise OSError("x")
    assert teller.told == ["api opened", "api opened"]
    assert not followed.is_closed


def test_what_changed_meanwhile_is_told_after(alerts, teller):
    """Threads may tell of a circuit in another order than they changed it: what it is now is told last."""
    circuit = Circuit("api", CircuitRules(failure_threshold=1))
    followed = alerts.follow(circuit, "api")
    circuit.isolate()
    teller.meanwhile["api opened"] = circuit.reset
    followed.circuit_opened()
    assert teller.told == ["api opened", "api closed"]
    teller.meanwhile["api closed"] = circuit.isolate
    followed.circuit_closed()
    assert teller.told[2:] == ["api closed", "api opened"]


def test_a_refusal_that_is_told_late_begins_nothing(alerts, teller):
    """A call that was refused, and told of when the circuit had closed, is followed by that it has closed."""
    circuit = Circuit("api")
    followed = alerts.follow(circuit, "api")
    circuit.isolate()
    followed.refused()
    assert teller.told == []
    circuit.reset()
    followed.refused()
    assert teller.told == ["api closed"]


def test_circuits_are_known_by_what_errors_call_them(alerts):
    """A circuit is found by its name, a private one by having none."""
    shared = alerts.follow(Circuit("api"), "api")
    assert alerts.followed("api") is shared
    assert alerts.followed(None) is None
    private = alerts.follow(Circuit(), "shop")
    assert alerts.followed(None) is private
    assert private.name == "shop"
    assert alerts.followed("other") is None


def test_who_can_not_be_told_does_no_harm(alerts, teller):
    """A link that raises keeps neither the others nor the call that changed the circuit."""
    alerts.through("broken", Broken())
    alerts.follow(Circuit("api"), "api").circuit_closed()
    assert teller.told == ["api closed"]


def test_who_can_run_letters_is_known():
    """A function can run letters if it is registered, or if one runs all; where nothing is known nothing is missing."""
    assert Alerts().can_run("shop:work")
    alerts = Alerts({"shop:work"})
    assert alerts.can_run("shop:work")
    assert not alerts.can_run("shop:other")
    alerts.reprocesses = True
    assert alerts.can_run("shop:other")


def test_circuits_do_not_hold_who_follows_them(shop):
    """A pipeline that is gone is told nothing, and takes no memory: handlers build one for each call."""
    circuit = Circuit("api")
    for _ in range(3):
        Alerts().follow(circuit, "api")
    gc.collect()
    assert circuit.followers == []
