"""The link ``notify``: whoever must know is told, the call does not wait, and its error comes out as it is."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from ninelives.call import Call
from ninelives.dead_letters.letter import DeadLetter
from ninelives.decorating import KindError
from ninelives.errors import ChannelError, CircuitBreakerOpenError, ConfigurationError
from ninelives.notifications.notifier import AdminNotifier
from ninelives.testing.clock import FakeClock
from ninelives.testing.recorders import RecordingChannel


def link(**options):
    return AdminNotifier.as_link(**options)


@pytest.fixture(params=["sync", "async"])
def run(request):
    """Runs a call through the link, synchronously and asynchronously."""

    def sync(part, context, call, outcome):
        return part.wrap(lambda _call: outcome(), context)(call)

    def asynchronous(part, context, call, outcome):
        async def call_next(_call):
            return outcome()

        return asyncio.run(part.wrap_async(call_next, context)(call))

    return {"sync": sync, "async": asynchronous}[request.param]


def raising(error):
    def outcome():
        raise error

    return outcome


def test_success_tells_nobody(run, world, call):
    """A success passes through as it is."""
    value = object()
    assert run(link(), world.context(), call, lambda: value) is value
    assert world.log.notifications == []


def test_failure_is_told(run, world, call):
    """A failed call is told of, and its error comes out: the same object."""
    call.letter_id, call.letter_place = "letter-1", "smtp://u:hunter2@h"
    error = TimeoutError("no answer for +15551230000\nforged")
    with pytest.raises(TimeoutError) as caught:
        run(link(), world.context(), call, raising(error))
    assert caught.value is error
    (sent,) = world.log.notifications
    assert sent.message == f"{call.operation} failed after 3 attempts: builtins.TimeoutError: {_masked()}"
    assert (sent.severity, sent.error_type, sent.pipeline) == ("ERROR", "builtins.TimeoutError", "shop")
    assert (sent.letter_id, sent.key, sent.first) == ("letter-1", "shop:builtins.TimeoutError", world.clock.now())
    assert sent.details == {
        "operation": call.operation,
        "attempts": 3,
        "error": {"type": "builtins.TimeoutError", "message": _masked()},
        "call_id": call.id,
        "letter": {"id": "letter-1", "place": "smtp://u:***@h"},
    }
    assert world.listener.recorded == []


def _masked():
    return "no answer for +1XXXXXXXXXX\nforged"


def test_a_letter_without_a_place(run, world, call):
    """A letter whose place is not known is told of by its id."""
    call.letter_id = "letter-1"
    with pytest.raises(OSError, match="x"):
        run(link(), world.context(), call, raising(OSError("x")))
    assert world.log.notifications[0].details["letter"] == {"id": "letter-1", "place": ""}


@pytest.mark.parametrize(("attempt", "text"), [(0, "was refused"), (1, "failed after 1 attempt:")])
def test_an_open_circuit_is_a_warning(run, world, call, attempt, text):
    """A refused call is no error of its own: the alert is a WARNING."""
    call.attempt = attempt
    with pytest.raises(CircuitBreakerOpenError):
        run(link(), world.context(), call, raising(CircuitBreakerOpenError("shop", 30.0)))
    (sent,) = world.log.notifications
    assert sent.severity == "WARNING"
    assert text in sent.message
    assert "circuit 'shop' is open" in sent.message


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_interruptions_pass(world, call, kind):
    """What is no `Exception` passes through untouched, and nobody is told. (Law 10.)"""
    with pytest.raises(kind):
        link().wrap(lambda _call: raising(kind())(), world.context())(call)
    assert world.log.notifications == []


def _letter():
    now = FakeClock().now()
    return DeadLetter(id="letter-1", key="k", created=now, first_failed=now, last_failed=now, replay_count=2)


def test_a_failed_replay_is_told(run, world, call):
    """Someone waits for a replay: its failure is told, with how many failed before."""
    call.letter = _letter()
    with pytest.raises(OSError, match="x"):
        run(link(), world.context(), call, raising(OSError("x")))
    assert world.log.notifications[0].details["replay_count"] == 2


def test_a_refused_replay_is_not_told(run, world, call):
    """A replay that was refused changes nothing, and the letter was told of when it was made."""
    call.letter, call.attempt = _letter(), 0
    with pytest.raises(CircuitBreakerOpenError):
        run(link(), world.context(), call, raising(CircuitBreakerOpenError("shop", 30.0)))
    assert world.log.notifications == []


def test_misuse_is_not_told(run, world, call):
    """A call made with a function of the wrong kind is the program's mistake, and no failure."""
    error = KindError("use arun")
    error.call = call
    with pytest.raises(KindError):
        run(link(), world.context(), call, raising(error))
    assert world.log.notifications == []


