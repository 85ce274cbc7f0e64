"""The link ``notify``: whoever must know is told, the call does not wait, and its error comes out as it is."""

from __future__ import annotations

import asyncio
import os
from threading import Event

import pytest

from ninelives.call import Call
from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.missed import Missed
from ninelives.decorating import KindError
from ninelives.errors import ChannelError, CircuitBreakerOpenError, ConfigurationError
from ninelives.fingerprint import fingerprint
from ninelives.machine import hostname
from ninelives.notifications.notification import Notification
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
    kind = fingerprint(error, "tests")
    assert (sent.letter_id, sent.key) == ("letter-1", f"shop:builtins.TimeoutError:{kind}")
    assert sent.first == sent.last == world.clock.now()
    assert sent.details == {
        "phase": "new",
        "operation": call.operation,
        "attempts": 3,
        "error": {"type": "builtins.TimeoutError", "message": _masked()},
        "call_id": call.id,
        "letter": {"id": "letter-1", "place": "smtp://u:***@h"},
        "show": "ninelives dlq show letter-1 --pipeline shop",
        "replay": "ninelives dlq replay letter-1 --app MODULE:PIPELINE",
        "host": hostname(),
        "process": os.getpid(),
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


def test_a_letter_that_no_store_took_is_critical(run, world, call):
    """Such a letter can still be lost: the alert is CRITICAL and goes out at once, though its kind was told before."""
    pager = RecordingChannel()
    part = link(channels=["log:", {"to": "pager:", "severity": "CRITICAL"}])
    context = world.context(pager=pager)
    for missed in (None, Missed("file:/srv/a.json", "full", is_lost=True), Missed("file:/srv/a.json", "full")):
        call.letter_id, call.letter_place, call.letter_missed = "letter-1", "stderr", missed
        with pytest.raises(OSError, match="x"):
            run(part, context, call, raising(OSError("x")))
    assert [one.severity for one in world.log.notifications] == ["ERROR", "CRITICAL"]
    (paged,) = pager.notifications
    assert "its dead letter is in no store, only on stderr" in paged.message


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


def test_it_never_raises_itself(run, world, logged, monkeypatch):
    """Whatever goes wrong in telling, the caller's own error is what comes out."""
    monkeypatch.setattr("ninelives.notifications.linking.failure_of", lambda *_, **__: 1 / 0)
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
def test_wrong_options_are_refused(options, world):
    """A link with wrong options is not built."""
    with pytest.raises(ConfigurationError):
        link(**options).wrap(lambda _call: None, world.context())


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


def test_channels_are_opened_once_for_both_kinds_of_call(world):
    """The steps of a chain, and all who ask, share one route and its channels."""
    part, context = link(channels=["sms:+15551230000"]), world.context(sms=RecordingChannel())
    part.wrap(lambda _call: None, context)
    outlets = part.outlets
    part.wrap_async(lambda _call: None, context)
    assert part.outlets[0] is outlets[0]
    assert len(part._links) == 1
    assert part.once_per_call


def test_a_link_sends_nothing_before_its_chain_is_built():
    """A link by itself does not know yet where its addresses are looked up."""
    with pytest.raises(RuntimeError, match="before its chain is built"):
        link().send_notification("x")
    assert link().flush()


def failing(part, world, call, error, times=1):
    step = part.wrap(lambda _call: raising(error)(), world.context())
    for _ in range(times):
        with pytest.raises(type(error)):
            step(call)


def test_one_kind_is_told_together(world, call):
    """Of many failures of a kind the first is told at once, the others together after the interval."""
    part = link(group_interval="10m")
    failing(part, world, call, OSError("x"), 1000)
    assert [each.count for each in world.log.notifications] == [1]
    world.clock.advance(600)
    assert part.flush()
    assert [each.count for each in world.log.notifications] == [1, 999]
    assert part.stats() == {"sent": {"log:": 2}, "failed": {}, "suppressed": {"grouped": 999}}


def test_without_an_interval_every_failure_is_told(world, call):
    """`group_interval=0` tells of each."""
    failing(link(group_interval=0), world, call, OSError("x"), 5)
    assert [each.count for each in world.log.notifications] == [1] * 5


def test_the_letters_kind_is_the_alerts_kind(world, call):
    """A call whose letter was made is of the letter's kind: it is not looked at twice."""
    call.fingerprint = "said by the program"
    failing(link(), world, call, OSError("x"))
    assert world.log.notifications[0].key == "shop:builtins.OSError:said by the program"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_what_groups_letters_groups_alerts(shop, kind):
    """The program's own function says of which kind a letter is, and so of which kind the alert is."""
    channel, asked = RecordingChannel(), []

    def kind_of(error):
        asked.append(error)
        return f"kind {error.args[0] % 2}"

    dead_letter = {"store": "memory:", "fingerprint": kind_of}
    pipeline = shop.pipeline(notify={"channels": [channel]}, dead_letter=dead_letter, backoff=False)

    async def fail(error):
        raise error

    for number in range(4):
        error = OSError(number)
        if kind == "sync":
            pipeline.try_run(raising(error))
        else:
            asyncio.run(pipeline.atry_run(fail, error))
    assert [note.key for note in channel.notifications] == [f"shop:builtins.OSError:kind {number}" for number in (0, 1)]
    assert len(asked) == 4


@pytest.mark.parametrize(("later", "told"), [(599, [1, 2]), (600, [1, 2, 3])])
def test_close_tells_what_was_counted(world, call, later, told):
    """A pipeline that is closed tells what it had counted, though for each kind not too often, and closes."""
    part = link(group_interval="10m")
    failing(part, world, call, OSError("x"), 3)
    part.close()
    assert [each.count for each in world.log.notifications] == [1, 2]
    assert world.log.closed
    failing(part, world, call, OSError("x"), 3)
    world.clock.advance(later)
    part.close()
    assert [each.count for each in world.log.notifications] == told


def test_a_notifier_of_several_pipelines_outlives_each(shop):
    """A ready notifier tells what the closed pipeline's calls handed over, and goes on for the others."""
    channel = RecordingChannel(inline=False)
    part = AdminNotifier(channels=[channel], group_interval=0)
    one, other = (shop.pipeline(name, chain=["notify"], notify=part) for name in ("one", "other"))
    for pipeline in (one, other):
        pipeline.try_run(raising(OSError("x")))
    one.close()
    assert "one" in {note.pipeline for note in channel.notifications}
    assert not channel.closed
    other.close()
    assert sorted(note.pipeline for note in channel.notifications) == ["one", "other"]


def test_what_is_no_failure_is_grouped_too(world):
    """What other links have to say comes through the same channels, by the same rules."""
    context = world.context()
    link().wrap(lambda _call: None, context)
    for _ in range(3):
        context.alerts.send(Notification(message="the store is full", pipeline="shop", key="full"))
    assert [each.message for each in world.log.notifications] == ["the store is full"]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_where_the_process_is_frozen_the_call_waits(world, call, kind):
    """With `flush` what is due is delivered when the call returns; the loop is not held up meanwhile."""
    hang, pager = Event(), RecordingChannel(inline=False)
    slow = RecordingChannel(inline=False, hang=hang)
    part, context = link(channels=["pager:", "slow:"], flush=True), world.context(pager=pager, slow=slow)
    if kind == "sync":
        hang.set()
        with pytest.raises(OSError, match="x"):
            part.wrap(lambda _call: raising(OSError("x"))(), context)(call)
    else:
        asyncio.run(_while_it_waits(part, context, call, slow, hang))
    assert len(pager.notifications) == len(slow.notifications) == 1


async def _while_it_waits(part, context, call, slow, hang):
    async def call_next(_call):
        raise OSError("x")

    running = asyncio.ensure_future(part.wrap_async(call_next, context)(call))
    await asyncio.to_thread(slow.wait_for_attempts, 1)
    assert not running.done()
    hang.set()
    with pytest.raises(OSError, match="x"):
        await running
