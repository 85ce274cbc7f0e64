"""`ninelives notify test`: one notification for real, and what became of it."""

from __future__ import annotations

import json
import platform
import re
import time

import pytest

from ninelives_cli.doctor.sending import _of_option

CHANNELS = """
import json
import threading
from msgspec.structs import asdict
from ninelives import ChannelError, hookimpl

class Writes:
    def __init__(self, address):
        self.path = address.target or "sent.jsonl"
    def send(self, notification, *, timeout):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(notification) | {"timeout": timeout}, default=str) + "\\n")
    def close(self):
        raise RuntimeError("it can't be closed")

class Down(Writes):
    def send(self, notification, *, timeout):
        raise ChannelError("the pager is down: ask +15551230000\\nfor another")

class Raises(Writes):
    def send(self, notification, *, timeout):
        raise SystemExit("password=hunter2")

class Hangs(Writes):
    def send(self, notification, *, timeout):
        threading.Event().wait()

@hookimpl
def register_channels(register):
    for kind in (Writes, Down, Raises, Hangs):
        register(kind.__name__.lower(), kind)
"""


class World:
    """A directory with a configuration, and the program in it."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder

    def configure(self, text):
        (self.folder / "ninelives.toml").write_text(text, encoding="utf-8")

    def __call__(self, *args):
        done = self.program("notify", "test", *args)
        assert "Traceback" not in done.stderr
        return done

    def sent(self, name="sent.jsonl"):
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def world(program, install, tmp_path):
    install({"channels": CHANNELS})
    return World(program, tmp_path)


def rows(done):
    heading, *lines = done.stdout.splitlines()
    assert heading.split() == ["channel", "accepted", "seconds", "detail"]
    return {line.split()[0]: (line.split()[1], " ".join(line.split()[3:])) for line in lines}


def test_it_says_that_it_is_a_test(world):
    """What arrives says that it is a test, from which machine and when, and how to take it; the exit status is 0."""
    done = world("--channel", "writes:")
    assert (done.returncode, done.stderr, rows(done)) == (0, "", {"writes:": ("yes", "")})
    assert re.search(r" \d+\.\d\d$", done.stdout.splitlines()[1])
    (sent,) = world.sent()
    host = re.escape(platform.node())
    assert re.fullmatch(
        rf"Test of notifications from {host}, \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC: nothing is wrong", sent["message"]
    )
    assert (sent["severity"], sent["details"], sent["timeout"]) == ("INFO", {"sent_by": "ninelives notify test"}, 5.0)


def test_its_message_and_severity_can_be_given(world):
    """The message is the one that is given, masked like any other, and so is the severity, in any case."""
    assert world("--channel", "writes:", "--message", "call +15551230000", "--severity", "critical").returncode == 0
    (sent,) = world.sent()
    assert sent["message"].endswith("UTC: call +1XXXXXXXXXX")
    assert sent["message"].startswith("Test of notifications from ")
    assert sent["severity"] == "CRITICAL"


def test_what_fails_is_told(world):
    """Each channel says for itself why it did not accept, masked and in one line; nothing is left to the log."""
    done = world(*(part for scheme in ("down:", "raises:", "writes:") for part in ("--channel", scheme)))
    assert (done.returncode, done.stderr) == (1, "")
    assert rows(done) == {
        "down:": ("no", "the pager is down: ask +1XXXXXXXXXX for another"),
        "raises:": ("no", "builtins.SystemExit: password=***; stranger should say what to do: tell its makers"),
        "writes:": ("yes", ""),
    }
    assert len(world.sent()) == 1


def test_what_hangs_is_given_up(world):
    """Channels that ignore their time-out are given up together, a second after the longest that any has."""
    world.configure('[pipelines.shop]\nnotify = { channels = ["hangs:a", "hangs:b", "hangs:c"], timeout = 0.5 }\n')
    began = time.monotonic()
    done = world()
    assert time.monotonic() - began < 10
    assert done.returncode == 1
    assert set(rows(done).values()) == {
        ("no", "no answer within 1.5 s: see that it can be reached, and give it longer if it is only slow")
    }


def test_all_configured_channels_get_it_once(world):
    """Without a name, every channel of every pipeline gets it, each address once, in its notifier's time."""
    world.configure(
        """
        [pipelines.a]
        notify = { channels = ["writes:one", "writes:two"], timeout = 7 }
        [pipelines.b]
        notify = { channels = ["writes:two", "writes:three"] }
        [pipelines.c]
        notify = false
        """
    )
    done = world()
    assert (done.returncode, list(rows(done))) == (0, ["writes:one", "writes:two", "writes:three"])
    assert [[sent["timeout"] for sent in world.sent(name)] for name in ("one", "two", "three")] == [[7.0], [7.0], [5.0]]


