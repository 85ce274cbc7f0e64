"""`ninelives doctor`: what is configured, whether it works, and what to do where it does not."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ninelives.testing.contracts.letters import letter
from ninelives_cli.doctor.pipelines import importing_here
from ninelives_file import FileStore

BACKENDS = """
import itertools
import threading
from ninelives import ChannelError, StoreError, hookimpl

class Store:
    def put(self, letter): raise AssertionError("a letter was kept")
    def receive(self, max_letters, *, lease): raise AssertionError("letters were taken")
    def ack(self, lease): raise AssertionError("a letter was deleted")
    def release(self, lease, letter=None): raise AssertionError("a letter was changed")
    def close(self): pass

class Told(Store):
    tried = itertools.count(1)
    def check(self, *, timeout):
        return f"trial {next(self.tried)}, with {timeout} s,\\n password=hunter2"

class Down(Store):
    def check(self, *, timeout): raise StoreError("the drawer is locked: ask +15551230000\\nfor its key")
    def close(self): raise RuntimeError("it can't be closed either")

class Repeats(Store):
    name = "repeats:x"
    def check(self, *, timeout): raise StoreError("repeats:x: the drawer is " + "very " * 20 + "stuck")

class Channel:
    def send(self, notification, *, timeout): raise AssertionError("something was sent")
    def close(self): pass

class Hangs(Channel):
    def check(self, *, timeout): threading.Event().wait()

class Raises(Channel):
    def check(self, *, timeout): raise KeyError("password=hunter2")

class Lacks(Channel):
    def check(self, *, timeout): import missing_sdk.client

class Outdated(Channel):
    def check(self, *, timeout): from threading import what_is_newer

class Exits(Channel):
    def check(self, *, timeout): raise SystemExit(0)

class Unclosable(Channel):
    def check(self, *, timeout): return "it answers"
    def close(self): raise ChannelError("it can't be closed")

def leave(address):
    raise SystemExit(0)

class Bad:
    def wrap(self, call_next, context): raise KeyError("a link's mistake")

@hookimpl
def register_stores(register):
    for kind in (Store, Told, Down, Repeats):
        register(kind.__name__.lower(), lambda address, kind=kind: kind())

@hookimpl
def register_channels(register):
    for kind in (Channel, Hangs, Raises, Lacks, Outdated, Exits, Unclosable):
        register(kind.__name__.lower(), lambda address, kind=kind: kind())
    register("leaves", leave)

@hookimpl
def register_middleware(register):
    register("bad", Bad)
"""


@pytest.fixture
def doctor(program, install, tmp_path):
    """Runs the command on a configuration, and gives its exit status and its rows: pipeline, part, where, works."""
    install({"backends": BACKENDS})

    def run(configuration, *args):
        (tmp_path / "ninelives.toml").write_text(configuration, encoding="utf-8")
        done = program("doctor", "--json", *args)
        assert "Traceback" not in done.stderr
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return done.returncode, rows

    return run


def found(rows, part):
    (row,) = (row for row in rows if row["part"] == part)
    return row


def test_all_is_well(doctor, tmp_path):
    """Where all works, each part of each pipeline says what was tried, and the exit status is 0."""
    status, rows = doctor(
        f"""
        [pipelines.shop]
        chain = ["notify", "dead_letter", "backoff"]
        dead_letter = {{ store = "file:{tmp_path}/dlq.json?fsync=off", fallback = "memory:", park = "told:x" }}
        notify = {{ channels = ["log:"] }}
        """
    )
    assert status == 0
    assert rows == [
        {
            "pipeline": "shop",
            "part": part,
            "where": where,
            "works": True,
            "detail": detail,
        }
        for part, where, detail in [
            ("settings", "", "chain: notify, dead_letter, backoff"),
            ("channel", "log:", "notifications go to the program's log"),
            (
                "store",
                f"file:{tmp_path}/dlq.json",
                "a file beside it was written and removed; there are no letters yet",
            ),
            ("fallback", "memory:", "letters are kept in memory, until the program ends"),
            ("park", "told:x", "trial 1, with 5.0 s, password=***"),
        ]
    ]


OWN = """
print("loading")

def kind(error):
    return "one"

def text(notification):
    return "something is wrong"