def test_channels_that_wait_are_not_waited_for(run, world, call):
    """A channel that hangs delays no call; closing delivers what was accepted. (Law 54.)"""
    hang = Event()
    pager = RecordingChannel(inline=False, hang=hang, keeps_timeout=False)
    part = link(channels=["pager:", "log:"], timeout=2.0)
    with pytest.raises(OSError, match="x"):
        run(part, world.context(pager=pager), call, raising(OSError("x")))
    assert pager.notifications == []
    assert len(world.log.notifications) == 1
    assert not part.flush(timeout=0.01)
    hang.set()
    part.close()
    assert len(pager.notifications) == 1
    assert world.listener.names == ["notification_sent"]
    assert pager.closed


def test_a_failing_channel_tells_nobody_of_itself(world, call):
    """What fails on behalf of a delivery is not told of: a channel that uses a pipeline can't call itself. (Law 55.)"""
    part = link(channels=["pager:"])

    class Pager:
        inline = True
        sends = 0

        def send(self, notification, *, timeout):
            Pager.sends += 1
            step(call)

        def close(self): ...

    step = part.wrap(lambda _call: raising(ChannelError("down"))(), world.context(pager=Pager()))
    with pytest.raises(ChannelError):
        step(call)
    assert Pager.sends == 1
    assert world.listener.names == ["notification_failed"]


def test_it_never_raises_itself(run, world, logged):
    """Whatever goes wrong in telling, the caller's own error is what comes out."""
    world.clock.now = lambda: 1 / 0
    with pytest.raises(OSError, match="x"):
        run(link(), world.context(), Call(len, (), {}, 0.0, "shop"), raising(OSError("x")))
    assert "could not be told" in logged.records[0].message


def test_an_error_that_can_not_be_read_is_told(run, world, call):
    """An exception whose str() raises does no harm."""

    class Odd(Exception):
        def __str__(self):
            raise RuntimeError

    with pytest.raises(Odd):
        run(link(), world.context(), call, raising(Odd()))
    assert "its str() raised" in world.log.notifications[0].message


@pytest.mark.parametrize("options", [{"channels": []}, {"channels": ["log:"], "timeout": -1}, {"channels": 7}])
def test_wrong_options_are_refused(options):
    """A link with wrong options is not built."""
    with pytest.raises(ConfigurationError):
        link(**options)


def test_wrong_addresses_are_refused_when_built(world):
    """An address that nothing can open is refused before any call."""
    with pytest.raises(ConfigurationError, match="fax"):
        link(channels=["fax:1"]).wrap(lambda _call: None, world.context())


def test_a_ready_notifier_is_a_link_too(world, call):
    """A notifier that stands alone can be put into a chain: its channels are its own, its events the pipeline's."""
    channel = RecordingChannel()
    part = AdminNotifier(channels=[channel])
    step = part.wrap(lambda _call: raising(OSError("x"))(), world.context())
    with pytest.raises(OSError, match="x"):
        step(call)
    assert len(channel.notifications) == 1
    assert world.listener.names == ["notification_sent"]
    assert part.send_notification("directly")


def test_it_describes_itself(world):
    """What it was built with can be seen, secrets masked; channels are opened once for both kinds of call."""
    part = link(channels=["sms:+15551230000"], timeout=2.5)
    assert part.describe() == {"channels": [], "timeout": 2.5}
    context = world.context(sms=RecordingChannel())
    part.wrap(lambda _call: None, context)
    outlets = part._outlets
    part.wrap_async(lambda _call: None, context)
    assert part._outlets is outlets
    assert part.describe() == {"channels": ["sms:+1XXXXXXXXXX"], "timeout": 2.5}
    assert part.once_per_call