def test_severities_and_failover_groups(world):
    """Every channel gets the test, whatever it is for: also one for the worst only, and those that stand by."""
    world.configure(
        """
        [pipelines.a.notify]
        channels = ["writes:one", { to = "writes:two", severity = "CRITICAL" }]
        failover = [["writes:one", "writes:three"], ["writes:four", "writes:three"]]
        """
    )
    done = world()
    assert (done.returncode, list(rows(done))) == (0, [f"writes:{name}" for name in ("one", "three", "two", "four")])
    assert [len(world.sent(name)) for name in ("one", "two", "three", "four")] == [1, 1, 1, 1]


def test_one_pipeline(world):
    """With a pipeline's name, its channels get it and no others."""
    world.configure(
        '[pipelines.a]\nnotify = { channels = ["writes:one"] }\n[pipelines.b]\nnotify = { channels = ["writes:two"] }\n'
    )
    assert list(rows(world("--pipeline", "b"))) == ["writes:two"]
    assert world.sent("one") == []


def test_without_a_configuration_it_is_the_log(program):
    """Where nothing is configured, the log gets it, and its line is to be seen on stderr."""
    done = program("notify", "test")
    assert (done.returncode, list(rows(done))) == (0, ["log:"])
    assert re.search(r"INFO +notification text=\"Test of notifications from ", done.stderr)


def test_wrong_settings_send_nothing(world):
    """Where any pipeline's configuration is wrong, all that is wrong is said, nothing is sent, and it ends with 2."""
    world.configure(
        '[defaults]\nnotify = 3\n[pipelines.a]\nbreaker = { nine = 1 }\n[pipelines.b]\nnotify = { channels = ["x"] }\n'
        '[pipelines.c]\nnotify = { channels = ["writes:"] }\n'
    )
    done = world()
    assert (done.returncode, done.stdout, world.sent()) == (2, "", [])
    for place in ("defaults.notify", "pipelines.a.breaker.nine", "pipelines.b.notify.channels"):
        assert done.stderr.count(f"ninelives.toml: {place}") == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--pipeline", "nope"], "there is no pipeline 'nope' in the configuration: it has shop"),
        (["--pipeline", "shop"], "there is no channel to send to: name one with --channel"),
        (["--pipeline", "shop", "--channel", "log:"], "--pipeline and --channel can't be given together"),
        (["--channel", "nowhere"], "--channel: address is 'nowhere': expected scheme:target?options"),
        (["--channel", "mongo:?token=hunter2"], "--channel: channel mongo:?token=***: expected an installed channel"),
        (["--severity", "AWFUL"], "Invalid value for '--severity': 'AWFUL' is not one of"),
    ],
)
def test_wrong_use_ends_with_2(world, args, said):
    """What can't be meant ends with 2, is said in its own words, and sends nothing."""
    world.configure("[pipelines.shop]\nnotify = false\n")
    done = world(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Error: {said}" in done.stderr


def test_help_lists_the_command(program):
    """`ninelives notify` alone says what there is."""
    done = program("notify", "--help")
    assert done.returncode == 0
    assert "test  Send one notification for real" in done.stdout


def test_a_plain_sentence_names_the_option_too():
    """What a channel's factory says in a sentence of its own is said of --channel, as every other problem is."""
    assert _of_option("channels[0]: the pager has no such team") == "--channel: the pager has no such team"