"""
NAMED = """
[pipelines.shop]
dead_letter = { store = "memory:", fingerprint = "own_words:kind" }
notify = { channels = ["log:"], template = "own_words:text" }
"""


@pytest.mark.parametrize("command", [("doctor", "--json"), ("notify", "test")])
@pytest.mark.parametrize("safe_path", ["", "1"])
def test_functions_that_are_named_are_found_here(program, tmp_path, command, safe_path):
    """In the working directory, as the program that is started there finds them; what they print is not the answer."""
    program.environ["PYTHONSAFEPATH"] = safe_path  # as for the script `ninelives`, which lies elsewhere
    (tmp_path / "own_words.py").write_text(OWN)
    (tmp_path / "ninelives.toml").write_text(NAMED)
    done = program(*command)
    assert done.returncode == 0
    assert "loading" not in done.stdout
    assert "loading" in done.stderr


def test_modules_here_come_after_those_that_are_installed(tmp_path, monkeypatch):
    """A file of the name of an installed module is not taken for it; a directory that was removed has none."""
    monkeypatch.setattr(sys, "path", ["installed"])
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        with importing_here():
            assert sys.path == ["installed", str(tmp_path)]
    tmp_path.rmdir()
    with importing_here():
        assert sys.path == ["installed", str(tmp_path)]


def test_nothing_is_left_behind(doctor, tmp_path):
    """No letter, no file and nothing else is there afterwards, and a file of letters is as it was."""
    letters = tmp_path / "dlq.json"
    letters.write_text('{"not": "a letter"}\n')
    before = letters.stat()
    kept = sorted([*(entry.name for entry in tmp_path.iterdir()), "ninelives.toml"])
    status, rows = doctor(f'[pipelines.shop]\ndead_letter = {{ store = "file:{letters}", fallback = "told:" }}')
    assert (status, found(rows, "store")["works"]) == (0, True)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == kept
    after = letters.stat()
    assert (after.st_mtime_ns, after.st_ino, stat.S_IMODE(after.st_mode)) == (
        before.st_mtime_ns,
        before.st_ino,
        stat.S_IMODE(before.st_mode),
    )


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 letters are in it"), (1, "1 letter waits there to come home: 'ninelives dlq drain' moves them now"),
     (3, "3 letters wait there to come home: 'ninelives dlq drain' moves them now")],
)  # fmt: skip
def test_letters_that_wait_in_the_fallback_are_said(doctor, tmp_path, number, said):
    """Of a fallback it is said how many letters wait to come home; of the same file as a store it is not."""
    letters = tmp_path / "dlq.json"
    letters.touch(mode=0o600)
    FileStore(letters).put_many(letter(each) for each in range(number))
    status, rows = doctor(
        f"""
        [pipelines.shop]
        dead_letter = {{ store = "told:", fallback = "file:{letters}" }}
        [pipelines.other]
        dead_letter = {{ store = "file:{letters}" }}
        """
    )
    assert status == 0
    fallback = found(rows, "fallback")["detail"]
    assert said in fallback
    (store,) = (row["detail"] for row in rows if (row["pipeline"], row["part"]) == ("other", "store"))
    assert "come home" not in store
    assert fallback.startswith(store)
    assert FileStore(letters).count() == number


def test_without_a_configuration_the_defaults_are_tried(program, tmp_path):
    """Where no pipeline is configured, what `Pipeline("...")` would use is tried: a file here, and the log."""
    done = program("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    heading, *lines = done.stdout.splitlines()
    assert heading.split() == ["pipeline", "part", "where", "works", "detail"]
    assert [line.split()[:2] for line in lines] == [["default", part] for part in ("settings", "channel", "store")]
    assert f"file:{tmp_path}/local_dlq.json" in lines[2]
    assert list(tmp_path.iterdir()) == []


def test_the_environment_alone_configures(program, tmp_path):
    """What the environment names is tried, though there is no file; what is wrong in it is said too."""
    program.environ |= {"DLQ_LOCAL_FILE_PATH": "missing/letters.json", "BACKOFF_MAX_RETRIES": "many"}
    done = program("doctor")
    assert done.returncode == 1
    _, wrong, *_, store = done.stdout.splitlines()
    assert wrong.split(maxsplit=3) == [
        "settings",
        "BACKOFF_MAX_RETRIES",
        "no",
        "is 'many': expected a whole number, like 5",
    ]
    assert store.split()[:4] == ["default", "store", f"file:{tmp_path}/missing/letters.json", "no"]
    assert store.endswith("its directory is missing: make it, or name another place")


def test_every_wrong_setting_is_a_row(doctor):
    """All that is wrong with a pipeline is said, each with its place, and the others are tried all the same."""
    status, rows = doctor(
        """
        [pipelines.wrong]
        breaker = { failure_threshold = 0, nine = 1 }
        dead_letter = { store = "mongo:x", fallback = "file:x?y=1" }
        notify = { channels = ["smtp://ops:hunter2@mail?password=hunter2"], timeout = -1 }
        [pipelines.odd]
        chain = ["bad"]
        [pipelines.right]
        dead_letter = { store = "memory:" }
        [defaults]
        chian = []
        notify = 3
        """
    )
    assert status == 1
    wrong = {row["where"]: row["detail"] for row in rows if row["works"] is False}
    place = "ninelives.toml: pipelines.wrong."
    assert wrong["ninelives.toml: defaults.notify"].startswith("is 3: expected a table")
    assert wrong[f"{place}breaker.failure_threshold"] == "is 0: expected a whole number of at least 1"
    assert wrong[f"{place}breaker.nine"].startswith("expected an option of breaker")
    assert "an installed store (there are: down, file, memory" in wrong[f"{place}dead_letter.store"]
    assert wrong[f"{place}dead_letter.fallback"].endswith("expected one of: fsync, lock_timeout")
    assert wrong[f"{place}notify.timeout"].startswith("is -1: expected a time above 0")
    assert wrong[f"{place}notify.channels"].startswith("channels[0]: ")
    assert wrong[""] == 'builtins.KeyError: "a link\'s mistake"'
    assert "hunter2" not in str(rows)
    right = [(row["part"], row["works"]) for row in rows if row["pipeline"] == "right"]
    assert right == [("settings", True), ("channel", True), ("store", True)]


def test_what_is_switched_off_says_so(doctor, program):
    """A scheme whose plugin is switched off is a row that names its distribution and what switched it off."""
    program.environ["NINELIVES_DISABLE_PLUGINS"] = "sqlite"
    (_, rows) = doctor('[pipelines.shop]\ndead_letter = { store = "sqlite:./x.db" }')
    detail = found(rows, "settings")["detail"]
    assert "plugin 'sqlite' of ninelives-sqlite is switched off by NINELIVES_DISABLE_PLUGINS" in detail


def test_a_file_that_can_not_be_read(doctor):
    """A configuration that is no TOML is a row, and nothing is tried that it may have named otherwise."""
    status, rows = doctor("[pipelines")
    assert (status, [(row["part"], row["where"], row["works"]) for row in rows]) == (
        1,
        [("settings", "ninelives.toml", False)],
    )


def test_a_backend_that_does_not_work_says_why(doctor):
    """What a backend says of itself is shown on one line, its secrets masked, also where closing it fails too."""
    status, rows = doctor('[pipelines.shop]\ndead_letter = { store = "down:" }')
    assert status == 1
    assert found(rows, "store")["detail"] == "the drawer is locked: ask +1XXXXXXXXXX for its key"


def test_a_plugin_that_would_end_the_program_is_a_row(doctor):
    """A backend that ends the program when it is made is a row, and the other pipelines are tried."""
    status, rows = doctor('[pipelines.a]\nnotify = { channels = ["leaves:"] }\n[pipelines.b]\nnotify = false\n')
    assert status == 1
    assert [(row["pipeline"], row["part"], row["works"], row["detail"]) for row in rows[:2]] == [
        ("a", "settings", False, "builtins.SystemExit: 0"),
        ("b", "settings", True, "chain: dead_letter, breaker, backoff"),
    ]


@pytest.mark.parametrize(
    ("channel", "detail"),
    [
        ("raises:", "builtins.KeyError: 'password=***; stranger should say what to do: tell its makers"),
        ("exits:", "builtins.SystemExit: 0; stranger should say what to do: tell its makers"),
        ("unclosable:", "it can't be closed"),
    ],
)
def test_a_backend_that_breaks_its_contract_is_a_row(doctor, channel, detail):
    """Whatever a backend raises is a row that names the distribution at fault, and no traceback."""
    status, rows = doctor(f'[pipelines.shop]\nnotify = {{ channels = ["{channel}"] }}\ndead_letter = false')
    assert (status, found(rows, "channel")["works"], found(rows, "channel")["detail"]) == (1, False, detail)


@pytest.mark.parametrize(
    ("channel", "detail"),
    [
        (
            "lacks:",
            "No module named 'missing_sdk'; pip install missing_sdk, or stranger once more, which needs it",
        ),
        ("outdated:", "pip install stranger once more, with all that it needs"),
    ],
)
def test_a_backend_that_lacks_its_sdk_says_what_to_install(doctor, channel, detail):
    """Where a backend can't import what it needs, the row says what to install, and nobody's makers are blamed."""
    status, rows = doctor(f'[pipelines.shop]\nnotify = {{ channels = ["{channel}"] }}\ndead_letter = false')
    row = found(rows, "channel")
    assert (status, row["works"]) == (1, False)
    assert row["detail"].endswith(detail)
    assert "makers" not in row["detail"]


def test_what_can_not_be_tried_is_opened_only(doctor):
    """A backend without a check is opened, said to be untried, and fails nothing."""
    status, rows = doctor('[pipelines.shop]\nnotify = { channels = ["channel:"] }\ndead_letter = { store = "store:" }')
    assert status == 0
    assert [(row["works"], row["detail"]) for row in rows[1:]] == [
        (None, "opened; it can't be tried without sending: ninelives notify test does that"),
        (None, "opened; it can't be tried without keeping a letter"),
    ]


def test_ten_that_hang_cost_one_timeout(doctor):
    """Backends are tried side by side: ten that hang are given up together, and one that works is not held up."""
    channels = [f"hangs:{number}" for number in range(10)]
    began = time.monotonic()
    status, rows = doctor(
        f'[pipelines.shop]\nnotify = {{ channels = {channels} }}\ndead_letter = {{ store = "memory:" }}',
        "--timeout",
        "1",
    )
    assert time.monotonic() - began < 10
    assert status == 1
    said = "no answer within 2 s: see that it can be reached, and give it longer if it is only slow"
    assert [row["detail"] for row in rows if row["part"] == "channel"] == [said] * 10
    assert found(rows, "store")["works"]


def test_an_address_is_tried_once(doctor):
    """What several pipelines use is tried once, and shown for each."""
    pipelines = "".join(f'[pipelines.{name}]\ndead_letter = {{ store = "told:x" }}\n' for name in "abc")
    status, rows = doctor(pipelines)
    stores = [(row["pipeline"], row["detail"]) for row in rows if row["part"] == "store"]
    assert status == 0
    assert stores == [(name, "trial 1, with 5.0 s, password=***") for name in "abc"]


def test_every_channel_of_every_form_is_tried_once(doctor):
    """Channels with a severity and those of failover groups are tried too, each once, however often it is named."""
    status, rows = doctor(
        """
        [pipelines.shop]
        dead_letter = false
        [pipelines.shop.notify]
        channels = ["unclosable:a", { to = "unclosable:b", severity = "CRITICAL" }, { to = "unclosable:a" }]
        failover = [["unclosable:b", "unclosable:c"], ["unclosable:d", "unclosable:c"]]
        """
    )
    assert status == 1  # they can't be closed
    assert [row["where"] for row in rows if row["part"] == "channel"] == [f"unclosable:{name}" for name in "abcd"]


def test_secrets_that_differ_are_two_addresses(doctor):
    """Two addresses that look alike when they are masked are tried each for itself."""
    status, rows = doctor('[pipelines.a]\ndead_letter = { store = "told:x?token=one", fallback = "told:x?token=two" }')
    stores = [row for row in rows if row["part"] in ("store", "fallback")]
    assert status == 0
    assert [row["where"] for row in stores] == ["told:x?token=***"] * 2
    assert stores[0]["detail"] != stores[1]["detail"]


def test_only_what_is_named_is_looked_at(doctor):
    """With names only those pipelines are looked at, in that order, each once."""
    configuration = "[pipelines.a]\n[pipelines.b]\n[pipelines.c]\nbreaker = 3\n"
    _, rows = doctor(configuration, "b", "a", "b")
    assert list(dict.fromkeys(row["pipeline"] for row in rows if row["pipeline"])) == ["b", "a"]


def test_a_broken_plugin_is_a_row(program, install):
    """A plugin that does not load, and a name that two plugins claim, are rows that say how to go on without."""
    install(
        {
            "broken": "raise RuntimeError('no engine')",
            "second": "from ninelives import hookimpl\n\n@hookimpl\ndef register_stores(register):\n"
            "    register('memory', print)\n",
        }
    )
    done = program("doctor")
    assert done.returncode == 1
    (broken,) = (line for line in done.stdout.splitlines() if "no engine" in line)
    assert broken.startswith("          plugin    broken of stranger")
    assert broken.endswith("does not load: RuntimeError: no engine; NINELIVES_DISABLE_PLUGINS=broken switches it off")
    clashes = [line for line in done.stdout.splitlines() if "registered by" in line]
    assert {"memory of stranger" in line for line in clashes} == {True, False}
    assert all(line.endswith("NINELIVES_DISABLE_PLUGINS=<one of them> switches it off") for line in clashes)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nope"], "Error: there is no pipeline 'nope' in the configuration: it has none"),
        (["--timeout", "0"], "Error: Invalid value for '--timeout': 0.0 is not in the range 0<x<=3600"),
        (["--timeout", "nan"], "Error: Invalid value for '--timeout': it is no number"),
        (["--timeout", "soon"], "Error: Invalid value for '--timeout': 'soon' is not a valid seconds"),
    ],
)
def test_wrong_use_ends_with_2(program, args, said):
    """An unknown pipeline and a time that can't be waited for end with 2, and what is wrong is said."""
    done = program("doctor", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith(said)


def test_an_unknown_name_in_a_file_that_is_wrong(doctor, program):
    """Where a name is not found, what is wrong with the configuration is said with it."""
    doctor("[pipelines")
    done = program("doctor", "shop")
    assert done.returncode == 2
    assert "there is no pipeline 'shop'" in done.stderr
    assert "ninelives.toml: expected TOML" in done.stderr


def test_on_a_terminal_it_is_drawn(program):
    """On a terminal the table is drawn."""
    status, shown = program.on_terminal("doctor")
    assert status == 0
    assert "─────" in shown


@pytest.mark.parametrize(("columns", "under"), [("80", True), ("200", False)])
def test_on_a_narrow_terminal_details_stand_under_the_place(doctor, program, columns, under):
    """Where a column for the details would be too narrow to be read they stand under the place, else beside it."""
    doctor('[pipelines.shop]\nnotify = false\ndead_letter = { store = "repeats:x" }')
    program.environ["COLUMNS"] = columns
    status, shown = program.on_terminal("doctor")
    assert status == 1
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert ("where, and detail" in shown) is under
    at = lines.index("shop store no repeats:x") if under else 0
    assert [line.startswith("the drawer is very very") for line in lines[at + 1 : at + 2]] == [under]
    assert any("repeats:x no the drawer is very" in line for line in lines) is not under


def test_what_stands_beside_it_is_not_said_again(doctor):
    """Where a backend's error begins with its address the detail does without it, for that stands in the same row."""
    _, rows = doctor('[pipelines.shop]\ndead_letter = { store = "repeats:x" }')
    row = found(rows, "store")
    assert row["where"] == "repeats:x"
    assert row["detail"].startswith("the drawer is very")


def test_a_closed_stdout_is_no_error(program):
    """Where stdout is closed, the exit status still says whether all is well."""
    done = program.closed("stdout", "doctor")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_an_output_that_can_not_be_written_is_told(program):
    """Where the table can't be written, one line says so, and the exit status is 1."""
    with (
        Path("/dev/full").open("w") as full,
        program.start("doctor", stdout=full, stderr=subprocess.PIPE) as process,
    ):
        _, err = process.communicate(timeout=60)
    assert (process.returncode, len(err.splitlines())) == (1, 1)
    assert err.startswith("Error: the output can't be written")
